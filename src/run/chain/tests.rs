use super::*;
use crate::stage::Reason;

struct Short;
impl Stage for Short {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        assert!(doc.text() != "boom", "a fault planted by the test");
        let length = doc.text().len() as f64;
        Ok(Verdict::keep_if(length >= 3.0, Reason(0), length, 3.0))
    }
}

fn work(annotate: bool) -> Worked {
    let reasons = ["too_short".to_owned()];
    let step = |name| Step { name, reasons: &reasons, needs: &[], stage: Hold::Planned(&Short) };
    let tags = TagTable::default();
    let chain = Chain { steps: vec![step("short"), step("again")], barrier: None, tags: &tags, annotate, samples: Dice::new(0, "dropped"), sample_share: 1.0 };
    let docs = ["long", "ab", "boom"].map(Doc::from_text).into();
    chain.work(Batch { docs, faults: Vec::new(), skipped: BTreeMap::new() }, &mut Scratch::default()).unwrap()
}

#[test]
fn drops_are_counted_sampled_and_panics_survived() {
    let worked = work(false);
    assert_eq!(worked.docs.iter().map(Doc::text).collect::<Vec<_>>(), ["long"]);
    let stage = &worked.ledger.stages["short"];
    assert_eq!((worked.ledger.read, worked.quarantined.len()), (3, 1));
    assert_eq!((worked.samples[0].reason.as_str(), worked.samples[0].value, worked.samples[0].threshold), ("too_short", Some(2.0), Some(3.0)));
    assert_eq!((stage.documents_in, stage.documents_out, stage.drops["too_short"], stage.drops[PANICKED]), (3, 1, 1, 1));
    assert_eq!(worked.ledger.stages["again"].documents_in, 1);
}

#[test]
fn annotate_mode_drops_nothing_and_says_all() {
    let worked = work(true);
    assert_eq!(worked.docs.len(), 2);
    let said: Vec<_> = worked.docs[1].findings.iter().map(|finding| (finding.keep, finding.value)).collect();
    assert_eq!(said, [(false, Some(2.0)), (false, Some(2.0))]);
}

/// Marks every text of a batch before it looks at them, and breaks off at one.
struct Marking;

impl Stage for Marking {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let verdict = self.apply_batch(std::slice::from_mut(doc), scratch)?.pop();
        Ok(verdict.unwrap_or(Verdict::Keep))
    }

    fn apply_batch(&self, docs: &mut [Doc], _: &mut Scratch) -> Result<Vec<Verdict>> {
        docs.iter_mut().for_each(|doc| doc.set_text(format!("{}!", doc.text())));
        assert!(docs.iter().all(|doc| doc.text() != "boom!"), "a fault planted by the test");
        Ok(docs.iter().map(|doc| Verdict::keep_if(doc.text().len() > 3, Reason(0), doc.text().len() as f64, 4.0)).collect())
    }

    fn batched(&self) -> bool {
        true
    }
}

#[test]
fn a_panic_in_a_batch_costs_the_guilty_document_alone() {
    let reasons = ["too_short".to_owned()];
    let step = |name, stage| Step { name, reasons: &reasons, needs: &[], stage: Hold::Planned(stage) };
    let tags = TagTable::default();
    let steps = vec![step("marking", &Marking as &dyn Stage), step("short", &Short)];
    let chain = Chain { steps, barrier: None, tags: &tags, annotate: false, samples: Dice::new(0, "dropped"), sample_share: 0.0 };
    for (texts, kept, drops) in [(vec!["long", "a", "boom", "other", "boom"], vec!["long!", "other!"], 1), (vec!["long", "a"], vec!["long!"], 1)] {
        let guilty = texts.iter().filter(|text| **text == "boom").count();
        let docs = texts.iter().map(|text| Doc::from_text(*text)).collect();
        let worked = chain.work(Batch { docs, faults: Vec::new(), skipped: BTreeMap::new() }, &mut Scratch::default()).unwrap();
        assert_eq!(worked.docs.iter().map(Doc::text).collect::<Vec<_>>(), kept);
        let stage = &worked.ledger.stages["marking"];
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        assert_eq!(
            (stage.documents_in, stage.bytes_in, stage.documents_out, stage.drops["too_short"]),
            (texts.len() as u64, bytes as u64, kept.len() as u64, drops)
        );
        assert_eq!((worked.quarantined.len(), stage.drops.get(PANICKED).copied().unwrap_or_default()), (guilty, guilty as u64));
        assert!(worked.quarantined.iter().all(|lost| lost.stage == "marking" && lost.bytes.windows(4).any(|bytes| bytes == b"boom")));
    }
}
