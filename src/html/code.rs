//! Code on a page: the language that it declares, and line numbers that are none of it.

use super::tag::{Attr, Tag};
use super::tree::{Data, NONE, NodeId, Tree};

/// Elements around code that may name its language: the `pre` itself and two more.
const AROUND: usize = 3;
/// Longest name of a language.
const LONGEST: usize = 24;
/// Beginnings of classes that name a language: HTML's own advice, and what highlighters write.
const PREFIXES: [&str; 4] = ["language-", "lang-", "highlight-source-", "highlight-"];
/// Words for a column of line numbers.
const NUMBER_CLASSES: [&str; 11] = [
    "lineno",
    "linenos",
    "linenumber",
    "linenumbers",
    "line-number",
    "line-numbers",
    "ln",
    "lnt",
    "gutter",
    "hljs-ln-numbers",
    "react-syntax-highlighter-line-number",
];

/// The language that a `pre`, the `code` in it or what stands around it declares.
pub fn language(tree: &Tree, pre: NodeId) -> Option<Box<str>> {
    let inner = tree.node(pre).first;
    if inner != NONE
        && let Some(name) = declared(tree, inner)
    {
        return Some(name);
    }
    let mut at = pre;
    for _ in 0..AROUND {
        if let Some(name) = declared(tree, at) {
            return Some(name);
        }
        at = tree.node(at).parent;
        if at == NONE || tree.tag(at) == Tag::Body {
            break;
        }
    }
    None
}

fn declared(tree: &Tree, id: NodeId) -> Option<Box<str>> {
    tree.attrs(id).iter().find_map(|(attr, value)| match attr {
        Attr::DataLanguage => name(value),
        Attr::Class => value.split_ascii_whitespace().find_map(|class| PREFIXES.iter().find_map(|p| class.strip_prefix(p)).and_then(name)),
        _ => None,
    })
}

/// A name that may follow a fence; `default` and the like say nothing.
fn name(value: &str) -> Option<Box<str>> {
    let value = value.trim();
    let fits = !value.is_empty() && value.len() <= LONGEST && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.'));
    let says = !["default", "none", "plaintext", "text", "plain", "wrapper"].iter().any(|n| value.eq_ignore_ascii_case(n));
    (fits && says).then(|| value.to_ascii_lowercase().into_boxed_str())
}

/// Whether an element amid code holds a line's number: named so, and digits alone.
pub fn is_line_number(tree: &Tree, id: NodeId) -> bool {
    let is_named = tree.attr(id, Attr::Class).is_some_and(|v| v.split_ascii_whitespace().any(|class| NUMBER_CLASSES.contains(&class)));
    if !is_named {
        return false;
    }
    let first = tree.node(id).first;
    let only = first != NONE && tree.node(first).next == NONE;
    only && matches!(&tree.node(first).data, Data::Text(range) if tree.text_of(range).chars().all(|c| c.is_ascii_digit() || c.is_whitespace()))
}

/// Whether a text counts lines: whole numbers one after another, one a line, two at least.
pub fn is_line_numbers(text: &str) -> bool {
    let mut last = None;
    let mut lines = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let number = line.parse::<u32>().ok();
        if number.is_none() || lines > 0 && number != last.and_then(|n: u32| n.checked_add(1)) {
            return false;
        }
        last = number;
        lines += 1;
    }
    lines > 1
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Options, blocks::Style, parse, render::render, walk};

    fn markdown(html: &str) -> String {
        let tree = parse::parse(html, parse::Bounds { bytes: 10_000, nodes: 1000, depth: 100 }).unwrap();
        let page = walk::blocks(&tree, 0, Style { marks: true, links: false });
        render(&page, &vec![true; page.blocks.len()], &Options { format: Format::Markdown, ..Options::default() })
    }

    #[test]
    fn fences_name_the_language_and_hold_backticks() {
        assert_eq!(markdown("<pre><code class='hljs language-Rust'>a\n  b</code></pre>"), "```rust\na\n  b\n```");
        assert_eq!(markdown("<div class=highlight-source-sh><pre>a|b *c*</pre></div>"), "```sh\na|b *c*\n```");
        assert_eq!(markdown("<pre data-language=text>a ``` b</pre>"), "````\na ``` b\n````");
    }

    #[test]
    fn lines_that_are_elements_stay_one_piece() {
        let html = "<pre><code><div class=line><span class=ln>1</span>if a {</div><div class=line><span class=ln>2</span>  b</div><div>}</div></code></pre>";
        assert_eq!(markdown(html), "```\nif a {\n  b\n}\n```");
        assert_eq!(markdown("<pre><div>a\n</div><div>b</div>\n<div>c</div></pre>"), "```\na\nb\nc\n```");
    }

    #[test]
    fn a_column_of_line_numbers_is_left_out() {
        let html = "<table><tr><td><pre>1\n2\n3</pre><td><pre>a\nb\nc</pre></tr></table><pre>1\n2</pre>";
        assert_eq!(markdown(html), "```\na\nb\nc\n```\n\n```\n1\n2\n```");
    }
}
