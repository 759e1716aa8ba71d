//! Cases of the sets for Chinese and for any language, whose words are found by script.

use std::sync::LazyLock;

use super::{
    cases::{
        Bound::{Max, Min},
        Cases, LANGUAGES, WHOLE,
    },
    repeats::{duplicates_of_text, top_of_text},
    texts::{Made, Script, is_word, ratio},
    toml,
};

/// From this number on, the words of no script are common (those of Chinese are fish and birds), so that no list has them.
const RARE: usize = 19_900;

/// All cases.
pub fn languages(cases: &mut Cases) {
    words(cases);
    stop_words(cases);
    chinese(cases);
    marks(cases);
    lines(cases);
    repetition(cases);
}

fn words(cases: &mut Cases) {
    for (set, few, many) in [("chinese", 30, 200_000), ("multilingual", 50, 100_000)] {
        // Marks are no words.
        cases.add(&[set], "too_few_words", Min(few as f64), move |s, k| (s.wholes(0, few - 30 + k).join(" — "), (few - 30 + k) as f64));
        cases.add(&[set], "too_many_words", Max(many as f64), move |s, k| ((s.whole(k) + " ").repeat(many - 20 + k), (many - 20 + k) as f64));
    }
    for (set, bound) in [("chinese", Min(0.5)), ("multilingual", Min(0.7))] {
        cases.add(&[set], "too_few_alphabetic_words", bound, move |s, k| {
            let with = bound.around(WHOLE, k);
            (format!("{}{}", s.wholes(0, with).join(" "), " 12".repeat(WHOLE - with)), ratio(with, WHOLE))
        });
    }
    cases.add(&["multilingual"], "short_words", Min(1.3), |s, k| {
        let word = |i: usize| {
            let length = if i < 30 + k { 2 } else { 1 };
            if s.is_han() { if length == 2 { s.in_pairs().whole(i) } else { s.whole(i) } } else { s.word(i % 10, length) }
        };
        ((0..200).map(word).collect::<Vec<_>>().join(" "), ratio(230 + k, 200))
    });
    cases.add(&["multilingual"], "long_words", Max(14.0), |s, k| {
        let lengths: Vec<_> = (0..60).map(|i| if i < k { 15 } else { 13 }).collect();
        // No Chinese word is so long, but names of other scripts stand between them.
        let pair = |pair: &[usize]| {
            let other = Script::ALL[0];
            if s.is_han() { [s.whole(k), other.word(k, pair[0] + pair[1] - 1)] } else { [s.word(k, pair[0]), s.word(k, pair[1])] }
        };
        (lengths.chunks(2).flat_map(pair).collect::<Vec<_>>().join(" "), ratio(60 * 13 + 2 * k, 60))
    });
}

/// Of each of [`LANGUAGES`] stop words that no splitter cuts, of letters that no other of them has.
static STOP_WORDS: LazyLock<[Vec<&str>; 5]> = LazyLock::new(|| {
    LANGUAGES.map(|language| {
        let own = |word: &&str| word.chars().all(char::is_alphabetic) && word.is_ascii() == (language == "en") && is_word(word);
        stop_words::lookup(language).unwrap_or_default().iter().copied().filter(own).take(20).collect()
    })
});

fn stop_words(cases: &mut Cases) {
    cases.add(&["multilingual"], "too_few_stop_words", Min(2.0), |s, k| {
        let distinct = [0, 1, 1, 2, 3][k / 5 % 5];
        let (own, others) = (&STOP_WORDS[k % 5], &STOP_WORDS[(k + 1) % 5]);
        let found: Vec<_> = (0..distinct).map(|i| own[(k + i) % own.len()]).collect();
        // One word twice is one; those of another language are none.
        let found = vec![found.join(" "); 1 + k % 2].join(" ");
        (format!("{} {found} {}", s.wholes(RARE, 10 + k).join(" "), others.join(" ")), distinct as f64)
    });
}

/// What the set for Chinese lists as words that bind a sentence; those that the dictionary does not have are made of others.
static BINDING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let line = toml("chinese").lines().find(|line| line.starts_with("list = [\"的\"")).unwrap();
    let (whole, cut): (Vec<&str>, Vec<&str>) = line.split('"').skip(1).step_by(2).partition(|word| is_word(word));
    for word in cut {
        assert!(word.chars().all(|c| whole.contains(&c.to_string().as_str())), "{word} is never found");
    }
    whole.into_iter().map(str::to_owned).collect()
});

/// `words`, and as many words that are not Chinese, one after another or with marks between.
fn among_others(s: Script, k: usize, words: impl Iterator<Item = String>) -> String {
    let other = |i: usize| if s.is_han() { "12".to_owned() } else { s.whole(i) };
    let text = words.enumerate().map(|(i, word)| format!("{word}{}{}", [" ", ",", "。\n"][i % 3], other(i)));
    text.collect::<Vec<_>>().join([" ", "、"][k / 5 % 2])
}

