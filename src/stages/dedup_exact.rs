//! Drops documents whose text (or URL, or any field) is the same as that of another.
//!
//! Use it before everything that costs time: it takes 32 bytes a document and finds a good part of all duplicates. The text is compared by the
//! 128-bit xxh3 of its normalised form, so the layout of white space and the composition of accents do not count by default. Of each group of equal
//! documents one stays, chosen by `keep`; ties are settled by input order. A document without the field that `by` names stays.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_exact"
//! by = "text"
//! keep = "longest"
//! ```
//!
//! Who stays: `"first"` or `"last"` in input order, the `"longest"` text, `"newest"` by the column `date` (ISO 8601; zones are reckoned with; a
//! document without a date stays only where none has one), `{ newest = "tag:NAME" }` by another field, `"highest:TAG"` by a tag that holds numbers,
//! `{ source_priority = ["books/*", "crawl-2024*"] }` by the file a document comes from (of small text files that are
//! read together, the first), the best sources first, or by another field (`of = "column:source"`, `"tag:NAME"`, `"url"`, `"id"`), and `"none"`, which
//! drops every copy.
//!
//! `against = "index/"` holds the texts against an earlier corpus as well, of which `dataprep index-corpus` has made an index: what stands there goes, and
//! the drop names the document of the index. `normal` is then the index's, which it must agree with where it is written. With `index = true` the run
//! writes an index of what stays here itself (`artifacts/dedup_exact/index`), so that a crawl can be added to crawl by crawl: the next run says
//! `against = ["first/artifacts/dedup_exact/index", "second/artifacts/dedup_exact/index"]`.

use std::sync::Arc;

use serde::Deserialize;

use super::against;
use super::keep::{Field, Keep, Survivor, tag};
use crate::dedup::drops;
use crate::dedup::index::{Index, Settings};
use crate::dedup::normal::{Normal, digest};
use crate::dedup::records::OLD;
use crate::dedup::sketch::Profile;
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Drop, Global, Next, NoteShape, NoteStream, Notes, OneOrMany, Reason, Recipe, Result, Round, RunError, Shop, Spec,
    Split, Stage, Texts, Verdict,
};

const REASON: &str = "exact_duplicate";

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupExact {
    /// What is compared: `"text"` (default), `"url"` (as written; see the stage `url_dedup`), `"tag:NAME"` for a tag, `"column:NAME"` for a column of the input.
    by: String,
    /// What of a text counts: `"space"` (default: all but the amount of white space), `"words"` (letters and digits, without case) or `"bytes"`.
    normal: Option<Normal>,
    /// Who stays: `"first"` (default), `"last"`, `"longest"`, `"newest"`, `"highest:TAG"`, `"none"`, `{ newest = "FIELD" }` or
    /// `{ source_priority = ["GLOB", ...], of = "FIELD" }`.
    keep: Keep,
    /// Folder, or folders, of an index of an earlier corpus, to whose documents these lose.
    against: Option<OneOrMany>,
    /// Whether to write an index of the documents that stay, `artifacts/STAGE/index`, for `against` in a later run. Default false.
    index: bool,
    /// Memory for sorting; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupExact {
    fn default() -> Self {
        DedupExact { by: "text".into(), normal: None, keep: Keep::default(), against: None, index: false, memory: ByteSize::new(256 << 20) }
    }
}

impl Recipe for DedupExact {
    const NAME: &'static str = "dedup_exact";

