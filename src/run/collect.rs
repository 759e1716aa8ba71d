//! Puts worked batches back in order and writes them: documents to spool or sinks, notes to runs, samples of drops, and a journal line a chunk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::chain::{Sample, Worked};
use super::feed::Close;
use super::files::RunDir;
use super::journal::Line;
use super::ledger::Ledger;
use super::runs::write_run;
use super::spool::SpoolWriter;
use crate::profile::Profile;
use crate::stage::{Fault, Global, NoteBuffer, Part, Result, RunError, Sink};

/// Faults listed one by one in the report, for each chunk; all are counted.
const LISTED_FAULTS: usize = 20;

/// What all chunks of a segment are written with.
pub struct Outlet<'a> {
    /// The run directory.
    pub dir: &'a RunDir,
    /// Number of the segment.
    pub segment: usize,
    /// The barrier at its end; documents go to the spool then, else to the sinks.
    pub barrier: Option<&'a dyn Global>,
    /// Where documents go at the end.
    pub sinks: &'a [&'a dyn Sink],
    /// Slot of the tag `lang`, for counts by language.
    pub lang_slot: Option<usize>,
    /// Bytes of notes kept in memory by one lane before they go to a run.
    pub note_limit: usize,
}

/// The chunk being written.
struct Chunk<'a> {
    name: String,
    tmp: PathBuf,
    spool: Option<SpoolWriter>,
    parts: Vec<Option<Box<dyn Part + 'a>>>,
    notes: Option<NoteBuffer>,
    runs: Vec<String>,
    samples: Option<(PathBuf, zstd::Encoder<'static, File>)>,
    ledger: Ledger,
    profile: Option<Profile>,
    faults: Vec<Fault>,
}

/// Writes the batches of one split in order.
pub struct Collector<'a> {
    outlet: &'a Outlet<'a>,
    split: u32,
    chunk: Option<Chunk<'a>>,
    next_chunk: u32,
}

impl<'a> Collector<'a> {
    /// For a split of which `chunk` chunks are finished.
    pub fn new(outlet: &'a Outlet<'a>, split: u32, chunk: u32) -> Collector<'a> {
        Collector { outlet, split, chunk: None, next_chunk: chunk }
    }

    /// Its split.
    pub fn split(&self) -> u32 {
        self.split
    }

    /// Takes the next batch in order; the journal line where it ends a chunk.
    pub fn take(&mut self, worked: Worked, faults: &[Fault], consumed: u64, closes: Option<Close>) -> Result<Option<Line>> {
        if self.chunk.is_none() {
            self.chunk = Some(self.begin()?);
        }
        let Some(chunk) = &mut self.chunk else { unreachable!("just begun") };
        let room = LISTED_FAULTS.saturating_sub(chunk.faults.len());
        chunk.faults.extend(faults.iter().take(room).cloned());
        chunk.ledger.add(&worked.ledger);
        if let Some(profile) = &worked.profile {
            chunk.profile.get_or_insert_default().merge(profile);
        }
        for sample in &worked.samples {
            chunk.sample(sample, self.outlet.segment)?;
        }
        for bad in &worked.quarantined {
            let folder = chunk.tmp.join("quarantine");
            create_folder(&folder)?;
            let path = folder.join(format!("{}-{}-{}.doc", bad.place.split, bad.place.ordinal, bad.stage));
            fs::write(&path, &bad.bytes).map_err(RunError::file("cannot write", &path))?;
        }
        if let Some(notes) = worked.notes {
            chunk.note(notes, self.outlet)?;
        }
        for doc in &worked.docs {
            if self.outlet.barrier.is_some() {
                let folder = chunk.tmp.join(format!("spool/{}", self.outlet.segment));
                if chunk.spool.is_none() {
                    chunk.spool = Some(SpoolWriter::create(create_folder(&folder)?, &chunk.name)?);
                }
                if let Some(spool) = &mut chunk.spool {
                    spool.write(doc)?;
                }
                continue;
            }
            for (at, sink) in self.outlet.sinks.iter().enumerate() {
                if chunk.parts[at].is_none() {
                    let folder = chunk.tmp.join(sink.folder());
                    chunk.parts[at] = Some(sink.part(create_folder(&folder)?, &chunk.name)?);
                }
                if let Some(part) = &mut chunk.parts[at] {
                    part.write(doc)?;
                }
            }
            let ledger = &mut chunk.ledger;
            ledger.written += 1;
            ledger.bytes_written += doc.text().len() as u64;
            ledger.tokens_written += doc.tokens.as_ref().map_or(0, |tokens| tokens.ids.len() as u64);
            let lang = self.outlet.lang_slot.and_then(|slot| doc.tags().find(|(at, _)| *at == slot));
            if let Some((_, crate::doc::Value::Str(lang))) = lang {
                *ledger.languages.entry(lang.clone()).or_default() += 1;
            }
        }
        let Some(close) = closes else { return Ok(None) };
        let Some(chunk) = self.chunk.take() else { unreachable!("just begun") };
        debug_assert_eq!(close.chunk, self.next_chunk);
        self.next_chunk += 1;
        chunk.close(self.outlet, self.split, close, consumed).map(Some)
    }

    fn begin(&self) -> Result<Chunk<'a>> {
        let name = format!("part-{:05}-{:03}", self.split, self.next_chunk);
        Ok(Chunk {
            tmp: self.outlet.dir.fresh_tmp(&format!("{}-{name}", self.outlet.segment))?,
            name,
            spool: None,
            parts: self.outlet.sinks.iter().map(|_| None).collect(),
            notes: None,
            runs: Vec::new(),
            samples: None,
            ledger: Ledger::default(),
            profile: None,
            faults: Vec::new(),
        })
    }
}