fn chinese(cases: &mut Cases) {
    let han = Script::ALL[4];
    cases.add(&["chinese"], "too_many_lone_characters", Max(0.58), move |s, k| {
        let lone = Max(0.58).around(WHOLE / 2, k);
        let words = (0..2 * lone).map(|i| han.whole(RARE + i)).chain((0..WHOLE / 2 - lone).map(|i| han.in_pairs().whole(i % 100)));
        (among_others(s, k, words), ratio(lone, WHOLE / 2))
    });
    cases.add(&["chinese"], "too_few_function_words", Max(0.96), move |s, k| {
        // Of fewer than twenty words nothing is said.
        let (unlisted, all) = if k / 5 % 4 == 0 { (19 + k % 2, 19 + k % 2) } else { (Max(0.96).around(WHOLE, k), WHOLE) };
        let listed = (0..all - unlisted).map(|i| BINDING[(k + i) % BINDING.len()].clone());
        let value = if all < 20 { 0.0 } else { ratio(unlisted, all) };
        (among_others(s, k, listed.chain((0..unlisted).map(|i| han.whole(RARE + i)))), value)
    });
}

/// Marks of an ellipsis, how many of the list each has, and how many words it is.
type Ellipses = &'static [(&'static str, usize, usize)];

fn marks(cases: &mut Cases) {
    cases.add(&["multilingual"], "too_many_hashes", Max(0.1), |s, k| (format!("{}{}", s.wholes(0, 270).join(" "), " #".repeat(k)), ratio(k, 270 + k)));
    let ellipses: [(&str, usize, Ellipses); 2] =
        [("chinese", 400, &[("...", 1, 3), ("…", 1, 1), ("……", 2, 2), ("。。。", 1, 3)]), ("multilingual", 250, &[("...", 1, 3), ("…", 1, 1)])];
    for (set, words, marks) in ellipses {
        cases.add(&[set], "too_many_ellipses", Max(0.1), move |s, k| {
            let marks = || marks.iter().cycle().take(k);
            let text = marks().map(|(mark, ..)| format!(" {mark}")).collect::<String>();
            let (found, more) = marks().fold((0, 0), |(found, more), mark| (found + mark.1, more + mark.2));
            (s.wholes(0, words).join(" ") + &text, ratio(found, words + more))
        });
    }
}

fn lines(cases: &mut Cases) {
    let bullets = ["•", "-", "‣ ", "◦", "▪ ", "·", "・"];
    cases.pieces(&["multilingual"], "too_many_bullets", Max(0.9), "\n", move |i, word| format!(" {}{word}", bullets[i % bullets.len()]));
    cases.pieces(&["multilingual"], "too_many_line_end_ellipses", Max(0.3), "\r\n", |i, word| format!("{word}{} ", ["...", "…"][i % 2]));
    let terminal = [".", "?", "!", "。", "！", "？", "।", "؟"];
    for (set, bound) in [("chinese", 0.02), ("multilingual", 0.08)] {
        cases.pieces(&[set], "too_few_terminal_lines", Min(bound), "\n \n", move |i, word| word + terminal[i % terminal.len()]);
    }
    for (set, bound) in [("chinese", 0.9), ("multilingual", 0.67)] {
        cases.add(&[set], "too_many_short_lines", Max(bound), move |s, k| {
            let short = Max(bound).around(400, k);
            // Marks are no words, and lines with no words at all are short.
            let line = |i: usize| s.wholes(i, if i < short { i % 5 } else { 5 }).join(" - ") + " !";
            ((0..400).map(line).collect::<Vec<_>>().join("\n\n"), ratio(short, 400))
        });
    }
    for (set, bound, words) in [("chinese", 0.4, 75), ("multilingual", 0.3, 100)] {
        cases.add(&[set], "too_many_newlines", Max(bound), move |s, k| (s.wholes(0, words).join(" ") + &"\n".repeat(k), ratio(k, words)));
    }
}

fn repetition(cases: &mut Cases) {
    for (set, lines, chars) in [("chinese", Max(0.45), Max(0.4)), ("multilingual", Max(0.3), Max(0.2))] {
        cases.add(&[set], "duplicate_lines", lines, move |s, k| {
            let copies = lines.around(WHOLE, k);
            (s.repeating(WHOLE, copies).join("\n"), ratio(copies, WHOLE))
        });
        // Four characters of five are of lines.
        cases.add(&[set], "duplicate_line_chars", chars, move |s, k| {
            let copies = chars.around(WHOLE * 5 / 4, k);
            (s.repeating(WHOLE, copies).join("\n"), ratio(4 * copies, 5 * WHOLE - 1))
        });
    }
    type Of = fn(Script, usize, usize, f64) -> Made;
    // Chinese words of one character between spaces cannot make more than half of a text.
    let in_pairs: Of = |s, n, k, bound| duplicates_of_text(s.in_pairs(), n, k, bound);
    let ngrams: [(&str, &str, Of, usize, f64); 9] = [
        ("chinese", "top_2_gram", top_of_text, 2, 0.25),
        ("chinese", "top_4_gram", top_of_text, 4, 0.25),
        ("chinese", "duplicate_5_grams", in_pairs, 5, 0.5),
        ("chinese", "duplicate_10_grams", in_pairs, 10, 0.4),
        ("multilingual", "top_2_gram", top_of_text, 2, 0.2),
        ("multilingual", "top_3_gram", top_of_text, 3, 0.18),
        ("multilingual", "top_4_gram", top_of_text, 4, 0.16),
        ("multilingual", "duplicate_5_grams", duplicates_of_text, 5, 0.2),
        ("multilingual", "duplicate_10_grams", duplicates_of_text, 10, 0.1),
    ];
    for (set, rule, of, n, bound) in ngrams {
        cases.add(&[set], rule, Max(bound), move |s, k| of(s, n, k, bound));
    }
}
