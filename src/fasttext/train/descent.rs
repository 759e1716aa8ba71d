//! The descent: one example after another, the dimensions of all rows divided among the threads.
//!
//! A thread owns some of the lanes (eight dimensions each) of the input and the output matrix, and adds up and changes these alone. What it needs
//! of the others is one number a lane and label: their part of the scores. Each thread writes its parts, waits for those of the others, and adds
//! all in the order of the lanes; so every sum is the same for any number of threads.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::super::tree::Tree;
use super::sparse::{Place, Sparse};
use super::{Settings, TrainError};

/// Dimensions that are worked on together.
const LANE: usize = 8;

/// Lanes that a thread has at least. Threads meet at every example, so narrow rows are left to one: waiting would take longer than the work,
/// the more so where other programs want the processors as well.
const SHARE: usize = 16;

/// Examples between two words to whoever watches.
const TELL: usize = 512;

/// Rounds that a thread waits awake for another before it lets others have the processor.
const AWAKE: usize = 2_000;

/// Some dimensions of all trained rows and of the vectors of labels.
pub struct Slice {
    lanes: Range<usize>,
    input: Vec<[f32; LANE]>,
    output: Vec<[f32; LANE]>,
}

struct Job<'a> {
    sparse: &'a Sparse,
    /// For each example.
    labels: Vec<u32>,
    /// For each label: what the learning rate is multiplied by.
    weights: Vec<f32>,
    /// For each label the inner nodes on the way from the root, and whether it goes right there; empty for the plain softmax.
    paths: Vec<Vec<(u32, bool)>>,
    settings: &'a Settings,
    lanes: usize,
    exchange: Exchange,
    watch: &'a (dyn Fn(f64) + Sync),
}

/// How many of so many threads share rows of `dim` numbers.
pub fn sharing(threads: usize, dim: usize) -> usize {
    threads.clamp(1, (dim.div_ceil(LANE) / SHARE).max(1))
}

/// Trains all rows; `counts` are the examples of each label.
pub fn descend(sparse: &Sparse, labels: Vec<u32>, counts: &[i64], settings: &Settings, watch: &(dyn Fn(f64) + Sync)) -> Result<Vec<Slice>, TrainError> {
    let lanes = settings.dim.div_ceil(LANE);
    let threads = sharing(settings.threads, settings.dim);
    let even = labels.len() as f32 / counts.len() as f32;
    let tree = settings.hierarchical.then(|| Tree::new(counts)).transpose();
    let tree = tree.map_err(|_| TrainError::Setting("the number of examples", "less"))?;
    let job = Job {
        sparse,
        labels,
        weights: counts.iter().map(|count| if settings.balanced { even / *count as f32 } else { 1.0 }).collect(),
        paths: tree.map_or_else(Vec::new, |tree| tree.paths()),
        settings,
        lanes,
        exchange: Exchange::new(threads, lanes * counts.len()),
        watch,
    };
    let share = |thread: usize| thread * lanes / threads..(thread + 1) * lanes / threads;
    std::thread::scope(|scope| {
        let job = &job;
        let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || job.work(thread, share(thread)))).collect();
        let first = job.work(0, share(0));
        let rest = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(first).chain(rest).collect()
    })
}

