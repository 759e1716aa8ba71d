//! The few statistics of the verdict: spread, Student's t, and the bootstrap over documents.

use std::ops::Range;

use crate::train::random::Random;

/// Mean of `values`; 0 if there is none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Variance of what `values` were drawn from, estimated without bias; 0 for fewer than two.
pub fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().saturating_sub(1).max(1) as f64
}

/// Degrees of freedom of a Student variable that is as good as normal.
const NORMAL: usize = 10_000;

/// The t that a Student variable of `freedom` degrees stays within, on both sides of 0, with probability `level`.
pub fn student(freedom: usize, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1000.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if within(middle, freedom.max(1)) < level { low = middle } else { high = middle }
    }
    high
}

/// Probability that |T| < t, by the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4).
fn within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    let (mut term, mut series) = if odd { (cosine, 0.0) } else { (1.0, 0.0) };
    for i in (if odd { 3 } else { 2 }..=freedom).step_by(2) {
        series += term;
        term *= cosine * cosine * (i - 1) as f64 / i as f64;
    }
    if odd { (angle + sine * series) * std::f64::consts::FRAC_2_PI } else { sine * series }
}

/// Mean over `strata` of `sum(values) / sum(weights)` in each; strata are ranges of both.
pub fn ratio(values: &[f64], weights: &[f64], strata: &[Range<usize>]) -> f64 {
    mean(&strata.iter().map(|stratum| values[stratum.clone()].iter().sum::<f64>() / weights[stratum.clone()].iter().sum::<f64>()).collect::<Vec<_>>())
}

/// Half of the interval of [`ratio`], of probability `level`, over the choice of what is counted, documents for one, within each stratum.
///
/// They are drawn anew 2,000 times; the farther end of the middle share of `level` counts, widened as Student's t is against the normal, because the
/// bootstrap of few documents is too narrow by about that much.
pub fn bootstrap(values: &[f64], weights: &[f64], strata: &[Range<usize>], level: f64, seed: u64) -> f64 {
    const DRAWS: usize = 2000;
    let centre = ratio(values, weights, strata);
    let mut random = Random::new(seed, "bootstrap");
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let ratios = strata.iter().map(|stratum| {
                let (mut value, mut weight) = (0.0, 0.0);
                for _ in stratum.clone() {
                    let chosen = stratum.start + random.below(stratum.len());
                    value += values[chosen];
                    weight += weights[chosen];
                }
                value / weight
            });
            mean(&ratios.collect::<Vec<_>>())
        })
        .filter(|ratio| ratio.is_finite())
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn.get((share * drawn.len() as f64) as usize).copied().unwrap_or(centre);
    let half = (centre - at(0.5 - 0.5 * level)).max(at(0.5 + 0.5 * level) - centre);
    let fewest = strata.iter().map(Range::len).min().unwrap_or(0).max(2);
    half * student(fewest - 1, level) / student(NORMAL, level) * (fewest as f64 / (fewest - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_are_those_of_the_tables() {
        for (freedom, want) in [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (10, 2.2281), (60, 2.0003)] {
            assert!((student(freedom, 0.95) - want).abs() < 1e-3, "{freedom}: {}", student(freedom, 0.95));
        }
    }

    #[test]
    fn the_bootstrap_agrees_with_theory_for_equal_documents() {
        let mut random = Random::new(1, "documents");
        let values: Vec<f64> = (0..200).map(|_| f64::from(random.normal())).collect();
        let whole = std::slice::from_ref(&(0..200));
        let half = bootstrap(&values, &[1.0; 200], whole, 0.95, 7);
        let want = 1.97 * (variance(&values) / 200.0).sqrt();
        assert!((half / want - 1.0).abs() < 0.1, "{half} against {want}");
        assert_eq!(half, bootstrap(&values, &[1.0; 200], whole, 0.95, 7));
        assert_eq!((mean(&[1.0, 4.0]), variance(&[1.0, 4.0]), variance(&[3.0])), (2.5, 4.5, 0.0));
    }

    #[test]
    fn strata_count_alike_whatever_their_size() {
        let (values, weights) = ([1.0, 3.0, 10.0, 20.0, 30.0, 40.0], [1.0, 1.0, 10.0, 10.0, 10.0, 10.0]);
        assert_eq!(ratio(&values, &weights, &[0..2, 2..6]), (2.0 + 2.5) / 2.0);
        assert_eq!(ratio(&values, &weights, &[0..6, 0..6]), 104.0 / 42.0);
        // Nothing varies within a stratum: the difference between the two is no error.
        assert_eq!(bootstrap(&[1.0, 1.0, 5.0, 5.0], &[1.0; 4], &[0..2, 2..4], 0.95, 1), 0.0);
        assert!(bootstrap(&[1.0, 1.0, 5.0, 5.0], &[1.0; 4], &[0..4, 0..4], 0.95, 1) > 1.0);
    }
}
