//! What a model that learned one question about two parts knows of the other: `cargo bench --bench sentence_pairs -- [STEPS] [SHARDS]`. ALBERT's paper (Lan et al.
//! 2020, table 5) trains on each of NSP and SOP: the first leaves SOP at chance (52 %), the second answers 79 % of NSP.
//!
//! Without SHARDS the texts are made: a document keeps to the names of one topic, and each sentence begins with the name that the one before
//! ended with. So the topic tells another document's part, and only the names where two parts meet tell their order.

use dataprep::shard::mask::{LOSS, SENTENCE_START};
use dataprep::train::config::ModelConfig;
use dataprep::train::corpus::ShardCorpus;
use dataprep::train::data::{Corpus, Rows, Sampling, Tokens};
use dataprep::train::objective::{Objective, Task};
use dataprep::train::optim::OptimConfig;
use dataprep::train::preset::Preset;
use dataprep::train::random::Random;
use dataprep::train::trainer::{TrainConfig, Trainer};
use dataprep::train::workers::Workers;
use std::path::Path;

fn env(name: &str, or: usize) -> usize {
    std::env::var(name).map_or(or, |value| value.parse().unwrap())
}

fn tales(documents: std::ops::Range<usize>) -> (Tokens, usize) {
    let (topics, words, links, kind) = (env("TOPICS", 6), env("WORDS", 4), env("LINKS", 6), env("KIND", 0));
    let mut corpus = Tokens::default();
    for document in documents {
        let mut random = Random::new(document as u64, "tale");
        let topic = random.below(topics);
        let (mut ids, mut marks) = (Vec::new(), Vec::new());
        let mut link = random.below(links);
        for _ in 0..20 {
            let next = if kind == 2 { (link + 1) % links } else { random.below(links) };
            let word = topic * words + random.below(words);
            let start = topics * words;
            let sentence = match kind {
                0 => [start + link, word, start + links + next],
                1 => [start + link, word, start + next],
                _ => [start + link, word, start + links],
            };
            ids.extend(sentence.map(|id| id as u32));
            marks.extend([LOSS | SENTENCE_START, LOSS, LOSS]);
            link = next;
        }
        corpus.push(document as u128, ids.len() as u64, ids);
        corpus.mark(marks);
    }
    (corpus, topics * words + 2 * links)
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let steps: usize = arguments.next().map_or(1000, |steps| steps.parse().expect("a number"));
    let seq_len: usize = arguments.next().map_or(32, |steps| steps.parse().expect("a number"));
    let layers: usize = arguments.next().map_or(2, |steps| steps.parse().expect("a number"));
    let width: usize = arguments.next().map_or(32, |steps| steps.parse().expect("a number"));
    let rate: f64 = arguments.next().map_or(3e-3, |steps| steps.parse().expect("a number"));
    let workers = Workers::new(1).expect("a thread");
    match arguments.next() {
        Some(folder) => {
            let (train, held) = ShardCorpus::split(Path::new(&folder), 0.05, false).expect("shards");
            let vocab = train.vocab_size();
            compare(&train, &held, vocab, steps, seq_len, layers, width, rate, &workers)
        }
        None => compare(&tales(0..4000).0, &tales(10000..10400).0, tales(0..1).1, steps, seq_len, layers, width, rate, &workers),
    }
}

fn compare(train: &dyn Corpus, held: &dyn Corpus, vocab: usize, steps: usize, seq_len: usize, layers: usize, width: usize, rate: f64, workers: &Workers) {
    for learned in [Objective::Nsp, Objective::Sop] {
        let of = |objective| Task::new(objective, seq_len, false, vocab, &Default::default());
        let task = of(learned);
        let rows = task.rows(train);
        let optim = OptimConfig { learning_rate: rate, warmup: steps / 20, ..OptimConfig::default() };
        let config = TrainConfig { steps, batch: env("BATCH", 16), seed: 1, sampling: Sampling::Epochs, evaluate_every: 0, optim };
        let shape = ModelConfig::preset([Preset::Bert, Preset::Albert, Preset::Roberta, Preset::Llama, Preset::Gpt][env("PRESET", 0)], vocab, seq_len, layers, 4, width);
        let mut trainer = Trainer::of_task(shape, task.clone(), config, &rows, workers).expect("a trainer");
        let began = std::time::Instant::now();
        while !trainer.finished() {
            let progress = trainer.step(None).expect("a step");
            let at = progress.step;
            if at % (steps / 4).max(1) == 0 {
                print!("{learned:?} {at} loss {:.3} {:.0} s:", progress.train_loss, began.elapsed().as_secs_f64());
                for asked in [Objective::Nsp, Objective::Sop] {
                    let task = of(asked);
                    let rows = task.rows(held);
                    let numbers: Vec<usize> = (0..rows.rows().min(1500)).collect();
                    let answers = workers.map(numbers, |number, room| {
                        let sample = task.sample(&rows.row(number), &rows, &mut task.random(0, number as u64, number));
                        let (_, answers) = trainer.model().score(trainer.weights(), &sample, room);
                        (sample.answers[0], answers[0].1)
                    });
                    let share = |class: u32| {
                        let of: Vec<bool> = answers.iter().filter(|(answer, _)| *answer == class).map(|(_, right)| *right).collect();
                        of.iter().filter(|right| **right).count() as f64 / of.len() as f64
                    };
                    print!(" {asked:?} {:.3} ({:.3} of class 0, {:.3} of class 1)", (share(0) + share(1)) / 2.0, share(0), share(1));
                }
                println!();
            }
        }
    }
}
