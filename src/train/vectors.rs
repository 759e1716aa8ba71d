//! Word vectors from a corpus of tokens: skip-gram with negative sampling (Mikolov et al. 2013), a quick look at what stands beside what.
//!
//! A step takes some stretches of documents; what they ask for adds up to one gradient, as in [`super::trainer`], so the number of threads changes nothing but the time.

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::config::{Parameter, Start, initial};
use super::data::{Corpus, Draws, Sampling, Span, pieces};
use super::ops::contrast::contrast;
use super::ops::simd::dot;
use super::optim::{AdamW, OptimConfig};
use super::random::Random;
use super::workers::Workers;

/// Tokens of a stretch.
const STRETCH: usize = 256;

/// Gradients that are held before they are added up.
const GROUPS: usize = 4;

/// How vectors are learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VectorConfig {
    /// Numbers of a vector.
    pub width: usize,
    /// The farthest that a neighbour may stand; each token draws how far it looks.
    pub window: usize,
    /// Tokens that are no neighbours, drawn for each that is one.
    pub negatives: usize,
    /// Share of the corpus above which a token is sometimes passed over.
    pub frequent: f64,
    /// Passes over the corpus.
    pub epochs: usize,
    /// Stretches of 256 tokens a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Seed of all draws.
    pub seed: u64,
}

impl Default for VectorConfig {
    fn default() -> Self {
        Self { width: 64, window: 5, negatives: 5, frequent: 1e-3, epochs: 5, batch: 16, learning_rate: 1e-2, seed: 0 }
    }
}

/// What was learned.
pub struct Vectors {
    /// Numbers of a vector.
    pub width: usize,
    /// A row a token.
    pub table: Vec<f32>,
    /// How often each token occurs.
    pub counts: Vec<u64>,
    /// Nats a neighbour and its negatives, in the mean of the last tenth of the steps.
    pub loss: f64,
}

