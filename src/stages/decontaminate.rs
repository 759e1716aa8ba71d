//! Drop documents that hold items of evaluation sets, or cut those out.
//!
//! ```toml
//! [[stage]]
//! use = "decontaminate"
//! against = ["fixtures/evals.jsonl"]             # your sets, or "evals.index" of `dataprep build-index`
//! fields = ["question", "choices", "answer"]      # all texts of an item where none is named
//! ngram = 13
//! ```
//!
//! A set is JSON lines, one item each, plain, gzip or zstd; or an index of many sets that `dataprep build-index` has written once. An item is found by any run of
//! `ngram` words in it that the document holds too, whatever their case and what stands between them; fields are read one after the other, so a
//! run may go from question to answer. Where most of the words are characters of a script without spaces, a run is twice as many. GPT-3
//! (Brown et al. 2020) took 13 words, datatrove takes 12. An item with fewer words is not found: `dataprep build-index` counts them.
//!
//! `action = "cut"` takes out the lines that a run touches, and drops only what is left empty. The tag `contaminated_by` names the items by set and
//! line, 16 at most; with `run.dropped = 1.0` the folder `dropped/` holds every document, the item that was hit first, and where.
//!
//! Reason: `contaminated`, with the number of runs that the document holds.

use super::prelude::*;
use crate::dedup::contamination::{Builder, Hit, Index, LONGEST, Words, cut_lines};
use crate::text::listed::unpacked;

/// Which sets, and what becomes of their items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decontaminate {
    /// Files of items (JSON lines), or indexes.
    against: OneOrMany,
    /// Fields of an item that are looked for. Default: every text in it.
    #[serde(default)]
    fields: OneOrMany,
    /// Words of a run. Default 13.
    #[serde(default = "thirteen")]
    ngram: usize,
    /// Most runs that a document may hold. Default 0.
    #[serde(default)]
    max: usize,
    /// What becomes of a document with more: `"drop"` (default) or `"cut"`.
    #[serde(default)]
    action: Action,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    #[default]
    Drop,
    Cut,
}

fn thirteen() -> usize {
    13
}

/// Items that the tag names.
const NAMED: usize = 16;

/// Characters of a line that a drop quotes.
const QUOTED: usize = 200;

impl Recipe for Decontaminate {
    const NAME: &'static str = "decontaminate";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").gives("contaminated_by").reason("contaminated")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        if !(1..=LONGEST).contains(&self.ngram) {
            return Err(Complaint::new("ngram", format!("{} words are no run", self.ngram), format!("wanted 1 to {LONGEST}; 13 is usual")).into());
        }
        if self.against.0.is_empty() {
            return Err(Complaint::new("against", "there is no set to look for", "name files of JSON lines, or indexes").into());
        }
        let mut builder = Builder::new(self.ngram, &self.fields.0);
        let mut complaints = Vec::new();
        for name in &self.against.0 {
            if let Err(complaint) = read(shop, name, &mut builder) {
                complaints.push(complaint);
            }
        }
        if let Some(field) = builder.unknown_field().filter(|_| complaints.is_empty()) {
            complaints.push(Complaint::new("fields", format!("no item has a field `{field}`"), "check how the sets name it; an index has its fields already"));
        }
        let short = builder.short();
        let index = builder.finish();
        if index.items() == 0 && complaints.is_empty() {
            let message = format!("no item of these sets is long enough ({short} have fewer words than a run)");
            complaints.push(Complaint::new("ngram", message, format!("give an `ngram` below {}", self.ngram)));
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Built::stage(Search { index, max: self.max, action: self.action, tag: shop.tag("contaminated_by")?, reason: shop.reason("contaminated") }))
    }
}

fn read(shop: &mut Shop<'_>, name: &str, builder: &mut Builder) -> std::result::Result<(), Complaint> {
    let file = unpacked(shop.open("against", name.as_ref())?).map_err(|cause| unreadable(name, &cause))?;
    builder.take(name, file).map_err(|cause| unreadable(name, &cause))
}

fn unreadable(name: &str, cause: &std::io::Error) -> Complaint {
    Complaint::new("against", format!("cannot read `{name}`: {cause}"), "wanted one JSON object or string a line, or an index of `dataprep build-index`")
}

struct Search {
    index: Index,
    max: usize,
    action: Action,
    tag: Tag<Vec<String>>,
    reason: Reason,
}

#[derive(Default)]
struct Buffers {
    words: Words,
    hits: Vec<Hit>,
}

impl Stage for Search {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let Buffers { mut words, mut hits } = std::mem::take(scratch.buffer::<Buffers>());
        self.index.find(doc.text(), &mut words, &mut hits);
        let verdict = self.judge(doc, &hits, scratch);
        *scratch.buffer() = Buffers { words, hits };
        Ok(verdict)
    }
}

