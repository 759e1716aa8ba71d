//! LayerNorm (Ba et al. 2016) and RMSNorm (Zhang and Sennrich 2019): one operation, with and without centring.

use super::simd::{dot, sum, wide};

/// How rows are normalised.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Numbers of a row.
    pub width: usize,
    /// Whether their mean is taken off (LayerNorm) or not (RMSNorm).
    pub centred: bool,
}

/// Added to the variance, as PyTorch's default and Llama do.
const EPSILON: f32 = 1e-5;

/// What the backward pass needs of a row: its mean (0 where rows are not centred) and one over its deviation.
#[derive(Clone, Copy, Default)]
pub struct Moments {
    mean: f32,
    scale: f32,
}

wide! {
    /// Normalises the rows of `x` into `y`. `weights` holds a factor a column, then the bias where there is one.
    pub fn forward(shape: Shape, x: &[f32], weights: &[f32], y: &mut [f32], moments: &mut [Moments]) {
        let Shape { width, centred } = shape;
        let (factors, bias) = weights.split_at(width);
        for ((x, y), moments) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(moments) {
            let mean = if centred { sum(x) / width as f32 } else { 0.0 };
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x - mean);
            let scale = 1.0 / (dot(y, y) / width as f32 + EPSILON).sqrt();
            *moments = Moments { mean, scale };
            y.iter_mut().zip(factors).for_each(|(y, w)| *y *= scale * w);
            y.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
        }
    }
}

wide! {
    /// Gradients of [`forward`]: **adds** to `dx`, which is the gradient of the residual stream around the norm, and to `gradient`.
    pub fn backward(shape: Shape, x: &[f32], weights: &[f32], moments: &[Moments], dy: &[f32], dx: &mut [f32], gradient: &mut [f32]) {
        let Shape { width, centred } = shape;
        let factors = &weights[..width];
        let (dfactors, dbias) = gradient.split_at_mut(width);
        let mut unit = vec![0.0; width];
        let mut dunit = vec![0.0; width];
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width)).zip(moments);
        for (((x, dy), dx), moments) in rows {
            for i in 0..width {
                unit[i] = (x[i] - moments.mean) * moments.scale;
                dunit[i] = dy[i] * factors[i];
                dfactors[i] = dy[i].mul_add(unit[i], dfactors[i]);
            }
            dbias.iter_mut().zip(dy).for_each(|(b, dy)| *b += dy);
            let along = dot(&unit, &dunit) / width as f32;
            let mean = if centred { sum(&dunit) / width as f32 } else { 0.0 };
            for i in 0..width {
                dx[i] += moments.scale * (dunit[i] - mean - unit[i] * along);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn norm_gradients() {
        for (centred, columns) in [(true, 2), (false, 1), (true, 1)] {
            let shape = Shape { width: 19, centred };
            let (x, weights, dy) = (noise(3 * 19, 1), noise(19 * columns, 2), noise(3 * 19, 3));
            let run = |x: &[f32], weights: &[f32]| {
                let (mut y, mut moments) = (vec![0.0; x.len()], vec![Moments::default(); 3]);
                forward(shape, x, weights, &mut y, &mut moments);
                (y, moments)
            };
            let (mut dx, mut gradient) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
            backward(shape, &x, &weights, &run(&x, &weights).1, &dy, &mut dx, &mut gradient);
            close(&dx, &x, &dy, |x| run(x, &weights).0);
            close(&gradient, &weights, &dy, |weights| run(&x, weights).0);
        }
    }
}
