//! The texts and words that the model learns from, and the texts held back to judge it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use dataprep::language::grams::{EDGE, Letters, signs};
use dataprep::language::languages::CODES;

use crate::lingua::Lingua;
use crate::random::Random;

/// A labelled text.
#[derive(Clone)]
pub struct Line {
    pub kind: &'static str,
    pub code: String,
    pub text: String,
    pub held: bool,
}

fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text
}

/// One text in `n` is held back, by its hash.
pub fn held(text: &str, n: u64) -> bool {
    n > 0 && Random(text.bytes().fold(7, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))).next().is_multiple_of(n)
}

/// The lines of Lingua's three lists, and the Declaration's paragraphs.
pub fn lines(data: &Path, part: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for kind in ["sentences", "word-pairs", "single-words"] {
        for line in gunzip(&data.join("langid-lingua").join(format!("{kind}.tsv.gz"))).lines() {
            let (code, text) = line.split_once('\t').expect("two columns");
            lines.push(Line { kind, code: code.into(), text: text.into(), held: held(text, part) });
        }
    }
    let known: std::collections::BTreeSet<String> = lines.iter().map(|line| line.code.clone()).chain(["ne".into()]).collect();
    for line in gunzip(&data.join("langid-udhr/udhr.jsonl.gz")).lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let code = row["bcp47"].as_str().unwrap_or("").split('-').next().unwrap_or("");
        let code = if code == "no" { "nb" } else { code };
        // Declarations in languages that are not weighed are prose all the same.
        let code = if known.contains(code) { code.to_owned() } else { format!("?{code}") };
        for text in row["paragraphs"].as_array().into_iter().flatten().filter_map(|text| text.as_str()) {
            lines.push(Line {
                kind: if code.starts_with('?') { "others" } else { "declaration" },
                code: code.clone(),
                text: text.into(),
                held: held(text, part),
            });
        }
    }
    lines
}

/// The words of one language, to draw from.
#[derive(Default)]
pub struct Words {
    pub words: Vec<String>,
    /// Times a million words.
    pub weights: Vec<f64>,
    sums: [Vec<f64>; 2],
}

impl Words {
    pub fn new(map: BTreeMap<String, f64>) -> Words {
        let (words, weights): (Vec<_>, Vec<_>) = map.into_iter().unzip();
        let sums = [1.0, 0.4].map(|power| {
            let mut sum = 0.0;
            weights
                .iter()
                .map(|weight: &f64| {
                    sum += weight.powf(power);
                    sum
                })
                .collect()
        });
        Words { words, weights, sums }
    }

    /// The same words once more.
    pub fn again(&self) -> Words {
        Words::new(self.words.iter().cloned().zip(self.weights.iter().copied()).collect())
    }

    /// A word, as often as it is used, or (`flat`) with the rare ones more often.
    pub fn draw(&self, random: &mut Random, flat: bool) -> &str {
        let sums = &self.sums[usize::from(flat)];
        let target = random.share() * sums.last().copied().unwrap_or(0.0);
        self.words.get(sums.partition_point(|sum| *sum <= target)).map_or("", |word| word)
    }
}

/// The words of `text`, in lower case.
pub fn split(letters: &Letters, text: &str, mut each: impl FnMut(String)) {
    let mut stream = Vec::new();
    signs(letters, text, &mut stream);
    for word in stream.split(|sign| *sign == EDGE).filter(|word| !word.is_empty()) {
        each(word.iter().filter_map(|sign| char::from_u32(*sign)).collect());
    }
}

pub fn words(code: &str, lists: &Path, lingua: Option<&Lingua>, lines: &[Line], draws: usize) -> Words {
    let mut map: BTreeMap<String, f64> = BTreeMap::new();
    let mut random = Random(code.bytes().fold(1, |seed, byte| seed * 256 + u64::from(byte)));
    if let Some(lingua) = lingua {
        for _ in 0..draws {
            *map.entry(lingua.draw(&mut random)).or_default() += 1e6 / draws as f64;
        }
    }
    if let Ok(list) = std::fs::read_to_string(lists.join(format!("{code}.tsv"))) {
        for (word, weight) in list.lines().filter_map(|line| line.split_once('\t')) {
            *map.entry(word.into()).or_default() += weight.parse::<f64>().expect("a number") * 0.5;
        }
    }
    let letters = Letters::default();
    let mut own: BTreeMap<String, f64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.code == code && !line.held) {
        split(&letters, &line.text, |word| *own.entry(word).or_default() += 1.0);
    }
    let total: f64 = own.values().sum();
    for (word, count) in own {
        *map.entry(word).or_default() += count * 1e6 / total * 0.3;
    }
    map.remove("");
    Words::new(map)
}

pub fn number(code: &str) -> Option<u8> {
    CODES.iter().position(|known| *known == code).map(|at| at as u8)
}

/// Names of the crates that hold Lingua's tables.
pub const NAMES: &[(&str, &str)] = &[
    ("af", "afrikaans"),
    ("sq", "albanian"),
    ("ar", "arabic"),
    ("az", "azerbaijani"),
    ("eu", "basque"),
    ("be", "belarusian"),
    ("nb", "bokmal"),
    ("bs", "bosnian"),
    ("bg", "bulgarian"),
    ("ca", "catalan"),
    ("zh", "chinese"),
    ("hr", "croatian"),
    ("cs", "czech"),
    ("da", "danish"),
    ("nl", "dutch"),
    ("en", "english"),
    ("eo", "esperanto"),
    ("et", "estonian"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("lg", "ganda"),
    ("de", "german"),
    ("hi", "hindi"),
    ("hu", "hungarian"),
    ("is", "icelandic"),
    ("id", "indonesian"),
    ("ga", "irish"),
    ("it", "italian"),
    ("ja", "japanese"),
    ("kk", "kazakh"),
    ("la", "latin"),
    ("lv", "latvian"),
    ("lt", "lithuanian"),
    ("mk", "macedonian"),
    ("ms", "malay"),
    ("mi", "maori"),
    ("mr", "marathi"),
    ("mn", "mongolian"),
    ("nn", "nynorsk"),
    ("fa", "persian"),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sr", "serbian"),
    ("sn", "shona"),
    ("sk", "slovak"),
    ("sl", "slovene"),
    ("so", "somali"),
    ("st", "sotho"),
    ("es", "spanish"),
    ("sw", "swahili"),
    ("sv", "swedish"),
    ("tl", "tagalog"),
    ("ts", "tsonga"),
    ("tn", "tswana"),
    ("tr", "turkish"),
    ("uk", "ukrainian"),
    ("ur", "urdu"),
    ("vi", "vietnamese"),
    ("cy", "welsh"),
    ("xh", "xhosa"),
    ("yo", "yoruba"),
    ("zu", "zulu"),
];

/// The tables of `code` in `registry`, a folder of unpacked crates.
pub fn tables(registry: &Path, code: &str) -> Option<Lingua> {
    let name = NAMES.iter().find(|(known, _)| *known == code)?.1;
    Lingua::read(&registry.join(format!("lingua-{name}-language-model-1.3.0/models/ngrams.fst")))
}

/// Pages of documents of at least 500 characters: language, text, held back.
pub fn pages(data: &Path) -> Vec<(String, String, bool)> {
    let mut out = Vec::new();
    for code in ["ar", "de", "en", "fr", "ja", "ru", "zh"] {
        for line in gunzip(&data.join(format!("text-debian-docs/{code}.jsonl.gz"))).lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = row["text"].as_str().unwrap_or("");
            if text.chars().count() > 500 {
                out.push((code.into(), text.into(), held(text, 5)));
            }
        }
    }
    out
}
