//! What is no language, made or read, and what is, for the prose model.

use std::path::{Path, PathBuf};

use crate::corpus::{Line, Words, held};
use crate::random::Random;

/// A text for the prose model.
pub struct Example {
    pub kind: &'static str,
    pub text: String,
    pub none: bool,
    /// Kept back to judge by.
    pub held: bool,
}

/// Programming languages and formats to learn from; `HELD` are only judged by.
const SEEN: &[&str] = &["rs", "h", "c", "js", "py", "vim", "xml", "json", "toml", "yml", "svg", "css", "sh", "cpp", "tcc", "td"];
const HELD: &[&str] = &["pl", "pm", "tcl", "sql", "S", "m4", "hpp", "php", "rb", "go", "java", "ts", "lua"];

/// Files under `root` by ending, sorted, at most `most` an ending.
fn files(root: &Path, endings: &[&str], most: usize) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![root.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let skip = path.file_name().is_some_and(|name| matches!(name.to_string_lossy().as_ref(), "testdata" | "locale" | "target" | "unicore"));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skip => folders.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|end| endings.iter().any(|known| end == *known)) => found.push(path),
                _ => (),
            }
        }
    }
    found.sort();
    let key = |path: &PathBuf| Random(path.to_string_lossy().bytes().fold(3, |a: u64, b| a.wrapping_mul(31) + u64::from(b))).next();
    found.sort_by_key(key);
    let mut kept: Vec<PathBuf> = Vec::new();
    for ending in endings {
        kept.extend(found.iter().filter(|path| path.extension().is_some_and(|end| end == *ending)).take(most).cloned());
    }
    kept
}

/// A run of whole lines of `text` of about `size` bytes.
fn window(text: &str, size: usize, random: &mut Random) -> String {
    let start = random.below(text.len().saturating_sub(size).max(1));
    let mut out = String::new();
    let from = text.ceil_char_boundary(start);
    let from = if start == 0 { 0 } else { text[from..].find('\n').map_or(from, |at| from + at + 1) };
    for line in text[from..].lines() {
        out.push_str(line);
        out.push('\n');
        if out.len() >= size {
            break;
        }
    }
    out.truncate(out.floor_char_boundary(size * 2));
    out
}

/// Most of the lines are remarks, so a reader would call it prose.
fn remarks(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let remark = |line: &&&str| {
        ["//", "#", "*", "/*", ";", "--", "\"", "=", "<!--", "'''", "%"].iter().any(|sign| line.starts_with(sign))
            || line.split_whitespace().count() > 6 && line.chars().filter(|c| c.is_ascii_punctuation()).count() * 20 < line.len()
    };
    lines.iter().filter(remark).count() * 4 > lines.len()
}

fn size(random: &mut Random) -> usize {
    (60.0 * (random.share() * 3.4).exp()) as usize
}

/// Code and data files under `roots`.
pub fn code(roots: &[PathBuf], each: usize, random: &mut Random) -> Vec<Example> {
    let mut out = Vec::new();
    for (endings, all_held) in [(SEEN, false), (HELD, true)] {
        for path in roots.iter().flat_map(|root| files(root, endings, each)) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let held = all_held || held(&path.to_string_lossy(), 5);
            let part = window(&text, size(random), random);
            if part.trim().len() > 30 && !remarks(&part) {
                out.push(Example { kind: "code", text: part, none: true, held });
            }
        }
    }
    out
}

const DIGITS: &[u8] = b"0123456789";
const SMALL: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const KEYS: &[u8] = b"asdfjkl;ghqwertyuiop zxcvbnm";
const ALL: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~";

fn run(signs: &[u8], n: usize, random: &mut Random) -> String {
    (0..n).map(|_| signs[random.below(signs.len())] as char).collect()
}

