//! One vector against several others, of which the first belongs to it: negative sampling (Mikolov et al. 2013).

use super::simd::{dot, sigmoid, wide};

wide! {
    /// Nats of telling that the first of `ids`, which are rows of `table`, belongs to `x` and the others do not; adds to the gradients of both.
    pub fn contrast(x: &[f32], table: &[f32], ids: &[u32], dx: &mut [f32], dtable: &mut [f32]) -> f32 {
        let width = x.len();
        let mut nats = 0.0;
        for (number, id) in ids.iter().enumerate() {
            let at = *id as usize * width..(*id as usize + 1) * width;
            let (row, drow) = (&table[at.clone()], &mut dtable[at]);
            let sign = if number == 0 { 1.0 } else { -1.0 };
            // The share that is wrong; its logarithm stays finite where the exponential underflows.
            let wrong = sigmoid(-sign * dot(x, row));
            nats -= (1.0 - wrong).max(f32::MIN_POSITIVE).ln();
            let pull = -sign * wrong;
            for i in 0..width {
                dx[i] += pull * row[i];
                drow[i] += pull * x[i];
            }
        }
        nats
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn gradients_of_both_sides() {
        let (x, table, ids) = (noise(5, 1), noise(4 * 5, 2), [2, 0, 3, 0]);
        let (mut dx, mut dtable) = (vec![0.0; 5], vec![0.0; 20]);
        let nats = contrast(&x, &table, &ids, &mut dx, &mut dtable);
        let loss = |x: &[f32], table: &[f32]| vec![contrast(x, table, &ids, &mut [0.0; 5], &mut [0.0; 20])];
        assert_eq!(loss(&x, &table), [nats]);
        close(&dx, &x, &[1.0], |x| loss(x, &table));
        close(&dtable, &table, &[1.0], |table| loss(&x, table));
        assert!((contrast(&[0.0], &[1.0; 3], &[0, 1, 2], &mut [0.0], &mut [0.0; 3]) - 3.0 * 2f32.ln()).abs() < 1e-6);
    }
}
