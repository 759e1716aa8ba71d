//! For each rule of each set its bound, and texts with values around it.

use super::{
    languages::languages,
    repeats::{ngrams, repeated},
    texts::{Made, Script, changed, ratio},
};

/// A bound as a rule file has it.
#[derive(Clone, Copy)]
pub enum Bound {
    Min(f64),
    Max(f64),
    Below(f64),
}

impl Bound {
    pub fn value(self) -> f64 {
        match self {
            Self::Min(bound) | Self::Max(bound) | Self::Below(bound) => bound,
        }
    }

    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Min(bound) => value >= bound,
            Self::Max(bound) => value <= bound,
            Self::Below(bound) => value < bound,
        }
    }

    /// The bound times `whole`, moved by `k` from 30 below on.
    pub fn around(self, whole: usize, k: usize) -> usize {
        ((self.value() * whole as f64).round() as usize + k).saturating_sub(30)
    }
}

/// A rule, its bound, and how to make texts for it.
pub struct Case {
    pub set: &'static str,
    pub rule: &'static str,
    pub bound: Bound,
    /// Rules for lines that it needs.
    pub with: &'static [&'static str],
    /// Of which languages its texts are, in turn.
    pub languages: &'static [&'static str],
    last: usize,
    make: Box<dyn Fn(Script, usize) -> Made>,
}

impl Case {
    /// The text number `k`, its script by its number, and its value.
    pub fn text(&self, k: usize) -> Made {
        (self.make)(Script::ALL[k % 5], k)
    }

    /// The numbers of its texts, those near the bound first.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + use<> {
        let (last, middle) = (self.last, self.last / 2);
        (0..=last).map(move |i| if i % 2 == 0 { middle + i / 2 } else { middle - i.div_ceil(2) })
    }
}

use Bound::{Below, Max, Min};

/// Of a thousand pieces so many that the share is at the bound, and thirty fewer to thirty more.
pub const WHOLE: usize = 1000;

/// A language of each script.
pub const LANGUAGES: [&str; 5] = ["en", "ru", "ar", "hi", "zh"];

/// Cases as they are gathered.
pub struct Cases(pub Vec<Case>);

