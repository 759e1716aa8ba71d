//! Repeated n-grams in the definitions of DCLM, dolma and NeMo Curator. Words are joined by nothing unless it says so.

use super::Words;

impl Words {
    /// How many `n`-grams there are.
    fn total(&self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.hashes.len() + 1).saturating_sub(n) }
    }

    /// Characters of all words.
    pub fn all_chars(&self) -> usize {
        self.chars(0, self.hashes.len())
    }

    /// The place of the most frequent `n`-gram, the first of several, and how often it stands; none where there are fewer words.
    pub fn most_frequent(&mut self, n: usize) -> Option<(usize, usize)> {
        let total = self.total(n);
        (total > 0).then(|| self.count(n, total))
    }

    /// Characters of the most frequent `n`-gram, the first of several, times its count (dolma).
    pub fn top_chars(&mut self, n: usize) -> usize {
        self.most_frequent(n).map_or(0, |(first, count)| self.chars(first, n) * count)
    }

    /// The same of the longest of the most frequent; 0 where none stands twice (DCLM).
    pub fn longest_top_chars(&mut self, n: usize) -> usize {
        let Some((_, most)) = self.most_frequent(n).filter(|(_, most)| *most > 1) else {
            return 0;
        };
        let longest = self.recurring().filter(|at| self.index.count(*at) as usize == most).map(|at| self.chars(at, n)).max();
        longest.unwrap_or_default() * most
    }

    /// Characters of the words in `n`-grams that stand more than once, each word counted once (DCLM).
    pub fn covered_chars(&mut self, n: usize) -> usize {
        if self.most_frequent(n).is_none() {
            return 0;
        }
        let (mut chars, mut end) = (0, 0);
        for at in self.recurring() {
            chars += self.chars(end.max(at), at + n - end.max(at));
            end = at + n;
        }
        chars
    }

    /// Characters of all `n`-grams that stand more than once, and of all `n`-grams (dolma).
    pub fn recurring_chars(&mut self, n: usize) -> (usize, usize) {
        let total = self.total(n);
        if self.most_frequent(n).is_none() {
            return (0, 0);
        }
        let recurring = self.recurring().map(|at| self.chars(at, n)).sum();
        (recurring, (0..total).map(|at| self.chars(at, n)).sum())
    }

    /// Characters of `n`-grams that stand earlier too, of overlapping ones only what is new, with the spaces between words (NeMo Curator).
    pub fn repeated_spaced_chars(&mut self, n: usize) -> usize {
        if self.most_frequent(n).is_none() {
            return 0;
        }
        let (mut chars, mut end) = (0, 0);
        for at in self.recurring().filter(|at| self.index.firsts[*at] as usize != *at) {
            let old = end.max(at) - at;
            chars += self.chars(at + old, n - old) + (n - old).min(n - 1);
            end = at + n;
        }
        chars
    }

    /// Where those n-grams stand that stand elsewhere too, of those counted last.
    fn recurring(&self) -> impl Iterator<Item = usize> + '_ {
        self.rolled.again.iter().map(|at| *at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::learnt;

    #[test]
    fn peers_count_the_most_frequent_in_two_ways() {
        let mut words = learnt("a b c ddd a b c ddd");
        assert_eq!((words.top_chars(2), words.longest_top_chars(2)), (4, 8));
        assert_eq!((learnt("é b c").top_chars(2), learnt("é b c").longest_top_chars(2)), (2, 0));
        assert_eq!((learnt("a").top_chars(2), learnt("").longest_top_chars(1)), (0, 0));
        assert_eq!(learnt("é b é b").most_frequent(2), Some((0, 2)));
    }

    #[test]
    fn peers_count_repeated_ones_in_three_ways() {
        // "a b" at 0, 3, 4 and "b a" nowhere twice; then an overlapping run.
        let mut words = learnt("a b c a b a b");
        assert_eq!(words.covered_chars(2), 6);
        assert_eq!(words.recurring_chars(2), (6, 12));
        assert_eq!(words.repeated_spaced_chars(2), 6);
        let mut run = learnt("é é é é");
        assert_eq!((run.covered_chars(2), run.recurring_chars(2), run.repeated_spaced_chars(2)), (4, (6, 6), 5));
        let mut none = learnt("a b");
        assert_eq!((none.covered_chars(3), none.recurring_chars(3), none.repeated_spaced_chars(3), none.all_chars()), (0, (0, 0), 0, 2));
    }
}