/// One made text; `kind` from 0 to 11.
fn made(kind: usize, size: usize, words: &[Words], random: &mut Random) -> (&'static str, String) {
    let mut text = String::new();
    let name = match kind {
        0 => "numbers",
        1 => "base64",
        2..=4 => "gibberish",
        5 => "keys",
        6 => "paths",
        7 => "dates",
        8 => "symbols",
        9 => "hex",
        10 => "records",
        _ => "log",
    };
    let pool = &words[random.below(words.len())];
    let word = |random: &mut Random| pool.draw(random, true).to_owned();
    let columns = 1 + random.below(8);
    let width = 40 + random.below(80);
    while text.len() < size {
        match kind {
            0 => {
                for _ in 0..columns {
                    text += &run(DIGITS, 1 + random.below(6), random);
                    if random.below(2) == 0 {
                        text += [".", ",", "%", " kg", " $", "-", "\t", " m", "€"][random.below(9)];
                    }
                    text += [" ", "\t", ", ", " | "][columns % 4];
                }
                text.push('\n');
            }
            1 => {
                text += &run(BASE64, width, random);
                if columns > 3 {
                    text.push('\n');
                }
            }
            2 => text += &(run(SMALL, 1 + random.below(11), random) + if random.below(12) == 0 { ". " } else { " " }),
            3 => text += &(run(KEYS, 2 + random.below(12), random) + " "),
            4 => text += &(run(ALL, 1 + random.below(14), random) + " "),
            5 => text += &format!("{}_{}={}\n", word(random).to_uppercase(), word(random).to_uppercase(), run(BASE64, 8 + random.below(40), random)),
            6 => {
                text += ["/usr/", "https://www.", "C:\\", "./", "http://"][columns % 5];
                for _ in 0..1 + random.below(5) {
                    text += &word(random);
                    text += ["/", "/", "-", ".com/", "_"][random.below(5)];
                }
                text += &format!("{}{}\n", random.below(1000), [".html", ".jpg", "", ".php?id=3", ".txt"][random.below(5)]);
            }
            7 => {
                text += &format!(
                    "{:02}/{:02}/{} {:02}:{:02}{}",
                    random.below(31) + 1,
                    random.below(12) + 1,
                    1950 + random.below(90),
                    random.below(24),
                    random.below(60),
                    ["\n", " ", " - ", "\t"][columns % 4]
                )
            }
            8 => {
                text += &["* ", "--- ", "=== ", "... ", "★★★★☆ ", "| ", ":) ", ">> ", "• ", "☐ ", "→ ", "😀", "👍🏽 ", "♥ ", "■□ "][random.below(15)]
                    .repeat(1 + random.below(4))
            }
            9 => text += &format!("{}{}", run(b"0123456789abcdef", [2, 4, 8, 16, 32, 40][columns % 6], random), [" ", "\n", "-", ":"][random.below(4)]),
            10 => {
                text += &format!(
                    "{}{}{}{}{}\n",
                    word(random),
                    [": ", ",", ";", "\t", "="][columns % 5],
                    random.below(100_000),
                    [" ", ",", ";", "\t", " x "][columns % 5],
                    run(DIGITS, 1 + columns, random)
                )
            }
            _ => {
                text += &format!(
                    "2024-{:02}-{:02}T{:02}:{:02}:{:02}Z {} [{}] {}={} {}ms\n",
                    random.below(12) + 1,
                    random.below(28) + 1,
                    random.below(24),
                    random.below(60),
                    random.below(60),
                    ["INFO", "WARN", "ERROR", "DEBUG"][random.below(4)],
                    word(random),
                    word(random),
                    random.below(9999),
                    random.below(999)
                )
            }
        }
    }
    (name, text)
}

pub fn generated(n: usize, words: &[Words], random: &mut Random) -> Vec<Example> {
    (0..n)
        .map(|_| {
            let (kind, length) = (random.below(12), size(random));
            let (kind, text) = made(kind, length, words, random);
            Example { kind, held: held(&text, 5), text, none: true }
        })
        .collect()
}