impl Cases {
    /// Adds a case for `rule` of each of `sets`.
    pub fn add(&mut self, sets: &[&'static str], rule: &'static str, bound: Bound, make: impl Fn(Script, usize) -> Made + Clone + 'static) {
        for set in sets {
            let last = if rule == "too_many_words" { 40 } else { 60 };
            let languages = if *set == "multilingual" { &LANGUAGES } else { &[""][..] };
            self.0.push(Case { set, rule, bound, with: &[], languages, last, make: Box::new(make.clone()) });
        }
    }

    /// Texts of [`WHOLE`] words, one a piece, joined by `between`; of so many the word is changed.
    pub fn pieces(
        &mut self,
        sets: &[&'static str],
        rule: &'static str,
        bound: Bound,
        between: &'static str,
        change: impl Fn(usize, String) -> String + Clone + 'static,
    ) {
        self.add(sets, rule, bound, move |s, k| {
            let with = bound.around(WHOLE, k);
            (changed(s, WHOLE, with, &change).join(between), ratio(with, WHOLE))
        });
    }

    /// Texts of [`WHOLE`] characters; so many of them are among `wanted`.
    fn chars(&mut self, sets: &[&'static str], rule: &'static str, bound: Bound, wanted: &'static str) {
        self.add(sets, rule, bound, move |s, k| {
            let with = bound.around(WHOLE, k).min(WHOLE);
            let mut text: String = wanted.chars().cycle().take(with).collect();
            text.extend(std::iter::repeat_n(s.foreign(), WHOLE - with));
            (text, ratio(with, WHOLE))
        });
    }
}

/// All cases.
pub fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    words(&mut cases);
    marks(&mut cases);
    lines(&mut cases);
    repeated(&mut cases);
    ngrams(&mut cases);
    characters(&mut cases);
    phrases(&mut cases);
    code(&mut cases);
    languages(&mut cases);
    cases.0
}

fn words(cases: &mut Cases) {
    let gopher: [&[&str]; 2] = [&["gopher", "refinedweb"], &["dclm", "dolma", "nemo"]];
    for sets in gopher {
        cases.add(sets, "too_few_words", Min(50.0), |s, k| (s.words(0, 20 + k).join(" "), (20 + k) as f64));
        cases.add(sets, "too_many_words", Max(1e5), |s, k| ((s.word(k % 10, 1) + " ").repeat(99_980 + k), (99_980 + k) as f64));
    }
    let lengths = |short: usize| {
        move |s: Script, k: usize| {
            let words: Vec<_> = (0..60).map(|i| s.word(i, if i < 60 - k { short } else { short + 2 })).collect();
            (words.join(" "), ratio(60 * short + 2 * k, 60))
        }
    };
    let mean = ["gopher", "refinedweb", "dclm", "nemo"];
    cases.add(&mean, "short_words", Min(3.0), lengths(2));
    cases.add(&mean, "long_words", Max(10.0), lengths(9));
    // Of an odd number of words the one in the middle, of an even number the mean of two; long words at one end move a mean, not a median.
    let medians = |bound: usize| {
        move |s: Script, k: usize| {
            let (a, b) =
                [(bound - 2, bound - 2), (bound - 1, bound - 1), (bound - 1, bound), (bound, bound), (bound, bound + 1), (bound + 1, bound + 1)][k % 6];
            let lengths = (0..=k).flat_map(|_| [a, b]).chain([a, 40].into_iter().filter(|_| a == b));
            let words: Vec<_> = lengths.map(|length| s.word(k % 10, length)).map(|word| word.chars().rev().collect::<String>()).collect();
            (words.join(" "), (a + b) as f64 / 2.0)
        }
    };
    cases.add(&["dolma"], "short_words", Min(3.0), medians(3));
    cases.add(&["dolma"], "long_words", Max(10.0), medians(10));
    for sets in [&["gopher", "refinedweb"][..], &["dclm", "dolma", "nemo"]] {
        cases.pieces(sets, "too_few_alphabetic_words", Min(0.8), " ", |_, word| word);
        // The others are numbers.
        let last = cases.0.len() - sets.len();
        for case in &mut cases.0[last..] {
            case.make = Box::new(|s, k| {
                let with = Min(0.8).around(WHOLE, k);
                (format!("{}{}", s.words(0, with).join(" "), " 12".repeat(WHOLE - with)), ratio(with, WHOLE))
            });
        }
    }
    let stop = ["the", "be", "to", "of", "and", "that", "have", "with"];
    cases.add(&["gopher", "refinedweb"], "too_few_stop_words", Min(2.0), move |s, k| {
        let distinct = [0, 1, 1, 2, 3][k / 5 % 5];
        (format!("The {} {}", s.words(0, k).join(" "), format!("{} ", stop[..distinct].join(" ")).repeat(1 + k % 2)), distinct as f64)
    });
    // One word twice is two.
    let occurrences = move |s: Script, k: usize| (format!("{} {}", s.words(0, k).join(" "), format!("{} ", stop[k % 8]).repeat(k / 5 % 4)), (k / 5 % 4) as f64);
    cases.add(&["dolma", "nemo"], "too_few_stop_words", Min(2.0), move |s, k| {
        let (text, value) = occurrences(s, k);
        (format!("The THE To {text}"), value)
    });
    cases.add(&["dclm"], "too_few_stop_words", Min(2.0), move |s, k| {
        let (text, value) = occurrences(s, k);
        (if k % 2 == 0 { text.to_uppercase() } else { text }, value)
    });
    cases.add(&["nemo"], "overlong_word", Max(1000.0), |s, k| (format!("{} {}", s.words(0, 9).join(" "), s.letters(970 + k)), (970 + k) as f64));
    cases.add(&["c4"], "overlong_word", Max(1000.0), |s, k| (s.letters(970 + k), (970 + k) as f64));
    let sentences = |s: Script, k: usize| {
        let count = 1 + k / 5 % 10;
        (format!("{}. ", s.words(k, 3).join(" ")).repeat(count), count as f64)
    };
    cases.add(&["c4", "madlad"], "too_few_sentences", Min(5.0), sentences);
    cases.add(&["madlad"], "too_many_questionable_sentences", Max(0.2), |s, k| {
        let sentence = |i: usize| s.words(i, if i < 10 + k { 3 } else { 5 }).join(" ") + ". ";
        ((0..200).map(sentence).collect(), ratio(10 + k, 200))
    });
}

fn marks(cases: &mut Cases) {
    let marks = |marks: &'static [&'static str]| {
        move |s: Script, k: usize| {
            let marks: Vec<_> = (0..k).map(|i| marks[i % marks.len()]).collect();
            (format!("{} {}", s.words(0, 200).join(" "), marks.join(" ")), ratio(k, 200 + k))
        }
    };
    cases.add(&["gopher", "refinedweb"], "too_many_hashes", Max(0.1), marks(&["#"]));
    cases.add(&["gopher", "refinedweb"], "too_many_ellipses", Max(0.1), marks(&["…", "..."]));
    cases.add(&["dclm"], "too_many_symbols", Max(0.1), marks(&["#", "…", "..."]));
    // Two marks run together are one word of dolma's; three full stops are none, for NeMo Curator nor is `##`.
    cases.pieces(&["dolma"], "too_many_symbol_words", Max(0.1), " ... ", |i, word| format!("{word}{}", ["#…", "…"][i % 2]));
    let last = cases.0.len() - 1;
    cases.0[last].make = Box::new(|s, k| {
        let with = 70 + k;
        (changed(s, 500, with, |i, word| format!("{word}{}", ["#…", "…"][i % 2])).join(" ... ") + " ...", ratio(with, 1000))
    });
    cases.add(&["nemo"], "too_many_symbol_words", Max(0.1), |s, k| {
        let with = 70 + k;
        (changed(s, 500, with, |i, _| ["#", "…", "...", "[...]", "#a#"][i % 5].into()).join(" ## ") + " ##", ratio(with, 1000))
    });
}

fn lines(cases: &mut Cases) {
    let bullets: [(&str, &[&str], &str); 4] =
        [("gopher", &["- ", "•"], " "), ("refinedweb", &["- ", "•"], " "), ("dclm", &["●", "•", "* ", "-"], " "), ("nemo", &["•", "‣ ", "⦿"], "\t")];
    for (set, marks, before) in bullets {
        cases.pieces(&[set], "too_many_bullets", Max(0.9), "\n", move |i, word| format!("{before}{}{word}", marks[i % marks.len()]));
    }
    cases.pieces(&["dolma"], "too_many_bullets", Max(0.9), "\n\n", |i, word| format!("{}{word}", ["-", "* "][i % 2]));
    cases.pieces(&["gopher", "refinedweb"], "too_many_line_end_ellipses", Max(0.3), "\r\n", |i, word| format!("{word}{} ", ["...", "…"][i % 2]));
    cases.pieces(&["dclm"], "too_many_line_end_ellipses", Max(0.3), "\n \n", |i, word| format!("{word}{} ", ["...", "…", ". . ."][i % 3]));
    cases.pieces(&["dolma"], "too_many_line_end_ellipses", Max(0.3), "\n\n", |_, word| word + "…");
    cases.pieces(&["nemo"], "too_many_line_end_ellipses", Max(0.3), "\n \n", |i, word| format!("{word}{} ", ["...", "[…]", " Read More", "-»"][i % 4]));
    cases.pieces(&["nemo"], "too_few_terminal_lines", Min(0.15), "\n \n", |i, word| format!("{word}{} ", [".", "?", "!", "\"", "'"][i % 5]));
    cases.pieces(&["fineweb"], "too_few_terminal_lines", Min(0.12), "\n \n", |i, word| word + [".", "?", "!", "。", "।", "؟"][i % 6]);
    let short = |s: Script, k: usize| {
        let lines: Vec<_> = (0..100).map(|i| s.word(i, if i < 40 + k { 30 } else { 31 })).collect();
        (lines.join("\n"), ratio(40 + k, 100))
    };
    cases.add(&["fineweb"], "too_many_short_lines", Max(0.67), short);
    cases.add(&["fineweb"], "too_many_newlines", Max(0.3), |s, k| (format!("{}{}", s.words(0, 100).join(" "), "\n".repeat(k)), ratio(k, 100)));
    cases.add(&["fineweb"], "empty", Min(1.0), |s, k| {
        let count = k / 5 % 2 * k;
        (format!("\n{}\n \n", s.words(0, count).join("\n \n")), count as f64)
    });
    // No other text has no characters.
    cases.add(&["gopher_repetition", "refinedweb"], "empty", Min(1.0), |s, k| (s.letters(k / 5 % 2 * k), (k / 5 % 2 * k) as f64));
    let spaced = |s: Script, k: usize| (s.words(k, 1 + k / 5 % 5).join("\u{a0}") + "\t", (1 + k / 5 % 5) as f64);
    cases.add(&["c4", "madlad"], "too_few_words_in_line", Min(3.0), spaced);
    cases.add(&["dclm", "refinedweb"], "one_word", Min(2.0), |s, k| (s.words(k, k / 5 % 3).join("\u{a0}") + "\t", (k / 5 % 3) as f64));
    cases.add(&["dclm", "refinedweb"], "nothing_left", Min(1.0), |s, k| (s.words(k, k / 5 % 2).join("\u{a0}") + &"\t".repeat(k + 1), (k / 5 % 2) as f64));
    cases.add(&["dclm", "refinedweb"], "too_many_words_cut", Min(0.95), |s, k| {
        // Marks are no words; a line of one word is left out.
        let cut = 20 + k;
        let kept: Vec<_> = s.words(0, WHOLE - cut).chunks(2).map(|pair| format!("- {} !", pair.join(" "))).collect();
        (format!("{}\n{}", kept.join("\n"), s.words(WHOLE, cut).join("\n")), ratio(WHOLE - cut, WHOLE))
    });
    for case in cases.0.iter_mut().filter(|case| case.rule == "too_many_words_cut") {
        case.with = &["one_word"];
    }
    cases.add(&["c4"], "no_terminal_punctuation", Min(1.0), |s, k| {
        let ends: [(&str, f64); 10] =
            [(".", 1.0), ("...", 0.0), ("?", 1.0), ("", 0.0), ("!", 1.0), (".)", 0.0), ("\"", 1.0), ("…", 0.0), ("'", 1.0), ("。", 0.0)];
        let (end, value) = ends[k / 5 % 10];
        (s.words(k, 4).join(" ") + end, value)
    });
}

fn characters(cases: &mut Cases) {
    cases.chars(&["nemo"], "too_few_english_characters", Min(0.75), "azAZ09\n?!,.");
    cases.chars(&["nemo"], "too_many_digits", Max(0.15), "0123456789");
    cases.chars(&["nemo"], "too_much_white_space", Max(0.25), "\t\n\r\u{8} ");
    cases.chars(&["nemo"], "too_many_brackets", Max(0.1), "{}⟨⟩[]()");
    cases.chars(&["dclm", "refinedweb"], "mostly_upper_case", Max(0.5), "ABCÄДΩ");
    cases.add(&["nemo"], "too_many_url_characters", Max(0.2), |s, k| {
        let length = 170 + k;
        let urls = format!("https://a.b/{} http://c.d", "%20".repeat((length - 22) / 3) + &"x".repeat((length - 22) % 3));
        let rest = WHOLE - urls.chars().count();
        (format!("{urls} {}", s.foreign().to_string().repeat(rest - 1)), ratio(length, WHOLE))
    });
    cases.add(&["dclm", "refinedweb"], "only_digits", Below(1.0), |s, k| {
        let others = k / 5 % 2;
        (format!("{}{}", "1٣".repeat(100 + k), s.letters(others)), ratio(200 + 2 * k, 200 + 2 * k + others))
    });
    cases.add(&["code"], "too_few_alphanumeric_characters", Min(0.25), |s, k| {
        let with = 220 + k;
        (s.letters(with - 100) + &"5²".repeat(50) + &"_-".repeat((WHOLE - with) / 2) + &"+".repeat((WHOLE - with) % 2), ratio(with, WHOLE))
    });
    cases.add(&["code"], "too_few_alphabetic_characters", Min(0.25), |s, k| {
        // Vowel signs are alphabetic.
        let with = 220 + k;
        (s.letters(with - 1) + "ा" + &"0".repeat(WHOLE - with), ratio(with, WHOLE))
    });
}

fn phrases(cases: &mut Cases) {
    // Occurrences of a phrase, in any case.
    let occurrences = |phrase: &'static str| {
        move |s: Script, k: usize| {
            let phrase = if k.is_multiple_of(2) { phrase.to_uppercase() } else { phrase.to_owned() };
            (format!("{} {} {}", s.words(k, 3).join(" "), format!("{phrase} ").repeat(k / 5 % 3), s.word(k, 4)), (k / 5 % 3) as f64)
        }
    };
    cases.add(&["c4", "dolma", "madlad", "nemo"], "lorem_ipsum", Max(0.0), occurrences("lorem ipsum"));
    cases.add(&["c4", "dolma", "madlad"], "curly_bracket", Max(0.0), occurrences("{"));
    cases.add(&["c4", "dolma", "madlad"], "javascript", Max(0.0), occurrences("javascript"));
    cases.add(&["c4", "madlad"], "policy", Max(0.0), occurrences("cookie policy"));
    cases.pieces(&["nemo"], "too_much_boilerplate", Max(0.4), "\n\n", |i, word| {
        format!("{word} {}", ["Terms of Use", "privacy & cookies policy", "USE COOKIES"][i % 3])
    });
    cases.add(&["dclm", "refinedweb"], "counter", Max(0.0), |s, k| {
        let counts = k / 5 % 2;
        let noun = if counts == 1 { ["likes", "Followers", "upvotes"][k % 3].to_owned() } else { s.word(k, 4) };
        (format!("• {k}.{k}K {noun}!"), counts as f64)
    });
}

