//! Mends text that encodings and typesetting have broken: mojibake, left-over references and escapes, ligatures, line ends, controls, forms.
//!
//! The faults are those of ftfy 6 (Speer 2019, *ftfy*, doi 10.5281/zenodo.2591652), and its order of mending is followed: references, encodings,
//! single characters, normalization, again until nothing changes. How broken text is told from text is the own way of `evidence` and `double_byte`.
//! Defaults are chosen for pretraining: curly quotes and wide punctuation stay.

mod codepages;
mod double_byte;
mod entities;
mod evidence;
mod mojibake;
mod scan;
mod typography;

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfkc};

use self::scan::Scanner;

/// Passes over one text.
const PASSES: usize = 16;

/// Half-width and full-width forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Width {
    /// All stay.
    Keep,
    /// Letters, digits, and narrow kana and Hangul get their usual width.
    #[default]
    Letters,
    /// So do signs and the ideographic space: not for Chinese or Japanese.
    All,
}

/// A Unicode normalization form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// As it comes.
    None,
    /// Composed.
    #[default]
    Nfc,
    /// Composed, and what looks different made equal.
    Nfkc,
}

/// What to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// UTF-8 read as a code page of one byte a character.
    pub mojibake: bool,
    /// UTF-8 read as GBK, Shift_JIS or EUC-KR.
    pub double_byte: bool,
    /// Control characters U+0080 to U+009F become what windows-1252 has in their place.
    pub c1: bool,
    /// Character references, in texts without `<`.
    pub entities: bool,
    /// Sequences that colour a terminal.
    pub escapes: bool,
    /// Latin ligatures and digraphs of one character.
    pub ligatures: bool,
    /// Which forms of another width get the usual one.
    pub width: Width,
    /// Curly quotes become straight.
    pub straight_quotes: bool,
    /// CR, CR LF, U+2028 and U+2029 become newlines.
    pub line_breaks: bool,
    /// Control characters without a meaning in text, and byte order marks.
    pub controls: bool,
    /// Soft hyphens, zero-width spaces, word joiners.
    pub invisible: bool,
    /// The form of the whole text.
    pub normalization: Normalization,
}

impl Options {
    /// Mends nothing.
    pub fn nothing() -> Options {
        Options {
            mojibake: false,
            double_byte: false,
            c1: false,
            entities: false,
            escapes: false,
            ligatures: false,
            width: Width::Keep,
            straight_quotes: false,
            line_breaks: false,
            controls: false,
            invisible: false,
            normalization: Normalization::None,
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mojibake: true,
            double_byte: true,
            c1: true,
            entities: true,
            escapes: true,
            ligatures: true,
            width: Width::Letters,
            straight_quotes: false,
            line_breaks: true,
            controls: true,
            invisible: false,
            normalization: Normalization::Nfc,
        }
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One character read as several.
    Mojibake,
    /// One run of such text in an encoding of two bytes.
    DoubleByte,
    /// One control character of the second range.
    C1,
    /// One character reference.
    Entity,
    /// One escape sequence.
    Escape,
    /// One ligature.
    Ligature,
    /// One character of another width.
    Width,
    /// One curly quote.
    Quote,
    /// One foreign line end.
    LineBreak,
    /// One control character.
    Control,
    /// One invisible character.
    Invisible,
    /// The text was in another form.
    Form,
}

/// Names of the faults, in the order of [`Fault`].
const NAMES: [&str; 12] =
    ["mojibake", "double_byte", "c1", "entities", "escapes", "ligatures", "width", "quotes", "line_breaks", "controls", "invisible", "normalization"];

/// How often each fault was mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; NAMES.len()]);

impl Counts {
    fn add(&mut self, fault: Fault, times: u64) {
        self.0[fault as usize] += times;
    }

    /// How often `fault` was mended.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// The faults that were there, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.into_iter().zip(self.0).filter(|(_, times)| *times > 0)
    }
}

/// Mends texts under some options. Making one takes some milliseconds.
pub struct Repairer {
    options: Options,
    scanner: Scanner,
}

impl Repairer {
    /// Prepares the tables.
    pub fn new(options: Options) -> Repairer {
        let scanner = Scanner::new(&options);
        Repairer { options, scanner }
    }

    /// The mended text and what was wrong with it; `None` where nothing was. Mending a mended text changes nothing.
    pub fn repair(&self, text: &str) -> Option<(String, Counts)> {
        let mut counts = Counts::default();
        let mut now = self.pass(text, &mut counts)?;
        for _ in 1..PASSES {
            match self.pass(&now, &mut counts) {
                Some(next) => now = next,
                None => break,
            }
        }
        (now != text).then_some((now, counts))
    }

    /// One pass over all steps; `None` where none of them changed anything.
    fn pass(&self, text: &str, counts: &mut Counts) -> Option<String> {
        let options = &self.options;
        let found = self.scanner.look(text);
        let mut edited = None;
        // With a `<` in it the text speaks of markup, and its references may be meant.
        if found.ampersand && memchr::memchr(b'<', text.as_bytes()).is_none() {
            edited = entities::decode(text, &mut counts.0[Fault::Entity as usize]);
        }
        if found.double_byte {
            edited = by_line(edited.as_deref().unwrap_or(text), &mut counts.0[Fault::DoubleByte as usize], double_byte::mend).or(edited);
        }
        if found.mojibake {
            edited = by_line(edited.as_deref().unwrap_or(text), &mut counts.0[Fault::Mojibake as usize], mojibake::mend).or(edited);
        }
        if found.characters {
            let before = edited.as_deref().unwrap_or(text);
            let after = typography::apply(options, before, counts);
            edited = if after == before { edited } else { Some(after) };
        }
        if found.form {
            let before = edited.as_deref().unwrap_or(text);
            let after: Option<String> = match options.normalization {
                Normalization::Nfc if !is_nfc(before) => Some(before.nfc().collect()),
                Normalization::Nfkc if !is_nfkc(before) => Some(before.nfkc().collect()),
                _ => None,
            };
            counts.add(Fault::Form, u64::from(after.is_some()));
            edited = after.or(edited);
        }
        edited
    }
}

/// Applies `mend` to each line that is not ASCII.
fn by_line(text: &str, count: &mut u64, mend: fn(&str, &mut u64) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.is_ascii()
            && let Some(whole) = mend(line, count)
        {
            out.push_str(text.get(from..at).unwrap_or_default());
            out.push_str(&whole);
            from = at + line.len();
        }
        at += line.len();
    }
    (from > 0).then(|| out + text.get(from..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
