//! Training rows in one global order that any number of processes and workers share, and that goes on from any sample.
//!
//! Sample `p` of the stream is row `p % rows` of epoch `p / rows`, and each epoch has a keyed permutation of its own, evaluated on demand: what is read
//! depends on the set, the seed and `p` alone. Micro-batch `m` of rank `r` of `world` holds `batch` samples from `(m * world + r) * batch`
//! after the start; worker `w` of a rank makes every `workers`-th of them, as PyTorch's `DataLoader` asks its workers in turn. So one step of all ranks is a
//! stretch of the stream, whatever their number, and the state is a count of samples.

use serde::{Deserialize, Serialize};
use std::path::Path;

use super::pack::{PackTable, Span};
use super::{Digest, Epochs, Pair, ShardError, Shards, pair};

/// Where a training stands in the stream. As JSON it is what a checkpoint has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Of the set and its pack lists.
    pub fingerprint: Digest,
    /// Of the order.
    pub seed: u64,
    /// Epochs finished.
    pub epoch: u64,
    /// Samples of the epoch that were trained on: what the trainer has used, not what was read ahead.
    pub samples: u64,
}

impl State {
    /// After so many samples of the stream.
    pub fn at(position: u64, fingerprint: Digest, epochs: Epochs) -> State {
        let rows = epochs.rows.max(1);
        State { fingerprint, seed: epochs.seed, epoch: position / rows, samples: position % rows }
    }

    /// How many samples of the stream it has behind it.
    ///
    /// # Errors
    /// Where it is that of another set, seed or epoch length.
    pub fn position(&self, fingerprint: Digest, epochs: Epochs) -> Result<u64, ShardError> {
        let foreign = |fault: String| Err(ShardError::ForeignState { fault });
        if self.fingerprint != fingerprint {
            return foreign(format!("its set has the fingerprint {}, this one {fingerprint}", self.fingerprint));
        }
        if self.seed != epochs.seed {
            return foreign(format!("its order has the seed {}, this one {}", self.seed, epochs.seed));
        }
        let position = self.epoch.checked_mul(epochs.rows).and_then(|before| before.checked_add(self.samples));
        match position.filter(|_| self.samples < epochs.rows.max(1)) {
            Some(position) => Ok(position),
            None => foreign(format!("sample {} of epoch {} does not exist among {} rows", self.samples, self.epoch, epochs.rows)),
        }
    }
}

/// Which samples one worker of one process reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Number of the process, from 0.
    pub rank: u64,
    /// Processes.
    pub world: u64,
    /// Number of the worker in its process, from 0.
    pub worker: u64,
    /// Workers of a process.
    pub workers: u64,
    /// Rows that a worker reads in one go.
    pub batch: u64,
}

impl Share {
    /// The whole stream, in one process.
    pub const ALL: Share = Share { rank: 0, world: 1, worker: 0, workers: 1, batch: 1 };

    fn check(self) -> Result<(), ShardError> {
        let Share { rank, world, worker, workers, batch } = self;
        if rank < world && worker < workers && batch > 0 { Ok(()) } else { Err(ShardError::BadShare { rank, world, worker, workers, batch }) }
    }

    /// Samples from the start of the stream to the `index`-th of this share.
    fn place(self, index: u64) -> u64 {
        let micro = index / self.batch * self.workers + self.worker;
        (micro * self.world + self.rank) * self.batch + index % self.batch
    }
}

/// A training row. Pieces of documents lie one after another; what they leave of `seq_len` is padding, which is not here until [`Sample::pad`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Number in the stream, over all epochs.
    pub position: u64,
    /// Number of the row in the pack list as stored.
    pub row: u64,
    /// Whose tokens these are.
    pub spans: Vec<Span>,
    /// Tokens.
    pub ids: Vec<u32>,
    /// Where each piece starts, and the end of the last: n + 1 numbers for n pieces, as attention over sequences of variable length takes them.
    pub cu_seqlens: Vec<u32>,
    /// For each token its place in its piece.
    pub position_ids: Vec<u32>,
    /// For each token the number of its piece, from 1; 0 is padding.
    pub document_ids: Vec<u32>,
    /// A byte a token, see [`super::mask`], where the set has masks.
    pub mask: Option<Vec<u8>>,
    /// Which pieces are the members of a pair, in a set that has some.
    pub pairs: Vec<Pair>,
}

impl Sample {
    /// Fills the row up to `seq_len` with the token `id`, which belongs to no document and counts in no loss. `cu_seqlens` stays as it is.
    pub fn pad(&mut self, seq_len: usize, id: u32) {
        self.ids.resize(seq_len, id);
        self.position_ids.resize(seq_len, 0);
        self.document_ids.resize(seq_len, 0);
        self.mask.iter_mut().for_each(|mask| mask.resize(seq_len, 0));
    }
}

