//! Keep a fixed share of documents, chosen by hash so that every run keeps the same ones.
//!
//! Use it to cut a corpus to size, or to try a pipeline on one document in a thousand. The choice depends on the run's seed, the stage's
//! name and the document's key alone: a larger share keeps what a smaller one kept, and more.
//!
//! ```toml
//! [[stage]]
//! use = "sample"
//! share = 0.001
//! ```

use super::prelude::*;
use crate::stage::Dice;

/// How many documents to keep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Share of documents to keep, 0 to 1.
    share: Share,
    /// Keep the others instead: a second pipeline then has exactly what the first left. Default false.
    #[serde(default)]
    invert: bool,
}

impl Recipe for Sample {
    const NAME: &'static str = "sample";

    fn spec(&self) -> Spec {
        Spec::new().reason("not_sampled")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        Ok(Built::stage(Keep { dice: shop.dice(), share: self.share, invert: self.invert, reason: shop.reason("not_sampled") }))
    }
}

struct Keep {
    dice: Dice,
    share: Share,
    invert: bool,
    reason: Reason,
}

impl Stage for Keep {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let rolled = self.dice.roll(doc.key());
        Ok(Verdict::keep_if((rolled < self.share.get()) != self.invert, self.reason, rolled, self.share.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    #[test]
    fn a_larger_share_keeps_what_a_smaller_one_kept() {
        let kept = |toml: &str| (0..2_000).filter(|n| made::<Sample>(toml).dropped(&mut Doc::from_text(n.to_string())).is_none()).collect::<Vec<_>>();
        let (tenth, third) = (kept("share = 0.1"), kept("share = 0.3"));
        assert!((150..250).contains(&tenth.len()) && (520..680).contains(&third.len()), "{} {}", tenth.len(), third.len());
        assert!(tenth.iter().all(|n| third.contains(n)));
        let others = kept("share = 0.3\ninvert = true");
        assert!(third.len() + others.len() == 2_000 && others.iter().all(|n| !third.contains(n)));
        assert_eq!((kept("share = 0.0").len(), kept("share = 1").len()), (0, 2_000));
    }

    #[test]
    fn a_drop_says_what_was_rolled_against_what() {
        let (reason, drop) = made::<Sample>("share = 0.0").dropped(&mut Doc::from_text("a")).unwrap();
        assert_eq!((reason.as_str(), drop.threshold), ("not_sampled", Some(0.0)));
        assert!((0.0..1.0).contains(&drop.value.unwrap()));
        assert_eq!(complaints::<Sample>("share = 1.5").len(), 1);
    }
}
