//! Finite differences: what every backward operation is tested against.

use crate::train::random::Random;

/// Numbers of a normal distribution, the same for the same seed.
pub fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed, "noise");
    (0..len).map(|_| random.normal()).collect()
}

/// Asserts that `gradient` is that of `sum(dy * f(x))` at `x`, by central differences on every number of `x`.
pub fn close(gradient: &[f32], x: &[f32], dy: &[f32], f: impl Fn(&[f32]) -> Vec<f32>) {
    let weighed = |x: &[f32]| -> f64 { f(x).iter().zip(dy).map(|(y, dy)| f64::from(*y) * f64::from(*dy)).sum() };
    let scale = gradient.iter().fold(1.0f32, |scale, g| scale.max(g.abs()));
    let mut moved = x.to_vec();
    for i in 0..x.len() {
        let step = 1e-2;
        moved[i] = x[i] + step;
        let above = weighed(&moved);
        moved[i] = x[i] - step;
        let below = weighed(&moved);
        moved[i] = x[i];
        let want = ((above - below) / f64::from(2.0 * step)) as f32;
        assert!((gradient[i] - want).abs() < 2e-3 * scale, "number {i}: gradient {} against {want}", gradient[i]);
    }
}
