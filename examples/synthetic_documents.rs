//! Writes short synthetic documents with planted duplicates, to measure deduplication at sizes for which there is no corpus at hand.
//!
//! usage: cargo run --release --example synthetic_documents -- COUNT FILES FOLDER [SEED]
//!
//! A document is some 300 bytes of 45 words that follow from its number and the seed, so any count can be made again. Of a hundred, ten are copies of
//! an earlier document, ten are copies with one word changed, and one is a form letter of a hundred forms whose last word differs: groups as large
//! as real ones. FILES files of JSON lines (zstd) are written to FOLDER.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use dataprep::dedup::mix;

const WORDS: u64 = 45;
const VOCABULARY: u64 = 50_000;
/// How far back the original of a copy may lie.
const BACK: u64 = 1_000_000;

struct Maker {
    seed: u64,
    vocabulary: Vec<String>,
}

impl Maker {
    fn new(seed: u64) -> Maker {
        let word = |number: u64| {
            let roll = mix(mix(number + 1) ^ 77);
            (0..3 + roll % 7).map(|letter| char::from(b'a' + (mix(roll ^ letter) % 26) as u8)).collect()
        };
        Maker { seed, vocabulary: (0..VOCABULARY).map(word).collect() }
    }

    fn roll(&self, document: u64, what: u64) -> u64 {
        mix(mix(self.seed ^ (document + 1)) ^ mix(what + 1))
    }

    /// The words of a document: numbers of the vocabulary.
    fn words(&self, document: u64) -> Vec<u64> {
        let roll = |what| self.roll(document, what);
        let kind = roll(0) % 100;
        // The original of a copy is made anew: it may be a copy itself, but not for ever.
        if kind < 20 && document > 0 {
            let mut words = self.words(document - 1 - roll(1) % document.min(BACK));
            if kind >= 10 {
                words[roll(2) as usize % WORDS as usize] = roll(3) % VOCABULARY;
            }
            return words;
        }
        if kind == 20 {
            let form = roll(4) % 100;
            return (0..WORDS).map(|word| if word + 1 == WORDS { roll(5) } else { mix(form << 32 | word) } % VOCABULARY).collect();
        }
        // Small numbers are common, as small ranks of words are.
        (0..WORDS).map(|word| (roll(100 + word) % VOCABULARY) * (roll(200 + word) % VOCABULARY) / VOCABULARY).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, files, folder, seed @ ..] = arguments.as_slice() else { return Err("usage: synthetic_documents COUNT FILES FOLDER [SEED]".into()) };
    let (count, files, folder): (u64, u64, PathBuf) = (count.parse()?, files.parse()?, folder.into());
    let maker = Maker::new(seed.first().map_or(Ok(1), |seed| seed.parse())?);
    std::fs::create_dir_all(&folder)?;
    for file in 0..files {
        let mut out = zstd::Encoder::new(File::create(folder.join(format!("{file:05}.jsonl.zst")))?, 1)?;
        let mut line = String::new();
        for document in count * file / files..count * (file + 1) / files {
            line.clear();
            line.push_str(&format!("{{\"id\":\"{document}\",\"text\":\""));
            for (at, word) in maker.words(document).into_iter().enumerate() {
                line.push_str(if at > 0 { " " } else { "" });
                line.push_str(&maker.vocabulary[word as usize]);
            }
            line.push_str("\"}\n");
            out.write_all(line.as_bytes())?;
        }
        out.finish()?;
    }
    Ok(())
}