/// Learns the vectors of `vocab_size` tokens; `None` where `watch`, which sees each step, how many there are and the loss, stops it.
pub fn train(
    corpus: &dyn Corpus,
    vocab_size: usize,
    config: &VectorConfig,
    workers: &Workers,
    watch: &mut dyn FnMut(usize, usize, f64) -> bool,
) -> Result<Option<Vectors>, TrainError> {
    let settings = [("width", config.width), ("window", config.window), ("negatives", config.negatives), ("epochs", config.epochs), ("batch", config.batch)];
    if let Some((name, _)) = settings.into_iter().find(|(_, value)| *value == 0) {
        return Err(TrainError::Setting(name));
    }
    let counts = count(corpus, vocab_size)?;
    let spans: Vec<Span> = pieces(corpus, STRETCH).collect();
    if spans.is_empty() {
        return Err(TrainError::NoRows);
    }
    let half = vocab_size * config.width;
    let parameters = [("vectors", 0..half, Start::Normal(1.0 / config.width as f32)), ("contexts", half..2 * half, Start::Zero)];
    let parameters = parameters.map(|(name, at, start)| Parameter { name: name.to_owned(), at, start });
    let (mut weights, mut adam) = (initial(&parameters, config.seed), AdamW::new(&parameters));
    let mut gradients = vec![vec![0.0; weights.len()]; GROUPS.min(config.batch)];
    let (draws, steps) = (spans.len() * config.epochs, (spans.len() * config.epochs).div_ceil(config.batch));
    let optim = OptimConfig { learning_rate: config.learning_rate, warmup: 0, weight_decay: 0.0, clip: 0.0, ..OptimConfig::default() };
    let chance = Chance::new(&counts, config);
    let mut order = Draws::new(Sampling::Epochs, config.seed, spans.len());
    let (mut loss, mut marked) = (0.0, 0);
    for step in 0..steps {
        let chosen: Vec<(usize, Span)> =
            (step * config.batch..((step + 1) * config.batch).min(draws)).map(|draw| (draw, spans[order.row(draw as u64)])).collect();
        let share = chosen.len().div_ceil(gradients.len());
        gradients.iter_mut().for_each(|gradient| gradient.fill(0.0));
        let work = gradients.iter_mut().zip(chosen.chunks(share)).collect();
        let sums = workers.map(work, |(gradient, chosen): (&mut Vec<f32>, &[(usize, Span)]), _| {
            let mut sum = (0.0, 0u64);
            for (draw, span) in chosen {
                let mut ids = vec![0; span.len];
                corpus.read(span.document, span.start, &mut ids);
                learn(&ids, &weights, gradient, &chance, config, &mut Random::new(config.seed, &format!("stretch {draw}")), &mut sum);
            }
            sum
        });
        let (nats, asked) = sums.into_iter().fold((0.0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        workers.install(|| {
            let norm = adam.gather(&mut gradients);
            adam.step(&optim, &mut weights, &gradients[0], norm, step, steps);
        });
        let mean = nats / asked.max(1) as f64;
        if step >= steps - steps.div_ceil(10) {
            (loss, marked) = (loss + mean, marked + 1);
        }
        if !watch(step + 1, steps, mean) {
            return Ok(None);
        }
    }
    weights.truncate(half);
    Ok(Some(Vectors { width: config.width, table: weights, counts, loss: loss / f64::from(marked.max(1)) }))
}

fn count(corpus: &dyn Corpus, vocab_size: usize) -> Result<Vec<u64>, TrainError> {
    let mut counts = vec![0; vocab_size];
    let mut ids = Vec::new();
    for document in 0..corpus.documents() {
        ids.resize(corpus.tokens(document), 0);
        corpus.read(document, 0, &mut ids);
        for &id in &ids {
            *counts.get_mut(id as usize).ok_or(TrainError::UnknownId { id, vocab_size })? += 1;
        }
    }
    Ok(counts)
}

/// What is drawn by how often tokens occur.
struct Chance {
    /// How likely a token is taken at all.
    kept: Vec<f64>,
    /// Sums of counts to the power of 3/4, by which negatives are drawn.
    sums: Vec<f64>,
}

impl Chance {
    fn new(counts: &[u64], config: &VectorConfig) -> Self {
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let kept = |count: &u64| {
            let often = *count as f64 / total / config.frequent;
            if often > 0.0 { (1.0 / often.sqrt() + 1.0 / often).min(1.0) } else { 1.0 }
        };
        let mut sum = 0.0;
        let sums = counts.iter().map(|count| {
            sum += (*count as f64).powf(0.75);
            sum
        });
        Self { kept: counts.iter().map(kept).collect(), sums: sums.collect() }
    }

    fn negative(&self, random: &mut Random) -> u32 {
        let drawn = random.unit() * self.sums.last().copied().unwrap_or(0.0);
        self.sums.partition_point(|sum| *sum < drawn).min(self.sums.len() - 1) as u32
    }
}

/// Every token of a stretch asks for its neighbours; `sum` takes nats and questions.
fn learn(ids: &[u32], weights: &[f32], gradient: &mut [f32], chance: &Chance, config: &VectorConfig, random: &mut Random, sum: &mut (f64, u64)) {
    let width = config.width;
    let (vectors, contexts) = weights.split_at(weights.len() / 2);
    let (dvectors, dcontexts) = gradient.split_at_mut(weights.len() / 2);
    let ids: Vec<u32> = ids.iter().copied().filter(|id| random.unit() <= chance.kept[*id as usize]).collect();
    let mut asked = Vec::with_capacity(1 + config.negatives);
    for (place, id) in ids.iter().enumerate() {
        let far = 1 + random.below(config.window);
        let at = *id as usize * width..(*id as usize + 1) * width;
        for other in (place.saturating_sub(far)..(place + far + 1).min(ids.len())).filter(|other| *other != place) {
            asked.clear();
            asked.push(ids[other]);
            // A negative that is the neighbour itself says nothing.
            asked.extend((0..config.negatives).map(|_| chance.negative(random)).filter(|negative| *negative != ids[other]));
            sum.0 += f64::from(contrast(&vectors[at.clone()], contexts, &asked, &mut dvectors[at.clone()], dcontexts));
            sum.1 += 1;
        }
    }
}

impl Vectors {
    /// The vector of a token.
    pub fn row(&self, id: u32) -> &[f32] {
        &self.table[id as usize * self.width..(id as usize + 1) * self.width]
    }

    /// The `count` tokens whose vectors point most nearly the same way, with the cosines; of those that occur.
    pub fn neighbours(&self, id: u32, count: usize) -> Vec<(u32, f32)> {
        let norm = |row: &[f32]| dot(row, row).sqrt().max(f32::MIN_POSITIVE);
        let own = self.row(id);
        let cosine = |other: u32| (other, dot(own, self.row(other)) / (norm(own) * norm(self.row(other))));
        let others = (0..self.counts.len() as u32).filter(|other| *other != id && self.counts[*other as usize] > 0);
        let mut others: Vec<(u32, f32)> = others.map(cosine).collect();
        others.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        others.truncate(count);
        others
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::Tokens;
    use super::*;

    /// Documents of one of two topics, each with ten words of its own, drawn at random, between words that both have.
    fn topics() -> Tokens {
        let (mut corpus, mut random) = (Tokens::default(), Random::new(1, "topics"));
        for document in 0..60u32 {
            let word = |random: &mut Random| if random.below(3) == 0 { 20 + random.below(4) as u32 } else { document % 2 * 10 + random.below(10) as u32 };
            corpus.push(u128::from(document), 1, (0..80).map(|_| word(&mut random)).collect());
        }
        corpus
    }

    #[test]
    fn words_that_stand_together_point_the_same_way() {
        let config = VectorConfig { width: 16, epochs: 10, batch: 3, frequent: 1.0, learning_rate: 3e-2, ..VectorConfig::default() };
        let run = |threads| {
            let mut seen = Vec::new();
            let workers = Workers::new(threads).unwrap();
            let vectors = train(&topics(), 25, &config, &workers, &mut |step, steps, loss| {
                seen.push((step, steps, loss));
                true
            });
            (vectors.unwrap().unwrap(), seen)
        };
        let ((one, seen), (three, _)) = (run(1), run(3));
        assert_eq!(one.table, three.table, "threads change nothing");
        assert_eq!((seen.len(), seen[0].1, one.counts[24]), (200, 200, 0));
        assert!(seen[0].2 > 3.0 && one.loss < seen[0].2, "{} {}", seen[0].2, one.loss);
        for id in 0..20u32 {
            let near = one.neighbours(id, 5);
            let own = near.iter().filter(|(other, _)| *other < 20 && other / 10 == id / 10).count();
            assert!(own >= 4 && near.is_sorted_by(|a, b| a.1 >= b.1), "{id}: {near:?}");
        }
        let stopped = train(&topics(), 25, &config, &Workers::new(1).unwrap(), &mut |step, _, _| step < 3).unwrap();
        assert!(stopped.is_none());
        let unknown = train(&topics(), 20, &config, &Workers::new(1).unwrap(), &mut |_, _, _| true).err();
        assert!(matches!(unknown, Some(TrainError::UnknownId { vocab_size: 20, .. })));
    }
}