    fn spec(&self) -> Spec {
        let by = match self.by.as_str() {
            by if by.starts_with("column:") => None,
            by => Some(by.strip_prefix("tag:").unwrap_or(by)),
        };
        by.map(str::to_owned).into_iter().chain(self.keep.needs()).fold(Spec::new().reason(REASON), |spec, need| spec.needs(need))
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let old = self.against.as_ref().map(|folders| against::open(shop, folders)).transpose()?;
        let normal = match (self.normal, old.as_deref().map(|old| old.settings.normal)) {
            (Some(written), Some(index)) if written != index => {
                let message = format!("the index was made with normal = \"{index:?}\"").to_lowercase();
                return Err(Complaint::new("normal", message, "leave `normal` out, or make the index again").into());
            }
            (written, index) => written.or(index).unwrap_or(Normal::Space),
        };
        if old.is_some() && self.by != "text" {
            return Err(Complaint::new("against", "an index holds the digests of texts alone", "give `by = \"text\"`, or leave `against` out").into());
        }
        let by = match self.by.split_once(':') {
            None if self.by == "text" => By::Text(normal),
            None if self.by == "url" => By::Url(|url| Some(url.to_owned())),
            Some(("tag", name)) => By::Field(tag(shop, name, "by")?),
            Some(("column", name)) => By::Field(Field::Column(name.to_owned())),
            _ => return Err(Complaint::new("by", format!("`{}` names no field", self.by), "give \"text\", \"url\", \"tag:NAME\" or \"column:NAME\"").into()),
        };
        let settings = old.as_deref().map_or_else(|| Settings { normal, ..Settings::of(Profile::Fast, shop.seed()) }, |old| old.settings.clone());
        let index = self.index.then_some(settings);
        Ok(Built::global(SameAgain { by, keep: self.keep.build(shop)?, old, index, memory: self.memory.as_usize(), reason: shop.reason(REASON) }))
    }
}

/// The form in which URLs are compared; none where one is not to be compared.
pub(super) type UrlForm = fn(&str) -> Option<String>;

/// The barrier that keeps one document of each URL.
pub(super) fn by_url(form: UrlForm, keep: Survivor, memory: usize, reason: Reason) -> Built {
    Built::global(SameAgain { by: By::Url(form), keep, old: None, index: None, memory, reason })
}

#[derive(Debug)]
enum By {
    Text(Normal),
    Url(UrlForm),
    Field(Field),
}

struct SameAgain {
    by: By,
    keep: Survivor,
    old: Option<Arc<Index>>,
    /// How the index of what stays is made, if one is.
    index: Option<Settings>,
    memory: usize,
    reason: Reason,
}

impl SameAgain {
    fn digest(&self, doc: &Doc) -> Option<u128> {
        let bytes = |text: &str| digest(text, Normal::Bytes);
        match &self.by {
            By::Text(normal) => digest(doc.text(), *normal),
            By::Url(form) => bytes(&form(doc.url.as_deref()?)?),
            By::Field(field) => bytes(&field.value(doc)?),
        }
    }
}

impl Global for SameAgain {
    fn learn(&mut self, splits: &[Split]) {
        self.keep.learn(splits);
    }

    /// Round 0: digest (16 bytes), rank, document; the outcomes: the document that goes and the one because of which it does.
    fn shape(&self, round: u32) -> NoteShape {
        if round == 0 { NoteShape { key: 16, width: Some(32) } } else { NoteShape { key: 8, width: Some(16) } }
    }

