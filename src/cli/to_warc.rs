use std::io::Read;
use std::path::{Path, PathBuf};

use super::say::say;
use super::{Done, Failure, Outcome, count};
use crate::source::warc::write::Writer;

/// Pack HTML files and their URLs into a WARC file, one gzip member a record.
#[derive(clap::Args)]
#[command(
    after_help = "The listing is either tab-separated lines of URL and path, or JSON lines with `id` and `url`, for a folder of `html/ID.html` or `html/ID.html.gz`."
)]
pub struct ToWarc {
    /// The listing, or a folder that holds `gold.jsonl` and `html/`.
    listing: PathBuf,
    /// The WARC file to write, as pages.warc.gz. With `--parts`, a number is put before `.warc.gz`.
    out: PathBuf,
    /// Spread the pages over so many files, in order.
    #[arg(long, default_value_t = 1)]
    parts: usize,
}

impl ToWarc {
    pub(super) fn call(self) -> Outcome {
        let pages = listed(&self.listing)?;
        if pages.is_empty() {
            return Err(Failure(format!("{} lists no pages\n  help: {LINE}", self.listing.display())));
        }
        for (number, part) in pages.chunks(pages.len().div_ceil(self.parts.max(1))).enumerate() {
            let out = if self.parts > 1 { numbered(&self.out, number) } else { self.out.clone() };
            let failed = |error: std::io::Error| Failure(format!("cannot write {}: {error}", out.display()));
            let mut writer = Writer::new(std::io::BufWriter::new(std::fs::File::create(&out).map_err(failed)?)).map_err(failed)?;
            for (url, path) in part {
                writer.page(url, "text/html", &page(path)?).map_err(failed)?;
            }
            let buffered = writer.finish().map_err(failed)?;
            buffered.into_inner().map_err(|error| failed(error.into_error()))?;
        }
        say!("{} pages", count(pages.len() as u64))?;
        Ok(Done::Fine)
    }
}

fn numbered(out: &Path, number: usize) -> PathBuf {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, end) = name.split_once('.').unwrap_or((&name, "warc.gz"));
    out.with_file_name(format!("{stem}-{number:05}.{end}"))
}

/// What a listing holds.
const LINE: &str = "a line is a URL, a tab and the path of a file; `dataprep to-warc --help` shows the other form";

/// URL and path of every page, in the listing's order.
fn listed(listing: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let (file, folder) = if listing.is_dir() {
        (listing.join("gold.jsonl"), listing.to_owned())
    } else {
        (listing.to_owned(), listing.parent().unwrap_or(Path::new("")).to_owned())
    };
    let text = std::fs::read_to_string(&file).map_err(|error| Failure(format!("cannot read {}: {error}", file.display())))?;
    let mut pages = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| Failure(format!("{}:{}: {what}\n  help: {LINE}", file.display(), number + 1));
        if line.starts_with('{') {
            let entry: serde_json::Value = serde_json::from_str(line).map_err(|error| wrong(&format!("this is not JSON: {error}")))?;
            let id = entry["id"].as_str().ok_or_else(|| wrong("this entry has no `id`"))?;
            let url = entry["url"].as_str().filter(|url| !url.is_empty()).map_or_else(|| format!("http://unknown.invalid/{id}"), str::to_owned);
            let plain = folder.join("html").join(format!("{id}.html"));
            let packed = folder.join("html").join(format!("{id}.html.gz"));
            pages.push((url, if plain.exists() { plain } else { packed }));
        } else {
            let (url, path) = line.split_once('\t').ok_or_else(|| wrong("no tab stands in this line"))?;
            pages.push((url.to_owned(), folder.join(path.trim())));
        }
    }
    Ok(pages)
}

fn page(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure(format!("cannot read {}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(failed)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(failed)?;
        return Ok(plain);
    }
    Ok(bytes)
}
