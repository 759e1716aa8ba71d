//! MinHash signatures in bands (Broder 1997; Indyk and Motwani 1998).
//!
//! Each shingle is hashed once. The permutations are multiply-add on its upper 32 bits, `a * x + b` modulo 2^32 with `a` odd, sixteen of them
//! side by side in vector registers over all shingles of a document: about 3 multiplications a cycle instead of 112 hashes a shingle.
//! Two documents of Jaccard similarity s agree on one minimum with probability s, on a band of r minima with s^r, on at least one of b bands
//! with 1 - (1 - s^r)^b.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::mix;

const LANES: usize = 16;

/// Permutations and bands.
#[derive(Clone, Debug)]
pub struct Signature {
    bands: usize,
    rows: usize,
    lanes: Vec<Lanes>,
}

#[derive(Clone, Debug)]
struct Lanes {
    factors: [u32; LANES],
    offsets: [u32; LANES],
}

impl Signature {
    /// `bands` bands of `rows` minima each.
    pub fn new(bands: usize, rows: usize, seed: u64) -> Signature {
        let draw = |number: usize| mix(seed ^ mix(number as u64 + 1)) as u32;
        let lanes = (0..(bands * rows).div_ceil(LANES))
            .map(|block| Lanes {
                factors: std::array::from_fn(|lane| draw(2 * (block * LANES + lane)) | 1),
                offsets: std::array::from_fn(|lane| draw(2 * (block * LANES + lane) + 1)),
            })
            .collect();
        Signature { bands, rows, lanes }
    }

    /// Begins with a document.
    pub fn begin(&self, work: &mut Work) {
        work.minima.clear();
        work.minima.resize(LANES * self.lanes.len(), u32::MAX);
        work.empty = true;
    }

    /// Takes shingles of the document, in any order and any number of pieces.
    pub fn add(&self, shingles: &[u64], work: &mut Work) {
        work.empty &= shingles.is_empty();
        work.points.clear();
        work.points.extend(shingles.iter().map(|shingle| (shingle >> 32) as u32));
        for (lanes, least) in self.lanes.iter().zip(work.minima.as_chunks_mut().0) {
            *least = minima(lanes, &work.points, *least);
        }
    }

    /// Writes a 64-bit digest for each band, or nothing where there was no shingle. The band's number is part of the digest.
    pub fn end(&self, work: &mut Work, digests: &mut Vec<u64>) {
        digests.clear();
        if work.empty {
            return;
        }
        for (band, rows) in work.minima.chunks_exact(self.rows).take(self.bands).enumerate() {
            work.bytes.clear();
            work.bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
            digests.push(xxh3_64_with_seed(&work.bytes, band as u64));
        }
    }
}

/// Working memory.
#[derive(Debug, Default)]
pub struct Work {
    points: Vec<u32>,
    minima: Vec<u32>,
    /// Whether the document has had no shingle.
    empty: bool,
    bytes: Vec<u8>,
}

/// The probability that two documents of Jaccard similarity `s` meet in at least one band.
pub fn detection(s: f64, bands: usize, rows: usize) -> f64 {
    1.0 - (1.0 - s.powf(rows as f64)).powf(bands as f64)
}

/// Most minima that [`bands_for`] spends on a document.
const MOST: usize = 128;
/// What share of the pairs of the wanted similarity [`bands_for`] is to find.
const FOUND: f64 = 0.95;

/// Bands and rows that find 95 % of the pairs of similarity `target`: as many rows as 128 minima allow, since more rows mean fewer pairs below the
/// target that are compared in vain. `None` where 128 minima do not suffice.
pub fn bands_for(target: f64) -> Option<(usize, usize)> {
    let fit = |rows: usize| (1..=MOST / rows).find(|bands| detection(target, *bands, rows) >= FOUND).map(|bands| (bands, rows));
    (1..=MOST).rev().find_map(fit)
}

fn minima(lanes: &Lanes, points: &[u32], least: [u32; LANES]) -> [u32; LANES] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just asked.
        return unsafe { minima_avx2(lanes, points, least) };
    }
    minima_plain(lanes, points, least)
}

