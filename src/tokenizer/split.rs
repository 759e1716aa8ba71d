//! The split patterns of byte-level BPE vocabularies, by hand: no regex engine, one look at each character or two.
//!
//! Each function says where the match that starts at a position ends; matches follow one another without gaps. The regular
//! expressions are quoted where they are implemented; what they mean is tested against the reference encoders.

use super::classes::{Classes, LETTER, LOWER, NUMBER, OTHER, SPACE, UPPER};

/// A known split pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// GPT-2, r50k, p50k, RoBERTa.
    Gpt2,
    /// cl100k as tiktoken writes it: white space at the end of the text is one piece.
    Cl100k,
    /// cl100k as Llama 3 and others write it.
    Llama3,
    /// As `Llama3`, with every digit by itself.
    Qwen2,
    /// o200k, gpt-oss.
    O200k,
}

impl Pattern {
    /// The pattern that a `tokenizer.json` spells out, when it is a known one.
    pub fn from_regex(regex: &str) -> Option<Pattern> {
        KNOWN.iter().find(|(known, _)| *known == regex).map(|(_, pattern)| *pattern)
    }

    /// How a `tokenizer.json` spells it; `None` for GPT-2's, which is the default of byte-level pre-tokenizers.
    pub(super) fn regex(self) -> Option<&'static str> {
        let written = match self {
            Pattern::Cl100k => Pattern::Llama3,
            other => other,
        };
        let known = KNOWN.iter().find(|(_, pattern)| *pattern == written);
        known.map(|(regex, _)| *regex).filter(|_| self != Pattern::Gpt2)
    }

    /// Calls `piece` with each piece of the text: its first byte and the byte after its last.
    #[inline(always)]
    pub(super) fn split(self, text: &str, piece: impl FnMut(usize, usize)) {
        let text = Chars { bytes: text.as_bytes(), classes: Classes::get() };
        match self {
            Pattern::Gpt2 => each(text, |text, at| text.gpt2(at), piece),
            Pattern::Cl100k => each(text, |text, at| text.cl100k(at, 3, true), piece),
            Pattern::Llama3 => each(text, |text, at| text.cl100k(at, 3, false), piece),
            Pattern::Qwen2 => each(text, |text, at| text.cl100k(at, 1, false), piece),
            Pattern::O200k => each(text, |text, at| text.o200k(at), piece),
        }
    }
}

