//! Gradient-boosted trees: reading the file that `training/export.py` writes, and evaluating it.
//!
//! File: `DPGB`, then u16 numbers of features and trees; a tree is u8 splits, then each split (u16 feature, f32 threshold,
//! i8 child where the value is at most the threshold, i8 child otherwise), then splits + 1 leaves (f32). A child below
//! zero is leaf `-1 - child`. All little-endian.

/// A split; `next` holds indices into the forest's splits, or those of leaves with [`LEAF`] set.
#[derive(Clone, Copy, Debug)]
struct Split {
    threshold: f32,
    feature: u16,
    next: [u16; 2],
}

const LEAF: u16 = 1 << 15;
/// Rows walked down a tree side by side, so that their memory loads overlap.
const ABREAST: usize = 8;

#[derive(Clone, Debug, Default)]
struct Tree {
    splits: Vec<Split>,
    leaves: Vec<f32>,
}

/// A sum of trees, read as log-odds.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    pub features: usize,
    trees: Vec<Tree>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn float(&mut self) -> Option<f32> {
        self.take().map(f32::from_le_bytes)
    }

    fn short(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }
}

impl Forest {
    /// Reads one forest and what follows it. `None` when the file is not whole or a child leads nowhere.
    pub fn read(bytes: &[u8]) -> Option<(Forest, &[u8])> {
        let mut from = Reader(bytes);
        if from.take()? != *b"DPGB" {
            return None;
        }
        let features = from.short()? as usize;
        let count = from.short()?;
        let mut trees = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let [size] = from.take()?;
            let child = |b: u8| match b as i8 {
                leaf @ ..0 => LEAF | (-1 - i16::from(leaf)) as u16,
                split => split as u16,
            };
            let mut splits = Vec::with_capacity(size as usize);
            for at in 0..u16::from(size) {
                let feature = from.short()?;
                let threshold = from.float()?;
                let next = from.take::<2>()?.map(child);
                // Children come after their parent, so that every walk ends.
                let sound = next.iter().all(|&n| if n & LEAF != 0 { n & !LEAF <= u16::from(size) } else { n > at && n < u16::from(size) });
                if !sound || feature as usize >= features {
                    return None;
                }
                splits.push(Split { threshold, feature, next });
            }
            let leaves = (0..=size).map(|_| from.float()).collect::<Option<Vec<f32>>>()?;
            trees.push(Tree { splits, leaves });
        }
        Some((Forest { features, trees }, from.0))
    }

    /// Chances of the rows of a matrix with [`Forest::features`] columns.
    pub fn chances(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.features.max(1);
        let mut sums = vec![0.0f32; rows.len() / width];
        for (rows, sums) in rows.chunks(width * ABREAST).zip(sums.chunks_mut(ABREAST)) {
            for tree in &self.trees {
                tree.add(rows, width, sums);
            }
        }
        sums.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s).exp()));
        sums
    }
}

impl Tree {
    fn add(&self, rows: &[f32], width: usize, sums: &mut [f32]) {
        let mut at = [if self.splits.is_empty() { LEAF } else { 0 }; ABREAST];
        let at = &mut at[..sums.len()];
        loop {
            let mut open = false;
            for (lane, at) in at.iter_mut().enumerate() {
                if *at & LEAF == 0 {
                    let split = &self.splits[*at as usize];
                    let value = rows[lane * width + split.feature as usize];
                    *at = split.next[usize::from(value > split.threshold)];
                    open = true;
                }
            }
            if !open {
                break;
            }
        }
        for (sum, at) in sums.iter_mut().zip(at) {
            *sum += self.leaves[(*at & !LEAF) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut out = b"DPGB\x02\0\x01\0\x02".to_vec();
        for (feature, threshold, low, high) in [(0u16, 0.5f32, -1i8, 1i8), (1, 2.0, -2, -3)] {
            out.extend(feature.to_le_bytes());
            out.extend(threshold.to_le_bytes());
            out.extend([low as u8, high as u8]);
        }
        [-4.0f32, 0.0, 4.0].iter().for_each(|l| out.extend(l.to_le_bytes()));
        out
    }

    #[test]
    fn walks_to_the_leaves() {
        let bytes = file();
        let (forest, rest) = Forest::read(&bytes).unwrap();
        assert!(rest.is_empty());
        let got = forest.chances(&[0.5, 9.0, 0.6, 2.0, 0.6, 2.1]);
        assert!(got[0] < 0.02 && got[1] == 0.5 && got[2] > 0.98, "{got:?}");
    }

    #[test]
    fn broken_files_are_refused() {
        let bytes = file();
        (0..bytes.len()).for_each(|end| assert!(Forest::read(&bytes[..end]).is_none()));
        let mut looped = bytes.clone();
        looped[16] = 0;
        assert!(Forest::read(&looped).is_none());
    }
}