/// The same code compiled for wider registers; whole numbers, so the answer is the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn minima_avx2(lanes: &Lanes, points: &[u32], least: [u32; LANES]) -> [u32; LANES] {
    minima_plain(lanes, points, least)
}

#[inline(always)]
fn minima_plain(lanes: &Lanes, points: &[u32], mut least: [u32; LANES]) -> [u32; LANES] {
    for point in points {
        for ((least, factor), offset) in least.iter_mut().zip(&lanes.factors).zip(&lanes.offsets) {
            *least = (*least).min(factor.wrapping_mul(*point).wrapping_add(*offset));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(signature: &Signature, shingles: &[u64], work: &mut Work, digests: &mut Vec<u64>) {
        signature.begin(work);
        signature.add(shingles, work);
        signature.end(work, digests);
    }

    /// Share of pairs of sets of similarity `s` that meet in a band. Each pair has a union of `union` random shingles.
    fn met(s: f64, union: usize, pairs: u64) -> f64 {
        let signature = Signature::new(14, 8, 7);
        let (mut work, mut a, mut b) = (Work::default(), Vec::new(), Vec::new());
        let shared = (s * union as f64).round() as usize;
        let found = (0..pairs).filter(|pair| {
            let element = |i: usize| mix(mix(pair + 1) ^ i as u64);
            let half = shared + (union - shared) / 2;
            let one: Vec<u64> = (0..half).map(element).collect();
            let two: Vec<u64> = (0..shared).chain(half..union).map(element).collect();
            bands(&signature, &one, &mut work, &mut a);
            bands(&signature, &two, &mut work, &mut b);
            a.iter().zip(&b).any(|(x, y)| x == y)
        });
        found.count() as f64 / pairs as f64
    }

    #[test]
    fn detection_follows_the_curve() {
        for (union, pairs) in [(40, 6_000), (300, 600)] {
            for s in [0.5, 0.6, 0.7, 0.75, 0.8, 0.85] {
                let (expected, found) = (detection(s, 14, 8), met(s, union, pairs));
                let error = (expected * (1.0 - expected) / pairs as f64).sqrt();
                assert!((found - expected).abs() < 3.5 * error, "s {s}, union {union}: {found} for {expected} ± {error}");
            }
        }
        assert_eq!([0.70, 0.75, 0.80, 0.85].map(|s| (detection(s, 14, 8) * 1000.0).round()), [565.0, 772.0, 924.0, 988.0]);
    }

    #[test]
    fn bands_and_rows_follow_from_the_target() {
        assert_eq!([0.5, 0.75, 0.8, 0.9].map(bands_for), [Some((23, 3)), Some((16, 6)), Some((13, 7)), Some((10, 12))]);
        assert_eq!((bands_for(0.01), bands_for(1.0)), (None, Some((1, 128))));
        for target in (5..=100).map(|percent| f64::from(percent) / 100.0) {
            let (bands, rows) = bands_for(target).unwrap();
            assert!(detection(target, bands, rows) >= 0.95 && bands * rows <= 128, "{target}");
        }
    }

    #[test]
    fn bands_differ_and_the_empty_set_has_none() {
        let signature = Signature::new(3, 5, 1);
        let (mut work, mut digests) = (Work::default(), Vec::new());
        bands(&signature, &[9 << 40], &mut work, &mut digests);
        let first = digests.clone();
        assert_eq!(first.len(), 3);
        assert!(first[0] != first[1] && first[1] != first[2]);
        bands(&signature, &[9 << 40, 9 << 40], &mut work, &mut digests);
        assert_eq!(digests, first);
        bands(&signature, &[], &mut work, &mut digests);
        assert!(digests.is_empty());
        let shingles: Vec<u64> = (0..300).map(mix).collect();
        bands(&signature, &shingles, &mut work, &mut digests);
        let mut pieces = Vec::new();
        signature.begin(&mut work);
        shingles.chunks(7).rev().for_each(|piece| signature.add(piece, &mut work));
        signature.end(&mut work, &mut pieces);
        assert_eq!(pieces, digests);
    }
}
