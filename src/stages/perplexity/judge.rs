//! What is done with a document of a perplexity.

use std::sync::Arc;

use super::REASONS;
use super::scorer::Scorer;
use crate::doc::{Doc, Tag};
use crate::scratch::Scratch;
use crate::stage::{Drop, Reason, Result, Stage, Verdict};

/// Perplexities at which middle and tail begin; none where a model has no buckets.
pub(super) type Cutoffs = Option<[f64; 2]>;

/// A part of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    Head,
    Middle,
    Tail,
}

impl Bucket {
    const ALL: [Bucket; 3] = [Bucket::Head, Bucket::Middle, Bucket::Tail];

    fn name(self) -> &'static str {
        match self {
            Bucket::Head => "head",
            Bucket::Middle => "middle",
            Bucket::Tail => "tail",
        }
    }

    pub fn named(name: &str) -> Option<Bucket> {
        Bucket::ALL.into_iter().find(|bucket| bucket.name() == name)
    }

    fn of(perplexity: f64, [middle, tail]: [f64; 2]) -> Bucket {
        if perplexity < middle {
            Bucket::Head
        } else if perplexity < tail {
            Bucket::Middle
        } else {
            Bucket::Tail
        }
    }
}

/// The bounds, and where the answer goes.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// All where empty.
    pub keep: Vec<Bucket>,
    pub drops_unscored: bool,
    pub perplexity: Tag<f64>,
    pub bucket: Option<Tag<String>>,
    pub reasons: [Reason; 4],
}

impl Judge {
    /// The stage that scores and judges, with the cutoffs of each model.
    pub fn with(self, scorer: Arc<Scorer>, cutoffs: Vec<Cutoffs>) -> Measure {
        Measure { scorer, judge: self, cutoffs }
    }

    /// The rules in their order: whether each is broken, and the bound it has.
    fn rules(&self, scored: Option<f64>, bucket: Option<(Bucket, [f64; 2])>) -> [(bool, Option<f64>); 4] {
        let beyond = |bound: Option<f64>, is: fn(&f64, &f64) -> bool| scored.zip(bound).is_some_and(|(value, bound)| is(&value, &bound));
        let wrong = bucket.is_some_and(|(bucket, _)| !self.keep.is_empty() && !self.keep.contains(&bucket));
        // The cutoff that parts the bucket from one that is kept.
        let cutoff = bucket.map(|(bucket, [middle, tail])| match bucket {
            Bucket::Head => middle,
            Bucket::Middle if self.keep.contains(&Bucket::Head) => middle,
            Bucket::Middle | Bucket::Tail => tail,
        });
        [
            (scored.is_none() && self.drops_unscored, None),
            (beyond(self.min, f64::lt), self.min),
            (beyond(self.max, f64::gt), self.max),
            (wrong, cutoff.filter(|cutoff| cutoff.is_finite())),
        ]
    }
}

pub(super) struct Measure {
    scorer: Arc<Scorer>,
    judge: Judge,
    cutoffs: Vec<Cutoffs>,
}

impl Stage for Measure {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let judge = &self.judge;
        let scored = self.scorer.score(doc, scratch)?;
        let bucket = scored.and_then(|(group, perplexity)| {
            let cutoffs = self.cutoffs.get(group).copied().flatten()?;
            Some((Bucket::of(perplexity, cutoffs), cutoffs))
        });
        let perplexity = scored.map(|(_, perplexity)| perplexity);
        if let Some(perplexity) = perplexity {
            doc.set_tag(judge.perplexity, perplexity);
        }
        if let (Some(tag), Some((bucket, _))) = (judge.bucket, bucket) {
            doc.set_tag(tag, bucket.name().to_owned());
        }
        let mut verdict = Verdict::Keep;
        for ((rule, reason), (broken, threshold)) in REASONS.into_iter().zip(judge.reasons).zip(judge.rules(perplexity, bucket)) {
            scratch.report(rule, !broken, perplexity, threshold);
            if broken && verdict == Verdict::Keep {
                let drop = Drop { value: perplexity, threshold, ..Drop::plain(reason) };
                verdict = Verdict::Drop(match bucket {
                    Some((bucket, _)) => drop.detail(bucket.name()),
                    None => drop,
                });
            }
        }
        Ok(verdict)
    }
}
