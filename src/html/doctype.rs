//! The document type declaration (WHATWG HTML 13.2.5.53 to 68), which decides about quirks mode.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Doctype;

/// Reads what stands between `<!doctype` and `>`.
pub fn doctype(inner: &str, whole: bool) -> Doctype {
    let mut rest = inner.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
    let name = &rest[..end];
    rest = rest[end..].trim_start();
    let quoted = |text: &mut &str| {
        let start = text.trim_start();
        let quote = start.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = start[1..].split_once(quote)?;
        *text = after;
        Some(StrTendril::from_slice(value))
    };
    let (mut public_id, mut system_id) = (None, None);
    let keyword = rest.get(..6).map(str::to_ascii_lowercase).unwrap_or_default();
    if keyword == "public" {
        rest = &rest[6..];
        public_id = quoted(&mut rest);
        system_id = quoted(&mut rest);
    } else if keyword == "system" {
        rest = &rest[6..];
        system_id = quoted(&mut rest);
    }
    let broken = !whole || name.is_empty() || !keyword.is_empty() && public_id.is_none() && system_id.is_none();
    Doctype { name: (!name.is_empty()).then(|| StrTendril::from_slice(&name.to_ascii_lowercase())), public_id, system_id, force_quirks: broken }
}

#[cfg(test)]
mod tests {
    use super::doctype;

    #[test]
    fn names_and_identifiers() {
        let d = doctype(" HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" 'x.dtd'", true);
        assert_eq!(d.name.as_deref(), Some("html"));
        assert_eq!(d.public_id.as_deref(), Some("-//W3C//DTD HTML 4.01//EN"));
        assert_eq!(d.system_id.as_deref(), Some("x.dtd"));
        assert!(!d.force_quirks && doctype("", true).force_quirks && doctype("html", false).force_quirks);
    }
}