    fn observe(&self, doc: &Doc, _: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        if let Some(digest) = self.digest(doc) {
            notes.push(&[&digest.to_be_bytes(), &self.keep.rank(doc).to_be_bytes(), &doc.id().to_bytes()]);
        }
        Ok(())
    }

    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let mut group: Option<([u8; 16], [u8; 8])> = None;
        let mut alone = true;
        let mut old = self.old.as_deref().map(|old| old.exact());
        while let Some(note) = notes.next()? {
            let (Some((digest, _)), Some((_, document))) = (note.split_first_chunk::<16>(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            match group {
                Some((same, best)) if same == *digest => {
                    if alone && u64::from_be_bytes(best) & OLD == 0 && matches!(self.keep, Survivor::None) {
                        outcomes.push(&[&best, document]);
                    }
                    alone = false;
                    outcomes.push(&[document, &best]);
                }
                _ => {
                    let mut earlier = None;
                    if let Some(old) = &mut old {
                        old.find(digest, |number, _| earlier = earlier.or(Some((OLD | number).to_be_bytes())));
                    }
                    group = Some((*digest, earlier.unwrap_or(*document)));
                    alone = earlier.is_none();
                    if let Some(earlier) = earlier {
                        outcomes.push(&[document, &earlier]);
                    }
                }
            }
        }
        Ok(())
    }

    fn decide(&self, _: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        while let Some(note) = outcomes.next()? {
            let (Some(gone), Some((_, other))) = (DocId::from_bytes(note), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            decision.append(&format!("drops-{:05}", gone.split), &drops::row(gone.ordinal, u64::from_be_bytes(*other), 1.0))?;
        }
        Ok(Next::Done)
    }

    fn publish(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        match &self.index {
            Some(settings) => against::write(decision, (settings.clone(), None), self.memory, texts, against::not_dropped()),
            None => Ok(()),
        }
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&format!("drops-{split:05}"))?.unwrap_or_default();
        Ok(Box::new(DropThese { rows, reason: self.reason, old: self.old.clone() }))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, _text: u64) -> u64 {
        32
    }
}

fn damaged() -> RunError {
    RunError::stop("the notes of dedup_exact are damaged: remove the run's spool and start again")
}

struct DropThese {
    rows: Vec<u8>,
    reason: Reason,
    old: Option<Arc<Index>>,
}

impl Stage for DropThese {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        Ok(match drops::find(&self.rows, doc.id().ordinal) {
            Some((other, _)) => Verdict::Drop(against::because_of(Drop::plain(self.reason), other, self.old.as_deref())?),
            None => Verdict::Keep,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::rehearsal::{Play, apply, build, place, play};

    /// For each document the number of the one because of which it goes.
    fn others(table: &str, docs: &mut [Doc]) -> Vec<Option<u32>> {
        let global = build::<DedupExact>(table).unwrap();
        fates(&*global, docs, Play { ranges: 1, seed: 0, memory: 1 << 20 })
    }

    fn fates(global: &dyn Global, docs: &mut [Doc], how: Play) -> Vec<Option<u32>> {
        place(docs, 3);
        let played = play(global, docs, how).unwrap();
        let number = |verdict| match verdict {
            Verdict::Keep => None,
            Verdict::Drop(Drop { reason: Reason(0), other, .. }) => other.map(|other| other.split * 3 + other.ordinal),
            other => panic!("{other:?}"),
        };
        apply(global, &played.decision, docs).unwrap().into_iter().map(number).collect()
    }

    fn texts(texts: &[&str]) -> Vec<Doc> {
        texts.iter().map(|text| Doc::from_text(*text)).collect()
    }

    #[test]
    fn who_stays_follows_the_rule() {
        let docs = || texts(&["a b", "c", "a  b", "d", "a\nb\n\n", ""]);
        assert_eq!(others("", &mut docs()), [None, None, Some(0), None, Some(0), None]);
        assert_eq!(others("keep = 'last'", &mut docs()), [Some(4), None, Some(4), None, None, None]);
        assert_eq!(others("keep = 'longest'", &mut docs()), [Some(4), None, Some(4), None, None, None]);
        assert_eq!(others("keep = 'none'", &mut docs()), [Some(2), None, Some(0), None, Some(0), None]);
        assert_eq!(others("normal = 'bytes'", &mut docs()), [None; 6]);
        assert_eq!(others("normal = 'words'", &mut texts(&["A b!", "a, b"])), [None, Some(0)]);
    }

    #[test]
    fn fields_other_than_the_text() {
        let page = |url: Option<&str>, column: Option<i64>| {
            let mut doc = Doc::new(None, url.map(str::to_owned), None, None);
            doc.extra.extend(column.map(|value| ("c".to_owned(), value.into())));
            doc
        };
        let docs = || vec![page(Some("u"), None), page(None, Some(1)), page(Some("u"), Some(1)), page(None, None)];
        assert_eq!(others("by = 'url'", &mut docs()), [None, None, Some(0), None]);
        assert_eq!(others("by = 'column:c'", &mut docs()), [None, None, Some(1), None]);
    }

    #[test]
    fn a_tag_can_choose() {
        let mut tags = crate::doc::TagTable::default();
        let quality = tags.declare::<f64>("quality").unwrap();
        let mut docs = texts(&["x", "x", "x", "x"]);
        for (doc, value) in docs.iter_mut().zip([-1.0, 0.5, f64::NAN]) {
            doc.set_tag(quality, value);
        }
        assert_eq!(others("keep = 'highest:quality'", &mut docs), [Some(1), None, Some(1), Some(1)]);
        assert_eq!(others("by = 'tag:quality'", &mut docs), [None, None, None, None]);
    }

    #[test]
    fn of_each_group_the_best_by_the_rule_stays() {
        use crate::stages::rehearsal::roll;
        type Worth = fn(&Doc) -> i64;
        let seconds = |doc: &Doc| doc.extra["date"].as_i64().unwrap_or(i64::MIN);
        let rules: [(&str, Worth); 5] = [
            ("'first'", |doc| -i64::from(doc.id().split * 3 + doc.id().ordinal)),
            ("'last'", |doc| i64::from(doc.id().split * 3 + doc.id().ordinal)),
            ("'longest'", |doc| doc.text().len() as i64),
            ("'newest'", seconds),
            ("{ source_priority = ['2', '0'], of = 'column:source' }", |doc| [1, 0, 2][doc.extra["source"].as_i64().unwrap() as usize]),
        ];
        for (seed, (rule, worth)) in (0..60).flat_map(|seed| rules.iter().map(move |rule| (seed, rule))) {
            let mut docs: Vec<Doc> = (0..40u64)
                .map(|number| {
                    let roll = |what| roll(seed, number << 8 | what);
                    let mut doc = Doc::from_text(format!("{}{}", "a ".repeat(roll(0) as usize % 8), " ".repeat(roll(1) as usize % 5)));
                    let date = if roll(2) % 4 == 0 { serde_json::Value::Null } else { (roll(2) % 5).into() };
                    doc.extra.extend([("date".to_owned(), date), ("source".to_owned(), (roll(3) % 3).into())]);
                    doc
                })
                .collect();
            let found = others(&format!("keep = {rule}"), &mut docs);
            for (number, doc) in docs.iter().enumerate() {
                let group = |other: &&Doc| doc.text().trim() == other.text().trim() && !doc.text().trim().is_empty();
                // The first of the best: `max_by_key` gives the last one, so the order is turned round.
                let best = docs.iter().filter(group).rev().max_by_key(|doc| worth(doc)).map(|best| best.id().split * 3 + best.id().ordinal);
                assert_eq!(found[number], best.filter(|best| *best != number as u32), "{rule}, seed {seed}, document {number}");
            }
            let mut fates = found.iter();
            docs.retain(|_| fates.next() == Some(&None));
            assert!(others(&format!("keep = {rule}"), &mut docs).iter().all(Option::is_none), "{rule}: a second pass removes nothing");
        }
    }

    #[test]
    fn cutting_and_a_second_pass_change_nothing() {
        let mut docs: Vec<Doc> = (0..500).map(|number| Doc::from_text(format!("text {}", crate::stages::rehearsal::roll(3, number) % 200))).collect();
        let global = build::<DedupExact>("keep = 'longest'").unwrap();
        let calm = fates(&*global, &mut docs, Play { ranges: 1, seed: 0, memory: 1 << 20 });
        assert_eq!(calm, fates(&*global, &mut docs, Play { ranges: 9, seed: 4, memory: 0 }));
        let mut fate = calm.iter();
        docs.retain(|_| fate.next() == Some(&None));
        assert!(docs.len() <= 200);
        assert!(others("", &mut docs).iter().all(Option::is_none));
    }

    #[test]
    fn wrong_tables_are_refused() {
        assert!(build::<DedupExact>("by = 'html'").is_err_and(|said| said.starts_with("by: `html` names no field")));
        assert!(build::<DedupExact>("keep = 'best'").is_err_and(|said| said.starts_with("keep:")));
        assert!(build::<DedupExact>("kept = 'first'").is_err());
    }
}
