//! Writing a model with a quantised input matrix, as fastText writes `.ftz` (Joulin et al. 2016b): a byte for every few dimensions of a row.
//!
//! Each part of the vectors has 256 centroids, found by k-means over a sample of the rows that training has changed. All other rows are 0 and
//! stay 0 exactly: one code is kept for that.
//!
//! fastText takes for each part the nearest centroid. Scores only depend on the products of rows with the vectors of labels, and the codes of a row
//! are many: here each part takes a near centroid that also undoes what the parts before it have put wrong in these products.

use std::io::{self, Write};
use std::ops::Range;

use super::descent::mix;
use super::{Trained, floats, in_parts};

/// Centroids of a part.
const CENTROIDS: usize = 256;
/// Vectors that centroids are found from, and rounds of finding them, as in fastText.
const SAMPLE: usize = 256 * CENTROIDS;
const ROUNDS: usize = 25;
/// How much more an error of the products weighs than one of the vector.
const PRODUCTS: f32 = 30.0;
/// Above so many labels, no heed is paid to them.
const FEW: usize = 8;
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
        let (seed, threads) = (self.settings.seed, self.settings.threads);
        let lengths: Vec<f32> = rows.chunks_exact(dim).map(length).collect();
        let norms = how.norms.then(|| Coded::lengths(&lengths));
        if let Some(norms) = &norms {
            norms.divide(&mut rows, dim);
        }
        let coded = Coded::of(&rows, (dim, width), norms.is_none(), &sample(&lengths, seed), &self.directions(), threads);
        self.head(out)?;
        out.write_all(&[1, u8::from(how.norms)])?;
        self.size(self.places.len(), out)?;
        out.write_all(&size.to_le_bytes())?;
        coded.write_codes(&seen, out)?;
        coded.write_centroids(out)?;
        if let Some(norms) = norms {
            norms.write_codes(&seen, out)?;
            norms.write_centroids(out)?;
        }
        self.tail(out)
    }

    /// The vectors of labels, of length 1, where there are few.
    fn directions(&self) -> Vec<Vec<f32>> {
        let labels = self.vocabulary.labels.len();
        let mut directions = vec![vec![0.0; self.args.dim]; if labels > FEW { 0 } else { labels }];
        for (label, direction) in directions.iter_mut().enumerate() {
            self.slices.iter().for_each(|slice| slice.output(label, direction));
            let length = length(direction);
            if length > 0.0 {
                direction.iter_mut().for_each(|value| *value /= length);
            }
        }
        directions
    }
}

fn length(row: &[f32]) -> f32 {
    row.iter().map(|value| value * value).sum::<f32>().sqrt()
}

/// The rows that centroids are found from: half of them the longest, which weigh most in scores, and half any.
fn sample(lengths: &[f32], seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..lengths.len()).collect();
    if rows.len() > SAMPLE {
        rows.sort_unstable_by(|a, b| lengths[*b].total_cmp(&lengths[*a]).then(a.cmp(b)));
        rows[SAMPLE / 2..].sort_by_cached_key(|row| mix(seed ^ *row as u64));
        rows.truncate(SAMPLE);
    }
    rows.sort_by_cached_key(|row| mix(seed ^ *row as u64));
    rows
}

impl Coded {
    /// Codes of lengths: 0, and 255 numbers that each stand in the same ratio to the next, so that all lengths are met equally well.
    fn lengths(lengths: &[f32]) -> Coded {
        let most = lengths.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let least = lengths.iter().copied().filter(|length| *length > most * 1e-6).fold(most, f32::min);
        let step = (most / least).ln() / (CENTROIDS - 2) as f32;
        let centroid = |code: usize| if code == 0 { 0.0 } else { least * (step * (code - 1) as f32).exp() };
        let code = |length: &f32| match length {
            length if *length < least / 2.0 => 0,
            _ if step == 0.0 => 1,
            length => 1 + ((length / least).ln() / step).round().clamp(0.0, (CENTROIDS - 2) as f32) as u8,
        };
        Coded { dim: 1, width: 1, centroids: (0..CENTROIDS).map(centroid).collect(), codes: lengths.iter().map(code).collect() }
    }

