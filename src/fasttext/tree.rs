//! The Huffman tree of hierarchical softmax, built from label counts exactly as fastText builds it.

use super::format::Error;

/// Inner nodes, the root last. Node `n` below the number of labels is a leaf; inner nodes are numbered from there on.
pub struct Tree {
    labels: usize,
    children: Vec<(u32, u32)>,
}

/// What a node weighs while it is not made yet.
const UNMADE: i64 = 1_000_000_000_000_000;

impl Tree {
    /// `counts` fall, as in a dictionary; counts that lead to no tree are refused.
    pub fn new(counts: &[i64]) -> Result<Tree, Error> {
        let labels = counts.len();
        let mut weights = counts.to_vec();
        weights.resize((2 * labels).saturating_sub(1), UNMADE);
        let mut children = Vec::with_capacity(labels.saturating_sub(1));
        let (mut leaf, mut node) = (labels, labels);
        for made in labels..weights.len() {
            let mut least = || {
                let take_leaf = leaf > 0 && weights[leaf - 1] < weights.get(node).copied().unwrap_or(UNMADE);
                let taken = if take_leaf { &mut leaf } else { &mut node };
                if take_leaf {
                    *taken -= 1;
                    *taken
                } else {
                    *taken += 1;
                    *taken - 1
                }
            };
            let pair = (least(), least());
            if pair.0.max(pair.1) >= made {
                return Err(Error::Damaged("the count of a label", counts.iter().copied().max().unwrap_or(0)));
            }
            weights[made] = weights[pair.0].saturating_add(weights[pair.1]);
            children.push((pair.0 as u32, pair.1 as u32));
        }
        Ok(Tree { labels, children })
    }

    /// For each label the inner nodes (numbered from 0) above it, and whether it lies to their right.
    pub fn paths(&self) -> Vec<Vec<(u32, bool)>> {
        let mut paths = vec![Vec::new(); self.labels + self.children.len()];
        for (inner, (left, right)) in self.children.iter().enumerate().rev() {
            for (child, is_right) in [(*left, false), (*right, true)] {
                let mut path = paths[self.labels + inner].clone();
                path.push((inner as u32, is_right));
                paths[child as usize] = path;
            }
        }
        paths.truncate(self.labels);
        paths
    }

    /// Calls `leaf` with the labels whose score passes `above`, which `leaf` may raise. `dot` gives an inner node's product, by its number from 0.
    pub fn search(&self, stack: &mut Vec<(u32, f32)>, above: f32, mut dot: impl FnMut(usize) -> f32, mut leaf: impl FnMut(usize, f32) -> f32) {
        let mut above = above;
        stack.clear();
        stack.push(((self.labels + self.children.len()).saturating_sub(1) as u32, 0.0));
        while let Some((node, score)) = stack.pop() {
            if score < above {
                continue;
            }
            let node = node as usize;
            let Some(inner) = node.checked_sub(self.labels) else {
                above = leaf(node, score).max(above);
                continue;
            };
            let Some((left, right)) = self.children.get(inner) else { continue };
            let share = 1.0 / (1.0 + (-dot(inner)).exp());
            stack.push((*right, score + log(share)));
            stack.push((*left, score + log(1.0 - share)));
        }
    }
}

/// fastText's logarithm, which never is that of nothing.
pub fn log(x: f32) -> f32 {
    (f64::from(x) + 1e-5).ln() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_labels_lie_deep() {
        let tree = Tree::new(&[50, 20, 10, 5]).unwrap();
        assert_eq!(tree.children, [(3, 2), (4, 1), (5, 0)]);
        let mut found = Vec::new();
        tree.search(
            &mut Vec::new(),
            f32::MIN,
            |_| 0.0,
            |label, score| {
                found.push((label, (score.exp() * 1000.0).round()));
                f32::MIN
            },
        );
        found.sort_by_key(|found| found.0);
        assert_eq!(found, [(0, 500.0), (1, 250.0), (2, 125.0), (3, 125.0)]);
    }

    #[test]
    fn counts_that_make_no_tree_are_refused() {
        assert!(Tree::new(&[UNMADE + 1, UNMADE + 1]).is_err());
        assert!(Tree::new(&[i64::MAX; 5]).is_err());
        assert!(Tree::new(&[7]).unwrap().children.is_empty());
    }
}
