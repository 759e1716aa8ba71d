//! The tokens of spaCy's blank English tokenizer (3.8.18), without those of white space.
//!
//! Text is cut at white space; then, from each piece, special words aside, prefixes and suffixes are taken
//! one by one, and what is left is cut at infixes unless it reads as a URL. Special words that come to light
//! only by cutting are mended at the end. Rules read off spaCy's behaviour; no pattern engine runs.

mod affix;
mod special;
mod url;

use smallvec::SmallVec;

use super::{Run, kind};
use crate::text::{Span, slice};
use special::Pieces;

/// Appends the tokens of `text`.
pub fn split(text: &str, runs: &[Run], words: &mut Vec<Span>) {
    let mut cutter = Cutter { text, suffixes: SmallVec::new(), specials: true };
    for Run { span, kinds } in runs.iter().copied() {
        if kinds != kind::LETTER {
            cutter.piece(span, kinds, words);
        } else if span.1 - span.0 > special::LONGEST_OF_LETTERS as u32 {
            words.push(span);
        } else {
            match cutter.special(span) {
                Some(pieces) => push_pieces(span, pieces, words),
                None => words.push(span),
            }
        }
    }
}

struct Cutter<'t> {
    text: &'t str,
    /// Suffixes taken so far, outermost first.
    suffixes: SmallVec<[Span; 8]>,
    /// Whether special words are looked up.
    specials: bool,
}

impl Cutter<'_> {
    fn piece(&mut self, span: Span, kinds: u8, words: &mut Vec<Span>) {
        let first = words.len();
        self.affixes(span, kinds & kind::DIGIT != 0, words);
        if words.len() - first > 2 {
            self.mend(first, words);
        }
    }

    fn special(&self, span: Span) -> Option<Pieces> {
        if self.specials { special::find(slice(self.text, span)) } else { None }
    }

    /// Takes prefixes and suffixes until a special word or none is left.
    fn affixes(&mut self, (mut from, mut to): Span, has_digit: bool, words: &mut Vec<Span>) {
        self.suffixes.clear();
        let mut special = None;
        while from < to {
            special = self.special((from, to));
            if special.is_some() {
                break;
            }
            let prefix = affix::prefix(slice(self.text, (from, to))) as u32;
            if prefix > 0 {
                special = self.special((from + prefix, to)).filter(|_| from + prefix < to);
                if special.is_some() {
                    words.push((from, from + prefix));
                    from += prefix;
                    break;
                }
            }
            let suffix = affix::suffix(slice(self.text, (from + prefix, to)), has_digit) as u32;
            if suffix > 0 {
                special = self.special((from, to - suffix)).filter(|_| from < to - suffix);
                if special.is_some() {
                    self.suffixes.push((to - suffix, to));
                    to -= suffix;
                    break;
                }
                self.suffixes.push((to - suffix, to));
            }
            if prefix > 0 {
                words.push((from, from + prefix));
            }
            if prefix + suffix == 0 {
                break;
            }
            (from, to) = (from + prefix, to - suffix);
        }
        match special {
            Some(pieces) => push_pieces((from, to), pieces, words),
            None => self.infixes((from, to), words),
        }
        words.extend(self.suffixes.iter().rev());
    }

    fn infixes(&self, (from, to): Span, words: &mut Vec<Span>) {
        let middle = slice(self.text, (from, to));
        let mut start = 0;
        let mut at = middle.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if at == middle.len() {
            words.extend((at > 0).then_some((from, to)));
            return;
        }
        let mut checked = false;
        while let Some((found, length)) = affix::infix(middle, at) {
            if !checked && url::is_url(middle) {
                break;
            }
            checked = true;
            at = found + length;
            // One at the very start is no cut.
            if found == 0 {
                continue;
            }
            if start < found {
                words.push((from + start as u32, from + found as u32));
            }
            words.push((from + found as u32, from + at as u32));
            start = at;
        }
        if start < middle.len() {
            words.push((from + start as u32, to));
        }
    }

    /// Puts special words together again that cutting took apart, among the tokens from `first` on: the longest first, then the earliest.
    fn mend(&mut self, first: usize, words: &mut Vec<Span>) {
        let mut found: Vec<(usize, usize, Pieces)> = Vec::new();
        for begin in first..words.len() {
            let Some(&(from, _)) = words.get(begin) else {
                break;
            };
            for end in begin + 1..words.len() {
                let Some(&(_, to)) = words.get(end) else {
                    break;
                };
                if to - from > special::LONGEST as u32 {
                    break;
                }
                if let Some(pieces) = self.special((from, to))
                    && let Some(tokens) = words.get(begin..=end)
                    && self.plainly((from, to)) == tokens
                {
                    found.push((begin, end, pieces));
                }
            }
        }
        if found.is_empty() {
            return;
        }
        found.sort_by_key(|(begin, end, _)| (begin.wrapping_sub(*end), *begin));
        let mut taken = vec![false; words.len()];
        found.retain(|(begin, end, _)| {
            let free = !taken[*begin] && !taken[*end];
            taken[*begin..=*end].fill(true);
            free
        });
        found.sort_by_key(|(begin, ..)| *begin);
        let old = words.split_off(first);
        let mut next = first;
        for (begin, end, pieces) in found {
            words.extend_from_slice(&old[next - first..begin - first]);
            push_pieces((old[begin - first].0, old[end - first].1), pieces, words);
            next = end + 1;
        }
        words.extend_from_slice(&old[next - first..]);
    }

    /// The tokens of the piece at `span` as if no word were special.
    fn plainly(&self, span: Span) -> Vec<Span> {
        let mut tokens = Vec::new();
        Cutter { text: self.text, suffixes: SmallVec::new(), specials: false }.affixes(span, true, &mut tokens);
        tokens
    }
}

