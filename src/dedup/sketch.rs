//! Everything that near-duplicate search asks of one text: the digests of its bands, and the set that its likeness to another is measured on.

use std::sync::Arc;

use super::datatrove::Datatrove;
use super::shingles::{Block, Set, Shingles};
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
    block: Block,
    shingles: Vec<u64>,
    work: Work,
    tokens: tokens::Work,
    /// What [`Sketch::digests`] has found.
    pub digests: Vec<u64>,
}

impl Sketch {
    /// The digest of each band, into `buffers.digests`; none where there is no shingle.
    pub fn digests(&self, text: &str, buffers: &mut Buffers) {
        let Buffers { block, shingles, work, tokens, digests } = buffers;
        match self {
            Sketch::Fast(kind, signature) => {
                signature.begin(work);
                kind.of(text, block, |shingles| signature.add(shingles, work));
                signature.end(work, digests);
            }
            Sketch::Tokens(by, kind, signature) => {
                signature.begin(work);
                of_tokens(by, *kind, text, tokens, block, |shingles| signature.add(shingles, work));
                signature.end(work, digests);
            }
            Sketch::Datatrove(datatrove) => {
                datatrove.shingles(text, shingles);
                datatrove.bands(shingles, digests);
            }
        }
    }

    /// The set of shingles: ascending, each once.
    pub fn set(&self, text: &str, buffers: &mut Buffers) -> Vec<u64> {
        let Buffers { block, shingles, tokens, .. } = buffers;
        let mut set = Set::default();
        match self {
            Sketch::Fast(kind, _) => return kind.set(text, block),
            Sketch::Tokens(by, kind, _) => of_tokens(by, *kind, text, tokens, block, |shingles| set.add(shingles)),
            Sketch::Datatrove(datatrove) => {
                datatrove.shingles(text, shingles);
                set.add(shingles);
            }
        }
        set.end()
    }
}

fn of_tokens(by: &Tokens, kind: Shingles, text: &str, tokens: &mut tokens::Work, block: &mut Block, see: impl FnMut(&[u64])) {
    by.read(text, tokens);
    let mut feed = kind.feed(block, see);
    tokens.ids.iter().for_each(|id| feed.push(id.spread()));
    feed.end();
}