fn code(cases: &mut Cases) {
    cases.add(&["code"], "too_few_lines", Min(10.0), |s, k| (s.words(k, 4 + k / 5).join("\n"), (4 + k / 5) as f64));
    cases.add(&["code"], "too_many_lines", Max(20_000.0), |s, k| (s.word(k, 4) + &"\n".repeat(19_969 + k), (19_970 + k) as f64));
    cases.add(&["code"], "overlong_line", Max(1000.0), |s, k| (format!("{}\n{}\n", s.word(k, 4), s.letters(970 + k)), (970 + k) as f64));
    cases.add(&["code"], "long_lines", Max(100.0), |s, k| {
        let lines: Vec<_> = (0..20).map(|i| s.letters(if i == 0 { 70 + k } else { 100 })).collect();
        (lines.join("\n"), ratio(1970 + k, 20))
    });
    cases.add(&["code"], "xml_header", Max(0.0), |s, k| {
        let before = 56 + k;
        (s.letters(before) + "<?xml version=\"1.0\"?>", f64::from(u8::from(before + "<?xml version=".len() <= 100)))
    });
    let comments: [(&str, [&str; 2], [&str; 2]); 2] = [("code_c", ["// ", "\n"], ["/* ", " */"]), ("code_python", ["# ", "\n"], ["''' ", " '''"])];
    for (set, line, block) in comments {
        for (rule, bound) in [("too_few_comments", Min(0.01)), ("too_many_comments", Max(0.85))] {
            cases.add(&[set], rule, bound, move |s, k| {
                let whole = 10 * WHOLE;
                let inside = bound.around(whole, k);
                let ([open, close], spaces) = if k % 2 == 0 { (line, 1) } else { (block, 2) };
                let comment = format!("{open}{}{close}", s.letters(inside - spaces));
                let literal = "\"// # /* '''\"";
                let rest = whole - comment.chars().count() - literal.len();
                (format!("{literal}{comment}{}", s.letters(rest)), ratio(inside, whole))
            });
        }
    }
    cases.add(&["code_html"], "too_little_visible_text", Min(100.0), |s, k| {
        (format!("<p class=\"{}\">{}&amp;<script>{}</script></p>", s.word(k, 9), s.letters(69 + k), s.letters(200)), (70 + k) as f64)
    });
    cases.add(&["code_html"], "mostly_markup", Min(0.2), |s, k| {
        let shown = 170 + k;
        (format!("{}<!-- {} -->", s.letters(shown), s.letters(WHOLE - shown - 9)), ratio(shown, WHOLE))
    });
}
