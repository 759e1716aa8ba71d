//! Counting sentences.

use super::{
    Span, Splitter,
    chars::{ASCII, PUNCT, SENTENCE_END, SPACE, classes, is},
    slice,
};

/// Sentences of `text`, whose words by `splitter` are `words`; at least one.
///
/// With [`Splitter::SpacyEn`] as spaCy's sentencizer counts them; else by marks and the white space after them.
pub fn count(text: &str, splitter: Splitter, words: &[Span]) -> usize {
    match splitter {
        Splitter::SpacyEn => by_words(text, words),
        _ => {
            let mut sentences = 1;
            by_marks(text, |_| sentences += 1);
            sentences
        }
    }
}

/// A sentence begins at the first token other than punctuation after a token that is one sentence mark.
/// White space is a token here, unless it is the one space between two words.
fn by_words(text: &str, words: &[Span]) -> usize {
    let (mut sentences, mut ended, mut at) = (1, false, 0);
    for &(from, to) in words {
        let spaced = at < from && (at == 0 || from - at > 1 || slice(text, (at, from)) != " ");
        at = to;
        if spaced && ended {
            (sentences, ended) = (sentences + 1, false);
        }
        let word = slice(text, (from, to));
        let mark = is_mark(word);
        if mark {
            ended = true;
        } else if ended && !word.chars().all(|c| is(c, PUNCT)) {
            (sentences, ended) = (sentences + 1, false);
        }
    }
    let rest = slice(text, (at, text.len() as u32));
    sentences + usize::from(ended && !rest.is_empty() && rest != " ")
}

/// Whether `word` is one character that ends sentences.
fn is_mark(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next();
    chars.as_str().is_empty() && first.is_some_and(|c| is(c, SENTENCE_END))
}

/// The sentences of `text` by marks, the white space between them with the one before, quotes and brackets that open the next with that.
pub fn spans(text: &str) -> Vec<Span> {
    let (mut spans, mut start) = (Vec::new(), 0);
    by_marks(text, |at| {
        let begin = opening(text, at) as u32;
        spans.push((std::mem::replace(&mut start, begin), begin));
    });
    spans.push((start, text.len() as u32));
    spans
}

/// Where the sentence begins whose first letter is at `at`: before the punctuation that touches the letter, if white space is before that; else before what
/// can only open, since a full-width mark needs no white space after it.
fn opening(text: &str, at: usize) -> usize {
    let head = &text[..at];
    let punctuation = |c: char| classes(c) & (PUNCT | SENTENCE_END) == PUNCT;
    let touching = head.trim_end_matches(punctuation);
    if touching.chars().next_back().is_some_and(|c| classes(c) & SPACE != 0) { touching.len() } else { head.trim_end_matches(OPENING).len() }
}

/// Punctuation that stands before what it belongs to.
const OPENING: [char; 22] = ['(', '[', '{', '（', '［', '｛', '「', '『', '｢', '《', '〈', '【', '〔', '〖', '“', '‘', '„', '‚', '«', '‹', '¿', '¡'];

/// A sentence ends at marks followed by white space, closing punctuation aside, or by anything where the mark is full-width.
/// Calls `next` with the place at which each sentence but the first begins.
fn by_marks(text: &str, mut next: impl FnMut(usize)) {
    let (mut ended, mut parted) = (false, false);
    for (at, c) in text.char_indices() {
        let class = ASCII.get(c as usize).copied().unwrap_or_else(|| classes(c));
        if class & SENTENCE_END != 0 {
            (ended, parted) = (true, c >= '\u{3000}');
        } else if !ended || class & PUNCT != 0 && !parted {
            continue;
        } else if class & SPACE != 0 {
            parted = true;
        } else if class & PUNCT == 0 {
            if parted {
                next(at);
            }
            ended = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str, splitter: Splitter) -> usize {
        let mut words = Vec::new();
        splitter.split(text, &mut words);
        count(text, splitter, &words)
    }

    #[test]
    fn spacy_counts_by_tokens() {
        let count = |text| sentences(text, Splitter::SpacyEn);
        assert_eq!(count("One. Two! \"Three?\" Four"), 4);
        assert_eq!(count("Wait... no end"), 1);
        assert_eq!(count("Mr. X went 3.5 miles."), 1);
        assert_eq!((count("One.  ) two"), count("One. ) two")), (2, 2));
        assert_eq!((count("One.  ."), count("One. .")), (2, 1));
        assert_eq!((count(""), count(".")), (1, 1));
    }

    #[test]
    fn other_splitters_count_by_marks() {
        let count = |text| sentences(text, Splitter::Unicode);
        assert_eq!(count("One. Two! \"Three?\" Four at 3.5"), 4);
        assert_eq!(count("一。二！三"), 3);
        assert_eq!((count(""), count("no end")), (1, 1));
    }

    #[test]
    fn sentences_by_marks_cover_the_text() {
        let text = "One. “Two!” 三。四";
        let found: Vec<_> = spans(text).into_iter().map(|span| slice(text, span)).collect();
        assert_eq!(found, ["One. ", "“Two!” ", "三。", "四"]);
        assert_eq!(spans(""), [(0, 0)]);
    }

    #[test]
    fn what_opens_a_sentence_goes_with_it_and_what_closes_one_with_that() {
        for parts in [
            &["\"One.\" ", "\"Two!\" ", "(Three.) ", "[Four] "][..],
            &["He said so. ", "'Did he?' ", "She laughed."],
            &["Ende. ", "»Anfang.« ", "„Mitte.“"],
            &["Hola. ", "¿Qué tal? ", "¡Bien!"],
            &["他说。", "“你好！”", "她笑了。", "「再见。」", "《书》很好。", "（完）"],
            &["他说：“走。", "走吧。”", "她走了。"],
            &["一。 ", "“二。” ", "three. ", "“四”"],
            &["(Wait. ", "((Now)) it is."],
        ] {
            let text = parts.concat();
            let found: Vec<_> = spans(&text).into_iter().map(|span| slice(&text, span)).collect();
            assert_eq!(found, parts);
        }
    }
}
