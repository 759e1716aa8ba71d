//! A tokenizer for whole pages in memory (WHATWG HTML 13.2.5) that feeds html5ever's tree builder.
//!
//! It gives the tree builder the same tokens as html5ever's own tokenizer, but reads text by `memchr`, leaves out comments, skips
//! the bodies of scripts and styles and keeps only the attributes that extraction or tree building reads. Each byte is seen a
//! bounded number of times, whatever the markup: html5ever's compares every attribute with all before it.

use super::char_ref::decode;
use super::doctype::doctype;
use super::raw::{comment_end, raw_end};
use super::tag::Attr;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::{Attribute, LocalName, QualName, local_name, ns};

/// Attributes kept on one formatting element, where the tree builder compares them all.
const MOST_ATTRS: usize = 32;
/// Slots for names met before.
const NAMES: usize = 256;

/// Feeds a page to a tree builder, until its end or until `stop` says so after a token.
pub fn tokenize<S: TokenSink>(html: &str, sink: &S, stop: impl Fn(&S) -> bool) {
    // Line ends are made one kind first, as the standard's input stream does.
    let html = html.strip_prefix('\u{FEFF}').unwrap_or(html);
    let normal;
    let html = if memchr::memchr(b'\r', html.as_bytes()).is_some() {
        normal = html.replace("\r\n", "\n").replace('\r', "\n");
        &normal
    } else {
        html
    };
    let source = StrTendril::from_slice(html);
    let mut run = Run { source, html, bytes: html.as_bytes(), at: 0, sink, names: vec![None; NAMES], noscript: 0 };
    while run.at < run.bytes.len() && !stop(sink) {
        run.data();
    }
    let _ = sink.process_token(Token::EOFToken, 1);
    sink.end();
}

struct Run<'a, S> {
    /// The page again, of which tokens share pieces.
    source: StrTendril,
    html: &'a str,
    bytes: &'a [u8],
    at: usize,
    sink: &'a S,
    names: Vec<Option<(&'a str, LocalName)>>,
    /// Where the latest `noscript` ends: for browsers, which run scripts, it is raw text, so no comment or raw text that begins in it reaches beyond it.
    noscript: usize,
}

/// What follows a start tag.
enum After {
    Markup,
    Raw { references: bool, script: bool, shown: bool },
    Plain,
}

