//! Drop documents whose URL is that of another, written in another way.
//!
//! The first in input order stays, or the one that `keep` says (its rules are those of `dedup_exact`; `keep = "newest"` keeps the last visit). Put it
//! before `extract`: a page that a crawl holds twice is then parsed once. A document without a URL stays. Mind that a crawl's second visit to a page
//! may have found another text there; `dedup_exact` looks at the text.
//!
//! ```toml
//! [[stage]]
//! use = "url_dedup"
//! ```
//!
//! Compared are host and path; scheme, user, port, `www.`, fragment, slashes at the end, the order of parameters, and parameters that only say
//! where a visitor came from (`utm_...`, `fbclid`, `gclid`, `ref` and their kin) make no difference. The case of the path does.
//! `profile = "dclm"` compares as DCLM does: scheme and `www.` go, and the query from the first `utm_`, `ref` or `feed` on that begins it.

use super::dedup_exact::{UrlForm, by_url};
use super::keep::Keep;
use super::prelude::*;
use crate::text::url::{normal, normal_dclm};

/// What counts as one URL.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UrlDedup {
    /// Whose form of a URL is compared: `"dataprep"` (default) or `"dclm"`.
    profile: Profile,
    /// Who stays, as in `dedup_exact`. Default `"first"`.
    keep: Keep,
    /// Memory for sorting; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Dataprep,
    Dclm,
}

impl Default for UrlDedup {
    fn default() -> UrlDedup {
        UrlDedup { profile: Profile::Dataprep, keep: Keep::default(), memory: ByteSize::new(256 << 20) }
    }
}

impl Recipe for UrlDedup {
    const NAME: &'static str = "url_dedup";

    fn spec(&self) -> Spec {
        self.keep.needs().into_iter().fold(Spec::new().needs("url").reason("same_url"), Spec::needs)
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let form: UrlForm = match self.profile {
            Profile::Dataprep => normal,
            Profile::Dclm => normal_dclm,
        };
        Ok(by_url(form, self.keep.build(shop)?, self.memory.as_usize(), shop.reason("same_url")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::{Play, apply, build, place, play};
    use super::*;

    #[test]
    fn the_first_of_each_url_stays() {
        let urls = ["http://a.example/x", "https://www.a.example/x/?utm_source=1", "mailto:a@a.example", "mailto:a@a.example", "http://a.example/X"];
        let mut docs: Vec<Doc> = urls.iter().map(|url| Doc::new(None, Some((*url).to_owned()), None, None)).collect();
        docs.push(Doc::from_text("no URL"));
        place(&mut docs, 2);
        for (table, wanted) in [("", [true, false, true, true, true, true]), ("profile = 'dclm'", [true, false, true, false, true, true])] {
            let global = build::<UrlDedup>(table).unwrap();
            let played = play(&*global, &docs, Play { ranges: 2, seed: 0, memory: 1 << 20 }).unwrap();
            let kept: Vec<bool> = apply(&*global, &played.decision, &mut docs).unwrap().iter().map(|verdict| matches!(verdict, Verdict::Keep)).collect();
            assert_eq!(kept, wanted, "{table}");
        }
    }
}