/// An open set with one of its pack lists.
pub struct ShardReader {
    shards: Shards,
    packs: PackTable,
    seq_len: u32,
    seed: u64,
    fingerprint: Digest,
}

impl ShardReader {
    /// Rows of `seq_len` tokens in the order of `seed`; the seed of the pack list where none is given.
    pub fn open(dir: &Path, seq_len: u32, seed: Option<u64>) -> Result<ShardReader, ShardError> {
        let shards = Shards::open(dir)?;
        let (packs, packed) = shards.pack_table(seq_len)?;
        let fingerprint = shards.manifest().fingerprint();
        Ok(ShardReader { packs, seq_len, seed: seed.unwrap_or(packed), fingerprint, shards })
    }

    /// The set.
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Tokens of a full row.
    pub fn seq_len(&self) -> u32 {
        self.seq_len
    }

    /// Rows of an epoch.
    pub fn rows(&self) -> u64 {
        self.packs.rows()
    }

    /// The state after so many samples of the stream.
    pub fn state(&self, position: u64) -> State {
        State::at(position, self.fingerprint, self.epochs())
    }

    /// How many samples of the stream a state has behind it.
    ///
    /// # Errors
    /// Where the state is that of another set, seed or epoch length: going on would repeat some rows and leave out others.
    pub fn resume(&self, state: &State) -> Result<u64, ShardError> {
        state.position(self.fingerprint, self.epochs())
    }

    fn epochs(&self) -> Epochs {
        Epochs { rows: self.rows(), seed: self.seed }
    }

    /// The number in the pack list, as stored, of a sample of the stream.
    pub fn row_of(&self, position: u64) -> Result<u64, ShardError> {
        self.epochs().row(position).ok_or(ShardError::NoRow { index: position, count: self.rows() })
    }

    /// The pieces of a row, by its number in the pack list as stored.
    pub fn spans(&self, row: u64) -> Result<Vec<Span>, ShardError> {
        self.packs.row(row).ok_or(ShardError::NoRow { index: row, count: self.rows() })
    }

    /// A sample of the stream.
    pub fn sample(&self, position: u64) -> Result<Sample, ShardError> {
        let row = self.row_of(position)?;
        let spans = self.spans(row)?;
        let mut sample = Sample {
            position,
            row,
            ids: Vec::with_capacity(self.seq_len as usize),
            cu_seqlens: vec![0],
            position_ids: Vec::with_capacity(self.seq_len as usize),
            document_ids: Vec::with_capacity(self.seq_len as usize),
            mask: None,
            pairs: if self.shards.manifest().pairs() > 0 { pair::of_row(&self.shards, &spans)? } else { Vec::new() },
            spans,
        };
        for (number, span) in (1..).zip(&sample.spans) {
            let (start, length) = (span.start as usize, span.length as usize);
            let beyond = || ShardError::Refused(format!("row {row} has a span outside its document: {span:?}; run `dataprep shards verify`"));
            self.shards.document(span.document)?.slice(start, length).ok_or_else(beyond)?.copy_to(&mut sample.ids);
            if let Some(mask) = self.shards.mask(span.document)? {
                sample.mask.get_or_insert_default().extend_from_slice(mask.get(start..start + length).ok_or_else(beyond)?);
            }
            sample.cu_seqlens.push(sample.ids.len() as u32);
            sample.position_ids.extend(0..span.length);
            sample.document_ids.resize(sample.ids.len(), number);
        }
        Ok(sample)
    }

    /// The positions that a share reads, in its order, without end.
    pub fn positions(&self, from: u64, share: Share) -> Result<impl Iterator<Item = u64> + use<>, ShardError> {
        share.check()?;
        Ok((0..).map(move |index| from + share.place(index)))
    }

