//! What near-duplicate search costs a document where there are very many: the whole executor over documents without texts, whose band digests are made up.
//!
//! usage: cargo bench --bench scale -- FOLDER DOCUMENTS [KEY=VALUE...]
//!
//! FOLDER must not be there; it is removed afterwards, and takes about 500 bytes a document meanwhile. Settings are those of `--set`, as `stage.near.memory="1 GiB"`, and
//! `threads=N`. Everything but the digests is what a run does: notes, runs on disk, journal, spool, reduce by key range, components, drops, tables. Two of five
//! documents are planted in groups of known sizes, scattered over the input, and share each band with their group by chance, as near-duplicates do; one document
//! in a thousand is of one large group. So the number of groups and of drops is known, and compared. A document stands for 3,000 bytes of text where chunks are cut.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dataprep::dedup::mix;
use dataprep::doc::Doc;
use dataprep::plan::{Pipeline, Plan, PlannedKind};
use dataprep::run::{Options, Snapshot, Watch, run};
use dataprep::scratch::Scratch;
use dataprep::stage::{
    Decision, Global, Next, NoteShape, NoteStream, Notes, Part, Read, Reader, Result, Round, RunError, Sink, Source, Split, Stage, Texts, Written,
};

#[path = "common/process.rs"]
mod process;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failed = Box<dyn std::error::Error>;

const BANDS: u64 = 14;
/// Bytes of text that a document stands for.
const TEXT: u64 = 3000;
/// Documents of a split: a file of a gigabyte.
const SPLIT: u64 = 1_000_000_000 / TEXT;
/// What an empty document weighs where chunks are cut.
const WEIGHT: u64 = 512;
/// Sizes of groups with their numbers; together they take [`PERIOD`] places.
const SIZES: [(u64, u64); 4] = [(2, 300), (5, 40), (25, 4), (100, 1)];
const PERIOD: u64 = 1000;

/// Which documents are alike. A document has a place by its number; places stand in groups.
#[derive(Clone, Copy)]
struct Corpus {
    documents: u64,
}

impl Corpus {
    fn place(self, number: u64) -> u64 {
        // A prime that divides no number of documents in sight, so that every place is taken once.
        (u128::from(number) * 2_654_435_761 % u128::from(self.documents)) as u64
    }

    /// Places of the large group.
    fn crowd(self) -> u64 {
        self.documents / 1000
    }

    /// Whole periods of groups behind it.
    fn periods(self) -> u64 {
        self.documents * 2 / 5 / PERIOD
    }

    /// The groups, as first places and sizes.
    fn groups(self) -> impl Iterator<Item = (u64, u64)> {
        let in_period = || SIZES.iter().flat_map(|(size, number)| (0..*number).map(|_| *size));
        let small = (0..self.periods()).flat_map(move |_| in_period()).scan(self.crowd(), |place, size| {
            *place += size;
            Some((*place - size, size))
        });
        [(0, self.crowd())].into_iter().chain(small)
    }

    /// The first place of the group of a place; none for a document that is like no other.
    fn group(self, place: u64) -> Option<u64> {
        let Some(behind) = place.checked_sub(self.crowd()) else { return Some(0) };
        if behind >= self.periods() * PERIOD {
            return None;
        }
        let (mut first, mut within) = (place - behind % PERIOD, behind % PERIOD);
        for (size, number) in SIZES {
            if within < size * number {
                return Some(first + within / size * size);
            }
            (first, within) = (first + size * number, within - size * number);
        }
        None
    }

    /// The bands that a document shares with its group, a bit each: all of a copy, else those of a similarity of .95 or .9 in bands of 8 rows.
    fn shared(place: u64) -> u16 {
        let chance = [1000, 663, 430][(mix(place + 1) % 3) as usize];
        (0..BANDS).filter(|band| mix(mix(place + 1) ^ (band + 1)) % 1000 < chance).fold(0, |bits, band| bits | 1 << band)
    }

    fn digests(self, number: u64, mut see: impl FnMut(u64)) {
        let place = self.place(number);
        let group = self.group(place);
        let shared = if group.is_some() { Corpus::shared(place) } else { 0 };
        for band in 0..BANDS {
            let of = group.filter(|_| shared >> band & 1 == 1).map_or(2 * place, |group| 2 * group + 1);
            see(mix(mix(of + 1) ^ band << 56));
        }
    }

