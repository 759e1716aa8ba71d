//! What a run will take of memory and disk, before it starts.

use super::{Plan, PlannedKind};

/// Share of a web page's bytes that is its text, where the source gives pages (WCXB: 208 KB of HTML for 9 KB of text).
const TEXT_OF_HTML: f64 = 0.05;
/// How much larger compressed input is once unpacked (crawl pages: 5 to 8 times).
const UNPACKED: u64 = 6;
/// Bytes of a text document, where nothing else is known (3 kB: web text after extraction).
const DOCUMENT: u64 = 3_000;
/// Buffers of the workers and the ordered window, whatever the input.
const BASE_MEMORY: u64 = 200 << 20;

/// The forecast of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentForecast {
    /// Bytes of the spool it writes.
    pub spool: u64,
    /// Bytes of notes it writes.
    pub notes: u64,
    /// Bytes of memory at its barrier.
    pub memory: u64,
}

/// The forecast of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Bytes of input on disk.
    pub input: u64,
    /// Bytes of text to expect.
    pub text: u64,
    /// Each segment in order.
    pub segments: Vec<SegmentForecast>,
}

impl Forecast {
    /// Estimates from the sizes of the input; nothing is read. It supposes that every document is kept, so it errs to the high side.
    pub fn of(plan: &Plan) -> Forecast {
        let input: u64 = plan.splits.iter().map(|split| split.bytes).sum();
        let packed = |name: &str| [".gz", ".zst", ".bz2", ".xz"].iter().any(|end| name.ends_with(end));
        let unpacked: u64 =
            plan.splits.iter().map(|split| if split.files.iter().any(|file| packed(file)) { split.bytes * UNPACKED } else { split.bytes }).sum();
        let pages = plan.stages.iter().any(|stage| stage.spec.needs.iter().any(|need| need == "html"));
        let text = if pages { (unpacked as f64 * TEXT_OF_HTML) as u64 } else { unpacked };
        let documents = text.div_ceil(DOCUMENT);
        let segments = plan.segments.iter().map(|segment| match segment.barrier.map(|at| &plan.stages[at].kind) {
            Some(PlannedKind::Global(global)) => SegmentForecast {
                spool: text + documents * 300,
                notes: documents * global.forecast(text / documents.max(1)),
                memory: BASE_MEMORY + global.memory() as u64,
            },
            _ => SegmentForecast { spool: 0, notes: 0, memory: BASE_MEMORY },
        });
        Forecast { input, text, segments: segments.collect() }
    }

    /// Most memory at one time.
    pub fn memory(&self) -> u64 {
        self.segments.iter().map(|segment| segment.memory).max().unwrap_or(BASE_MEMORY)
    }

    /// Most disk at one time, the output not counted: notes are sorted into a second copy, and two spools stand side by side.
    pub fn disk(&self) -> u64 {
        let pairs = self.segments.iter().zip(self.segments.iter().skip(1).map(Some).chain([None]));
        pairs.map(|(now, next)| now.spool + 2 * now.notes + next.map_or(0, |next| next.spool)).max().unwrap_or(0)
    }
}
