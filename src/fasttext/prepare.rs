//! How a text becomes the one line that fastText looks at: published classifiers were trained and used with different habits.

use serde::Deserialize;

/// What is done with a text before its words are looked at.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Prepare {
    /// Nothing: line breaks count as spaces.
    #[default]
    Plain,
    /// As DCLM joins the lines of a stripped text by spaces: all that Unicode holds for a line end counts as a space.
    Dclm,
    /// As datatrove does unless told otherwise: line feeds are removed, so that the last word of a line and the first of the next become one.
    Datatrove,
}

impl Prepare {
    /// The text to look at; `buffer` is used where it is another.
    pub fn apply<'t>(self, text: &'t str, buffer: &'t mut String) -> &'t str {
        buffer.clear();
        match self {
            Prepare::Plain => return text,
            Prepare::Dclm if strip(text).contains(is_line_end) => buffer.extend(strip(text).chars().map(|c| if is_line_end(c) { ' ' } else { c })),
            Prepare::Datatrove if strip(text).contains('\n') => buffer.extend(strip(text).chars().filter(|c| *c != '\n')),
            Prepare::Dclm | Prepare::Datatrove => return strip(text),
        }
        buffer
    }
}

/// Takes off what Python takes for white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
}

/// Where Python's `splitlines` ends a line.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_differ_in_line_ends() {
        let prepared = |how: Prepare, text: &str| how.apply(text, &mut String::new()).to_owned();
        let text = " one\ntwo\u{2028}three\x0bfour \u{3000}";
        assert_eq!(prepared(Prepare::Plain, text), text);
        assert_eq!(prepared(Prepare::Dclm, text), "one two three four");
        assert_eq!(prepared(Prepare::Datatrove, text), "onetwo\u{2028}three\x0bfour");
        assert_eq!((prepared(Prepare::Dclm, "a b\n"), prepared(Prepare::Datatrove, "\n")), ("a b".to_owned(), String::new()));
    }
}
