//! What is known about the current text, each fact computed at most once.

use super::{
    Span, Splitter,
    bytes::pack_at,
    census::{Census, Pieces},
    chars::{self, ALPHA, ASCII, SYMBOL, is},
    lines, ngrams,
    repeats::{Repeats, Seen},
    sentences, slice,
    words::{self, Run},
};

/// Facts about one text after another; memory is used again.
///
/// Every accessor takes the text, which must be the same until [`Facts::reset`].
#[derive(Clone, Debug, Default)]
pub struct Facts {
    splitter: Splitter,
    runs: Memo<Vec<Run>>,
    words: Memo<Vec<Span>>,
    totals: Memo<WordTotals>,
    ngrams: Memo<ngrams::Words>,
    sentences: Memo<usize>,
    chars: Memo<usize>,
    spaced: Memo<Spaced>,
    lines: Memo<Vec<Span>>,
    repeated_lines: Memo<Repeats>,
    repeated_lines_not_blank: Memo<Repeats>,
    repeated_paragraphs: Memo<Repeats>,
    censuses: Vec<(Pieces, Census)>,
    lowered: Memo<String>,
    seen: Seen,
    part: Option<Box<Facts>>,
}

/// Counts over the words of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordTotals {
    /// All words.
    pub words: usize,
    /// Words with a character other than punctuation.
    pub not_symbols: usize,
    /// Characters of those.
    pub not_symbols_chars: usize,
    /// Words with a letter.
    pub alphabetic: usize,
}

/// Counts over the pieces that white space parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spaced {
    pub words: usize,
    /// Characters of the longest.
    pub longest: usize,
}

/// A fact and whether it is known.
#[derive(Clone, Debug, Default)]
struct Memo<T> {
    known: bool,
    value: T,
}

impl<T> Memo<T> {
    fn get(&mut self, learn: impl FnOnce(&mut T)) -> &mut T {
        if !self.known {
            learn(&mut self.value);
            self.known = true;
        }
        &mut self.value
    }
}

impl Facts {
    /// Nothing known, words split by the default splitter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the text, keeps memory and splitter. To be called whenever the text changes.
    pub fn reset(&mut self) {
        self.forget_words();
        self.runs.known = false;
        self.chars.known = false;
        self.spaced.known = false;
        self.lines.known = false;
        self.repeated_lines.known = false;
        self.repeated_lines_not_blank.known = false;
        self.repeated_paragraphs.known = false;
        self.censuses.clear();
        self.lowered.known = false;
    }

    fn forget_words(&mut self) {
        self.words.known = false;
        self.totals.known = false;
        self.ngrams.known = false;
        self.sentences.known = false;
    }

    /// Chooses how words are split from here on; facts drawn from other words are forgotten.
    pub fn split_by(&mut self, splitter: Splitter) {
        if self.splitter != splitter {
            self.splitter = splitter;
            self.forget_words();
        }
    }

    /// The splitter in use.
    pub fn splitter(&self) -> Splitter {
        self.splitter
    }

    /// The words of the text.
    pub fn words(&mut self, text: &str) -> &[Span] {
        let (splitter, runs) = (self.splitter, &mut self.runs);
        self.words.get(|words| {
            words.clear();
            splitter.split_runs(text, runs.get(|runs| find_runs(text, runs)), words);
        })
    }

    /// Makes known what white space parts in the line at `line` of the text of `whole`, if it is known there.
    pub fn learn_runs(&mut self, whole: &Facts, line: Span) {
        if whole.runs.known {
            learn(&mut self.runs, &whole.runs, line, |run| run.span, |run| Run { span: from_start(run.span, line), ..*run });
        }
    }

    /// Makes the words known that lie in the line at `line` of the text of `whole`, if they are known there.
    pub fn learn_words(&mut self, whole: &Facts, line: Span) {
        if whole.words.known && self.splitter == whole.splitter {
            learn(&mut self.words, &whole.words, line, |word| *word, |word| from_start(*word, line));
        }
    }

    /// Counts over the words.
    pub fn word_totals(&mut self, text: &str) -> WordTotals {
        self.words(text);
        let words = &self.words.value;
        *self.totals.get(|totals| {
            *totals = WordTotals { words: words.len(), ..WordTotals::default() };
            for (from, to) in words {
                let word = slice(text, (*from, *to));
                let first = word.bytes().next().and_then(|byte| ASCII.get(usize::from(byte)));
                let letter = first.is_some_and(|first| first & ALPHA != 0);
                if letter || !word.chars().all(|c| is(c, SYMBOL)) {
                    totals.not_symbols += 1;
                    totals.not_symbols_chars += chars::count_packed(word.as_bytes(), pack_at(text.as_bytes(), *from as usize, *to as usize));
                    totals.alphabetic += usize::from(letter || word.chars().any(|c| is(c, ALPHA)));
                }
            }
        })
    }

    /// What is needed to count n-grams.
    pub fn ngrams(&mut self, text: &str) -> &mut ngrams::Words {
        self.words(text);
        let words = &self.words.value;
        self.ngrams.get(|ngrams| ngrams.learn(text, words))
    }

    /// Sentences; at least one.
    pub fn sentences(&mut self, text: &str) -> usize {
        self.words(text);
        let (splitter, words) = (self.splitter, &self.words.value);
        *self.sentences.get(|count| *count = sentences::count(text, splitter, words))
    }