impl Job<'_> {
    fn work(&self, thread: usize, lanes: Range<usize>) -> Result<Slice, TrainError> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just asked.
            return unsafe { self.work_avx2(thread, lanes) };
        }
        self.work_plain(thread, lanes)
    }

    /// The same code compiled for wider registers, without fused multiplication, so that the answer is the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn work_avx2(&self, thread: usize, lanes: Range<usize>) -> Result<Slice, TrainError> {
        self.work_plain(thread, lanes)
    }

    #[inline(always)]
    fn work_plain(&self, thread: usize, lanes: Range<usize>) -> Result<Slice, TrainError> {
        let width = lanes.len();
        let mut slice = Slice::new(self.sparse, self.weights.len(), self.settings, lanes);
        let (mut hidden, mut gradient) = (vec![[0f32; LANE]; width], vec![[0f32; LANE]; width]);
        let mut steps: Vec<(usize, f32)> = Vec::new();
        let total = self.sparse.sizes.iter().map(|size| f64::from(*size)).sum::<f64>() * self.settings.epochs as f64;
        let (mut features_done, mut done) = (0.0, 0);
        for epoch in 0..self.settings.epochs {
            for number in order(self.settings.seed, epoch, self.sparse.len()) {
                let (example, size) = (self.sparse.example(number), self.sparse.sizes[number]);
                let share = 1.0 / size as f32;
                hidden.fill([0.0; LANE]);
                for (row, weight) in example {
                    let row = &slice.input[*row as usize * width..][..width];
                    for (sum, lane) in hidden.iter_mut().zip(row) {
                        for at in 0..LANE {
                            sum[at] += weight * lane[at];
                        }
                    }
                }
                hidden.iter_mut().flatten().for_each(|sum| *sum *= share);
                let label = self.labels[number] as usize;
                let rate = self.settings.learning_rate * (1.0 - features_done / total) as f32 * self.weights[label];
                self.steps(thread, done, label, &hidden, &slice, &mut steps);
                if !steps.iter().all(|(_, step)| step.is_finite()) {
                    return Err(TrainError::Diverged(done));
                }
                gradient.fill([0.0; LANE]);
                for (output, step) in &steps {
                    let step = rate * step;
                    let vector = &mut slice.output[output * width..][..width];
                    for ((gradient, vector), hidden) in gradient.iter_mut().zip(vector).zip(&hidden) {
                        for at in 0..LANE {
                            gradient[at] += step * vector[at];
                            vector[at] += step * hidden[at];
                        }
                    }
                }
                gradient.iter_mut().flatten().for_each(|part| *part *= share);
                for (row, weight) in example {
                    let row = &mut slice.input[*row as usize * width..][..width];
                    for (lane, part) in row.iter_mut().zip(&gradient) {
                        for at in 0..LANE {
                            lane[at] += weight * part[at];
                        }
                    }
                }
                features_done += f64::from(size);
                done += 1;
                if thread == 0 && done.is_multiple_of(TELL) {
                    (self.watch)(features_done / total);
                }
            }
        }
        slice.unfold(self.sparse, self.settings);
        Ok(slice)
    }

    /// For each output vector that the example changes, how far: wanted minus found probability.
    #[inline(always)]
    fn steps(&self, thread: usize, turn: usize, label: usize, hidden: &[[f32; LANE]], slice: &Slice, steps: &mut Vec<(usize, f32)>) {
        steps.clear();
        match self.paths.get(label) {
            Some(path) => steps.extend(path.iter().map(|(node, _)| (*node as usize, 0.0))),
            None => steps.extend((0..self.weights.len()).map(|label| (label, 0.0))),
        }
        let width = hidden.len();
        for (at, (output, _)) in steps.iter().enumerate() {
            let vector = &slice.output[output * width..][..width];
            for (lane, (a, b)) in slice.lanes.clone().zip(hidden.iter().zip(vector)) {
                let products: [f32; LANE] = std::array::from_fn(|at| a[at] * b[at]);
                self.exchange.give(turn, at * self.lanes + lane, products.iter().sum());
            }
        }
        self.exchange.meet(thread, turn);
        for (at, step) in steps.iter_mut().enumerate() {
            step.1 = (0..self.lanes).map(|lane| self.exchange.take(turn, at * self.lanes + lane)).sum();
        }
        if let Some(path) = self.paths.get(label) {
            for ((_, step), (_, right)) in steps.iter_mut().zip(path) {
                *step = f32::from(u8::from(*right)) - 1.0 / (1.0 + (-*step).exp());
            }
            return;
        }
        let most = steps.iter().map(|step| step.1).fold(f32::MIN, f32::max);
        steps.iter_mut().for_each(|(_, score)| *score = (*score - most).exp());
        let sum: f32 = steps.iter().map(|step| step.1).sum();
        steps.iter_mut().for_each(|(output, score)| *score = f32::from(u8::from(*output == label)) - *score / sum);
    }
}

impl Slice {
    /// Random input rows and output vectors of 0, as fastText begins.
    fn new(sparse: &Sparse, labels: usize, settings: &Settings, lanes: Range<usize>) -> Slice {
        let mut slice = Slice { input: vec![[0.0; LANE]; sparse.weights.len() * lanes.len()], output: vec![[0.0; LANE]; labels * lanes.len()], lanes };
        slice.add_starts(sparse, settings, 1.0, true);
        slice
    }

    /// Turns rows that were trained for several into what each of these moved by, for one occurrence.
    fn unfold(&mut self, sparse: &Sparse, settings: &Settings) {
        self.add_starts(sparse, settings, -1.0, false);
        for (rows, place) in self.input.chunks_exact_mut(self.lanes.len()).zip(&sparse.weights) {
            if *place != 1.0 {
                rows.iter_mut().flatten().for_each(|value| *value /= place);
            }
        }
    }

