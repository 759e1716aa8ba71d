//! Everything that near-duplicate search asks of one text: the digests of its bands, and the set that its likeness to another is measured on.

use super::datatrove::Datatrove;
use super::shingles::Shingles;
use super::signature::{Signature, Work};

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
#[derive(Debug)]
pub enum Sketch {
    /// Of [`Profile::Fast`].
    Fast(Shingles, Signature),
    /// Of [`Profile::Datatrove`].
    Datatrove(Datatrove),
}

/// Working memory.
#[derive(Debug, Default)]
pub struct Buffers {
    units: Vec<u64>,
    shingles: Vec<u64>,
    work: Work,
    /// What [`Sketch::digests`] has found.
    pub digests: Vec<u64>,
}

impl Sketch {
    /// The digest of each band, into `buffers.digests`; none where there is no shingle.
    pub fn digests(&self, text: &str, buffers: &mut Buffers) {
        let Buffers { units, shingles, work, digests } = buffers;
        match self {
            Sketch::Fast(kind, signature) => {
                kind.of(text, units, shingles);
                signature.bands(shingles, work, digests);
            }
            Sketch::Datatrove(datatrove) => {
                datatrove.shingles(text, shingles);
                datatrove.bands(shingles, digests);
            }
        }
    }

    /// The set of shingles: ascending, each once.
    pub fn set(&self, text: &str) -> Vec<u64> {
        match self {
            Sketch::Fast(shingles, _) => shingles.set(text),
            Sketch::Datatrove(datatrove) => {
                let mut set = Vec::new();
                datatrove.shingles(text, &mut set);
                set.sort_unstable();
                set.dedup();
                set
            }
        }
    }
}
