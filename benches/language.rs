//! Accuracy and speed of language identification: `cargo bench --bench language -- DATA [MODEL [PART]]`.
//!
//! DATA holds `langid-lingua`, `langid-udhr` and `text-debian-docs` (gzip, as laid out there); MODEL is by default
//! `filters/models/language.bin`. With PART (5 for the model trained with `part=5`) only the texts are judged that such a model has not seen.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use dataprep::language::{Identifier, Scratch};

/// One text in `n` is held back by its hash, as in training.
fn held(text: &str, n: u64) -> bool {
    let mut z = text.bytes().fold(7, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n == 0 || (z ^ (z >> 31)).is_multiple_of(n)
}

fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text
}

/// Many pages of the translated manuals are still in English; most of the handbook is, in all its languages. True where at least half of a page is in
/// its language, as far as the letters show (a character of Chinese or Japanese counting for three letters).
fn translated(code: &str, package: &str, text: &str) -> bool {
    let own = |c: &char| match code {
        "ar" => ('\u{600}'..'\u{700}').contains(c),
        "ru" => ('\u{400}'..'\u{500}').contains(c),
        "ja" | "zh" => *c >= '\u{3000}',
        _ => true,
    };
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let weight = if matches!(code, "ja" | "zh") { 3 } else { 1 };
    let (mine, others) = (letters().filter(own).count() * weight, letters().filter(|c| !own(c)).count());
    mine >= others && (package != "debian-handbook" || !matches!(code, "de" | "fr"))
}

#[path = "common/clock.rs"]
mod clock;
use clock::seconds;

struct Judge {
    identifier: Identifier,
    scratch: Scratch,
}

impl Judge {
    /// Top-1 over the texts and its mean over the languages; and how many are taken for no language.
    fn judge(&mut self, name: &str, items: &[(String, String)]) {
        let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut none = 0;
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let (mut sum, mut brier) = (0.0, [(0usize, 0usize, 0f32); 10]);
        for (code, text) in items {
            let guess = self.identifier.identify(text, &mut self.scratch);
            let found = guess.lang.split('-').next().unwrap_or("");
            let right = found == code || [found, code] == ["nb", "no"];
            let (hits, all) = tally.entry(code).or_default();
            *all += 1;
            *hits += usize::from(right);
            if !right && tally.len() < 10 {
                *taken.entry(format!("{code} for {found}")).or_default() += 1;
            }
            none += usize::from(guess.lang == "zxx");
            let bin = &mut brier[((guess.score * 10.0) as usize).min(9)];
            *bin = (bin.0 + 1, bin.1 + usize::from(right), bin.2 + guess.score);
            sum += 1.0;
        }
        let hits: usize = tally.values().map(|(hits, _)| hits).sum();
        let mean = tally.values().map(|(hits, all)| *hits as f64 / *all as f64).sum::<f64>() / tally.len() as f64;
        println!("{name}: {} texts, {:.4}, mean over {} languages {mean:.4}, {none} taken for none", items.len(), hits as f64 / sum, tally.len());
        let calibration: Vec<String> =
            brier.iter().filter(|bin| bin.0 > 20).map(|bin| format!("{:.2}={:.2}", bin.2 / bin.0 as f32, bin.1 as f64 / bin.0 as f64)).collect();
        if tally.len() < 10 {
            println!("  {taken:?}");
        }
        println!("  score=right: {}", calibration.join(" "));
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let Some(data) = args.first().map(Path::new) else {
        println!("no data folder given");
        return;
    };
    let model = args.get(1).map_or("filters/models/language.bin", |path| path);
    let part: u64 = args.get(2).map_or(0, |part| part.parse().expect("a number"));
    let file = std::fs::read(model).expect("the model");
    let first = Instant::now();
    let start = seconds(first);
    let identifier = Identifier::load(&file).expect("a model");
    println!("{} bytes, loaded in {:.1} ms", file.len(), (seconds(first) - start) * 1e3);
    let mut judge = Judge { identifier, scratch: Scratch::default() };
    let mut known = std::collections::BTreeSet::new();
    let mut texts = Vec::new();
    for kind in ["sentences", "word-pairs", "single-words"] {
        let list = gunzip(&data.join(format!("langid-lingua/{kind}.tsv.gz")));
        let items: Vec<(String, String)> =
            list.lines().filter_map(|line| line.split_once('\t')).map(|(code, text)| (code.to_owned(), text.to_owned())).collect();
        known.extend(items.iter().map(|item| item.0.clone()));
        let items: Vec<(String, String)> = items.into_iter().filter(|item| held(&item.1, part)).collect();
        judge.judge(kind, &items);
        texts.push((kind.to_owned(), items));
    }
    let mut items = Vec::new();
    for line in gunzip(&data.join("langid-udhr/udhr.jsonl.gz")).lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let code = row["bcp47"].as_str().unwrap_or("").split('-').next().unwrap_or("");
        let code = if code == "no" { "nb" } else { code };
        let paragraphs = row["paragraphs"].as_array().into_iter().flatten().filter_map(|text| text.as_str());
        items.extend(
            paragraphs.filter(|text| known.contains(code) && text.chars().count() >= 40 && held(text, part)).map(|text| (code.to_owned(), text.to_owned())),
        );
    }
    judge.judge("declaration", &items);
    let mut items = Vec::new();
    for code in ["ar", "de", "en", "fr", "ja", "ru", "zh"] {
        for line in gunzip(&data.join(format!("text-debian-docs/{code}.jsonl.gz"))).lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = row["text"].as_str().unwrap_or("");
            if text.chars().count() > 500 && held(text, part) && translated(code, row["package"].as_str().unwrap_or(""), text) {
                items.push((code.to_owned(), text.to_owned()));
            }
        }
    }
    judge.judge("documents", &items);
    let mut long = vec![String::new()];
    for (_, text) in items.iter().step_by(37).chain(&texts[0].1) {
        if long.last().is_some_and(|last| last.len() > 9_000) {
            long.push(String::new());
        }
        let last = long.last_mut().expect("one");
        last.push_str(&text[..text.floor_char_boundary(9_000 - last.len().min(8_999))]);
        last.push('\n');
    }
    texts.push(("9 KB documents".into(), long.into_iter().map(|text| (String::new(), text)).collect()));
    for (name, items) in &texts {
        let (start, mut bytes, times) = (seconds(first), 0, 1 + 4_000_000 / items.iter().map(|item| item.1.len()).sum::<usize>().max(1));
        for (_, text) in items.iter().cycle().take(items.len() * times) {
            bytes += text.len();
            std::hint::black_box(judge.identifier.identify(text, &mut judge.scratch));
        }
        println!("{name}: {:.1} MB/s", bytes as f64 / 1e6 / (seconds(first) - start));
    }
}
