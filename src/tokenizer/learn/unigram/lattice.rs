//! All ways to cut a word into pieces.

use crate::tokenizer::pairs::{NONE, PairTable};

/// Pieces by their letters.
pub(super) struct Trie {
    /// The node that a letter leads to from a node.
    children: PairTable,
    /// The piece that ends at a node.
    pieces: Vec<Option<u32>>,
    scores: Vec<f64>,
    /// The exponential of the score.
    shares: Vec<f64>,
}

impl Trie {
    /// Pieces have ids in the order given.
    pub fn new<'a>(pieces: impl Iterator<Item = (&'a [char], f64)>) -> Trie {
        let (texts, scores): (Vec<&[char]>, Vec<f64>) = pieces.unzip();
        let mut order: Vec<u32> = (0..texts.len() as u32).collect();
        order.sort_unstable_by_key(|id| texts[*id as usize]);
        let mut steps = Vec::new();
        let mut nodes = vec![None];
        let mut path: Vec<u32> = vec![0];
        let mut before: &[char] = &[];
        for id in order {
            let text = texts[id as usize];
            let common = before.iter().zip(text).take_while(|(a, b)| a == b).count();
            path.truncate(common + 1);
            for letter in &text[common..] {
                let child = nodes.len() as u32;
                steps.push((path[path.len() - 1], *letter as u32, u64::from(child)));
                nodes.push(None);
                path.push(child);
            }
            nodes[path[path.len() - 1] as usize] = Some(id);
            before = text;
        }
        let count = steps.len();
        let shares = scores.iter().map(|score| score.exp()).collect();
        Trie { children: PairTable::new(steps.into_iter(), count), pieces: nodes, scores, shares }
    }
}

/// A piece between two places of the word.
struct Edge {
    from: u32,
    to: u32,
    id: u32,
}

/// The pieces of one word, filled again for each.
pub(super) struct Lattice<'a> {
    trie: &'a Trie,
    length: usize,
    /// In ascending order of `from`.
    edges: Vec<Edge>,
    /// Best score up to each place, and the edge that leads there.
    best: Vec<(f64, u32)>,
    forward: Vec<f64>,
    backward: Vec<f64>,
    powers: Vec<f64>,
}

impl<'a> Lattice<'a> {
    pub fn new(trie: &'a Trie) -> Lattice<'a> {
        Lattice { trie, length: 0, edges: Vec::new(), best: Vec::new(), forward: Vec::new(), backward: Vec::new(), powers: Vec::new() }
    }

    /// Finds the pieces of a word.
    pub fn fill(&mut self, letters: &[char]) {
        self.length = letters.len();
        self.edges.clear();
        for from in 0..letters.len() {
            let mut node = 0;
            for (letter, to) in letters[from..].iter().zip(from as u32 + 1..) {
                let child = self.trie.children.get(node, *letter as u32);
                if child == NONE {
                    break;
                }
                node = child as u32;
                if let Some(id) = self.trie.pieces[node as usize] {
                    self.edges.push(Edge { from: from as u32, to, id });
                }
            }
        }
    }

    /// Calls `piece` with the pieces of the most probable cut, in order, as if `without` were not there; the first that is found among equals.
    pub fn best(&mut self, without: Option<u32>, mut piece: impl FnMut(u32)) {
        self.find_best(without);
        self.path().iter().for_each(|edge| piece(self.edges[*edge as usize].id));
    }

    fn find_best(&mut self, without: Option<u32>) {
        self.best.clear();
        self.best.resize(self.length + 1, (f64::NEG_INFINITY, u32::MAX));
        self.best[0].0 = 0.0;
        for (edge, number) in self.edges.iter().zip(0..) {
            let score = self.best[edge.from as usize].0 + self.trie.scores[edge.id as usize];
            let to = &mut self.best[edge.to as usize];
            if score > to.0 && Some(edge.id) != without {
                *to = (score, number);
            }
        }
    }

    fn path(&self) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = self.length;
        while at > 0 {
            let Some(edge) = self.edges.get(self.best[at].1 as usize) else { break };
            path.push(self.best[at].1);
            at = edge.from as usize;
        }
        path.reverse();
        path
    }

