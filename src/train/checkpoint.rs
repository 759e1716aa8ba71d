//! Checkpoints: the bytes `dataprep-train 2` and a line feed, the length of a JSON header (u64), the header, then weights and the optimizer's
//! two memories as f32; all little-endian. The header's `parameters` lists name and length of all weights in their order; matrices are outputs x inputs, row after
//! row, and a head's queries stand together, as do its keys, which come before the values. Writing under a temporary name and renaming is for the caller.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::config::ModelConfig;
use super::objective::Task;
use super::trainer::{Progress, TrainConfig};

const MAGIC: &[u8] = b"dataprep-train 2\n";

/// No header is longer; a length above it is damage.
const MAX_HEADER: u64 = 1 << 28;

/// What stands before the numbers.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub model: ModelConfig,
    pub task: Task,
    pub train: TrainConfig,
    pub progress: Progress,
    pub parameters: Vec<(String, usize)>,
}

/// Writes a header and vectors of numbers.
pub(super) fn write(out: &mut dyn Write, header: &Header, vectors: &[&[f32]]) -> Result<(), TrainError> {
    let json = serde_json::to_vec(header).map_err(|error| TrainError::Checkpoint(error.to_string()))?;
    out.write_all(MAGIC)?;
    out.write_all(&(json.len() as u64).to_le_bytes())?;
    out.write_all(&json)?;
    for numbers in vectors.iter().flat_map(|vector| vector.chunks(4096)) {
        out.write_all(&numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    Ok(())
}

/// Fills the vectors and gives the progress, if the checkpoint was written with this model and these settings.
pub(super) fn read(from: &mut dyn Read, model: &ModelConfig, task: &Task, train: &TrainConfig, vectors: [&mut Vec<f32>; 3]) -> Result<Progress, TrainError> {
    let damaged = |what: &str| TrainError::Checkpoint(what.to_string());
    let mut start = [0; MAGIC.len()];
    from.read_exact(&mut start)?;
    if start != MAGIC {
        return Err(damaged("it does not begin as a checkpoint of this version"));
    }
    let mut len = [0; 8];
    from.read_exact(&mut len)?;
    let len = u64::from_le_bytes(len);
    if len > MAX_HEADER {
        return Err(damaged("its header is damaged"));
    }
    let mut json = Vec::new();
    from.take(len).read_to_end(&mut json)?;
    let header: Header = serde_json::from_slice(&json).map_err(|error| TrainError::Checkpoint(error.to_string()))?;
    if header.model != *model {
        return Err(damaged("it holds a model of another shape"));
    }
    if header.task != *task {
        return Err(damaged("it was written under another objective"));
    }
    if header.train != *train {
        return Err(damaged("it was written under other settings"));
    }
    for vector in vectors {
        for numbers in vector.chunks_mut(4096) {
            let mut bytes = vec![0; 4 * numbers.len()];
            from.read_exact(&mut bytes)?;
            let (read, _) = bytes.as_chunks::<4>();
            numbers.iter_mut().zip(read).for_each(|(x, bytes)| *x = f32::from_le_bytes(*bytes));
        }
    }
    Ok(header.progress)
}
