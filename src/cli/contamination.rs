//! Items of evaluation sets in documents, for `dataprep check --against`: as the stage `decontaminate` finds them.

use std::fs::File;
use std::path::PathBuf;

use super::Failure;
use crate::check::Fact;
use crate::dedup::contamination::{Builder, Hit, Index, Words};
use crate::doc::Doc;
use crate::text::listed::unpacked;

/// Items that are named.
const NAMED: usize = 5;

/// A search in the making.
pub(super) struct Search {
    index: Index,
    words: Words,
    hits: Vec<Hit>,
    documents: u64,
    contaminated: u64,
    items: Vec<String>,
}

impl Search {
    /// Reads sets, or indexes of them.
    pub fn open(sets: &[PathBuf], ngram: u16) -> Result<Search, Failure> {
        let mut builder = Builder::new(usize::from(ngram), &[]);
        for path in sets {
            let failed = |cause: std::io::Error| {
                let help = "wanted one JSON object or string a line, or an index of `dataprep build-index`";
                Failure(format!("--against: cannot read {}: {cause}\n  help: {help}", path.display()))
            };
            builder.take(&path.display().to_string(), unpacked(File::open(path).map_err(failed)?).map_err(failed)?).map_err(failed)?;
        }
        let short = builder.short();
        let index = builder.finish();
        if index.items() == 0 {
            return Err(Failure(format!("--against: no item has {ngram} words or more ({short} have fewer)\n  help: give a smaller --ngram")));
        }
        Ok(Search { index, words: Words::default(), hits: Vec::new(), documents: 0, contaminated: 0, items: Vec::new() })
    }

    /// Looks at a document.
    pub fn see(&mut self, doc: &Doc) {
        self.index.find(doc.text(), &mut self.words, &mut self.hits);
        self.documents += 1;
        let Some(first) = self.hits.first() else { return };
        self.contaminated += 1;
        if self.items.len() < NAMED {
            let (set, line) = self.index.place(first.item);
            self.items.push(format!("document {} holds the item at {set}:{line}", doc.name()));
        }
    }

    /// Which share of the documents holds an item, and the first of these.
    pub fn end(self) -> (Fact, Vec<String>) {
        (Fact::Share { share: self.contaminated as f64 / self.documents.max(1) as f64, of: self.documents }, self.items)
    }
}