impl<'a, S: TokenSink> Run<'a, S> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// The rest of the page, or of the `noscript` around this place.
    fn within(&self) -> &'a [u8] {
        let end = if (1..=self.noscript).contains(&self.at) { self.noscript } else { self.bytes.len() };
        &self.bytes[self.at..end]
    }

    fn characters(&self, text: &str) {
        if !text.is_empty() {
            let _ = self.sink.process_token(Token::CharacterTokens(StrTendril::from_slice(text)), 1);
        }
    }

    /// Text up to the next tag, and that tag.
    fn data(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'<', rest).unwrap_or(rest.len());
        self.text(self.at, self.at + end);
        self.at += end;
        match self.peek(1) {
            None => {
                self.characters(&self.html[self.at..]);
                self.at = self.bytes.len();
            }
            Some(b'!') => self.declaration(),
            Some(b'?') => self.skip_to(b'>'),
            Some(b'/') => match self.peek(2) {
                Some(b) if b.is_ascii_alphabetic() => self.tag(TagKind::EndTag),
                Some(_) => self.skip_to(b'>'),
                None => {
                    self.characters("</");
                    self.at += 2;
                }
            },
            Some(b) if b.is_ascii_alphabetic() => self.tag(TagKind::StartTag),
            Some(_) => {
                self.characters("<");
                self.at += 1;
            }
        }
    }

    /// Text with its references; NUL is a token of its own, which tree construction drops or replaces.
    fn text(&self, from: usize, to: usize) {
        if from == to {
            return;
        }
        let text = &self.html[from..to];
        if memchr::memchr2(b'&', 0, text.as_bytes()).is_none() {
            let piece = self.source.subtendril(from as u32, (to - from) as u32);
            let _ = self.sink.process_token(Token::CharacterTokens(piece), 1);
            return;
        }
        for (count, part) in text.split('\0').enumerate() {
            if count > 0 {
                let _ = self.sink.process_token(Token::NullCharacterToken, 1);
            }
            self.characters(&decode(part, false));
        }
    }

    /// Moves behind the next `end`, or to the end of the page.
    fn skip_to(&mut self, end: u8) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(end, rest).map_or(rest.len(), |n| n + 1);
    }

    fn declaration(&mut self) {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"<!--") {
            self.at += comment_end(self.within());
        } else if rest.get(2..9).is_some_and(|w| w.eq_ignore_ascii_case(b"doctype")) {
            self.at += 9;
            let start = self.at;
            self.skip_to(b'>');
            let whole = self.bytes[self.at - 1] == b'>' && self.at > start;
            let inner = &self.html[start..self.at - usize::from(whole)];
            let _ = self.sink.process_token(Token::DoctypeToken(doctype(inner, whole)), 1);
        } else if rest.starts_with(b"<![CDATA[") && self.sink.adjusted_current_node_present_but_not_in_html_namespace() {
            let end = memchr::memmem::find(&rest[9..], b"]]>").map_or(rest.len() - 9, |n| n);
            self.characters(&self.html[self.at + 9..self.at + 9 + end]);
            self.at = (self.at + 9 + end + 3).min(self.bytes.len());
        } else {
            self.skip_to(b'>');
        }
    }

    /// A local name in lower case; names met before cost one comparison.
    fn name(&mut self, from: usize, to: usize) -> LocalName {
        let raw = &self.html[from..to];
        let hash = raw.bytes().fold(raw.len(), |h, b| h.wrapping_mul(31) ^ usize::from(b)) % NAMES;
        match &self.names[hash] {
            Some((known, name)) if *known == raw => name.clone(),
            _ => {
                let name = LocalName::from(raw.to_ascii_lowercase().replace('\0', "\u{FFFD}"));
                self.names[hash] = Some((raw, name.clone()));
                name
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn skip_until(&mut self, end: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(|b| !end(b)) {
            self.at += 1;
        }
    }

    fn tag(&mut self, kind: TagKind) {
        self.at += if kind == TagKind::StartTag { 1 } else { 2 };
        let from = self.at;
        self.skip_until(|b| is_space(b) || b == b'/' || b == b'>');
        let name = self.name(from, self.at);
        let raw_name = &self.html[from..self.at];
        let mut attrs = Attrs { kept: Vec::new(), seen: 0, all: kind == TagKind::StartTag && is_formatting(&name), none: kind == TagKind::EndTag };
        let self_closing = loop {
            self.skip_spaces();
            match self.peek(0) {
                // A tag that the page ends in is dropped.
                None => return,
                Some(b'>') => break false,
                Some(b'/') => {
                    self.at += 1;
                    if self.peek(0) == Some(b'>') {
                        break true;
                    }
                }
                Some(_) => self.attribute(&mut attrs),
            }
        };
        self.at += 1;
        let json = name == local_name!("script")
            && attrs.kept.iter().any(|a| a.name.local == local_name!("type") && a.value.trim().eq_ignore_ascii_case("application/ld+json"));
        if name == local_name!("noscript") && kind == TagKind::StartTag && self.at >= self.noscript {
            // Without an end tag none is looked for again: the whole rest is within this one.
            self.noscript = self.at + raw_end(&self.bytes[self.at..], b"noscript", false);
        }
        let tag = Tag { kind, name: name.clone(), self_closing, attrs: attrs.kept, had_duplicate_attributes: false };
        let after = match self.sink.process_token(Token::TagToken(tag), 1) {
            TokenSinkResult::Plaintext => After::Plain,
            TokenSinkResult::RawData(RawKind::Rcdata) => After::Raw { references: true, script: false, shown: true },
            TokenSinkResult::RawData(RawKind::Rawtext) => After::Raw { references: false, script: false, shown: is_shown(raw_name) },
            TokenSinkResult::RawData(_) => After::Raw { references: false, script: true, shown: json },
            _ => After::Markup,
        };
        match after {
            After::Markup => {}
            After::Plain => {
                self.characters(&self.html[self.at..].replace('\0', "\u{FFFD}"));
                self.at = self.bytes.len();
            }
            After::Raw { references, script, shown } => {
                let within = self.within();
                let length = raw_end(within, raw_name.as_bytes(), script);
                let end = self.at + length;
                let body = &self.html[self.at..end];
                if references {
                    self.characters(&decode(body, false));
                } else if shown {
                    self.characters(&body.replace('\0', "\u{FFFD}"));
                }
                self.at = end;
                if length == within.len() && end < self.bytes.len() {
                    let tag = Tag { kind: TagKind::EndTag, name, self_closing: false, attrs: Vec::new(), had_duplicate_attributes: false };
                    let _ = self.sink.process_token(Token::TagToken(tag), 1);
                }
            }
        }
    }

    fn attribute(&mut self, attrs: &mut Attrs) {
        let from = self.at;
        // A first `=` belongs to the name.
        self.at += 1;
        self.skip_until(|b| is_space(b) || matches!(b, b'/' | b'>' | b'='));
        let name = from..self.at;
        self.skip_spaces();
        let mut value = 0..0;
        if self.peek(0) == Some(b'=') {
            self.at += 1;
            self.skip_spaces();
            match self.peek(0) {
                Some(quote @ (b'"' | b'\'')) => {
                    self.at += 1;
                    let start = self.at;
                    self.skip_to(quote);
                    let closed = self.at > start && self.bytes[self.at - 1] == quote;
                    value = start..self.at - usize::from(closed);
                    if !closed {
                        return;
                    }
                }
                Some(b'>') | None => {}
                Some(_) => {
                    let start = self.at;
                    self.skip_until(|b| is_space(b) || b == b'>');
                    value = start..self.at;
                }
            }
        }
        attrs.add(&self.html[name], &self.html[value]);
    }
}

/// The attributes of one tag, the first of each name.
struct Attrs {
    kept: Vec<Attribute>,
    seen: u32,
    all: bool,
    none: bool,
}

impl Attrs {
    fn add(&mut self, name: &str, value: &str) {
        if self.none {
            return;
        }
        let lower;
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            lower = name.to_ascii_lowercase();
            &lower
        } else {
            name
        };
        match Attr::of(name) {
            Some(known) => {
                let bit = 1 << known as u32;
                if self.seen & bit != 0 {
                    return;
                }
                self.seen |= bit;
            }
            // The tree builder tells formatting elements apart by all their attributes, and foreign content by these.
            None if self.all && self.kept.len() < MOST_ATTRS || matches!(name, "encoding" | "color" | "face" | "size") => {
                if self.kept.iter().any(|a| *a.name.local == *name) {
                    return;
                }
            }
            None => return,
        }
        self.kept.push(Attribute { name: QualName::new(None, ns!(), LocalName::from(name)), value: StrTendril::from_slice(&decode(value, true)) });
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\t' | b'\x0c' | b'\r')
}

fn is_formatting(name: &LocalName) -> bool {
    matches!(&**name, "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u")
}

/// Raw-text elements whose body is text that readers see.
fn is_shown(name: &str) -> bool {
    name.eq_ignore_ascii_case("xmp")
}
