//! Cases of the rules against repetition.

use super::{
    cases::{Bound::Max, Cases, WHOLE},
    texts::{Grams, Made, Script, ratio, rest},
};

/// Lines and paragraphs that are alike.
pub fn repeated(cases: &mut Cases) {
    let gopher = ["gopher_repetition", "refinedweb"];
    // Bounds, what parts the pieces, and how many characters they have of a text of a hundred.
    for (rule, bound, between, of, all) in [
        ("duplicate_paragraphs", 0.3, "\n\n", 1, 100),
        ("duplicate_paragraph_chars", 0.2, "\n\n", 4, 598),
        ("duplicate_lines", 0.3, "\n", 1, 100),
        ("duplicate_line_chars", 0.2, "\n", 4, 499),
    ] {
        cases.add(&gopher, rule, Max(bound), move |s, k| (s.repeating(100, k).join(between), ratio(of * k, all)));
    }
    cases.add(&["fineweb"], "duplicate_line_chars", Max(0.01), |s, k| (s.repeating(3000, k).join("\n\n"), ratio(k, 3000)));
    for (rule, bound, between) in [
        ("duplicate_lines", 0.3, "\n\n"),
        ("duplicate_paragraphs", 0.3, "\n\n"),
        ("duplicate_line_chars", 0.2, "\n \n"),
        ("duplicate_paragraph_chars", 0.2, "\n\n"),
    ] {
        cases.add(&["nemo"], rule, Max(bound), move |s, k| {
            let copies = Max(bound).around(WHOLE, k);
            (s.repeating(WHOLE, copies).join(between), ratio(copies, WHOLE))
        });
    }
    let recurring: [(&[&str], &str, f64, &str); 6] = [
        (&["dclm"], "recurring_lines", 0.3, " \n \n"),
        (&["dclm"], "recurring_paragraphs", 0.3, "\n\n\n"),
        (&["dclm"], "recurring_line_chars", 0.2, " \n"),
        (&["dclm"], "recurring_paragraph_chars", 0.2, " \n\n"),
        (&["dolma"], "recurring_lines", 0.3, "\n\n"),
        (&["dolma"], "recurring_line_chars", 0.3, "\n"),
    ];
    for (sets, rule, bound, between) in recurring {
        cases.add(sets, rule, Max(bound), move |s, k| {
            let all = Max(bound).around(WHOLE, k);
            (s.repeating(WHOLE, all - 1).join(between), ratio(all, WHOLE))
        });
    }
}

/// A share of characters from the n-gram rules of one definition.
type Share = fn(Script, usize, usize, f64) -> Made;

/// The most frequent n-gram by the characters of the text.
pub fn top_of_text(s: Script, n: usize, k: usize, bound: f64) -> Made {
    let letters = Grams::letters(s);
    let grams = Grams::new(s, n, n - 1, k + 1, rest(n, 31.0 * (n * (letters + 1) - 1) as f64 / bound / (letters + 1) as f64));
    let value = grams.spaced(grams.copies);
    (grams.text, value)
}

/// N-grams that occur earlier by the characters of the text.
pub fn duplicates_of_text(s: Script, n: usize, k: usize, bound: f64) -> Made {
    let letters = Grams::letters(s);
    let grams = Grams::new(s, n, n - 1, k + 1, rest(n, 30.0 * (n * letters) as f64 / bound / (letters + 1) as f64));
    let value = grams.unspaced(k);
    (grams.text, value)
}

/// Words that stand together more than once.
pub fn ngrams(cases: &mut Cases) {
    let top: [(&[&str], Share); 3] = [
        (&["gopher_repetition", "refinedweb", "nemo"], top_of_text),
        (&["dolma"], |s, n, k, bound| {
            let grams = Grams::new(s, n, n - 1, k + 1, rest(n, (31 * n) as f64 / bound));
            let value = grams.of_words();
            (grams.text, value)
        }),
        (&["dclm"], |s, n, k, bound| {
            let grams = Grams::new(s, n, n - 1, k + 1, rest(n, (31 * n) as f64 / bound));
            // What stands once is no repetition.
            let value = if k == 0 { 0.0 } else { grams.of_words() };
            (grams.text, value)
        }),
    ];
    for (sets, share) in top {
        for (rule, n, bound) in [("top_2_gram", 2, 0.2), ("top_3_gram", 3, 0.18), ("top_4_gram", 4, 0.16)] {
            cases.add(sets, rule, Max(bound), move |s, k| share(s, n, k, bound));
        }
    }
    let duplicate: [(&[&str], Share); 2] = [
        (&["gopher_repetition", "refinedweb"], duplicates_of_text),
        (&["nemo"], |s, n, k, bound| {
            let letters = Grams::letters(s);
            let grams = Grams::new(s, n, n - 1, k + 1, rest(n, 30.0 * (n * (letters + 1) - 1) as f64 / bound / (letters + 1) as f64));
            let value = grams.spaced(k);
            (grams.text, value)
        }),
    ];
    let bounds = [(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1)];
    let names = ["duplicate_5_grams", "duplicate_6_grams", "duplicate_7_grams", "duplicate_8_grams", "duplicate_9_grams", "duplicate_10_grams"];
    for (sets, share) in duplicate {
        for (rule, (n, bound)) in names.into_iter().zip(bounds) {
            cases.add(sets, rule, Max(bound), move |s, k| share(s, n, k, bound));
        }
    }
    let recurring: [(&[&str], Share); 2] = [
        (&["dclm"], |s, n, k, bound| {
            let grams = Grams::new(s, n, n - 1, k + 1, rest(n, (31 * n) as f64 / bound));
            let value = if k == 0 { 0.0 } else { grams.of_words() };
            (grams.text, value)
        }),
        (&["dolma"], |s, n, k, bound| {
            // Twice as many words, so that several n-grams recur.
            let grams = Grams::new(s, 2 * n, 0, k + 1, rest(2 * n, (31 * (n + 1)) as f64 / bound));
            let value = if k == 0 { 0.0 } else { grams.of_grams(n) };
            (grams.text, value)
        }),
    ];
    let names = ["recurring_5_grams", "recurring_6_grams", "recurring_7_grams", "recurring_8_grams", "recurring_9_grams", "recurring_10_grams"];
    for (sets, share) in recurring {
        for (rule, (n, bound)) in names.into_iter().zip(bounds) {
            cases.add(sets, rule, Max(bound), move |s, k| share(s, n, k, bound));
        }
    }
}