    /// How many groups there are to be found, and how many documents go for them: members are connected by the bands that two of them share.
    fn planted(self) -> (u64, u64) {
        let (mut clusters, mut drops) = (0, 0);
        for (first, size) in self.groups() {
            let mut found: Vec<(u16, u64)> = Vec::new();
            for place in first..first + size {
                let (mut bands, mut members) = (Corpus::shared(place), 1);
                found.retain(|(other, size)| {
                    let apart = bands & other == 0;
                    if !apart {
                        (bands, members) = (bands | other, members + size);
                    }
                    apart
                });
                found.push((bands, members));
            }
            clusters += found.iter().filter(|(_, members)| *members > 1).count() as u64;
            drops += found.iter().map(|(_, members)| members - 1).sum::<u64>();
        }
        (clusters, drops)
    }
}

impl Source for Corpus {
    fn splits(&self) -> Result<Vec<Split>> {
        let split = |number: u64| Split { files: Vec::new(), start: number * SPLIT, end: None, bytes: TEXT * SPLIT.min(self.documents - number * SPLIT) };
        Ok((0..self.documents.div_ceil(SPLIT)).map(split).collect())
    }

    fn open(&self, split: &Split, at: Option<u64>) -> Result<Box<dyn Reader>> {
        let next = at.unwrap_or(split.start);
        Ok(Box::new(Stretch { start: split.start, next, end: (split.start + SPLIT).min(self.documents) }))
    }
}

struct Stretch {
    start: u64,
    next: u64,
    end: u64,
}

impl Reader for Stretch {
    fn next(&mut self) -> Result<Option<Read>> {
        if self.next == self.end {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(Read::Doc(Box::new(Doc::new(Some((self.next - 1).to_string()), None, None, Some(String::new()))))))
    }

    fn position(&self) -> u64 {
        self.next
    }

    fn consumed(&self) -> u64 {
        (self.next - self.start) * TEXT
    }
}

/// The barrier of `dedup_minhash`, but for the digests.
struct MadeUp {
    corpus: Corpus,
    real: Box<dyn Global>,
}

impl Global for MadeUp {
    fn shape(&self, round: u32) -> NoteShape {
        self.real.shape(round)
    }

    fn observe(&self, doc: &Doc, _: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let id = doc.id();
        let number = u64::from(id.split) * SPLIT + u64::from(id.ordinal);
        self.corpus.digests(number, |digest| notes.push(&[&digest.to_be_bytes(), &id.to_bytes()]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        self.real.reduce(round, notes, outcomes)
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        self.real.decide(round, outcomes, decision)
    }

    fn publish(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        self.real.publish(decision, texts)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        self.real.stage(decision, split)
    }

    fn combine(&self, into: &mut Vec<u8>, other: &[u8]) -> bool {
        self.real.combine(into, other)
    }

    fn memory(&self) -> usize {
        self.real.memory()
    }

    fn forecast(&self, text: u64) -> u64 {
        self.real.forecast(text)
    }
}

/// Writes nothing: what a sink costs is another matter.
struct Nowhere;

impl Sink for Nowhere {
    fn folder(&self) -> &str {
        "docs"
    }

    fn part(&self, _: &Path, _: &str) -> Result<Box<dyn Part + '_>> {
        Ok(Box::new(Nowhere))
    }
}

impl Part for Nowhere {
    fn write(&mut self, _: &Doc) -> Result<()> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<Vec<Written>> {
        Ok(Vec::new())
    }
}

/// Seconds of processor time of this process so far, and its peak of resident bytes since the last call.
fn taken() -> (f64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.trim_end_matches("kB").trim().parse::<u64>().ok());
    // The system begins a new peak here; where it does not, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    (process::seconds(), peak.unwrap_or_default() << 10)
}

/// Bytes of the files under a folder, some of which may vanish meanwhile.
fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_under(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Prints a line for each phase.
struct Phases {
    documents: u64,
    state: Mutex<(String, Instant, f64)>,
    peak: AtomicU64,
    folder: PathBuf,
}

impl Phases {
    fn line(&self, name: &str, wall: f64, cpu: f64, peak: u64, disk: u64) {
        let each = 1e6 * cpu / self.documents as f64;
        println!("{name:<34} {wall:>8.1} s {cpu:>8.1} s cpu {each:>7.3} us/doc {:>6} MB memory {:>6} MB disk", peak >> 20, disk / 1_000_000);
    }

    fn turn_to(&self, phase: &str) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let phase = phase.split(", over").next().unwrap_or_default();
        if state.0 != phase {
            let (cpu, peak) = taken();
            self.peak.fetch_max(peak, Ordering::Relaxed);
            if !state.0.is_empty() {
                self.line(&state.0, state.1.elapsed().as_secs_f64(), cpu - state.2, peak, bytes_under(&self.folder));
            }
            *state = (phase.to_owned(), Instant::now(), cpu);
        }
    }
}

