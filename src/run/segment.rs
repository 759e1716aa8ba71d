//! Workers over the splits of one segment.
//!
//! There are as many workers as threads, and nothing else: a worker takes the reader of a lane for long enough to read a batch, runs the whole chain
//! over it, and hands it to the lane's collector; whoever hands over the batch whose turn it is writes all that are ready. A lane is a split being
//! worked on; a second one opens only while all readers are taken. What a lane writes depends on its split alone, so bytes do not depend on threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::chain::Chain;
use super::collect::{Collector, Outlet, Ready, Waiting};
use super::feed::{Feed, Numbered};
use super::progress::Meter;
use crate::scratch::Scratch;
use crate::stage::{Result, RunError};

/// Bytes of documents that may be read and not yet written, over all lanes.
const WINDOW: usize = 64 << 20;

/// One split being worked on.
struct Lane<'a> {
    chain: Chain<'a>,
    feed: Mutex<Feed>,
    waiting: Mutex<Waiting>,
    collector: Mutex<(Collector<'a>, u64)>,
    next: AtomicU64,
    ended: AtomicBool,
}

/// Opens the lane of one split: its chain, its reader, and the number of its chunks that are finished; `None` where all of it is.
pub type OpenLane<'a> = dyn Fn(u32) -> Result<Option<(Chain<'a>, Feed, u32)>> + Sync + 'a;

/// Deals out the splits to work on.
pub trait Lot: Sync {
    /// The next split; `None` where there is none for this process.
    fn next(&self) -> Result<Option<u32>>;
    /// A split is in the journal to its end.
    fn ended(&self, split: u32) -> Result<()>;
}

/// Works through splits.
pub struct Workers<'a> {
    /// What is written with.
    pub outlet: &'a Outlet<'a>,
    /// Opens a split.
    pub open: &'a OpenLane<'a>,
    /// Deals out splits.
    pub lot: &'a dyn Lot,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
    /// Counts for whoever watches.
    pub meter: &'a Meter<'a>,
}

struct Shared<'a> {
    lanes: Mutex<Vec<Arc<Lane<'a>>>>,
    flying: Mutex<usize>,
    landed: Condvar,
    failed: Mutex<Option<RunError>>,
    halt: AtomicBool,
    times: Mutex<Vec<Duration>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Workers<'a> {
    /// Runs on `threads` threads; gives the time of each step.
    pub fn run(self, threads: usize) -> Result<Vec<Duration>> {
        let shared = Shared {
            lanes: Mutex::default(),
            flying: Mutex::new(0),
            landed: Condvar::new(),
            failed: Mutex::new(None),
            halt: AtomicBool::new(false),
            times: Mutex::default(),
        };
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    if let Err(error) = self.work(&shared, threads) {
                        lock(&shared.failed).get_or_insert(error);
                        shared.halt.store(true, Ordering::Relaxed);
                        shared.landed.notify_all();
                    }
                });
            }
        });
        if let Some(error) = lock(&shared.failed).take() {
            return Err(error);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err(RunError::stop("stopped; the same command goes on from here"));
        }
        Ok(std::mem::take(&mut *lock(&shared.times)))
    }

    fn work(&self, shared: &Shared<'a>, threads: usize) -> Result<()> {
        let mut scratch = Scratch::default();
        while let Some((lane, numbered)) = self.read(shared, threads)? {
            let Numbered { number, batch, weight, consumed, closes } = numbered;
            let faults = batch.faults.clone();
            let worked = lane.chain.work(batch, &mut scratch)?;
            self.meter.worked(&worked.ledger);
            {
                let mut times = lock(&shared.times);
                let steps = times.len().max(worked.times.len());
                times.resize(steps, Duration::ZERO);
                times.iter_mut().zip(&worked.times).for_each(|(all, more)| *all += *more);
            }
            lock(&lane.waiting).put(number, Ready { worked, faults, weight, consumed, closes });
            self.write(shared, &lane)?;
        }
        Ok(())
    }

    fn halted(&self, shared: &Shared<'a>) -> bool {
        self.stop.load(Ordering::Relaxed) || shared.halt.load(Ordering::Relaxed)
    }

    /// Reads the next batch of some lane; `None` when there is nothing left to read, or the work is to stop.
    fn read(&self, shared: &Shared<'a>, threads: usize) -> Result<Option<(Arc<Lane<'a>>, Numbered)>> {
        loop {
            let mut flying = lock(&shared.flying);
            while *flying > WINDOW && !self.halted(shared) {
                // Those who hold the batches write them without waiting for anyone, so the window empties.
                flying = shared.landed.wait_timeout(flying, Duration::from_millis(200)).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(flying);
            if self.halted(shared) {
                return Ok(None);
            }
            let Some(lane) = self.pick(shared, threads)? else { return Ok(None) };
            let mut feed = lock(&lane.feed);
            match feed.next()? {
                Some(numbered) => {
                    *lock(&shared.flying) += numbered.weight;
                    drop(feed);
                    return Ok(Some((lane, numbered)));
                }
                None => lane.ended.store(true, Ordering::Relaxed),
            }
        }
    }

    /// The first lane whose reader is free; a new one while all are taken; else the first that has not ended.
    fn pick(&self, shared: &Shared<'a>, threads: usize) -> Result<Option<Arc<Lane<'a>>>> {
        let mut lanes = lock(&shared.lanes);
        lanes.retain(|lane| !lane.ended.load(Ordering::Relaxed));
        let free = lanes.iter().find(|lane| !matches!(lane.feed.try_lock(), Err(TryLockError::WouldBlock)));
        if let Some(lane) = free {
            return Ok(Some(lane.clone()));
        }
        while lanes.len() < threads.max(1)
            && let Some(split) = self.lot.next()?
        {
            let Some((chain, feed, chunks)) = (self.open)(split)? else {
                self.lot.ended(split)?;
                continue;
            };
            let lane = Arc::new(Lane {
                chain,
                feed: Mutex::new(feed),
                waiting: Mutex::default(),
                collector: Mutex::new((Collector::new(self.outlet, split, chunks), 0)),
                next: AtomicU64::new(0),
                ended: AtomicBool::new(false),
            });
            lanes.push(lane.clone());
            return Ok(Some(lane));
        }
        Ok(lanes.first().cloned())
    }

    /// Writes what is ready, unless another worker is at it.
    fn write(&self, shared: &Shared<'a>, lane: &Lane<'a>) -> Result<()> {
        loop {
            let mut held = match lane.collector.try_lock() {
                Ok(held) => held,
                Err(TryLockError::WouldBlock) => return Ok(()),
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            };
            let (collector, next) = &mut *held;
            loop {
                let ready = lock(&lane.waiting).take(*next);
                let Some(ready) = ready else { break };
                *next += 1;
                lane.next.store(*next, Ordering::SeqCst);
                if let Some(line) = collector.take(ready.worked, &ready.faults, ready.consumed, ready.closes)?
                    && line.is_last()
                {
                    self.lot.ended(line.split)?;
                }
                self.meter.consumed(collector.split(), ready.consumed);
                *lock(&shared.flying) -= ready.weight;
                shared.landed.notify_all();
            }
            drop(held);
            // A batch put down between the last look and the release would lie there: look again.
            if !lock(&lane.waiting).has(lane.next.load(Ordering::SeqCst)) {
                return Ok(());
            }
        }
    }
}