    /// The samples that a share reads from sample `from` of the stream on, without end.
    pub fn stream(&self, from: u64, share: Share) -> Result<impl Iterator<Item = Result<Sample, ShardError>> + '_, ShardError> {
        Ok(self.positions(from, share)?.map(|position| self.sample(position)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::tests::write_set;
    use std::collections::BTreeSet;
    use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

    /// Splitmix64, so that stops and worlds are drawn anew by number.
    fn draw(at: u64, below: u64) -> u64 {
        xxh3_64_with_seed(&at.to_le_bytes(), 9) % below
    }

    fn open(dir: &Path) -> ShardReader {
        let lengths: Vec<usize> = (0..200).map(|document| draw(document, 40) as usize).collect();
        write_set(dir, &lengths, true, &[32]);
        ShardReader::open(dir, 32, None).unwrap()
    }

    /// Reads `count` samples from `from` as a training of `world` processes does, each with its workers, and hands them on in the stream's order.
    fn train(reader: &ShardReader, from: u64, count: u64, world: u64, workers: u64, batch: u64, hash: &mut Xxh3) {
        let share = |rank, worker| Share { rank, world, worker, workers, batch };
        let mut lanes: Vec<Vec<_>> = (0..world).map(|rank| (0..workers).map(|worker| reader.stream(from, share(rank, worker)).unwrap()).collect()).collect();
        let mut next = from;
        for micro in 0.. {
            for lane in &mut lanes {
                for sample in lane[(micro % workers) as usize].by_ref().take(batch as usize) {
                    let sample = sample.unwrap();
                    if next == from + count {
                        return;
                    }
                    assert_eq!(sample.position, next);
                    next += 1;
                    sample.ids.iter().chain(&sample.cu_seqlens).for_each(|number| hash.update(&number.to_le_bytes()));
                    hash.update(sample.mask.as_deref().unwrap());
                }
            }
        }
    }

    #[test]
    fn any_stop_under_any_world_goes_on_with_the_same_stream() {
        let dir = tempfile::tempdir().unwrap();
        let reader = open(dir.path());
        let total = 3 * reader.rows();
        let mut whole = Xxh3::new();
        train(&reader, 0, total, 1, 1, 1, &mut whole);
        let mut at = 0;
        let mut pieces = Xxh3::new();
        let stops: BTreeSet<u64> = (0..20).map(|stop| draw(stop, total)).collect();
        assert!(stops.len() > 15);
        for (number, stop) in (0..).zip(stops.into_iter().chain([total])) {
            let json = serde_json::to_string(&reader.state(at)).unwrap();
            let again = ShardReader::open(dir.path(), 32, None).unwrap();
            let from = again.resume(&serde_json::from_str(&json).unwrap()).unwrap();
            assert_eq!(from, at);
            train(&again, from, stop - at, 1 + draw(100 + number, 7), 1 + draw(200 + number, 4), 1 + draw(300 + number, 5), &mut pieces);
            at = stop;
        }
        assert_eq!(pieces.digest128(), whole.digest128());
    }

    #[test]
    fn every_epoch_has_every_row_in_an_order_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let reader = open(dir.path());
        let rows = reader.rows();
        let epoch = |epoch: u64| (0..rows).map(|at| reader.row_of(epoch * rows + at).unwrap()).collect::<Vec<_>>();
        let packs = reader.shards().packs(32).unwrap();
        assert!((0..rows).all(|at| packs.row(at).unwrap() == reader.sample(at).unwrap().spans), "the first epoch is the list's own order");
        assert!(epoch(0) != epoch(1) && epoch(1) != epoch(2));
        for number in 0..3 {
            let mut all = epoch(number);
            all.sort_unstable();
            assert!(all.into_iter().eq(0..rows));
        }
    }

    #[test]
    fn a_row_knows_its_documents() {
        let dir = tempfile::tempdir().unwrap();
        let reader = open(dir.path());
        let mut sample = (0..).map(|at| reader.sample(at).unwrap()).find(|sample| sample.spans.len() > 1 && sample.ids.len() < 32).unwrap();
        let (first, last) = (sample.spans[0], sample.spans.len() as u32);
        assert_eq!(sample.cu_seqlens[..2], [0, first.length]);
        let document = reader.shards().document(first.document).unwrap();
        let piece = document.slice(first.start as usize, first.length as usize).unwrap();
        assert_eq!(sample.ids[..first.length as usize], piece.to_vec());
        assert_eq!(sample.position_ids[first.length as usize], 0);
        assert_eq!(sample.document_ids[first.length as usize..=first.length as usize], [2]);
        let held = sample.ids.len();
        sample.pad(32, 7);
        assert_eq!((sample.ids[31], sample.document_ids[held - 1], sample.document_ids[31], sample.mask.unwrap()[31]), (7, last, 0, 0));
        assert_eq!(*sample.cu_seqlens.last().unwrap() as usize, held);
    }

    #[test]
    fn what_does_not_belong_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let reader = open(dir.path());
        let state = reader.state(reader.rows() + 3);
        assert_eq!((state.epoch, state.samples), (1, 3));
        let fault = |state: State| reader.resume(&state).unwrap_err().to_string();
        assert!(fault(State { fingerprint: Digest(1), ..state }).contains("fingerprint"));
        assert!(fault(State { seed: 8, ..state }).contains("its order has the seed 8"));
        assert!(fault(State { samples: reader.rows(), ..state }).contains("does not exist"));
        for share in [Share { rank: 1, ..Share::ALL }, Share { workers: 0, ..Share::ALL }, Share { batch: 0, ..Share::ALL }] {
            assert!(matches!(reader.stream(0, share).err(), Some(ShardError::BadShare { .. })));
        }
        let empty = tempfile::tempdir().unwrap();
        write_set(empty.path(), &[], false, &[32]);
        let reader = ShardReader::open(empty.path(), 32, None).unwrap();
        assert!(matches!(reader.sample(0), Err(ShardError::NoRow { .. })));
    }
}
