//! How well scores tell two labels apart.

/// What scores are worth against the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Share of examples on the right side of one half.
    pub accuracy: f64,
    /// Area under the ROC curve: the probability that a positive example scores above a negative one, equal scores counting half.
    pub roc_auc: f64,
    /// Precision, averaged over the recall won at each distinct score.
    pub average_precision: f64,
}

impl Measures {
    /// Of scores with whether each example is positive; `None` where one side has no example.
    pub fn of(scores: &[(f32, bool)]) -> Option<Measures> {
        let mut sorted = scores.to_vec();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let positive = sorted.iter().filter(|(_, positive)| *positive).count() as f64;
        let negative = sorted.len() as f64 - positive;
        if positive == 0.0 || negative == 0.0 {
            return None;
        }
        let right = sorted.iter().filter(|(score, positive)| (*score >= 0.5) == *positive).count() as f64;
        let (mut above, mut seen, mut area, mut precision) = (0.0, 0.0, 0.0, 0.0);
        for same in sorted.chunk_by(|a, b| a.0 == b.0) {
            let found = same.iter().filter(|(_, positive)| *positive).count() as f64;
            let others = same.len() as f64 - found;
            area += others * (above + found / 2.0);
            above += found;
            seen += same.len() as f64;
            precision += found / positive * (above / seen);
        }
        Some(Measures { accuracy: right / sorted.len() as f64, roc_auc: area / (positive * negative), average_precision: precision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_of_a_ranking_by_hand() {
        // Ranking + - + -: of the four pairs three are in order; precision is 1/1 at the first, 2/3 at the second positive.
        let ranked = Measures::of(&[(0.9, true), (0.2, false), (0.6, true), (0.7, false)]).unwrap();
        assert_eq!((ranked.accuracy, ranked.roc_auc), (0.75, 0.75));
        assert!((ranked.average_precision - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-12);
        let equal = Measures::of(&[(0.5, true), (0.5, false)]).unwrap();
        assert_eq!((equal.accuracy, equal.roc_auc, equal.average_precision), (0.5, 0.5, 0.5));
        assert_eq!(Measures::of(&[(0.5, true)]), None);
    }
}
