//! Score texts with a fastText classifier, and keep those that score well.
//!
//! ```toml
//! [[stage]]
//! use = "language"                    # for the model that comes with the program
//!
//! [[stage]]
//! use = "classify"
//! min = 0.3
//!
//! [[stage]]
//! use = "classify"
//! name = "own"
//! tag = "own"
//! model = "fixtures/classifier.ftz"
//! label = "good"
//! keep_share = 0.1                    # the best tenth of all texts that reach this place
//! ```
//!
//! The score is the probability of `label`, 0 to 1, and is written to the tag `quality` (or `tag`). `dataprep train-classifier` makes such models
//! from texts of two kinds; fastText's own, `.bin` and `.ftz`, give the scores that fastText gives.
//!
//! Without `model` a small classifier that comes with the program says how much of a text is prose, and no menu, list, advert, spam or noise, in English and
//! Chinese as the tag `lang` says, so `language` comes before. A text in another language scores 0.5, and neither bounds nor `pareto` touch it;
//! `keep_share` ranks it as 0.5, so part languages first. `filters/models/MODEL.md` says what it learnt from and how good it is.
//!
//! One of these says who stays; with none of them the stage only writes the tag:
//! - `min` and `max` bound the score. DCLM keeps 0.018112 and more of its label `hq`.
//! - `keep_share` keeps that share of the texts, the best first: a barrier, which scores all texts before it judges any. Among equal scores the
//!   document's key decides.
//! - `pareto` keeps a text by chance, the likelier the better it is: where a number drawn from the Pareto distribution of that shape, counted from
//!   0 (Lomax), exceeds 1 - score; so a share (2 - score)^-pareto of texts of that score stays. GPT-3 (Brown et al. 2020) has a shape of 9, NeMo
//!   Curator 3. The draw depends on the run's seed, the stage's name and the document's key alone.
//!
//! `prepare` says what is done with a text first, since models were made and used with different habits. Reasons: `low_score`, `high_score`,
//! `not_in_share`, `not_drawn`.

mod share;

use super::prelude::*;
use crate::fasttext::{self, Model, Prepare};
use crate::language::covers;
use crate::linear;
use crate::stage::Dice;

/// Which model, and who stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classify {
    /// The fastText model, `.bin` or `.ftz`. Default "quality", which comes with the program.
    #[serde(default = "quality")]
    model: String,
    /// The label whose probability is the score, with or without `__label__`; "quality" has one alone.
    label: Option<String>,
    /// The tag that the score is written to. Default "quality".
    #[serde(default = "quality")]
    tag: String,
    /// Least score of a text that stays.
    min: Option<Share>,
    /// Greatest score of a text that stays.
    max: Option<Share>,
    /// Share of the texts to keep, best first.
    keep_share: Option<Share>,
    /// Shape of the Pareto distribution to draw from.
    pareto: Option<f64>,
    /// "plain" (default: line breaks count as spaces), "dclm" (so do the line ends of Unicode) or "datatrove" (line feeds are removed).
    #[serde(default)]
    prepare: Prepare,
    /// Memory for sorting with `keep_share`; beyond it the disk is used. Default "256 MiB".
    #[serde(default = "memory")]
    memory: ByteSize,
}

fn quality() -> String {
    "quality".to_owned()
}

fn memory() -> ByteSize {
    ByteSize::new(256 << 20)
}

/// Who stays.
enum Rule {
    Bounds { min: Option<f64>, max: Option<f64> },
    Share(f64),
    Pareto(f64),
}

impl Classify {
    fn rule(&self) -> std::result::Result<Rule, Complaint> {
        let given = [("min", self.min.or(self.max).is_some()), ("keep_share", self.keep_share.is_some()), ("pareto", self.pareto.is_some())];
        let mut given = given.iter().filter(|(_, given)| *given).map(|(key, _)| *key);
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            let message = format!("`{other}` and `{one}` both say who stays");
            return Err(Complaint::new(other, message, "give bounds (`min`, `max`), `keep_share` or `pareto`, and no second of them"));
        }
        match (self.keep_share, self.pareto) {
            (Some(share), _) => Ok(Rule::Share(share.get())),
            (_, Some(shape)) if !(shape > 0.0 && shape.is_finite()) => {
                Err(Complaint::new("pareto", format!("{shape} is no shape of a Pareto distribution"), "wanted a number above 0, as 9"))
            }
            (_, Some(shape)) => Ok(Rule::Pareto(shape)),
            _ => {
                let (min, max) = (self.min.map(Share::get), self.max.map(Share::get));
                if min.zip(max).is_some_and(|(min, max)| min > max) {
                    return Err(Complaint::new("min", "`min` is greater than `max`: no text would stay", "exchange them, or leave one out"));
                }
                Ok(Rule::Bounds { min, max })
            }
        }
    }

    fn built_in(&self, shop: &mut Shop<'_>) -> std::result::Result<Judge, Vec<Complaint>> {
        if self.label.as_deref().is_some_and(|label| label != BUILT_IN) {
            return Err(Complaint::new("label", "the built-in model has one label, \"quality\"", "leave it out, or name a model").into());
        }
        if self.prepare != Prepare::Plain {
            return Err(Complaint::new("prepare", "the built-in model looks at texts as they are", "leave it out, or name a model").into());
        }
        let model =
            linear::Model::load(linear::QUALITY).map_err(|cause| Complaint::new("model", cause.to_string(), "the program is damaged: build it anew"))?;
        Ok(Judge::BuiltIn { model, lang: shop.tag("lang")? })
    }

    fn fasttext(&self, shop: &mut Shop<'_>) -> std::result::Result<Judge, Vec<Complaint>> {
        let bytes = shop.read("model", self.model.as_ref())?;
        let help = "wanted a fastText model with labels, .bin or .ftz: `dataprep train-classifier` makes one";
        let model = Model::load(&bytes).map_err(|cause| Complaint::new("model", format!("`{}`: {cause}", self.model), help))?;
        let Some(label) = self.label.as_deref().and_then(|wanted| model.find_label(wanted)) else {
            let labels: Vec<&str> = (0..model.labels()).map(|number| model.label(number)).take(200).collect();
            let message = match &self.label {
                Some(wanted) => format!("`{wanted}` is no label of this model"),
                None => "a table with a `model` of yours lacks the key `label`".to_owned(),
            };
            return Err(Complaint::new("label", message, format!("one of: {}", labels.join(", "))).into());
        };
        Ok(Judge::FastText { model: Box::new(model), label, prepare: self.prepare })
    }
}