fn push_pieces((mut from, to): Span, pieces: Pieces, words: &mut Vec<Span>) {
    for length in pieces {
        let end = (from + u32::from(length)).min(to);
        if from < end {
            words.push((from, end));
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use crate::text::{Splitter, slice};

    fn words(text: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        Splitter::SpacyEn.split(text, &mut spans);
        spans.into_iter().map(|span| slice(text, span)).collect()
    }

    #[test]
    fn takes_affixes_from_both_ends() {
        assert_eq!(words("(\"Well,\" he said...)"), ["(", "\"", "Well", ",", "\"", "he", "said", "...", ")"]);
        assert_eq!(words("Anna's US$5 10km, 50% (2+2)"), ["Anna", "'s", "US$", "5", "10", "km", ",", "50", "%", "(", "2", "+", "2", ")"]);
        assert_eq!(words("the U.S.A. and NASA."), ["the", "U.S.A.", "and", "NASA", "."]);
    }

    #[test]
    fn special_words_are_whole_or_cut() {
        assert_eq!(words("Mr. Dont can’t e.g. :-) 8am"), ["Mr.", "Do", "nt", "ca", "n’t", "e.g.", ":-)", "8", "am"]);
        assert_eq!(words("well its ill"), ["well", "its", "ill"]);
        assert_eq!(words("shouldn't've"), ["should", "n't", "'ve"]);
    }

    #[test]
    fn infixes_cut_unless_the_word_is_a_url() {
        assert_eq!(words("well-known a,b end.Next x/y 5-6"), ["well", "-", "known", "a", ",", "b", "end", ".", "Next", "x", "/", "y", "5", "-", "6"]);
        assert_eq!(words("see a-b.example.com/x-y."), ["see", "a-b.example.com/x-y", "."]);
    }

    #[test]
    fn text_without_words_has_none() {
        assert!(words("").is_empty() && words(" \n\u{3000}").is_empty());
        assert_eq!(words("漢字。"), ["漢字", "。"]);
        assert_eq!(words("((((").len(), 4);
    }
}