    /// Codes of `rows`. With `zero`, centroid 0 of each part is 0.
    fn of(rows: &[f32], (dim, width): (usize, usize), zero: bool, sample: &[usize], directions: &[Vec<f32>], threads: usize) -> Coded {
        let starts: Vec<usize> = (0..dim).step_by(width).collect();
        let learn = |start: &usize| Part::learn(rows, dim, *start..dim.min(start + width), zero, sample).aware_of(directions);
        let parts: Vec<Part> = in_parts(&starts, threads, |starts| starts.iter().map(learn).collect::<Vec<_>>()).into_iter().flatten().collect();
        let rows: Vec<&[f32]> = rows.chunks_exact(dim).collect();
        let codes = in_parts(&rows, threads, |rows| {
            let (mut codes, mut wrong) = (Vec::with_capacity(rows.len() * parts.len()), vec![0.0; directions.len()]);
            for row in rows {
                wrong.fill(0.0);
                codes.extend(parts.iter().map(|part| part.nearest(&row[part.at.clone()], &mut wrong)));
            }
            codes
        });
        let centroids = |part: &Part| (0..CENTROIDS).flat_map(|centroid| part.columns.iter().map(move |column| column[centroid])).collect::<Vec<_>>();
        Coded { dim, width, centroids: parts.iter().flat_map(centroids).collect(), codes: codes.into_iter().flatten().collect() }
    }

    /// Divides rows by the lengths that these codes stand for, so that what rounding does to a length is made good by the direction.
    fn divide(&self, rows: &mut [f32], dim: usize) {
        for (row, code) in rows.chunks_exact_mut(dim).zip(&self.codes) {
            let length = self.centroids[usize::from(*code)];
            row.iter_mut().for_each(|value| *value = if length > 0.0 { *value / length } else { 0.0 });
        }
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

/// The centroids of one part.
struct Part {
    /// Its dimensions.
    at: Range<usize>,
    /// The centroids, dimension by dimension.
    columns: Vec<[f32; CENTROIDS]>,
    /// This part of each direction that is paid heed to, and its products with the centroids.
    directions: Vec<(Vec<f32>, [f32; CENTROIDS])>,
}

impl Part {
    /// Finds centroids of dimensions `at` of the rows, from those of a sample.
    fn learn(rows: &[f32], dim: usize, at: Range<usize>, zero: bool, sample: &[usize]) -> Part {
        let point = |row: usize| &rows[row * dim..][at.clone()];
        let mut part = Part { columns: vec![[0.0; CENTROIDS]; at.len()], at: at.clone(), directions: Vec::new() };
        for (centroid, row) in (usize::from(zero)..CENTROIDS).zip(sample.iter().cycle()) {
            part.set(centroid, point(*row));
        }
        for _ in 0..ROUNDS {
            let (mut sums, mut sizes) = (vec![[0f64; CENTROIDS]; at.len()], [0usize; CENTROIDS]);
            for row in sample {
                let code = usize::from(part.nearest(point(*row), &mut []));
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

    /// The same with directions in which errors are to cancel out.
    fn aware_of(mut self, directions: &[Vec<f32>]) -> Part {
        for direction in directions {
            let along = direction[self.at.clone()].to_vec();
            let products = std::array::from_fn(|centroid| along.iter().zip(&self.columns).map(|(a, column)| a * column[centroid]).sum());
            self.directions.push((along, products));
        }
        self
    }

    fn nearest(&self, point: &[f32], wrong: &mut [f32]) -> u8 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just asked.
            return unsafe { self.nearest_avx2(point, wrong) };
        }
        self.nearest_plain(point, wrong)
    }

    /// The same code compiled for wider registers, without fused multiplication, so that the answer is the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn nearest_avx2(&self, point: &[f32], wrong: &mut [f32]) -> u8 {
        self.nearest_plain(point, wrong)
    }

    /// The first of the centroids that are nearest to `point`; what is `wrong` in each direction so far counts, and is brought up to date.
    #[inline(always)]
    fn nearest_plain(&self, point: &[f32], wrong: &mut [f32]) -> u8 {
        let mut distances = [0f32; CENTROIDS];
        for (value, column) in point.iter().zip(&self.columns) {
            for (distance, centroid) in distances.iter_mut().zip(column) {
                let apart = value - centroid;
                *distance += apart * apart;
            }
        }
        for (wrong, (along, products)) in wrong.iter_mut().zip(&self.directions) {
            *wrong += point.iter().zip(along).map(|(a, b)| a * b).sum::<f32>();
            for (distance, product) in distances.iter_mut().zip(products) {
                let apart = *wrong - product;
                *distance += PRODUCTS * apart * apart;
            }
        }
        let mut least = [f32::MAX; 16];
        for distances in distances.as_chunks::<16>().0 {
            for (least, distance) in least.iter_mut().zip(distances) {
                *least = if distance < least { *distance } else { *least };
            }
        }
        let least = least.into_iter().fold(f32::MAX, f32::min);
        let code = distances.iter().position(|distance| *distance == least).unwrap_or(0);
        wrong.iter_mut().zip(&self.directions).for_each(|(wrong, (_, products))| *wrong -= products[code]);
        code as u8
    }
}
