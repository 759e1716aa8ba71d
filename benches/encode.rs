//! Speed of encoding, cold and warm: `cargo bench --bench encode -- TEXTS.jsonl TOKENIZER...`, TEXTS with a `text` a line, each TOKENIZER a
//! tokenizer.json, a rank file or a `.model`. Megabytes of text a second of this thread's CPU time; `benches/peers_encode.py` runs tiktoken,
//! gigatoken and Hugging Face `tokenizers` over the same texts.

use std::time::Instant;

use dataprep::tokenizer::{EncodeScratch, Tokenizer};

#[path = "common/clock.rs"]
mod clock;
use clock::seconds;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let file = std::fs::read_to_string(args.next().ok_or("which texts?")?)?;
    let texts: Vec<String> = file
        .lines()
        .map(|line| Ok(serde_json::from_str::<serde_json::Value>(line)?["text"].as_str().ok_or("a line has no text")?.to_owned()))
        .collect::<Result<_, Box<dyn std::error::Error>>>()?;
    drop(file);
    let bytes = texts.iter().map(String::len).sum::<usize>() as f64;
    let first = Instant::now();
    for name in args {
        let tokenizer = Tokenizer::load(&name, None)?;
        // Its tables are touched once, as a run of any length would have it.
        tokenizer.encode(texts.first().map_or("", String::as_str), false, &mut Vec::new(), &mut EncodeScratch::new())?;
        let mut scratch = EncodeScratch::new();
        let mut ids = Vec::new();
        let mut said = Vec::new();
        for pass in ["cold", "warm", "warm"] {
            let (start, mut count) = (seconds(first), 0);
            for text in &texts {
                ids.clear();
                tokenizer.encode(text, false, &mut ids, &mut scratch)?;
                count += ids.len();
            }
            let spent = seconds(first) - start;
            said.push(format!("{pass} {:.1} MB/s {:.1} M ids/s", bytes / 1e6 / spent, count as f64 / 1e6 / spent));
        }
        println!("{name} ({}): {}", tokenizer.path(), said.join(", "));
    }
    Ok(())
}
