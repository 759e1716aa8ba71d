//! Everything that near-duplicate search asks of one text: the digests of its bands, and the set that its likeness to another is measured on.

use std::sync::Arc;

use super::datatrove::Datatrove;
use super::shingles::Shingles;
use super::signature::{Signature, Work};
use super::symbols::Symbol;
use super::tokens::{self, Tokens};

/// Whose shingles and permutations are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Ours: the words of every script, permutations side by side in vector registers.
    #[default]
    Fast,
    /// Those of datatrove, to the bit.
    Datatrove,
}

/// Makes sketches.
pub enum Sketch {
    /// Of [`Profile::Fast`].
    Fast(Shingles, Signature),
    /// The same over tokens.
    Tokens(Arc<Tokens>, Shingles, Signature),
    /// Of [`Profile::Datatrove`].
    Datatrove(Datatrove),
}

/// Working memory.
#[derive(Default)]
pub struct Buffers {
    units: Vec<u64>,
    shingles: Vec<u64>,
    work: Work,
    tokens: tokens::Work,
    /// What [`Sketch::digests`] has found.
    pub digests: Vec<u64>,
}

impl Sketch {
    /// The digest of each band, into `buffers.digests`; none where there is no shingle.
    pub fn digests(&self, text: &str, buffers: &mut Buffers) {
        self.shingles(text, buffers);
        let Buffers { shingles, work, digests, .. } = buffers;
        match self {
            Sketch::Fast(_, signature) | Sketch::Tokens(_, _, signature) => signature.bands(shingles, work, digests),
            Sketch::Datatrove(datatrove) => datatrove.bands(shingles, digests),
        }
    }

    /// The set of shingles: ascending, each once.
    pub fn set(&self, text: &str, buffers: &mut Buffers) -> Vec<u64> {
        self.shingles(text, buffers);
        let mut set = std::mem::take(&mut buffers.shingles);
        set.sort_unstable();
        set.dedup();
        set
    }

    fn shingles(&self, text: &str, buffers: &mut Buffers) {
        let Buffers { units, shingles, tokens, .. } = buffers;
        match self {
            Sketch::Fast(kind, _) => kind.of(text, units, shingles),
            Sketch::Tokens(by, kind, _) => {
                by.read(text, tokens);
                units.clear();
                units.extend(tokens.ids.iter().map(|id| id.spread()));
                kind.over(units, shingles);
            }
            Sketch::Datatrove(datatrove) => datatrove.shingles(text, shingles),
        }
    }
}