impl Watch for Phases {
    fn update(&self, now: &Snapshot) {
        self.turn_to(&now.phase);
    }

    fn phase_done(&self, _: &Snapshot) {}
}

fn plan(corpus: Corpus, folder: &Path, settings: &[String]) -> std::result::Result<Plan, Failed> {
    let text = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
    let part = WEIGHT * ((256 << 20) / TEXT);
    let toml = format!(
        "[run]\noutput = {folder:?}\npart = {part}\ndropped = 0.0\n[source]\nuse = \"jsonl\"\npath = {:?}\nfields = {{ text = \"text\" }}\n\
         [[stage]]\nuse = \"dedup_minhash\"\nname = \"near\"\nprofile = \"datatrove\"\nmemory = \"1 GiB\"\n[[sink]]\nuse = \"jsonl\"\n",
        text.path()
    );
    let mut plan = Pipeline::parse("scale", &toml, settings)?.plan()?;
    plan.splits = corpus.splits()?;
    plan.source = Box::new(corpus);
    plan.sinks.iter_mut().for_each(|sink| sink.sink = Box::new(Nowhere));
    for stage in &mut plan.stages {
        stage.kind = match std::mem::replace(&mut stage.kind, PlannedKind::Stage(Box::new(Never))) {
            PlannedKind::Global(mut real) => {
                real.learn(&plan.splits);
                PlannedKind::Global(Box::new(MadeUp { corpus, real }))
            }
            plain => plain,
        };
    }
    Ok(plan)
}

/// Stands where a barrier is being taken out.
struct Never;

impl Stage for Never {
    fn apply(&self, _: &mut Doc, _: &mut Scratch) -> Result<dataprep::stage::Verdict> {
        Err(RunError::stop("no document comes here"))
    }
}

fn main() -> std::result::Result<(), Failed> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let usage = "usage: cargo bench --bench scale -- FOLDER DOCUMENTS [KEY=VALUE...]";
    let (folder, documents) = arguments.next().zip(arguments.next()).ok_or(usage)?;
    let (folder, corpus) = (PathBuf::from(folder), Corpus { documents: documents.replace('_', "").parse()? });
    if folder.exists() || corpus.documents < PERIOD {
        return Err(format!("{} must not be there, and {PERIOD} documents are the least", folder.display()).into());
    }
    let (mut settings, mut threads): (Vec<String>, usize) = (arguments.collect(), 1);
    if let Some(at) = settings.iter().position(|setting| setting.starts_with("threads=")) {
        threads = settings.remove(at)["threads=".len()..].parse()?;
    }
    let (clusters, drops) = corpus.planted();
    println!("{} documents, {BANDS} bands, {drops} to go of {clusters} groups, {threads} threads", corpus.documents);
    let plan = plan(corpus, &folder, &settings)?;
    let (before, _) = taken();
    let phases =
        Phases { documents: corpus.documents, state: Mutex::new((String::new(), Instant::now(), before)), peak: AtomicU64::new(0), folder: folder.clone() };
    let (ended, largest, began) = (AtomicBool::new(false), AtomicU64::new(0), Instant::now());
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                largest.fetch_max(bytes_under(&folder), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let done = run(plan, &Options { threads, stop: &AtomicBool::new(false), watch: &phases });
        ended.store(true, Ordering::Relaxed);
        done
    })?
    .report;
    phases.turn_to("end");
    let cpu = taken().0 - before;
    phases.line("all", began.elapsed().as_secs_f64(), cpu, phases.peak.load(Ordering::Relaxed), largest.load(Ordering::Relaxed));
    std::fs::remove_dir_all(&folder)?;
    let found = (report.stages[0].counts.get("clusters").copied().unwrap_or_default(), report.documents.dropped);
    if found != (clusters, drops) || report.documents.read != corpus.documents {
        return Err(format!("found {found:?} groups and drops, planted {:?}", (clusters, drops)).into());
    }
    println!("groups and drops are those planted");
    Ok(())
}
