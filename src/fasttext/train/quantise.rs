//! Writing a model with a quantised input matrix, as fastText writes `.ftz` (Joulin et al. 2016b): a byte for every few dimensions of a row.
//!
//! Each part of the vectors has 256 centroids, found by k-means over a sample of the rows that training has changed. All other rows are 0 and
//! stay 0 exactly: one code is kept for that.

use std::io::{self, Write};
use std::ops::Range;

use super::descent::mix;
use super::{Trained, floats, in_parts};

/// Centroids of a part.
const CENTROIDS: usize = 256;
/// Vectors that centroids are found from, and rounds of finding them, as in fastText.
const SAMPLE: usize = 256 * CENTROIDS;
const ROUNDS: usize = 25;
/// How far the halves of a cluster are put apart.
const APART: f32 = 1e-7;

/// How to quantise.
#[derive(Clone, Copy, Debug)]
pub struct Quantise {
    /// Dimensions that share a byte.
    pub width: usize,
    /// Code the length of a vector apart from its direction: one more byte a row, and closer scores.
    pub norms: bool,
}

impl Default for Quantise {
    fn default() -> Quantise {
        Quantise { width: 2, norms: true }
    }
}

/// Centroids of all parts, and a code a part for each vector, vector after vector.
struct Coded {
    dim: usize,
    width: usize,
    centroids: Vec<f32>,
    codes: Vec<u8>,
}

impl Trained {
    /// Writes a model file as fastText writes `.ftz`.
    ///
    /// # Errors
    /// What `out` says, and matrices whose codes are more than the format can count.
    pub fn write_quantised(&self, how: &Quantise, out: &mut impl Write) -> io::Result<()> {
        let dim = self.args.dim;
        let width = how.width.clamp(1, dim);
        let size = i32::try_from(self.places.len() * dim.div_ceil(width)).map_err(|_| io::Error::other("the matrix is too large for a quantised file"))?;
        let seen: Vec<bool> = self.places.iter().map(|place| *place != super::Place::Unseen).collect();
        let mut rows = vec![0.0; seen.iter().filter(|seen| **seen).count() * dim];
        let numbers = (0..seen.len()).filter(|at| seen[*at]);
        numbers.zip(rows.chunks_exact_mut(dim)).for_each(|(at, row)| _ = self.row(at, row));
        let norms = how.norms.then(|| normalise(&mut rows, dim));
        let (seed, threads) = (self.settings.seed, self.settings.threads);
        let coded = Coded::of(&rows, dim, width, norms.is_none(), seed, threads);
        self.head(out)?;
        out.write_all(&[1, u8::from(how.norms)])?;
        self.size(self.places.len(), out)?;
        out.write_all(&size.to_le_bytes())?;
        coded.write_codes(&seen, out)?;
        coded.write_centroids(out)?;
        if let Some(norms) = norms {
            let coded = Coded::of(&norms, 1, 1, true, seed, threads);
            coded.write_codes(&seen, out)?;
            coded.write_centroids(out)?;
        }
        self.tail(out)
    }
}

/// Takes the length out of every row.
fn normalise(rows: &mut [f32], dim: usize) -> Vec<f32> {
    let length = |row: &mut [f32]| {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|value| *value /= norm);
        }
        norm
    };
    rows.chunks_exact_mut(dim).map(length).collect()
}

impl Coded {
    /// Codes of `rows`. With `zero`, centroid 0 of each part is 0.
    fn of(rows: &[f32], dim: usize, width: usize, zero: bool, seed: u64, threads: usize) -> Coded {
        let starts: Vec<usize> = (0..dim).step_by(width).collect();
        let parts = in_parts(&starts, threads, |starts| {
            let part = |start: &usize| Part::learn(rows, dim, *start..dim.min(start + width), zero, mix(seed ^ *start as u64));
            starts.iter().map(|start| part(start).coded(rows, dim, *start)).collect::<Vec<_>>()
        });
        let mut coded = Coded { dim, width, centroids: Vec::new(), codes: vec![0; rows.len() / dim * starts.len()] };
        for (at, (part, codes)) in parts.into_iter().flatten().enumerate() {
            coded.codes.iter_mut().skip(at).step_by(starts.len()).zip(codes).for_each(|(place, code)| *place = code);
            coded.centroids.extend((0..CENTROIDS).flat_map(|centroid| part.columns.iter().map(move |column| column[centroid])));
        }
        coded
    }

    /// Codes of all rows of the model; those that were never seen have code 0 throughout.
    fn write_codes(&self, seen: &[bool], out: &mut impl Write) -> io::Result<()> {
        let parts = self.dim.div_ceil(self.width);
        let (mut codes, none) = (self.codes.chunks_exact(parts), vec![0; parts]);
        seen.iter().try_for_each(|seen| out.write_all(if *seen { codes.next().unwrap_or(&none) } else { &none }))
    }

