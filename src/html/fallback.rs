//! Text that a page carries only in its JSON-LD: the article or product description that a script would have shown.

use super::char_ref::decode;
use super::json_ld::JsonLd;

/// Shortest declared text worth using, in characters.
const SHORTEST: usize = 200;

/// The text to use instead of `text`, or with it, where the page's JSON-LD holds much more.
pub fn fallback(text: String, ld: &JsonLd) -> String {
    if let Some(body) = &ld.body {
        let body = plain(body);
        let length = body.chars().count();
        if length >= SHORTEST && text.chars().count() * 3 < length {
            return body;
        }
    }
    if let Some((name, description)) = &ld.product {
        let description = plain(description);
        let start: String = description.chars().take(40).collect();
        if description.chars().count() >= SHORTEST && text.chars().count() < SHORTEST && !text.contains(&start) {
            let parts = [name.as_str(), &description, &text];
            return parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("\n");
        }
    }
    text
}

/// Declared text without the markup that some sites leave in it.
fn plain(value: &str) -> String {
    let decoded = decode(value, false);
    let mut out = String::with_capacity(decoded.len());
    let mut rest = &*decoded;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..];
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match tag.find('>') {
            Some(end) if is_tag => {
                if ["<p", "</p", "<br", "<li", "<div"].iter().any(|t| tag.starts_with(t)) {
                    out.push('\n');
                }
                rest = &tag[end + 1..];
            }
            _ => {
                out.push('<');
                rest = &tag[1..];
            }
        }
    }
    out.push_str(rest);
    let lines = out.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|l| !l.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_text_wins() {
        let body = format!("<p>First &amp; best.</p>{}", "More words come here. ".repeat(20));
        let ld = JsonLd { body: Some(body), ..JsonLd::default() };
        assert!(fallback("Menu".into(), &ld).starts_with("First & best.\nMore words"));
        let long = "Shown text. ".repeat(40);
        assert_eq!(fallback(long.clone(), &ld), long);
        let ld = JsonLd { product: Some(("Lamp".into(), "A lamp, 3 < 4. ".repeat(20))), ..JsonLd::default() };
        assert!(fallback(String::new(), &ld).starts_with("Lamp\nA lamp, 3 < 4."));
    }
}