fn title(text: &str) -> String {
    text.split(' ')
        .map(|word| word.chars().next().map_or(String::new(), |first| first.to_uppercase().chain(word.chars().skip(1)).collect()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Menus: lists of the short labels of programs and sites, a language a list.
pub fn menus(lists: &[(Vec<String>, bool)], n: usize, random: &mut Random) -> Vec<Example> {
    let mut out = Vec::new();
    for at in 0..n {
        let (labels, held) = &lists[at % lists.len()];
        let most = 2 + random.below(3);
        let between = ["\n", " | ", "  ", " > ", "\n- ", " · ", " ", "\n", "\t", "\n* ", " / "][random.below(11)];
        let items = 8 + random.below(50);
        let case = random.below(4);
        let drawn: Vec<&String> = (0..items * 9).map(|_| &labels[random.below(labels.len())]).collect();
        let text = drawn
            .into_iter()
            .filter(|label| label.split_whitespace().count() <= most)
            .take(items)
            .map(|label| match case {
                0 => title(label),
                1 if random.below(3) == 0 => format!("{label} ({})", random.below(300)),
                _ => label.clone(),
            })
            .collect::<Vec<_>>()
            .join(between);
        if text.chars().filter(|c| c.is_alphabetic()).count() > 40 {
            out.push(Example { kind: "menus", text, none: true, held: *held });
        }
    }
    out
}

/// Lists of words drawn flat, a language a list: names and labels that no program has.
pub fn lists(words: &[Words], n: usize, random: &mut Random) -> Vec<Example> {
    let labels: Vec<(Vec<String>, bool)> = words
        .iter()
        .flat_map(|words| {
            [false, false, false, false, true].map(|held| {
                let label = |random: &mut Random| (0..1 + random.below(3)).map(|_| words.draw(random, true).to_owned()).collect::<Vec<_>>().join(" ");
                ((0..200).map(|_| label(random)).collect(), held)
            })
        })
        .collect();
    let mut out = menus(&labels, n, random);
    out.iter_mut().for_each(|example| example.kind = "lists");
    out
}

/// Real texts: the lines as they are, joined to pages of all shapes, and the pages of documents.
pub fn real(lines: &[Line], pages: &[(String, String, bool)], n: usize, random: &mut Random) -> Vec<Example> {
    let mut out: Vec<Example> = Vec::new();
    // The Declaration's lists hold marks such as `&1` as well.
    let mut add = |kind, text: String, held| {
        if text.chars().filter(|c| c.is_alphabetic()).count() > 1 {
            out.push(Example { kind, text, none: false, held });
        }
    };
    for line in lines {
        let kept = match line.kind {
            "single-words" | "word-pairs" => random.below(4) == 0 || line.held,
            _ => true,
        };
        if kept {
            add(line.kind, line.text.clone(), line.held);
        }
    }
    for kind in [false, true] {
        let mut by: std::collections::BTreeMap<&str, Vec<&str>> = Default::default();
        for line in lines.iter().filter(|line| line.held == kind && matches!(line.kind, "sentences" | "declaration")) {
            by.entry(&line.code).or_default().push(&line.text);
        }
        let by: Vec<Vec<&str>> = by.into_values().collect();
        // Nothing may be held back.
        let times = if by.is_empty() { 0 } else { n / if kind { 4 } else { 1 } };
        for _ in 0..times {
            let texts = &by[random.below(by.len())];
            let (between, shape, count) = ([" ", "\n", "\n\n", "\n- ", "\n"][random.below(5)], random.below(12), 1 + random.below(10));
            let text = (0..count).map(|_| texts[random.below(texts.len())]).collect::<Vec<_>>().join(between);
            let text = match shape {
                0 => title(&text),
                1 => text.to_uppercase(),
                2 => text.to_lowercase(),
                3 => text.replace(", ", ",\n"),
                4 => format!("{} {text} https://example.org/{}", run(DIGITS, 6, random), run(SMALL, 9, random)),
                5 => text.replace(['.', ','], ""),
                _ => text,
            };
            add("joined", text, kind);
        }
    }
    for (_, text, held) in pages {
        add("pages", if random.below(2) == 0 { text.clone() } else { window(text, size(random).max(200), random) }, *held);
    }
    out
}