    fn write_centroids(&self, out: &mut impl Write) -> io::Result<()> {
        let parts = self.dim.div_ceil(self.width);
        for size in [self.dim, parts, self.width, self.dim - (parts - 1) * self.width] {
            out.write_all(&(size as i32).to_le_bytes())?;
        }
        floats(&self.centroids, out)
    }
}

/// The centroids of one part, dimension by dimension.
struct Part {
    columns: Vec<[f32; CENTROIDS]>,
}

impl Part {
    /// Finds centroids of dimensions `at` of the rows.
    fn learn(rows: &[f32], dim: usize, at: Range<usize>, zero: bool, seed: u64) -> Part {
        let count = rows.len() / dim;
        let point = |row: usize| &rows[row * dim..][at.clone()];
        let pick = |number: usize| (mix(seed ^ number as u64) % count.max(1) as u64) as usize;
        let sample: Vec<usize> = if count > SAMPLE { (0..SAMPLE).map(pick).collect() } else { (0..count).collect() };
        let mut part = Part { columns: vec![[0.0; CENTROIDS]; at.len()] };
        for centroid in usize::from(zero)..CENTROIDS.min(CENTROIDS * count) {
            part.set(centroid, point(pick(centroid)));
        }
        for _ in 0..ROUNDS {
            let (mut sums, mut sizes) = (vec![[0f64; CENTROIDS]; at.len()], [0usize; CENTROIDS]);
            for row in &sample {
                let code = usize::from(part.nearest(point(*row)));
                sizes[code] += 1;
                sums.iter_mut().zip(point(*row)).for_each(|(sum, value)| sum[code] += f64::from(*value));
            }
            for (column, sums) in part.columns.iter_mut().zip(&sums) {
                for (centroid, (sum, size)) in sums.iter().zip(sizes).enumerate().skip(usize::from(zero)).filter(|(_, (_, size))| *size > 0) {
                    column[centroid] = (sum / size as f64) as f32;
                }
            }
            for empty in usize::from(zero)..CENTROIDS {
                if sizes[empty] == 0 {
                    part.halve(&mut sizes, empty, usize::from(zero));
                }
            }
        }
        part
    }

    fn set(&mut self, centroid: usize, point: &[f32]) {
        self.columns.iter_mut().zip(point).for_each(|(column, value)| column[centroid] = *value);
    }

    /// Gives half of the largest cluster to an empty one.
    fn halve(&mut self, sizes: &mut [usize; CENTROIDS], empty: usize, first: usize) {
        let largest = (first..CENTROIDS).max_by_key(|centroid| (sizes[*centroid], CENTROIDS - centroid)).unwrap_or(first);
        for (at, column) in self.columns.iter_mut().enumerate() {
            let apart = if at % 2 == 0 { -APART } else { APART };
            column[empty] = column[largest] + apart;
            column[largest] -= apart;
        }
        sizes[empty] = sizes[largest] / 2;
        sizes[largest] -= sizes[empty];
    }

    /// The codes of dimensions from `start` on of all rows, beside the centroids.
    fn coded(self, rows: &[f32], dim: usize, start: usize) -> (Part, Vec<u8>) {
        let codes = rows.chunks_exact(dim).map(|row| self.nearest(&row[start..start + self.columns.len()])).collect();
        (self, codes)
    }

    fn nearest(&self, point: &[f32]) -> u8 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just asked.
            return unsafe { self.nearest_avx2(point) };
        }
        self.nearest_plain(point)
    }

    /// The same code compiled for wider registers, without fused multiplication, so that the answer is the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn nearest_avx2(&self, point: &[f32]) -> u8 {
        self.nearest_plain(point)
    }

    /// The first of the centroids that are nearest to `point`.
    #[inline(always)]
    fn nearest_plain(&self, point: &[f32]) -> u8 {
        let mut distances = [0f32; CENTROIDS];
        for (value, column) in point.iter().zip(&self.columns) {
            for (distance, centroid) in distances.iter_mut().zip(column) {
                let apart = value - centroid;
                *distance += apart * apart;
            }
        }
        let mut least = [f32::MAX; 16];
        for distances in distances.as_chunks::<16>().0 {
            for (least, distance) in least.iter_mut().zip(distances) {
                *least = if distance < least { *distance } else { *least };
            }
        }
        let least = least.into_iter().fold(f32::MAX, f32::min);
        distances.iter().position(|distance| *distance == least).unwrap_or(0) as u8
    }
}
