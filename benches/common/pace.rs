//! Texts of files, and the pace at which something goes through them.

use std::time::Instant;

use dataprep::source::texts::Texts;

/// Rounds of which the fastest counts.
const ROUNDS: usize = 5;

/// The texts that the arguments name.
pub fn texts(bench: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if files.is_empty() {
        return Err(format!("which documents? cargo bench --bench {bench} -- DOCS.jsonl...").into());
    }
    let mut texts: Vec<String> = Vec::new();
    Texts::open(&files, None)?.each(&mut |doc| {
        texts.push(doc.text().to_owned());
        Ok(())
    })?;
    println!("{} documents, {:.1} MB", texts.len(), bytes(&texts) / 1e6);
    Ok(texts)
}

/// Prints megabytes of text a second.
pub fn measure(texts: &[String], name: &str, each: &mut dyn FnMut(&str)) {
    let seconds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        texts.iter().for_each(|text| each(text));
        began.elapsed().as_secs_f64()
    });
    println!("{name:<32} {:>8.1} MB/s", bytes(texts) / 1e6 / seconds.fold(f64::INFINITY, f64::min));
}

fn bytes(texts: &[String]) -> f64 {
    texts.iter().map(String::len).sum::<usize>() as f64
}
