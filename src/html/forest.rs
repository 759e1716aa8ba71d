//! Gradient-boosted trees: reading the file that `benches/training/export.py` writes, and evaluating it.
//!
//! File: `DPGB`, then u16 numbers of features and trees; a tree is u8 splits, then each split (u16 feature, f32 threshold,
//! i8 child where the value is at most the threshold, i8 child otherwise), then splits + 1 leaves (f32). A child below
//! zero is leaf `-1 - child`. All little-endian.

/// Rows looked at side by side.
const ABREAST: usize = 8;
/// Most leaves of a tree: those still in reach are bits.
const MOST_LEAVES: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Split {
    threshold: f32,
    feature: u16,
    /// Leaves out of reach where the value is above the threshold: those on the other side.
    others: u32,
}

/// A tree whose leaves stand from left to right. All splits are tested, and each takes its leaves on the untaken side out of
/// reach; the first that is left is the one (QuickScorer, Lucchese et al. 2015). Without branches, rows go side by side.
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
            trees.push(Tree::read(&mut from, features)?);
        }
        Some((Forest { features, trees }, from.0))
    }

    /// Chances of the rows of a matrix with [`Forest::features`] columns.
    pub fn chances(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.features.max(1);
        let mut sums = vec![0.0f32; rows.len() / width];
        let mut columns = vec![[0.0f32; ABREAST]; width];
        for (rows, sums) in rows.chunks(width * ABREAST).zip(sums.chunks_mut(ABREAST)) {
            for (lane, row) in rows.chunks_exact(width).enumerate() {
                columns.iter_mut().zip(row).for_each(|(column, value)| column[lane] = *value);
            }
            for tree in &self.trees {
                tree.add(&columns, sums);
            }
        }
        sums.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s).exp()));
        sums
    }
}

impl Tree {
    /// Reads one tree. `None` when it is not whole or not a tree.
    fn read(from: &mut Reader, features: usize) -> Option<Tree> {
        let [size] = from.take()?;
        let size = usize::from(size);
        if size >= MOST_LEAVES {
            return None;
        }
        let mut splits = Vec::with_capacity(size);
        let mut children = Vec::with_capacity(size);
        for at in 0..size {
            let (feature, threshold) = (from.short()?, from.float()?);
            let next = from.take::<2>()?.map(|b| i16::from(b as i8));
            // Children come after their parent, so that every walk ends.
            let is_sound = |n: &i16| if *n < 0 { (-1 - *n) as usize <= size } else { *n as usize > at && (*n as usize) < size };
            if !next.iter().all(is_sound) || usize::from(feature) >= features {
                return None;
            }
            splits.push(Split { threshold, feature, others: 0 });
            children.push(next);
        }
        let stored = (0..=size).map(|_| from.float()).collect::<Option<Vec<f32>>>()?;
        let mut counts = vec![0; size];
        let count = |counts: &[usize], child: i16| if child < 0 { 1 } else { counts[child as usize] };
        for at in (0..size).rev() {
            counts[at] = count(&counts, children[at][0]).saturating_add(count(&counts, children[at][1]));
        }
        if counts.first().is_some_and(|&all| all != size + 1) {
            return None;
        }
        let mut leaves = stored.clone();
        let mut starts = vec![0; size];
        for at in 0..size {
            let middle = starts[at] + count(&counts, children[at][0]);
            splits[at].others = ((1u64 << middle) - (1 << starts[at])) as u32;
            for (child, start) in children[at].into_iter().zip([starts[at], middle]) {
                if child < 0 {
                    *leaves.get_mut(start)? = stored[(-1 - child) as usize];
                } else {
                    starts[child as usize] = start;
                }
            }
        }
        Some(Tree { splits, leaves })
    }

    fn add(&self, columns: &[[f32; ABREAST]], sums: &mut [f32]) {
        let mut reach = [u32::MAX; ABREAST];
        for split in &self.splits {
            let Split { threshold, feature, others } = *split;
            let values = columns[usize::from(feature)];
            // All ones where above: a mask without a branch.
            let above = values.map(|value| u32::from(value > threshold).wrapping_neg());
            reach.iter_mut().zip(above).for_each(|(reach, above)| *reach &= !(above & others));
        }
        for (sum, reach) in sums.iter_mut().zip(reach) {
            *sum += self.leaves.get(reach.trailing_zeros() as usize).copied().unwrap_or(0.0);
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
