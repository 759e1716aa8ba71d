//! What a model that has learned one question about two parts of a text knows of the other: `cargo bench --bench sentence_pairs -- [SEEDS] [STEPS]`.
//!
//! In ALBERT's paper (Lan et al. 2020, table 5) a model that learned NSP answers SOP by chance (52 %), one that learned SOP answers 79 % of NSP. Here the texts are
//! made, so that it is known what there is to learn. A document keeps to the words of one topic, which tells another document's part. Its order shows in one of two ways:
//!
//! - *Threads*: a sentence begins with the answer to what the one before ended with, so that order shows where two parts meet.
//! - *Stages*: a sentence begins with its place in the document, so that order shows in each part by itself.

use std::collections::BTreeMap;
use std::ops::Range;

use dataprep::shard::mask::{LOSS, SENTENCE_START};
use dataprep::train::config::ModelConfig;
use dataprep::train::data::{Rows, Sampling, Tokens};
use dataprep::train::objective::{Objective, Task};
use dataprep::train::optim::OptimConfig;
use dataprep::train::preset::Preset;
use dataprep::train::random::Random;
use dataprep::train::trainer::{TrainConfig, Trainer};
use dataprep::train::workers::Workers;

const TOPICS: usize = 8;
const WORDS: usize = 3;
/// Ways to begin a sentence, and as many to end it.
const LINKS: usize = 6;
const SENTENCES: usize = 5;
/// Three tokens a sentence, and the marks around two parts.
const SEQ_LEN: usize = 3 * SENTENCES + 3;
const VOCABULARY: usize = TOPICS * WORDS + 2 * LINKS;

/// How the order of sentences shows.
#[derive(Clone, Copy, Debug)]
enum Order {
    Threads,
    Stages,
}

fn texts(documents: Range<usize>, order: Order) -> Tokens {
    let mut corpus = Tokens::default();
    for document in documents {
        let mut random = Random::new(document as u64, "text");
        let topic = random.below(TOPICS);
        let (mut ids, mut marks) = (Vec::new(), Vec::new());
        let mut thread = random.below(LINKS);
        for sentence in 0..SENTENCES {
            let begins = match order {
                Order::Threads => thread,
                Order::Stages => sentence,
            };
            thread = random.below(LINKS);
            let word = topic * WORDS + random.below(WORDS);
            ids.extend([TOPICS * WORDS + begins, word, TOPICS * WORDS + LINKS + thread].map(|id| id as u32));
            marks.extend([LOSS | SENTENCE_START, LOSS, LOSS]);
        }
        corpus.push(document as u128, ids.len() as u64, ids);
        corpus.mark(marks);
    }
    corpus
}

/// Shares of the pairs of each class that a model answers rightly.
fn answered(trainer: &Trainer, asked: Objective, heldout: &Tokens, workers: &Workers) -> [f64; 2] {
    let task = Task::new(asked, SEQ_LEN, false, VOCABULARY, &BTreeMap::new());
    let rows = task.rows(heldout);
    let answers = workers.map((0..rows.rows()).collect(), |number, room| {
        let sample = task.sample(&rows.row(number), &rows, &mut task.random(0, number as u64, number));
        let (_, answers) = trainer.model().score(trainer.weights(), &sample, room);
        (sample.answers[0], answers[0].class == sample.answers[0])
    });
    [0, 1].map(|class| {
        let of: Vec<bool> = answers.iter().filter(|(answer, _)| *answer == class).map(|(_, right)| *right).collect();
        of.iter().filter(|right| **right).count() as f64 / of.len() as f64
    })
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (seeds, steps) = (numbers.next().unwrap_or(3), numbers.next().unwrap_or(6000));
    let workers = Workers::new(1).expect("a thread");
    for order in [Order::Threads, Order::Stages] {
        let (corpus, heldout) = (texts(0..20_000, order), texts(1_000_000..1_002_000, order));
        for learned in [Objective::Nsp, Objective::Sop] {
            for seed in 0..seeds {
                let task = Task::new(learned, SEQ_LEN, false, VOCABULARY, &BTreeMap::new());
                let rows = task.rows(&corpus);
                let optim = OptimConfig { learning_rate: 4e-3, warmup: steps / 20, ..OptimConfig::default() };
                let config = TrainConfig { steps, batch: 32, seed: seed as u64, sampling: Sampling::Epochs, evaluate_every: 0, optim };
                // Rotary positions: learned ones take far longer to find that two places are neighbours.
                let shape = ModelConfig::preset(Preset::Llama, VOCABULARY, SEQ_LEN, 2, 4, 32);
                let mut trainer = Trainer::of_task(shape, task, config, &rows, &workers).expect("a trainer");
                while !trainer.finished() {
                    trainer.step(None).expect("a step");
                }
                print!("{order:?}, {learned:?} learned, seed {seed}:");
                for asked in [Objective::Nsp, Objective::Sop] {
                    let [first, second] = answered(&trainer, asked, &heldout, &workers);
                    print!("  {asked:?} {:.1} % ({:.1} and {:.1})", 50.0 * (first + second), 100.0 * first, 100.0 * second);
                }
                println!();
            }
        }
    }
}
