//! What `safety` and `advertising` share: scores of the built-in classifier against a bound for each category, and a list beside it.

use super::prelude::*;
use super::word_lists;
use crate::linear::{self, CATEGORIES, Model};
use crate::text::phrases::{Edges, Phrases};

/// The drop reason of lists.
pub const LISTED: &str = "listed";

/// What a stage looks for: names of categories, each with the greatest score of a text that stays.
pub struct Wanted<const N: usize> {
    pub names: [&'static str; N],
    pub most: [f64; N],
    pub list: OneOrMany,
    pub max_listed: usize,
}

/// The tag of a category's score.
pub fn tag(stage: &str, category: &str) -> String {
    format!("{stage}.{category}")
}

/// What such a stage reads, writes and drops for.
pub fn spec(stage: &str, names: &[&str]) -> Spec {
    let spec = names.iter().fold(Spec::new().needs("text"), |spec, name| spec.gives(tag(stage, name)).reason(*name));
    spec.reason(LISTED)
}

impl<const N: usize> Wanted<N> {
    /// The stage; `stage` is the first part of its tags.
    pub fn build(self, stage: &str, shop: &mut Shop<'_>) -> Build {
        let model = Model::load(CATEGORIES).map_err(|cause| Complaint::new("", cause.to_string(), "the program is damaged: build it anew"))?;
        let mut categories = Vec::new();
        for (name, most) in self.names.into_iter().zip(self.most) {
            let Some(at) = model.labels().position(|label| label == name) else {
                return Err(Complaint::new(name, "the built-in model does not know this category", "the program is damaged: build it anew").into());
            };
            categories.push(Category { name, at, most, tag: shop.tag(&tag(stage, name))?, reason: shop.reason(name) });
        }
        let words = word_lists::read(shop, "list", &self.list)?;
        let Some(list) = Phrases::new(words.iter().map(|word| word.to_lowercase()), Edges::ByScript) else {
            return Err(Complaint::new("list", "the list is too long to search for", "shorten it").into());
        };
        let Ok(categories): std::result::Result<[Category; N], _> = categories.try_into() else { unreachable!("one for each name") };
        Ok(Built::stage(Judge { model, categories, list, max_listed: self.max_listed, listed: shop.reason(LISTED) }))
    }
}

struct Category {
    name: &'static str,
    /// Place among the model's labels.
    at: usize,
    most: f64,
    tag: Tag<f64>,
    reason: Reason,
}

struct Judge<const N: usize> {
    model: Model,
    categories: [Category; N],
    list: Phrases,
    max_listed: usize,
    listed: Reason,
}

impl<const N: usize> Stage for Judge<N> {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let mut verdict = Verdict::Keep;
        let scores = self.model.scores(doc.text(), scratch.buffer::<linear::Scratch>());
        let scores: [f64; N] = std::array::from_fn(|at| scores.map_or(0.0, |scores| f64::from(scores[self.categories[at].at])));
        for (category, score) in self.categories.iter().zip(scores) {
            doc.set_tag(category.tag, score);
            let keep = score <= category.most;
            scratch.report(category.name, keep, Some(score), Some(category.most));
            if !keep && verdict == Verdict::Keep {
                verdict = Verdict::keep_if(false, category.reason, score, category.most);
            }
        }
        if self.list.is_empty() {
            return Ok(verdict);
        }
        let text = scratch.facts(doc).lowered(doc.text());
        let mut first = None;
        let count = self.list.find(text).inspect(|place| first = first.take().or_else(|| Some(text[place.clone()].to_owned()))).count();
        let (value, most) = (count as f64, self.max_listed as f64);
        scratch.report(LISTED, value <= most, Some(value), Some(most));
        if value > most && verdict == Verdict::Keep {
            verdict = Verdict::Drop(Drop::measured(self.listed, value, most).detail(first.unwrap_or_default()));
        }
        Ok(verdict)
    }
}