impl Search {
    fn judge(&self, doc: &mut Doc, hits: &[Hit], scratch: &mut Scratch) -> Verdict {
        let (value, threshold) = (hits.len() as f64, self.max as f64);
        let keep = hits.len() <= self.max;
        scratch.report("contaminated", keep, Some(value), Some(threshold));
        let Some(first) = hits.first() else { return Verdict::Keep };
        let mut items: Vec<u32> = hits.iter().map(|hit| hit.item).collect();
        items.sort_unstable();
        items.dedup();
        let name = |item: u32| {
            let (set, line) = self.index.place(item);
            format!("{set}:{line}")
        };
        doc.set_tag(self.tag, items.into_iter().take(NAMED).map(name).collect());
        if keep {
            return Verdict::Keep;
        }
        let (left, line) = cut_lines(doc.text(), hits);
        let quoted: String = line.trim().chars().take(QUOTED).collect();
        if self.action == Action::Cut && !left.trim().is_empty() {
            doc.set_text(left);
            return Verdict::Keep;
        }
        let drop = Drop { value: Some(value), threshold: Some(threshold), ..Drop::plain(self.reason) };
        Verdict::Drop(drop.detail(format!("{}: {quoted}", name(first.item))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    fn set() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mills.jsonl");
        std::fs::write(&path, "{\"q\": \"Which mill by the river was sold?\", \"a\": \"the old one\"}\n{\"q\": \"Who?\"}\n").unwrap();
        let table = format!("against = {:?}\nngram = 5\n", path.display().to_string());
        (dir, table)
    }

    const TEXT: &str = "A quiz.\nWhich mill by the river was sold?\nNobody knew.";

    #[test]
    fn a_drop_names_item_and_line() {
        let (_dir, table) = set();
        let (reason, drop) = made::<Decontaminate>(&table).dropped(&mut Doc::from_text(TEXT)).unwrap();
        assert_eq!((reason.as_str(), drop.value, drop.threshold), ("contaminated", Some(3.0), Some(0.0)));
        assert!(drop.detail.unwrap().ends_with("mills.jsonl:1: Which mill by the river was sold?"));
        for clean in ["", "Who?", "which mill by the sea was sold", "A mill by the river is"] {
            assert_eq!(made::<Decontaminate>(&table).dropped(&mut Doc::from_text(clean)), None, "{clean}");
        }
        assert_eq!(made::<Decontaminate>(&format!("{table}max = 3")).dropped(&mut Doc::from_text(TEXT)), None);
    }

    #[test]
    fn cutting_leaves_the_other_lines() {
        let (_dir, table) = set();
        let mut made = made::<Decontaminate>(&format!("{table}action = 'cut'"));
        let mut doc = Doc::from_text(TEXT);
        assert_eq!(made.dropped(&mut doc), None);
        assert_eq!(doc.text(), "A quiz.\nNobody knew.");
        let tag: Tag<Vec<String>> = made.tags.declare("contaminated_by").unwrap();
        assert!(doc.tag(tag).unwrap()[0].ends_with("mills.jsonl:1"));
        assert!(made.dropped(&mut Doc::from_text("Which mill by the river was sold?\n \n")).is_some());
    }

    #[test]
    fn an_index_serves_as_its_sets_do() {
        let (dir, table) = set();
        let mut builder = Builder::new(5, &[]);
        builder.read("mills.jsonl", &*std::fs::read(dir.path().join("mills.jsonl")).unwrap()).unwrap();
        let index = dir.path().join("evals.index");
        builder.finish().write(std::fs::File::create(&index).unwrap()).unwrap();
        let by = |toml: &str| made::<Decontaminate>(toml).dropped(&mut Doc::from_text(TEXT)).unwrap().1.value;
        let table_of_index = format!("against = {:?}\nngram = 5", index.display().to_string());
        assert_eq!(by(&table_of_index), by(&table));
        assert_eq!(complaints::<Decontaminate>(&table_of_index.replace("= 5", "= 6")), ["against"]);
    }

    #[test]
    fn what_can_find_nothing_is_refused() {
        let (_dir, table) = set();
        assert_eq!(complaints::<Decontaminate>(&table.replace("= 5", "= 50")), ["ngram"]);
        assert_eq!(complaints::<Decontaminate>(&table.replace("= 5", "= 0")), ["ngram"]);
        assert_eq!(complaints::<Decontaminate>(&table.replace("= 5", "= 1001")), ["ngram"]);
        assert_eq!(complaints::<Decontaminate>(&format!("{table}fields = 'question'")), ["fields"]);
        assert_eq!(complaints::<Decontaminate>("against = 'no/such'"), ["against"]);
        assert_eq!(complaints::<Decontaminate>("against = []"), ["against"]);
    }
}
