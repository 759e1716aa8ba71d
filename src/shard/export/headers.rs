//! Formats of a bare payload without boundaries: nanoGPT's, and llm.c's behind a header of 1,024 bytes.

use super::{Out, ShardError};
use crate::shard::{Dtype, Shards};

/// llm.c's own scripts write files of this many tokens.
const FILE_TOKENS: usize = 100_000_000;
/// Its header counts tokens in 31 bits.
const MOST_TOKENS: usize = i32::MAX as usize;

fn count(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    for index in 0..shards.documents() {
        match shards.document(index)?.len() {
            0 => out.done.empty += 1,
            tokens => out.count(tokens),
        }
    }
    Ok(())
}

/// `train.bin`: all parts one after another.
pub(super) fn nanogpt(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    count(shards, out)?;
    const NAME: &str = "train.bin";
    if let [part] = shards.manifest().parts.as_slice() {
        return out.link(&shards.dir().join(&part.payload.name), NAME.to_owned());
    }
    let mut file = out.create(NAME.to_owned())?;
    for index in 0..shards.documents() {
        file.put(shards.document(index)?.as_bytes())?;
    }
    file.close()
}

/// `shards_train_000001.bin` and so on, cut between documents.
pub(super) fn llmc(shards: &Shards, out: &mut Out) -> Result<(), ShardError> {
    llmc_in(shards, FILE_TOKENS, out)
}

pub(super) fn llmc_in(shards: &Shards, file_tokens: usize, out: &mut Out) -> Result<(), ShardError> {
    count(shards, out)?;
    let mut first = 0;
    while first < shards.documents() {
        let (mut last, mut tokens) = (first, 0);
        while last < shards.documents() {
            let more = shards.document(last)?.len();
            if tokens > 0 && tokens + more > file_tokens {
                break;
            }
            (last, tokens) = (last + 1, tokens + more);
        }
        if tokens > MOST_TOKENS {
            return Err(ShardError::Refused(format!("llmc cannot hold document {first}: it has {tokens} tokens, the limit is 2^31 - 1")));
        }
        if tokens > 0 {
            let number = out.done.files.len() + 1;
            let mut file = out.create(format!("shards_train_{number:06}.bin"))?;
            // GPT-2's files hold u16, Llama 3's u32.
            let (magic, version) = match shards.manifest().dtype {
                Dtype::U16 => (20_240_520i32, 1i32),
                Dtype::U32 => (20_240_801, 7),
            };
            let mut header = [magic, version, tokens as i32].map(i32::to_le_bytes).concat();
            header.resize(256 * 4, 0);
            file.put(&header)?;
            for index in first..last {
                file.put(shards.document(index)?.as_bytes())?;
            }
            file.close()?;
        }
        first = last;
    }
    Ok(())
}
