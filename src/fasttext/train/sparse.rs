//! The examples of a training set as sparse vectors over the rows that training changes.
//!
//! Most rows of hashed n-grams belong to no example, and most of the rest to one. Rows of the first kind are not held at all. Those that only one
//! example has are trained as one: every step adds the same gradient `g` to each, times how often its feature stands there (`c`). Their sum in
//! the hidden vector, `Σ c·row`, moves by `Σ c²·g`, so that one row `v` of weight `k = √(Σ c²)`, with `k·v = Σ c·row`, learns the same.

use super::super::dictionary::{Dictionary, Features};
use super::{Example, in_parts};

/// Where a row of the model's input matrix is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Nowhere: no example has its feature.
    Unseen,
    /// In a row of its own.
    Own(u32),
    /// In one row with all others that only this example has; how often its feature stands there.
    Together { row: u32, times: u32 },
}

/// Examples over trained rows.
pub struct Sparse {
    /// Trained row and weight of every feature, example after example.
    features: Vec<(u32, f32)>,
    ends: Vec<usize>,
    /// Features of each example, repeated ones counted each time: what the mean is taken over.
    pub sizes: Vec<u32>,
    /// For each row of the model.
    pub places: Vec<Place>,
    /// For each trained row the weight of what it stands for: 1 for a row of its own.
    pub weights: Vec<f32>,
}

/// Distinct rows of examples with how often each stands there, and where each example ends.
#[derive(Default)]
struct Counted {
    features: Vec<(u32, u32)>,
    ends: Vec<usize>,
    sizes: Vec<u32>,
}

impl Sparse {
    /// The examples as `dictionary` sees them; the model has `rows` rows.
    pub fn of(examples: &[Example<'_>], dictionary: &Dictionary, rows: usize, threads: usize) -> Sparse {
        let parts = in_parts(examples, threads, |examples| Counted::of(examples, dictionary));
        let mut places = vec![Place::Unseen; rows];
        for (row, times) in parts.iter().flat_map(|part| &part.features) {
            let place = &mut places[*row as usize];
            // Numbers of trained rows follow.
            *place = if *place == Place::Unseen { Place::Together { row: u32::MAX, times: *times } } else { Place::Own(u32::MAX) };
        }
        let mut sparse = Sparse { features: Vec::new(), ends: Vec::new(), sizes: Vec::new(), places, weights: Vec::new() };
        for part in parts {
            part.examples().for_each(|example| sparse.push(example));
            sparse.sizes.extend_from_slice(&part.sizes);
        }
        sparse
    }

    /// Numbers trained rows in the order in which examples want them, so that what is used together lies together.
    fn push(&mut self, example: &[(u32, u32)]) {
        let together = self.weights.len() as u32;
        let mut squares = 0.0;
        for (row, _) in example {
            if let Place::Together { row, times } = &mut self.places[*row as usize] {
                *row = together;
                squares += f64::from(*times).powi(2);
            }
        }
        if squares > 0.0 {
            let weight = squares.sqrt() as f32;
            self.features.push((together, weight));
            self.weights.push(weight);
        }
        for (row, times) in example {
            if let Place::Own(place) = &mut self.places[*row as usize] {
                if *place == u32::MAX {
                    *place = self.weights.len() as u32;
                    self.weights.push(1.0);
                }
                self.features.push((*place, *times as f32));
            }
        }
        self.ends.push(self.features.len());
    }

    /// The features of example `n`.
    pub fn example(&self, n: usize) -> &[(u32, f32)] {
        let start = n.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.features[start..self.ends[n]]
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

impl Counted {
    fn of(examples: &[Example<'_>], dictionary: &Dictionary) -> Counted {
        let (mut counted, mut features) = (Counted::default(), Features::default());
        for example in examples {
            dictionary.features(example.text, &mut features);
            counted.sizes.push(features.rows.len() as u32);
            features.rows.sort_unstable();
            counted.features.extend(features.rows.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)));
            counted.ends.push(counted.features.len());
        }
        counted
    }

    fn examples(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.features[std::mem::replace(&mut start, *end)..*end])
    }
}
