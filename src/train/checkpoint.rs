//! Checkpoints: the bytes `dataprep-train 2` and a line feed, the length of a JSON header (u64), the header, then weights and the optimizer's
//! two memories as f32; all little-endian. The header's `parameters` lists name and length of all weights in their order; matrices are outputs x inputs, row after
//! row, and a head's queries stand together, as do its keys, which come before the values. Writing under a temporary name and renaming is for the caller.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::config::{ModelConfig, initial};
use super::model::Model;
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
    /// Hash of the weights that training began with.
    #[serde(default)]
    pub start: u64,
}

/// A trained model, to go on from with another objective or to be asked.
pub struct Saved {
    /// Its shape.
    pub model: ModelConfig,
    /// What it was trained for.
    pub task: Task,
    /// Its weights.
    pub weights: Vec<f32>,
    parameters: Vec<(String, usize)>,
}

impl Saved {
    /// Reads a checkpoint, of which the optimizer's memories are passed over.
    pub fn read(from: &mut dyn Read) -> Result<Self, TrainError> {
        let Header { model, task, parameters, .. } = header(from)?;
        let built = Model::new(model)?;
        if parameters.iter().map(|(name, len)| (name.as_str(), *len)).ne(built.parameters.iter().map(|own| (own.name.as_str(), own.at.len()))) {
            return Err(damaged("its list of parameters is not that of its model"));
        }
        let mut weights = vec![0.0; built.len()];
        numbers(from, &mut weights)?;
        Ok(Self { model: built.config, task, weights, parameters })
    }

    /// First weights of another model: those of this one where both have a parameter, else those that `seed` draws. Of tables that differ in rows alone (ids behind the vocabulary,
    /// positions) the rows that both have.
    pub fn begin(&self, model: &Model, seed: u64) -> Result<Vec<f32>, TrainError> {
        const TABLES: [&str; 4] = ["embedding.weight", "positions.weight", "kinds.weight", "head.weight"];
        let mut weights = initial(&model.parameters, seed);
        let (mut at, mut taken) = (0, 0);
        for (name, len) in &self.parameters {
            let from = &self.weights[at..at + len];
            at += len;
            let Some(own) = model.parameters.iter().find(|own| own.name == *name) else { continue };
            let both = own.at.len().min(*len);
            if own.at.len() != *len && !TABLES.contains(&name.as_str()) {
                // A head for other classes begins anew.
                continue;
            }
            weights[own.at.start..own.at.start + both].copy_from_slice(&from[..both]);
            taken += both;
        }
        if 2 * taken < model.len() {
            return Err(damaged("it holds a model of another shape"));
        }
        Ok(weights)
    }
}

fn damaged(what: &str) -> TrainError {
    TrainError::Checkpoint(what.to_owned())
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

/// Fills the vectors and gives the progress, if the checkpoint was written with this model and these settings, and begun from these weights.
pub(super) fn read(from: &mut dyn Read, expected: &Header, vectors: [&mut Vec<f32>; 3]) -> Result<Progress, TrainError> {
    let header = header(from)?;
    if header.model != expected.model {
        return Err(damaged("it holds a model of another shape; go on with the settings of before, or name another folder"));
    }
    if header.task != expected.task {
        return Err(damaged("it was written under another objective; go on with that one, or name another folder"));
    }
    if header.train != expected.train {
        return Err(damaged("it was written under other settings; go on with those, or name another folder"));
    }
    if header.start != expected.start {
        return Err(damaged("it was begun from other weights; begin with those, or name another folder"));
    }
    vectors.into_iter().try_for_each(|vector| numbers(from, vector))?;
    Ok(header.progress)
}

/// A file that ends early is no checkpoint, whatever else may go wrong with it is the system's matter.
fn whole(read: std::io::Result<()>) -> Result<(), TrainError> {
    read.map_err(|error| if error.kind() == std::io::ErrorKind::UnexpectedEof { damaged("it is cut off, or no checkpoint") } else { error.into() })
}

fn header(from: &mut dyn Read) -> Result<Header, TrainError> {
    let mut start = [0; MAGIC.len()];
    whole(from.read_exact(&mut start))?;
    if start != MAGIC {
        return Err(damaged("it does not begin as a checkpoint of this version"));
    }
    let mut len = [0; 8];
    whole(from.read_exact(&mut len))?;
    let len = u64::from_le_bytes(len);
    if len > MAX_HEADER {
        return Err(damaged("its header is damaged"));
    }
    let mut json = Vec::new();
    from.take(len).read_to_end(&mut json)?;
    serde_json::from_slice(&json).map_err(|error| TrainError::Checkpoint(error.to_string()))
}

fn numbers(from: &mut dyn Read, vector: &mut [f32]) -> Result<(), TrainError> {
    for numbers in vector.chunks_mut(4096) {
        let mut bytes = vec![0; 4 * numbers.len()];
        whole(from.read_exact(&mut bytes))?;
        let (read, _) = bytes.as_chunks::<4>();
        numbers.iter_mut().zip(read).for_each(|(x, bytes)| *x = f32::from_le_bytes(*bytes));
    }
    Ok(())
}
