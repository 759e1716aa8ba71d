//! Whether code and tables come through whole: `cargo bench --bench markup -- FOLDER...`, folders as for `extraction`.
//!
//! Where gold is Markdown: the share of its fenced blocks that our Markdown has space for space, and of its tables' rows whose cells
//! stand in their order in one of our rows. Else: the share of gold's indented lines, which are code, that our Markdown has as they are.
//! Line breaks at the end of a block do not count. `MISSED=1` writes what is missing.

use dataprep::{html, text::charset};
use serde_json::Value;
use std::collections::HashSet;
use std::io::{Error, Read};
use std::path::Path;

#[derive(Default)]
struct Share {
    found: usize,
    all: usize,
}

impl Share {
    fn count(&mut self, found: bool, what: &str, id: &str) {
        self.found += usize::from(found);
        self.all += 1;
        if !found && std::env::var_os("MISSED").is_some() {
            println!("  {id}: {what:?}");
        }
    }

    fn print(&self, name: &str) {
        if self.all > 0 {
            println!("  {name:<15} {} of {} ({:.3})", self.found, self.all, self.found as f64 / self.all as f64);
        }
    }
}

/// Insides of fenced blocks.
fn fenced(markdown: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.trim_start().chars().take_while(|c| *c == '`').collect();
        match &fence {
            None if ticks.len() >= 3 => {
                fence = Some(ticks);
                out.push(String::new());
            }
            Some(open) if ticks.len() >= open.len() && line.trim() == ticks => fence = None,
            Some(_) => {
                if let Some(code) = out.last_mut() {
                    code.push_str(line);
                    code.push('\n');
                }
            }
            None => {}
        }
    }
    out.into_iter().map(|code| code.trim_matches('\n').to_owned()).filter(|code| !code.trim().is_empty()).collect()
}

/// A text without the targets of its links and images.
fn without_targets(markdown: &str) -> String {
    let mut parts = markdown.split("](");
    let mut out = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| out.push_str(part.split_once(')').map_or(part, |(_, rest)| rest)));
    out
}

/// Words of the cells of each row of each table.
fn rows(markdown: &str) -> Vec<Vec<String>> {
    let plain = |cell: &str| cell.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let cells = |line: &str| line.trim().trim_matches('|').split('|').map(plain).filter(|c| !c.is_empty()).collect::<Vec<_>>();
    let lines = markdown.lines().filter(|line| line.trim_start().starts_with('|'));
    lines.map(cells).filter(|row| row.len() > 1).collect()
}

/// Whether the cells stand in a row in their order.
fn holds(row: &[String], cells: &[String]) -> bool {
    let mut left = row.iter();
    cells.iter().all(|cell| left.any(|other| other == cell))
}

fn main() -> Result<(), Error> {
    for folder in std::env::args().skip(1).filter(|a| a != "--bench") {
        let (mut code, mut table, mut indented) = (Share::default(), Share::default(), Share::default());
        println!("{folder}");
        let folder = Path::new(&folder);
        for line in std::fs::read_to_string(folder.join("gold.jsonl"))?.lines() {
            let gold: Value = serde_json::from_str(line)?;
            let (id, text) = (gold["id"].as_str().unwrap_or_default(), gold["text"].as_str().unwrap_or_default());
            let mut raw = Vec::new();
            flate2::read::GzDecoder::new(std::fs::File::open(folder.join(format!("html/{id}.html.gz")))?).read_to_end(&mut raw)?;
            let options = html::Options { format: html::Format::Markdown, ..html::Options::default() };
            let ours = html::extract(&charset::decode(&raw, None).text, &options).map(|p| p.text).unwrap_or_default();
            if gold["format"].as_str() == Some("markdown") {
                let (blocks, our_rows) = (fenced(&ours), rows(&ours));
                fenced(text).iter().for_each(|block| code.count(blocks.contains(block), block, id));
                rows(&without_targets(text)).iter().for_each(|cells| table.count(our_rows.iter().any(|row| holds(row, cells)), &cells.join(" | "), id));
            } else if gold["page_type"].as_str() == Some("documentation") {
                let lines: HashSet<&str> = ours.lines().map(str::trim_end).collect();
                let is_code = |line: &&str| line.starts_with("  ") && line.trim_start().chars().next().is_some_and(|c| !"-*•0123456789".contains(c));
                text.lines().map(str::trim_end).filter(is_code).for_each(|line| indented.count(lines.contains(line), line, id));
            }
        }
        code.print("code blocks");
        table.print("table rows");
        indented.print("lines of code");
    }
    Ok(())
}
