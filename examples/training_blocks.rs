//! Writes the blocks of a set's pages for training: `training_blocks FOLDER OUT` makes `OUT.jsonl` (one page a line: id, and texts, units,
//! repeats, areas and kin of its blocks) and `OUT.bin` (features of all blocks as little-endian f32).

use dataprep::{html, text::charset};
use serde_json::{Value, json};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

fn main() -> Result<(), std::io::Error> {
    let args: Vec<String> = std::env::args().collect();
    let [_, folder, out] = args.as_slice() else {
        return Err(std::io::Error::other("training_blocks FOLDER OUT"));
    };
    let open = |end: &str| std::fs::File::create(format!("{out}.{end}")).map(BufWriter::new);
    let (mut pages, mut features) = (open("jsonl")?, open("bin")?);
    let folder = Path::new(folder);
    for line in std::fs::read_to_string(folder.join("gold.jsonl"))?.lines() {
        let gold: Value = serde_json::from_str(line)?;
        let id = gold["id"].as_str().unwrap_or_default();
        let mut raw = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(folder.join(format!("html/{id}.html.gz")))?).read_to_end(&mut raw)?;
        let decoded = charset::decode(&raw, None);
        let blocks = html::examples(&decoded.text, &html::Options::default()).unwrap_or_default();
        for b in &blocks {
            for v in &b.features {
                features.write_all(&v.to_le_bytes())?;
            }
        }
        let list = |f: &dyn Fn(&html::Example) -> Value| blocks.iter().map(f).collect::<Vec<_>>();
        writeln!(
            pages,
            "{}",
            json!({"id": id, "texts": list(&|b| json!(b.text)), "units": list(&|b| json!(b.units)), "repeats": list(&|b| json!(b.repeats)), "areas": list(&|b| json!(b.areas)), "kin": list(&|b| json!(b.kin))})
        )?;
    }
    Ok(())
}