    /// Adds the first values of the model's rows to the trained rows that stand for them.
    fn add_starts(&mut self, sparse: &Sparse, settings: &Settings, sign: f32, own: bool) {
        let width = self.lanes.len();
        for (at, place) in sparse.places.iter().enumerate() {
            let (row, factor) = match place {
                Place::Own(row) if own => (*row as usize, 1.0),
                Place::Together { row, times } => (*row as usize, sign * *times as f32 / sparse.weights[*row as usize]),
                _ => continue,
            };
            for (lane, values) in self.lanes.clone().zip(&mut self.input[row * width..][..width]) {
                let start = start(settings, at as u32, lane);
                values.iter_mut().zip(start).for_each(|(value, start)| *value += factor * start);
            }
        }
    }

    /// Writes these dimensions of a row of the model.
    pub fn input(&self, at: u32, place: Place, settings: &Settings, out: &mut [f32]) {
        let (row, factor, rest) = match place {
            Place::Unseen => return,
            Place::Own(row) => (row, 1.0, 0.0),
            Place::Together { row, times } => (row, times as f32, 1.0),
        };
        for (lane, values) in self.lanes.clone().zip(&self.input[row as usize * self.lanes.len()..]) {
            let start = if rest > 0.0 { start(settings, at, lane) } else { [0.0; LANE] };
            let values: [f32; LANE] = std::array::from_fn(|at| factor * values[at] + start[at]);
            put(&values, lane, out);
        }
    }

    /// Writes these dimensions of the vector of a label (or inner node).
    pub fn output(&self, label: usize, out: &mut [f32]) {
        for (lane, values) in self.lanes.clone().zip(&self.output[label * self.lanes.len()..]) {
            put(values, lane, out);
        }
    }
}

/// The last lane may reach beyond the dimensions.
fn put(values: &[f32; LANE], lane: usize, out: &mut [f32]) {
    out.iter_mut().skip(lane * LANE).zip(values).for_each(|(out, value)| *out = *value);
}

/// So many examples in an order of their own for each epoch.
pub fn order(seed: u64, epoch: usize, examples: usize) -> Vec<usize> {
    let seed = mix(seed ^ mix(epoch as u64 + 1));
    let mut order: Vec<(u64, usize)> = (0..examples).map(|number| (mix(seed ^ number as u64), number)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, number)| number).collect()
}

/// The first values of a row in one lane: even between -1/dim and 1/dim, by hash.
pub fn start(settings: &Settings, row: u32, lane: usize) -> [f32; LANE] {
    let seed = mix(settings.seed ^ mix((u64::from(row) << 16) + lane as u64 + 1));
    std::array::from_fn(|at| {
        let bits = mix(seed ^ at as u64) >> 40;
        let even = bits as f32 / (1u64 << 23) as f32 - 1.0;
        if lane * LANE + at < settings.dim { even / settings.dim as f32 } else { 0.0 }
    })
}

/// Mixes 64 bits so that each bit of the answer depends on all of them (the finaliser of SplitMix64).
pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Where threads leave numbers for each other, turn by turn.
///
/// Two sets take turns: who writes to a set for the second time has met all others in the turn between, who therefore have read the first.
struct Exchange {
    sets: [Vec<AtomicU32>; 2],
    /// For each thread the turns that it has given all its numbers for. Apart, so that no two share a line of the cache.
    turns: Vec<[AtomicUsize; 16]>,
}

impl Exchange {
    fn new(threads: usize, numbers: usize) -> Exchange {
        let set = || (0..numbers).map(|_| AtomicU32::new(0)).collect();
        Exchange { sets: [set(), set()], turns: (0..threads).map(|_| Default::default()).collect() }
    }

    fn give(&self, turn: usize, at: usize, number: f32) {
        self.sets[turn % 2][at].store(number.to_bits(), Ordering::Relaxed);
    }

    fn take(&self, turn: usize, at: usize) -> f32 {
        f32::from_bits(self.sets[turn % 2][at].load(Ordering::Relaxed))
    }

    /// Waits until all threads have given their numbers of this turn.
    fn meet(&self, thread: usize, turn: usize) {
        self.turns[thread][0].store(turn + 1, Ordering::Release);
        for other in &self.turns {
            let mut waited = 0;
            while other[0].load(Ordering::Acquire) <= turn {
                waited += 1;
                if waited > AWAKE { std::thread::yield_now() } else { std::hint::spin_loop() }
            }
        }
    }
}
