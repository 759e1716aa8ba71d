//! Measure how surprising each text is to an n-gram language model, and drop what is too plain, too odd or in an unwanted part of the corpus.
//!
//! Writes the tag `perplexity`: 10 to the power of minus the mean base-10 log-probability of a word, over all lines with a word, each with its end
//! of line as one word more. With shares or cutoffs it also writes `perplexity_bucket`: `head` (the least surprising), `middle` or `tail`.
//!
//! ```toml
//! [[stage]]
//! use = "perplexity"
//! model = "fixtures/lm/tiny.arpa"   # or one a language: { en = "lm/en.bin", de = "lm/de.arpa" }, chosen by the tag `lang`
//! normalise = "ccnet"                 # lower case, no accents, digits 0, plain punctuation, no controls; or "none"
//! max = 100000
//! keep = ["head", "middle"]
//! head = 0.3                          # the 30 % of the documents that surprise least, for each model by itself
//! middle = 0.6                        # the rest up to 60 %
//! ```
//!
//! A model is a file of KenLM (probing tables or trie, `.bin`), ARPA text, or what `dataprep train-lm` writes; scores are those that KenLM gives. Text is
//! scored in the form and by the words that the model was trained on: `normalise`, and `words`, which are set off by white space, single
//! `"characters"`, or the tokens of a tokenizer.json or a unigram `.model` of SentencePiece, one for all or one a language. With
//! `sentence = "document"` a text is one sentence: cc_net's own run scores so, after its normal form has taken the line ends away.
//!
//! The shares need the whole corpus: the stage is a barrier then, and scores every document twice. `cutoffs = [340, 660]`, or one pair a
//! language, sets the bounds of the buckets by perplexity instead, and needs no barrier.
//!
//! A text without words, or in a language without a model, has no perplexity and no bucket. Where anything is asked of the perplexity, such
//! documents are dropped as `not_scored`, unless `unscored = "keep"`.
//!
//! A text in another language is made of words that the model does not know, and these may cost little: find the language first.
//!
//! Reasons: `not_scored`, `low_perplexity`, `high_perplexity`, `wrong_bucket`.

mod buckets;
mod judge;
mod scorer;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::buckets::Percentiles;
use self::judge::{Bucket, Cutoffs, Judge};
use self::scorer::Scorer;
use super::prelude::*;
use crate::ngram::Normal;

/// Which perplexities to keep.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Perplexity {
    /// The model's path, or a table of paths by language.
    model: ByLanguage<String>,
    /// The form a text is put into: "ccnet" (default) or "none".
    normalise: Normal,
    /// What a word is: "whitespace" (default), "characters", or the path of a tokenizer.json or of a unigram model of SentencePiece; or a table of these by language.
    words: ByLanguage<String>,
    /// What a sentence is: a "line" (default) or the "document".
    sentence: Sentence,
    /// Least perplexity of a text that is kept.
    min: Option<f64>,
    /// Highest perplexity of a text that is kept.
    max: Option<f64>,
    /// Buckets to keep: "head", "middle", "tail". Default: all.
    keep: OneOrMany,
    /// Share of the documents that are the head. Default 0.3, where buckets are asked for.
    head: Option<Share>,
    /// Share of the documents that are head or middle. Default 0.6, or `head` where that is more.
    middle: Option<Share>,
    /// Perplexities from which on a text is middle and tail, instead of shares; or a table of these by language.
    cutoffs: Option<ByLanguage<[f64; 2]>>,
    /// What becomes of texts that cannot be scored where anything is asked of the perplexity: "drop" (default) or "keep".
    unscored: Unscored,
    /// Memory for sorting perplexities; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