impl Recipe for Classify {
    const NAME: &'static str = "classify";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").gives(self.tag.clone());
        let spec = if self.model == BUILT_IN { spec.needs("lang") } else { spec };
        let reasons: &[&str] = match self.rule() {
            Ok(Rule::Share(_)) => &[share::REASON],
            Ok(Rule::Pareto(_)) => &[NOT_DRAWN],
            _ => &BOUNDS,
        };
        reasons.iter().fold(spec, |spec, reason| spec.reason(*reason))
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let rule = self.rule()?;
        let judge = if self.model == BUILT_IN { self.built_in(shop)? } else { self.fasttext(shop)? };
        let tag = shop.tag(&self.tag)?;
        Ok(match rule {
            Rule::Share(share) => share::build(judge, tag, share, self.memory.as_usize(), shop.reason(share::REASON)),
            Rule::Bounds { min, max } => Built::stage(Bounds { judge, tag, limits: [min, max], reasons: BOUNDS.map(|name| shop.reason(name)) }),
            Rule::Pareto(shape) => Built::stage(Pareto { judge, tag, shape, dice: shop.dice(), reason: shop.reason(NOT_DRAWN) }),
        })
    }
}

/// The model that comes with the program.
const BUILT_IN: &str = "quality";
const BOUNDS: [&str; 2] = ["low_score", "high_score"];
const NOT_DRAWN: &str = "not_drawn";

/// A model and what of it is the score.
enum Judge {
    FastText { model: Box<Model>, label: usize, prepare: Prepare },
    BuiltIn { model: linear::Model, lang: Tag<String> },
}

/// What scoring reuses.
#[derive(Default)]
struct Buffers {
    fasttext: fasttext::Scratch,
    linear: linear::Scratch,
    text: String,
}

impl Judge {
    /// Whether the model can say anything of this document.
    fn knows(&self, doc: &Doc) -> bool {
        match self {
            Judge::FastText { .. } => true,
            Judge::BuiltIn { lang, .. } => doc.tag(*lang).is_some_and(|lang| covers("en", lang) || covers("zh", lang)),
        }
    }

    fn score(&self, doc: &Doc, scratch: &mut Scratch) -> f32 {
        let buffers = scratch.buffer::<Buffers>();
        match self {
            Judge::FastText { model, label, prepare } => model.probability(prepare.apply(doc.text(), &mut buffers.text), *label, &mut buffers.fasttext),
            Judge::BuiltIn { .. } if !self.knows(doc) => 0.5,
            Judge::BuiltIn { model, .. } => model.scores(doc.text(), &mut buffers.linear).map_or(0.0, |scores| scores[0]),
        }
    }
}

struct Bounds {
    judge: Judge,
    tag: Tag<f64>,
    limits: [Option<f64>; 2],
    reasons: [Reason; 2],
}

impl Stage for Bounds {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let score = f64::from(self.judge.score(doc, scratch));
        doc.set_tag(self.tag, score);
        if !self.judge.knows(doc) {
            return Ok(Verdict::Keep);
        }
        let failed = [self.limits[0].is_some_and(|min| score < min), self.limits[1].is_some_and(|max| score > max)];
        for at in 0..2 {
            if self.limits[at].is_some() {
                scratch.report(BOUNDS[at], !failed[at], Some(score), self.limits[at]);
            }
        }
        let at = failed.iter().position(|failed| *failed);
        Ok(at.map_or(Verdict::Keep, |at| Verdict::keep_if(false, self.reasons[at], score, self.limits[at].unwrap_or_default())))
    }
}

struct Pareto {
    judge: Judge,
    tag: Tag<f64>,
    shape: f64,
    dice: Dice,
    reason: Reason,
}

impl Stage for Pareto {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let score = f64::from(self.judge.score(doc, scratch));
        doc.set_tag(self.tag, score);
        if !self.judge.knows(doc) {
            return Ok(Verdict::Keep);
        }
        let drawn = (1.0 - self.dice.roll(doc.key())).powf(-1.0 / self.shape) - 1.0;
        let threshold = 1.0 - drawn;
        scratch.report(NOT_DRAWN, score > threshold, Some(score), Some(threshold));
        Ok(Verdict::keep_if(score > threshold, self.reason, score, threshold))
    }
}

#[cfg(test)]
mod tests;
