//! The nonlinearities of the feed-forward layer: ReLU, GELU as GPT-2 has it (tanh form, Hendrycks and Gimpel 2016), SwiGLU (Shazeer 2020).

use super::simd::{sigmoid, wide};

// gelu(x) = x sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3), since (1 + tanh u) / 2 = sigmoid(2u).
const TWICE_ROOT: f32 = 1.595_769;
const CUBE: f32 = 0.044_715;

wide! {
    /// `y = max(x, 0)`.
    pub fn relu(x: &[f32], y: &mut [f32]) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > 0.0 { *x } else { 0.0 });
    }
}

wide! {
    /// Turns `dy` into the gradient of `x`, in place.
    pub fn relu_backward(x: &[f32], dy: &mut [f32]) {
        dy.iter_mut().zip(x).for_each(|(dy, x)| *dy = if *x > 0.0 { *dy } else { 0.0 });
    }
}

wide! {
    /// `y = gelu(x)`.
    pub fn gelu(x: &[f32], y: &mut [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * sigmoid(TWICE_ROOT * x * (1.0 + CUBE * x * x));
        }
    }
}

wide! {
    /// Turns `dy` into the gradient of `x`, in place.
    pub fn gelu_backward(x: &[f32], dy: &mut [f32]) {
        for (dy, &x) in dy.iter_mut().zip(x) {
            let s = sigmoid(TWICE_ROOT * x * (1.0 + CUBE * x * x));
            *dy *= s + x * s * (1.0 - s) * TWICE_ROOT * (1.0 + 3.0 * CUBE * x * x);
        }
    }
}

wide! {
    /// `y = g sigmoid(g) u`; a row of `x` holds g (`width` numbers), then u.
    pub fn swiglu(x: &[f32], y: &mut [f32], width: usize) {
        for (x, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(width)) {
            let (gate, up) = x.split_at(width);
            for i in 0..width {
                y[i] = gate[i] * sigmoid(gate[i]) * up[i];
            }
        }
    }
}

wide! {
    /// Sets `dx`, the gradient of g and u, from `dy`.
    pub fn swiglu_backward(x: &[f32], dy: &[f32], dx: &mut [f32], width: usize) {
        for ((x, dy), dx) in x.chunks_exact(2 * width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(2 * width)) {
            let (gate, up) = x.split_at(width);
            let (dgate, dup) = dx.split_at_mut(width);
            for i in 0..width {
                let s = sigmoid(gate[i]);
                dgate[i] = dy[i] * up[i] * s * (1.0 + gate[i] * (1.0 - s));
                dup[i] = dy[i] * gate[i] * s;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn relu_values_and_gradient() {
        let (mut y, mut dy) = ([9.0; 3], [5.0, 6.0, 7.0]);
        relu(&[-1.0, 0.0, 2.0], &mut y);
        relu_backward(&[-1.0, 0.0, 2.0], &mut dy);
        assert_eq!((y, dy), ([0.0, 0.0, 2.0], [0.0, 0.0, 7.0]));
    }

    #[test]
    fn gelu_values_and_gradient() {
        let (x, dy) = (noise(40, 1), noise(40, 2));
        let forward = |x: &[f32]| {
            let mut y = vec![0.0; x.len()];
            gelu(x, &mut y);
            y
        };
        assert!((forward(&[1.0])[0] - 0.841_192).abs() < 1e-6);
        let mut dx = dy.clone();
        gelu_backward(&x, &mut dx);
        close(&dx, &x, &dy, forward);
    }

    #[test]
    fn swiglu_gradient() {
        let (x, dy) = (noise(4 * 18, 1), noise(4 * 9, 2));
        let mut dx = vec![0.0; x.len()];
        swiglu_backward(&x, &dy, &mut dx, 9);
        close(&dx, &x, &dy, |x| {
            let mut y = vec![0.0; 4 * 9];
            swiglu(x, &mut y, 9);
            y
        });
    }
}
