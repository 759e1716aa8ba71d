//! What is wrong with a pipeline file, shown with file, line, caret and what to do.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Text that spans point into: the pipeline file, then each `--set` argument.
#[derive(Debug, Default)]
pub struct Text {
    /// (name shown, where its text starts in `all`).
    pieces: Vec<(String, usize)>,
    all: String,
}

impl Text {
    /// Adds a piece; returns the offset at which its text starts.
    pub fn add(&mut self, name: impl Into<String>, text: &str) -> usize {
        let start = self.all.len();
        self.pieces.push((name.into(), start));
        self.all.push_str(text);
        self.all.push('\n');
        start
    }

    /// The pieces in their order: the name shown, and the text, which ends with a line end.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, &str)> {
        let ends = self.pieces.iter().skip(1).map(|(_, start)| *start).chain([self.all.len()]);
        self.pieces.iter().zip(ends).map(|((name, start), end)| (name.as_str(), &self.all[*start..end]))
    }

    /// Name of the piece in which a place lies, and its line, from 1.
    pub fn line_of(&self, at: usize) -> Option<(&str, usize)> {
        self.locate(at).map(|place| (place.name, place.number))
    }

    fn locate(&self, at: usize) -> Option<Place<'_>> {
        let piece = self.pieces.iter().rposition(|(_, start)| *start <= at)?;
        let (name, start) = &self.pieces[piece];
        let end = self.pieces.get(piece + 1).map_or(self.all.len(), |(_, next)| *next);
        let body = &self.all[*start..end];
        let inside = (at - start).min(body.len());
        let line_start = body[..inside].rfind('\n').map_or(0, |newline| newline + 1);
        let line = body[line_start..].split('\n').next().unwrap_or_default();
        let number = body[..line_start].matches('\n').count() + 1;
        Some(Place { name, number, column: body[line_start..inside].chars().count(), line })
    }
}

struct Place<'a> {
    name: &'a str,
    number: usize,
    /// Characters before the place, from 0.
    column: usize,
    line: &'a str,
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What was found and what was wanted, in one sentence without a full stop.
    pub message: String,
    /// Where; `None` where the problem has no place in the file.
    pub span: Option<Range<usize>>,
    /// What to do, written beside the caret.
    pub help: String,
}

impl Problem {
    /// A problem at a place.
    pub fn at(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { message: message.into(), span: Some(span), help: help.into() }
    }

    /// A problem without a place.
    pub fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { message: message.into(), span: None, help: help.into() }
    }
}

/// All problems of a wave, in file order, with the text they point into.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Problem>,
    text: Arc<Text>,
}

impl Problems {
    /// Problems over a text.
    pub fn new(mut list: Vec<Problem>, text: Arc<Text>) -> Problems {
        list.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |span| span.start));
        Problems { list, text }
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// `Ok` where there are none.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.list.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.list.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "error: {}", problem.message)?;
            let place = problem.span.as_ref().and_then(|span| Some((span, self.text.locate(span.start)?)));
            let Some((span, place)) = place else {
                if !problem.help.is_empty() {
                    write!(f, "\n  help: {}", problem.help)?;
                }
                writeln!(f)?;
                continue;
            };
            let gutter = " ".repeat(place.number.to_string().len());
            let room = place.line.chars().count().saturating_sub(place.column).max(1);
            let inside = self.text.all.get(span.clone()).unwrap_or_default();
            let width = inside.split('\n').next().unwrap_or_default().chars().count().clamp(1, room);
            writeln!(f, "\n{gutter} --> {}:{}:{}", place.name, place.number, place.column + 1)?;
            writeln!(f, "{gutter} |\n{} | {}", place.number, place.line)?;
            let line = format!("{gutter} | {}{} {}", " ".repeat(place.column), "^".repeat(width), problem.help);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The known name that is nearest to a mistyped one, if any is near.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (name, distance) = known.into_iter().map(|name| (name, distance(typed, name))).min_by_key(|(_, distance)| *distance)?;
    (distance <= typed.chars().count().max(3) / 3).then_some(name)
}

/// "did you mean `x`?", or the names there are.
pub fn suggestion<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("one of: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// Edit distance with transpositions of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_key() {
        let mut text = Text::default();
        text.add("a.toml", "[run]\nsed = 7");
        let set = text.add("--set run.seed=x", "x");
        let list = vec![Problem::at(set..set + 1, "second", "a number"), Problem::at(6..9, "`run` has no key `sed`", "did you mean `seed`?")];
        let shown = Problems::new(list, Arc::new(text)).to_string();
        let wanted = "error: `run` has no key `sed`\n  --> a.toml:2:1\n  |\n2 | sed = 7\n  | ^^^ did you mean `seed`?\n\n\
                      error: second\n  --> --set run.seed=x:1:1\n  |\n1 | x\n  | ^ a number\n";
        assert_eq!(shown, wanted);
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("sett", ["set", "words"]), Some("set"));
        assert_eq!(nearest("lnaguage", ["language", "lines"]), Some("language"));
        assert_eq!(nearest("xyz", ["set", "words"]), None);
    }
}
