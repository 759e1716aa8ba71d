//! Makes the small web of the quickstart out of `fixtures/prose/`.
//!
//! ```sh
//! cargo run --release --example make_web -- fixtures/prose fixtures/web
//! ```
//!
//! The same prose gives the same bytes. `fixtures/web/README.md` says what lies in the files.

mod body;
mod broken;
mod check;
mod crawl;
mod dice;
mod junk;
mod layout;
mod nearcopy;
mod phrases;
mod prose;
mod record;
mod warc;

use std::{error::Error, fs, path::Path};

use crawl::Crawl;
use record::Record;

/// Files into which the crawl is cut.
const FILES: usize = 3;

/// Pages kept out of the crawl, on which the verdict measures both arms.
const HELDOUT: [&str; 20] = [
    "en-003", "en-009", "en-015", "en-020", "en-027", "en-036", "en-104", "en-112", "en-121", "en-133", "en-145", "en-152", "en-166", "en-178", "zh-004",
    "zh-011", "de-003", "de-012", "ar-004", "ar-010",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(prose), Some(out)) = (args.next(), args.next()) else {
        return Err("usage: make_web PROSE_FOLDER OUTPUT_FOLDER".into());
    };
    let crawl = crawl::build(Path::new(&prose), &HELDOUT)?;
    check::check(&crawl);
    let bytes = write(&crawl, Path::new(&out))?;
    println!("{} records, {} held out, {bytes} bytes", crawl.records.len(), crawl.heldout.len());
    for (fault, count) in check::count_faults(&crawl) {
        println!("{count:4} {fault}");
    }
    Ok(())
}

/// Writes every file and returns their size together.
fn write(crawl: &Crawl, out: &Path) -> Result<usize, Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let mut truth = String::new();
    let mut total = 0;
    for (at, records) in crawl.records.chunks(crawl.records.len().div_ceil(FILES)).enumerate() {
        let name = format!("web-{at}.warc.gz");
        total += write_warc(out, &name, records)?;
        for record in records {
            truth += &format!("{}\n", record.truth.line(&record.url, &name));
        }
    }
    total += write_warc(out, "heldout.warc.gz", &crawl.heldout)?;
    let blocked = junk::BLOCKED.map(|host| format!("{host}\n")).concat();
    for (name, text) in [("truth.jsonl", &truth), ("blocked-hosts.txt", &blocked)] {
        fs::write(out.join(name), text)?;
        total += text.len();
    }
    Ok(total)
}

fn write_warc(out: &Path, name: &str, records: &[Record]) -> Result<usize, Box<dyn Error>> {
    let mut bytes = warc::info(name)?;
    for record in records {
        bytes.extend(warc::response(&record.url, &record.answer, record.damage)?);
    }
    fs::write(out.join(name), &bytes)?;
    Ok(bytes.len())
}