/// One value for all documents, or one a language.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum ByLanguage<T> {
    One(T),
    Each(BTreeMap<String, T>),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Sentence {
    Line,
    Document,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Unscored {
    Drop,
    Keep,
}

impl Default for Perplexity {
    fn default() -> Perplexity {
        Perplexity {
            model: ByLanguage::One(String::new()),
            normalise: Normal::Ccnet,
            words: ByLanguage::One("whitespace".into()),
            sentence: Sentence::Line,
            min: None,
            max: None,
            keep: OneOrMany::default(),
            head: None,
            middle: None,
            cutoffs: None,
            unscored: Unscored::Drop,
            memory: ByteSize::new(256 << 20),
        }
    }
}

const REASONS: [&str; 4] = ["not_scored", "low_perplexity", "high_perplexity", "wrong_bucket"];

impl Perplexity {
    fn has_buckets(&self) -> bool {
        self.cutoffs.is_some() || self.by_share()
    }

    /// Whether shares of the corpus are asked for.
    fn by_share(&self) -> bool {
        self.cutoffs.is_none() && (!self.keep.0.is_empty() || self.head.is_some() || self.middle.is_some())
    }

    /// Of the head, and of head and middle; what is not given gives way to what is.
    fn shares(&self) -> [f64; 2] {
        match (self.head.map(Share::get), self.middle.map(Share::get)) {
            (head, None) => [head.unwrap_or(0.3), head.unwrap_or(0.3).max(0.6)],
            (None, Some(middle)) => [middle.min(0.3), middle],
            (Some(head), Some(middle)) => [head, middle],
        }
    }

    fn complaints(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut complain = |key: &str, message: String, help: &str| complaints.push(Complaint::new(key, message, help));
        for (key, bound) in [("min", self.min), ("max", self.max)] {
            if let Some(bound) = bound.filter(|bound| !(bound.is_finite() && *bound >= 1.0)) {
                complain(key, format!("{bound} is no perplexity"), "wanted a number from 1 on");
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            complain("max", format!("{max} is below `min`, so that nothing could be kept"), "give a number above it");
        }
        for name in self.keep.0.iter().filter(|name| Bucket::named(name).is_none()) {
            complain("keep", format!("`{name}` is no bucket"), "one of: head, middle, tail");
        }
        let [head, middle] = self.shares();
        if head > middle {
            complain("middle", format!("{middle} is below the share of the head, {head}"), "`middle` counts from the beginning: the head is part of it");
        }
        if let Some(cutoffs) = &self.cutoffs {
            if self.head.is_some() || self.middle.is_some() {
                complain("cutoffs", "the buckets have shares as well as cutoffs".into(), "give `head` and `middle`, or `cutoffs`");
            }
            let pairs: Vec<&[f64; 2]> = match cutoffs {
                ByLanguage::One(pair) => vec![pair],
                ByLanguage::Each(pairs) => pairs.values().collect(),
            };
            if let Some([head, middle]) = pairs.iter().find(|[head, middle]| head.is_nan() || middle.is_nan() || head > middle) {
                complain("cutoffs", format!("{middle} comes after {head}"), "give the end of the head, then the end of the middle");
            }
        }
        complaints
    }

    /// The cutoffs of each model, in the order of the models.
    fn cutoffs(&self, languages: &[String]) -> std::result::Result<Vec<Cutoffs>, Complaint> {
        let groups = languages.len().max(1);
        match &self.cutoffs {
            None => Ok(vec![None; groups]),
            Some(ByLanguage::One(pair)) => Ok(vec![Some(*pair); groups]),
            Some(ByLanguage::Each(pairs)) => {
                if let Some(odd) = pairs.keys().find(|lang| !languages.contains(lang)) {
                    return Err(Complaint::new("cutoffs", format!("there is no model for `{odd}`"), "name the languages as `model` does"));
                }
                Ok(languages.iter().map(|lang| pairs.get(lang).copied()).collect())
            }
        }
    }
}

impl Recipe for Perplexity {
    const NAME: &'static str = "perplexity";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").gives("perplexity");
        let spec = if self.has_buckets() { spec.gives("perplexity_bucket") } else { spec };
        let spec = if matches!(self.model, ByLanguage::Each(_)) { spec.needs("lang") } else { spec };
        REASONS.iter().fold(spec, |spec, reason| spec.reason(*reason))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut complaints = self.complaints();
        let scorer = Scorer::open(&self.model, &self.words, self.normalise, self.sentence == Sentence::Document, shop);
        let scorer = match scorer {
            Ok(scorer) if complaints.is_empty() => Arc::new(scorer),
            Ok(_) => return Err(complaints),
            Err(more) => {
                complaints.extend(more);
                return Err(complaints);
            }
        };
        let cutoffs = self.cutoffs(scorer.languages())?;
        let asks = self.min.is_some() || self.max.is_some() || !self.keep.0.is_empty();
        let judge = Judge {
            min: self.min,
            max: self.max,
            keep: self.keep.0.iter().filter_map(|name| Bucket::named(name)).collect(),
            drops_unscored: asks && self.unscored == Unscored::Drop,
            perplexity: shop.tag("perplexity")?,
            bucket: if self.has_buckets() { Some(shop.tag("perplexity_bucket")?) } else { None },
            reasons: REASONS.map(|name| shop.reason(name)),
        };
        if self.by_share() {
            return Ok(Built::global(Percentiles::new(scorer, judge, self.shares(), self.memory.as_usize())));
        }
        Ok(Built::stage(judge.with(scorer, cutoffs)))
    }
}

#[cfg(test)]
mod tests;