/// As tokenizer.json files write them; the first spelling of a pattern is the one to write.
const KNOWN: [(&str, Pattern); 6] = [
    (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", Pattern::Gpt2),
    (r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", Pattern::Gpt2),
    (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", Pattern::Llama3),
    (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", Pattern::Qwen2),
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Pattern::O200k,
    ),
    (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+", Pattern::Llama3),
];

#[inline(always)]
fn each(text: Chars, next: impl Fn(&Chars, usize) -> usize, mut piece: impl FnMut(usize, usize)) {
    let mut at = 0;
    while at < text.bytes.len() {
        let end = next(&text, at);
        piece(at, end);
        at = end;
    }
}

/// A one in each of eight bytes, and the high bits of all.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// The high bits of those of eight bytes that lie between two, both below 0x80.
#[inline(always)]
fn between(block: u64, first: u8, last: u8) -> u64 {
    let low = block & !HIGH;
    let from = low + u64::from(0x80 - first) * ONES;
    let beyond = low + u64::from(0x7f - last) * ONES;
    from & !beyond & !block & HIGH
}

struct Chars<'a> {
    /// UTF-8.
    bytes: &'a [u8],
    classes: &'static Classes,
}

impl Chars<'_> {
    /// Class and length in bytes of the character at `at`; (0, 0) at the end.
    #[inline(always)]
    fn look(&self, at: usize) -> (u8, usize) {
        match self.bytes.get(at) {
            Some(&byte) if byte < 0x80 => (self.classes.ascii(byte), 1),
            Some(&byte) => self.look_wide(byte, at),
            None => (0, 0),
        }
    }

    fn look_wide(&self, lead: u8, at: usize) -> (u8, usize) {
        let tail = |i: usize| u32::from(self.bytes.get(at + i).copied().unwrap_or(0) & 0x3f);
        let lead = u32::from(lead);
        let (code, length) = match lead {
            0..0xe0 => ((lead & 0x1f) << 6 | tail(1), 2),
            0xe0..0xf0 => ((lead & 0x0f) << 12 | tail(1) << 6 | tail(2), 3),
            _ => ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
        };
        (self.classes.code_point(code), length)
    }

    /// The end of the run of letters.
    #[inline(always)]
    fn letters(&self, at: usize) -> usize {
        self.run(self.ascii(at, |block| between(block | (0x20 * ONES), b'a', b'z')), LETTER)
    }

    /// The end of the run of lower-case letters and what stands with them.
    #[inline(always)]
    fn lower_case(&self, at: usize) -> usize {
        self.run(self.ascii(at, |block| between(block, b'a', b'z')), LOWER)
    }

    /// Where the first byte stands whose high bit `are` leaves unset, of eight at a time: a step a word, where a loop over its letters ends in a
    /// branch that nothing foretells. Near the end of the text it stops early.
    #[inline(always)]
    fn ascii(&self, mut at: usize, are: impl Fn(u64) -> u64) -> usize {
        while let Some(block) = self.bytes.get(at..at + 8) {
            let block = u64::from_le_bytes(block.try_into().unwrap_or_default());
            let others = !are(block) & HIGH;
            if others != 0 {
                return at + others.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        at
    }

    /// The end of the run of characters that have one of the bits.
    #[inline(always)]
    fn run(&self, mut at: usize, bits: u8) -> usize {
        loop {
            let (class, length) = self.look(at);
            if class & bits == 0 {
                return at;
            }
            at += length;
        }
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn is_line_end(&self, at: usize) -> bool {
        matches!(self.byte(at), b'\r' | b'\n')
    }

    /// Length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d` at `at`, or 0. With `fold`, of their upper-case forms too; U+017F
    /// is an s to a regex engine that ignores case.
    #[inline(always)]
    fn contraction(&self, at: usize, fold: bool) -> usize {
        if self.byte(at) != b'\'' {
            return 0;
        }
        let letter = |i: usize| {
            let byte = self.byte(at + i);
            if fold { byte.to_ascii_lowercase() } else { byte }
        };
        match (letter(1), letter(2)) {
            (b's' | b't' | b'm' | b'd', _) => 2,
            (b'r' | b'v', b'e') | (b'l', b'l') => 3,
            (0xc5, 0xbf) if fold => 3,
            _ => 0,
        }
    }

    /// White space from `at`: `\s++$` when `tail`, `\s*[\r\n]+` when `lines`, `\s+(?!\S)`, `\s+`, the first that matches.
    #[inline(always)]
    fn white_space(&self, at: usize, tail: bool, lines: bool) -> usize {
        let (mut end, mut last, mut after_line) = (at, at, at);
        loop {
            let (class, length) = self.look(end);
            if class & SPACE == 0 {
                break;
            }
            last = end;
            end += length;
            if self.is_line_end(last) {
                after_line = end;
            }
        }
        let at_end = end == self.bytes.len();
        if tail && at_end {
            end
        } else if lines && after_line > at {
            after_line
        } else if at_end || last == at {
            end
        } else {
            last
        }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    #[inline(always)]
    fn gpt2(&self, at: usize) -> usize {
        let contraction = self.contraction(at, false);
        if contraction > 0 {
            return at + contraction;
        }
        let start = at + usize::from(self.byte(at) == b' ');
        let (class, length) = self.look(start);
        let kind = class & (LETTER | NUMBER | OTHER);
        match kind {
            0 => self.white_space(at, false, false),
            LETTER => self.letters(start + length),
            kind => self.run(start + length, kind),
        }
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    #[inline(always)]
    fn cl100k(&self, at: usize, digits: usize, tail: bool) -> usize {
        let contraction = self.contraction(at, true);
        if contraction > 0 {
            return at + contraction;
        }
        let (class, length) = self.look(at);
        if class & LETTER != 0 {
            return self.letters(at + length);
        }
        if class & NUMBER != 0 {
            return self.numbers(at + length, digits - 1);
        }
        let (next, next_length) = self.look(at + length);
        if next & LETTER != 0 && !self.is_line_end(at) {
            return self.letters(at + length + next_length);
        }
        match self.symbols(at, class, next) {
            Some(end) => self.line_ends(end, false),
            None => self.white_space(at, tail, true),
        }
    }

    /// The pattern of o200k:
    /// `P?U*W+C?|P?U+W*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+` with
    /// `P = [^\r\n\p{L}\p{N}]`, `U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, `W = [\p{Ll}\p{Lm}\p{Lo}\p{M}]`,
    /// `C = (?i:'s|'t|'re|'ve|'m|'ll|'d)`.
    #[inline(always)]
    fn o200k(&self, at: usize) -> usize {
        let (class, length) = self.look(at);
        if class & NUMBER != 0 {
            return self.numbers(at + length, 2);
        }
        let after = at + length;
        let prefix = class & LETTER == 0 && !self.is_line_end(at);
        let next = self.look(after).0;
        if prefix && next & (UPPER | LOWER) != 0 || class & (UPPER | LOWER) != 0 {
            let end = self.cased_word(at, if prefix { after } else { at });
            return end + self.contraction(end, true);
        }
        match self.symbols(at, class, next) {
            Some(end) => self.line_ends(end, true),
            None => self.white_space(at, false, true),
        }
    }

    /// `P?U*W+|P?U+W*` where a word is known to start at `start`, behind a prefix, or at `at`.
    #[inline(always)]
    fn cased_word(&self, at: usize, start: usize) -> usize {
        let (found, upper_end) = self.lower_word(start);
        if let Some(end) = found {
            return end;
        }
        if start > at {
            // A mark is a prefix to the first try and the word itself to the second.
            if let (Some(end), _) = self.lower_word(at) {
                return end;
            }
        }
        upper_end
    }

    /// `U*W+` from `at`, where it matches, and the end of `U*`. The greedy run of U gives characters back until W+ can match
    /// one: the last that is both, unless a lower-case one follows the run.
    #[inline(always)]
    fn lower_word(&self, at: usize) -> (Option<usize>, usize) {
        let (mut end, mut both) = (at, None);
        loop {
            let (class, length) = self.look(end);
            if class & UPPER == 0 {
                if class & LOWER != 0 {
                    return (Some(self.lower_case(end + length)), end);
                }
                return (both, end);
            }
            end += length;
            if class & LOWER != 0 {
                both = Some(end);
            }
        }
    }

    /// Up to `more` further numbers.
    #[inline(always)]
    fn numbers(&self, mut at: usize, more: usize) -> usize {
        for _ in 0..more {
            let (class, length) = self.look(at);
            if class & NUMBER == 0 {
                break;
            }
            at += length;
        }
        at
    }

    /// ` ?[^\s\p{L}\p{N}]+`, given the classes of the first two characters.
    #[inline(always)]
    fn symbols(&self, at: usize, class: u8, next: u8) -> Option<usize> {
        let spaced = self.byte(at) == b' ' && next & OTHER != 0;
        (spaced || class & OTHER != 0).then(|| self.run(at + usize::from(spaced), OTHER))
    }

    /// `[\r\n]*`, or `[\r\n/]*`.
    #[inline(always)]
    fn line_ends(&self, mut at: usize, slash: bool) -> usize {
        while self.is_line_end(at) || slash && self.byte(at) == b'/' {
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern::{self, *};

    fn split(pattern: Pattern, text: &str) -> Vec<&str> {
        let mut pieces = Vec::new();
        pattern.split(text, |from, to| pieces.push(&text[from..to]));
        assert_eq!(pieces.concat(), text);
        pieces
    }

    #[test]
    fn words_take_the_space_before_them() {
        assert_eq!(split(Gpt2, "It's 12 o'clock!!  Go"), ["It", "'s", " 12", " o", "'", "clock", "!!", " ", " Go"]);
        assert_eq!(split(Llama3, "It'S 1234 \"go\""), ["It", "'S", " ", "123", "4", " \"", "go", "\""]);
        assert_eq!(split(Qwen2, "12"), ["1", "2"]);
        assert_eq!(split(O200k, "It's HTMLParser's"), ["It's", " HTMLParser's"]);
    }

    #[test]
    fn cases_of_o200k_give_back_what_cannot_start_a_lower_half() {
        assert_eq!(split(O200k, "中文ABC"), ["中文", "ABC"]);
        assert_eq!(split(O200k, "ABCdef GHI"), ["ABCdef", " GHI"]);
        assert_eq!(split(O200k, "!\u{301}a \u{301}"), ["!\u{301}a", " \u{301}"]);
        assert_eq!(split(O200k, "a/b //\n/x"), ["a", "/b", " //\n/", "x"]);
    }

    #[test]
    fn white_space_leaves_one_for_the_next_word() {
        assert_eq!(split(Gpt2, "a \n  b  "), ["a", " \n ", " b", "  "]);
        assert_eq!(split(Llama3, "a \n  b \n  "), ["a", " \n", " ", " b", " \n", "  "]);
        assert_eq!(split(Cl100k, "a \n  b \n  "), ["a", " \n", " ", " b", " \n  "]);
        assert_eq!(split(Cl100k, "\u{3000}\u{3000}中\r\n\t中"), ["\u{3000}", "\u{3000}中", "\r\n", "\t中"]);
    }

    #[test]
    fn the_long_s_ends_a_contraction_where_case_is_ignored() {
        assert_eq!(split(Gpt2, "a'ſ"), ["a", "'", "ſ"]);
        assert_eq!(split(Cl100k, "a'ſx"), ["a", "'ſ", "x"]);
    }
}