impl Chunk<'_> {
    fn sample(&mut self, sample: &Sample, segment: usize) -> Result<()> {
        if self.samples.is_none() {
            let folder = self.tmp.join("dropped");
            let path = create_folder(&folder)?.join(format!("{segment}-{}.jsonl.zst", self.name));
            let encoder = File::create(&path).and_then(|file| zstd::Encoder::new(file, 3)).map_err(RunError::file("cannot write", &path))?;
            self.samples = Some((path, encoder));
        }
        let Some((path, encoder)) = &mut self.samples else { unreachable!("just made") };
        let mut line = serde_json::to_vec(sample).map_err(RunError::stop)?;
        line.push(b'\n');
        encoder.write_all(&line).map_err(RunError::file("cannot write", path))
    }

    fn note(&mut self, mut notes: NoteBuffer, outlet: &Outlet<'_>) -> Result<()> {
        match &mut self.notes {
            None => self.notes = Some(notes),
            Some(all) => all.bytes.append(&mut notes.bytes),
        }
        if self.notes.as_ref().is_some_and(|all| all.bytes.len() > outlet.note_limit) {
            self.write_notes(outlet)?;
        }
        Ok(())
    }

    fn write_notes(&mut self, outlet: &Outlet<'_>) -> Result<()> {
        let (Some(notes), Some(barrier)) = (self.notes.take(), outlet.barrier) else { return Ok(()) };
        if !notes.bytes.is_empty() {
            let folder = format!("spool/{}", outlet.segment);
            create_folder(&self.tmp.join(&folder))?;
            let name = format!("{folder}/{}-{:03}.notes", self.name, self.runs.len());
            write_run(notes, barrier, &self.tmp.join(&name))?;
            self.runs.push(name);
        }
        Ok(())
    }

    fn close(mut self, outlet: &Outlet<'_>, split: u32, close: Close, consumed: u64) -> Result<Line> {
        self.write_notes(outlet)?;
        let spool = self.spool.as_ref().map(|_| self.name.clone());
        if let Some(spool) = self.spool {
            spool.close()?;
        }
        let (mut parts, mut files) = (Vec::new(), Vec::new());
        for (part, sink) in self.parts.into_iter().zip(outlet.sinks) {
            if let Some(part) = part {
                files.extend(part.close()?.into_iter().map(|file| file.below(sink.folder())));
                parts.push((sink.folder().to_owned(), self.name.clone()));
            }
        }
        if let Some((path, encoder)) = self.samples {
            encoder.finish().map_err(RunError::file("cannot write", &path))?;
        }
        outlet.dir.publish(&self.tmp)?;
        fs::remove_dir_all(&self.tmp).map_err(RunError::file("cannot remove", &self.tmp))?;
        let line =
            Line { split, chunk: close.chunk, next: close.next, ledger: self.ledger, faults: self.faults, spool, notes: self.runs, parts, files, consumed };
        line.commit(outlet.segment, self.profile.as_ref(), outlet.dir)?;
        Ok(line)
    }
}

fn create_folder(folder: &Path) -> Result<&Path> {
    fs::create_dir_all(folder).map_err(RunError::file("cannot create", folder))?;
    Ok(folder)
}

/// Batches that wait for their turn.
#[derive(Default)]
pub struct Waiting {
    batches: BTreeMap<u64, Ready>,
}

/// A worked batch with what the collector needs besides.
pub struct Ready {
    /// The batch.
    pub worked: Worked,
    /// Its faults, for the list.
    pub faults: Vec<Fault>,
    /// Bytes it was counted with.
    pub weight: usize,
    /// Input bytes consumed up to its end.
    pub consumed: u64,
    /// Set where it ends a chunk.
    pub closes: Option<Close>,
}

impl Waiting {
    /// Adds a batch.
    pub fn put(&mut self, number: u64, ready: Ready) {
        self.batches.insert(number, ready);
    }

    /// True where the batch of that number is there.
    pub fn has(&self, number: u64) -> bool {
        self.batches.contains_key(&number)
    }

    /// The batch of that number, if it is there.
    pub fn take(&mut self, number: u64) -> Option<Ready> {
        self.batches.remove(&number)
    }
}