    /// Code points.
    pub fn chars(&mut self, text: &str) -> usize {
        *self.chars.get(|count| *count = chars::count(text))
    }

    /// Counts over the pieces between white space, whatever the splitter.
    pub fn spaced(&mut self, text: &str) -> Spaced {
        let runs = self.runs.get(|runs| find_runs(text, runs));
        *self.spaced.get(|spaced| {
            *spaced = Spaced { words: runs.len(), longest: 0 };
            for Run { span, .. } in runs {
                if (span.1 - span.0) as usize > spaced.longest {
                    spaced.longest = spaced.longest.max(chars::count(slice(text, *span)));
                }
            }
        })
    }

    /// Lines as `str.splitlines` sees them.
    pub fn lines(&mut self, text: &str) -> &[Span] {
        self.lines.get(|lines| {
            lines.clear();
            lines::universal(text, lines);
        })
    }

    /// Repeats among what newlines part.
    pub fn repeated_lines(&mut self, text: &str) -> Repeats {
        let seen = &mut self.seen;
        *self.repeated_lines.get(|found| *found = Repeats::count(lines::between_newlines(text, 1), seen))
    }

    /// Repeats among the lines that are not blank.
    pub fn repeated_lines_not_blank(&mut self, text: &str) -> Repeats {
        let seen = &mut self.seen;
        *self.repeated_lines_not_blank.get(|found| *found = Repeats::count(lines::not_blank(text), seen))
    }

    /// Repeats among paragraphs.
    pub fn repeated_paragraphs(&mut self, text: &str) -> Repeats {
        let seen = &mut self.seen;
        *self.repeated_paragraphs.get(|found| *found = Repeats::count(lines::paragraphs(text), seen))
    }

    /// How many of `pieces` are alike.
    pub fn census(&mut self, text: &str, pieces: Pieces) -> Census {
        if let Some((_, found)) = self.censuses.iter().find(|(known, _)| *known == pieces) {
            return *found;
        }
        let found = Census::take(text, pieces, &mut self.seen);
        self.censuses.push((pieces, found));
        found
    }

    /// The text in lower case.
    pub fn lowered(&mut self, text: &str) -> &str {
        self.lowered.get(|lowered| {
            lowered.clear();
            let mut rest = text;
            while let Some(at) = rest.bytes().position(|b| !b.is_ascii()) {
                let (ascii, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
                lowered.push_str(ascii);
                let mut letters = tail.chars();
                lowered.extend(letters.by_ref().next().into_iter().flat_map(char::to_lowercase));
                rest = letters.as_str();
            }
            lowered.push_str(rest);
            lowered.make_ascii_lowercase();
        })
    }

    /// Facts for a part or an edited form of the text, taken out so that both can be used; to be given back.
    pub fn take_part(&mut self) -> Box<Facts> {
        let mut part = self.part.take().unwrap_or_default();
        part.split_by(self.splitter);
        part.reset();
        part
    }

    /// Gives the memory of [`Facts::take_part`] back.
    pub fn give_part(&mut self, part: Box<Facts>) {
        self.part = Some(part);
    }
}

fn find_runs(text: &str, runs: &mut Vec<Run>) {
    runs.clear();
    words::find_runs(text, |run| runs.push(run));
}

/// Makes known what lies in the line at `line` of what is known, in order, of a whole text.
fn learn<T>(known: &mut Memo<Vec<T>>, whole: &Memo<Vec<T>>, line: Span, span: impl Fn(&T) -> Span, moved: impl Fn(&T) -> T) {
    known.get(|items| {
        let first = whole.value.partition_point(|item| span(item).0 < line.0);
        let here = whole.value[first..].iter().take_while(|item| span(item).1 <= line.1);
        items.clear();
        items.extend(here.map(moved));
    });
}

/// `span` by the start of `line`.
fn from_start(span: Span, line: Span) -> Span {
    (span.0 - line.0, span.1 - line.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_hold_until_reset() {
        let mut facts = Facts::new();
        assert_eq!(facts.word_totals("one 2 !"), WordTotals { words: 3, not_symbols: 2, not_symbols_chars: 4, alphabetic: 1 });
        assert_eq!(facts.words("other text than before").len(), 3);
        facts.reset();
        assert_eq!(facts.words("a b").len(), 2);
        facts.split_by(Splitter::Whitespace);
        assert_eq!(facts.words("a b").len(), 2);
        facts.reset();
        assert_eq!(facts.words("a,b").len(), 1);
    }

    #[test]
    fn a_line_learns_the_words_of_its_text() {
        let text = "one two\nthree four. five\nsix";
        let (mut whole, mut line) = (Facts::new(), Facts::new());
        whole.words(text);
        line.learn_words(&whole, (8, 24));
        assert_eq!(line.words("never read"), [(0, 5), (6, 10), (10, 11), (12, 16)]);
    }

    #[test]
    fn an_empty_text_has_facts_too() {
        let mut facts = Facts::new();
        assert_eq!(facts.word_totals(""), WordTotals::default());
        assert_eq!((facts.chars(""), facts.sentences(""), facts.spaced("")), (0, 1, Spaced::default()));
        assert_eq!(facts.repeated_lines("").pieces, 1);
        assert_eq!(facts.repeated_paragraphs("").pieces, 1);
        assert!(facts.lines("").is_empty());
    }
}