    /// Adds to each piece's sum how often it is expected in `count` such words, over all cuts by their probability.
    pub fn expect(&mut self, count: f64, sums: &mut [f64]) {
        self.find_best(None);
        let n = self.length;
        // Probabilities of long words are below what a number can hold. Each letter is given the share that makes the best cut as likely as 1,
        // which changes all cuts of a word alike.
        let letter = (-self.best[n].0 / n.max(1) as f64).exp();
        self.powers.clear();
        self.powers.extend(std::iter::successors(Some(1.0), |power| Some(power * letter)).take(n + 1));
        let share = |edge: &Edge, powers: &[f64]| self.trie.shares[edge.id as usize] * powers[(edge.to - edge.from) as usize];
        self.forward.clear();
        self.forward.resize(n + 1, 0.0);
        self.backward.clone_from(&self.forward);
        self.forward[0] = 1.0;
        self.backward[n] = 1.0;
        for edge in &self.edges {
            self.forward[edge.to as usize] += self.forward[edge.from as usize] * share(edge, &self.powers);
        }
        for edge in self.edges.iter().rev() {
            self.backward[edge.from as usize] += self.backward[edge.to as usize] * share(edge, &self.powers);
        }
        let all = self.forward[n];
        if !all.is_finite() || all <= 0.0 {
            // Only the best cut is left of such a word.
            self.path().iter().for_each(|edge| sums[self.edges[*edge as usize].id as usize] += count);
            return;
        }
        for edge in &self.edges {
            let both = self.forward[edge.from as usize] * self.backward[edge.to as usize];
            sums[edge.id as usize] += count * both * share(edge, &self.powers) / all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn expectations_are_those_of_all_cuts_by_hand() {
        let pieces = [("a", 0.3), ("b", 0.2), ("ab", 0.25), ("ba", 0.15), ("aba", 0.1)];
        let texts: Vec<Vec<char>> = pieces.iter().map(|(text, _)| letters(text)).collect();
        let trie = Trie::new(texts.iter().zip(&pieces).map(|(text, (_, share))| (&text[..], f64::ln(*share))));
        let mut lattice = Lattice::new(&trie);
        lattice.fill(&letters("aba"));
        let mut sums = vec![0.0; 5];
        lattice.expect(2.0, &mut sums);
        // a b a, ab a, a ba, aba
        let cuts = [0.3 * 0.2 * 0.3, 0.25 * 0.3, 0.3 * 0.15, 0.1];
        let all: f64 = cuts.iter().sum();
        let by_hand = [2.0 * cuts[0] + cuts[1] + cuts[2], cuts[0], cuts[1], cuts[2], cuts[3]].map(|sum| 2.0 * sum / all);
        for (found, wanted) in sums.iter().zip(by_hand) {
            assert!((found - wanted).abs() < 1e-12, "{sums:?} {by_hand:?}");
        }
        let mut best = |without| {
            let mut ids = Vec::new();
            lattice.best(without, |id| ids.push(id));
            ids
        };
        assert_eq!((best(None), best(Some(4))), (vec![4], vec![2, 0]));
    }

    #[test]
    fn long_improbable_words_do_not_vanish() {
        let texts = [letters("x"), letters("xx")];
        let trie = Trie::new(texts.iter().map(|text| (&text[..], -40.0)));
        let mut lattice = Lattice::new(&trie);
        lattice.fill(&['x'; 64]);
        let mut sums = vec![0.0; 2];
        lattice.expect(1.0, &mut sums);
        assert!((sums[1] - 32.0).abs() < 1e-6 && sums[0] < 1e-6, "{sums:?}");
    }
}
