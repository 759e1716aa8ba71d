//! Matrix views over flat slices, their product, and the linear layer.

use super::simd::{dot, wide};

/// Numbers that `gemm` sums in one go. It would choose by the caches of the processor, and the last bits of a sum are those of its parts.
const DEPTH: usize = 512;

/// Up to so many numbers out, `gemm` would sum products of rows with rows in as many parts as the processor's vectors have numbers.
const FEW: usize = 256;

/// A read-only matrix in a flat slice; element (row, column) stands at `row * down + column * right`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    down: usize,
    right: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `columns` numbers, one after the other.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::within(data, rows, columns, columns)
    }

    /// The same inside a wider matrix, whose rows start `stride` numbers apart.
    pub fn within(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data, rows, columns, down: stride, right: 1 }
    }

    /// The transpose, without moving a number.
    pub fn t(self) -> Self {
        Self { rows: self.columns, columns: self.rows, down: self.right, right: self.down, ..self }
    }
}

/// A matrix to write to, row after row, `stride` numbers apart.
pub struct MatrixMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// `rows` rows of `columns` numbers, one after the other.
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::within(data, rows, columns, columns)
    }

    /// The same inside a wider matrix, whose rows start `stride` numbers apart.
    pub fn within(data: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(data.len(), rows, columns, stride);
        Self { data, rows, columns, stride }
    }
}

/// What makes the pointers of [`product`] sound: the last element lies in the slice, and rows do not overlap.
fn check(len: usize, rows: usize, columns: usize, stride: usize) {
    assert!(rows == 0 || (stride >= columns && (rows - 1) * stride + columns <= len), "{rows} x {columns}, stride {stride}, in {len} numbers");
}

/// What becomes of the numbers that a product finds in its output.
#[derive(Clone, Copy, PartialEq)]
pub enum Output {
    /// They are replaced.
    Set,
    /// The product is added to them.
    Add,
}

/// `out = a b` or `out += a b`, on one thread; the same bits whether vectors have 8 numbers or 16.
pub fn product(mut out: MatrixMut, mode: Output, a: Matrix, b: Matrix) {
    assert!(out.rows == a.rows && out.columns == b.columns && a.columns == b.rows, "shapes of a matrix product");
    let few = out.rows == 1 || out.columns == 1 || out.rows * out.columns <= FEW;
    if few && a.right == 1 && b.down == 1 {
        return dots(&mut out, mode, a, b);
    }
    let mut mode = mode;
    for start in (0..a.columns.max(1)).step_by(DEPTH) {
        let depth = DEPTH.min(a.columns - start);
        let keep = if mode == Output::Add { 1.0 } else { 0.0 };
        // SAFETY: the constructors of both views checked that rows x columns at their strides lie inside their slices, transposing
        // keeps that, `start + depth` is at most the columns of `a`, and `out` is borrowed mutably, so it overlaps neither operand.
        unsafe {
            gemm::gemm(
                out.rows,
                out.columns,
                depth,
                out.data.as_mut_ptr(),
                1,
                out.stride as isize,
                mode == Output::Add,
                a.data.as_ptr().add(start * a.right),
                a.right as isize,
                a.down as isize,
                b.data.as_ptr().add(start * b.down),
                b.right as isize,
                b.down as isize,
                keep,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        mode = Output::Add;
    }
}

wide! {
    /// Products of the rows of `a`, which lie in one piece, with the columns of `b`, which do too.
    fn dots(out: &mut MatrixMut, mode: Output, a: Matrix, b: Matrix) {
        for row in 0..out.rows {
            let left = &a.data[row * a.down..][..a.columns];
            for column in 0..out.columns {
                let sum = dot(left, &b.data[column * b.right..][..b.rows]);
                let number = &mut out.data[row * out.stride + column];
                *number = if mode == Output::Add { *number + sum } else { sum };
            }
        }
    }
}

/// The shape of a linear layer. Its weights are one slice: w (outputs x inputs), then the bias where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// Numbers in.
    pub inputs: usize,
    /// Numbers out.
    pub outputs: usize,
}

impl Linear {
    /// `y = x wᵀ + b`, or added to what `y` holds. x is n x inputs, y n x outputs.
    pub fn forward(self, weights: &[f32], x: &[f32], y: &mut [f32], mode: Output) {
        let n = x.len() / self.inputs;
        let (w, bias) = weights.split_at(self.inputs * self.outputs);
        product(MatrixMut::new(y, n, self.outputs), mode, Matrix::new(x, n, self.inputs), Matrix::new(w, self.outputs, self.inputs).t());
        if !bias.is_empty() {
            add_to_rows(y, bias);
        }
    }

    /// Gradients of [`Linear::forward`]: sets `dx` or adds to it, adds to `gradient` (in the order of the weights).
    pub fn backward(self, weights: &[f32], x: &[f32], dy: &[f32], (dx, mode): (&mut [f32], Output), gradient: &mut [f32]) {
        let n = x.len() / self.inputs;
        let w = &weights[..self.inputs * self.outputs];
        let dy_view = Matrix::new(dy, n, self.outputs);
        product(MatrixMut::new(dx, n, self.inputs), mode, dy_view, Matrix::new(w, self.outputs, self.inputs));
        let (dw, dbias) = gradient.split_at_mut(self.inputs * self.outputs);
        product(MatrixMut::new(dw, self.outputs, self.inputs), Output::Add, dy_view.t(), Matrix::new(x, n, self.inputs));
        if !dbias.is_empty() {
            add_up_rows(dy, dbias);
        }
    }
}

wide! {
    fn add_to_rows(y: &mut [f32], bias: &[f32]) {
        for row in y.chunks_exact_mut(bias.len()) {
            row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
        }
    }
}

wide! {
    fn add_up_rows(dy: &[f32], dbias: &mut [f32]) {
        for row in dy.chunks_exact(dbias.len()) {
            dbias.iter_mut().zip(row).for_each(|(b, y)| *b += y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn products_of_views_are_right() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = [10.0; 4];
        product(MatrixMut::new(&mut out, 2, 2), Output::Add, Matrix::new(&a, 2, 3), Matrix::new(&a, 2, 3).t());
        assert_eq!(out, [24.0, 42.0, 42.0, 87.0]);
        let mut column = [0.0; 6];
        product(MatrixMut::within(&mut column[1..], 2, 1, 3), Output::Set, Matrix::within(&a, 2, 2, 3), Matrix::new(&[1.0, 1.0], 2, 1));
        assert_eq!(column, [0.0, 3.0, 0.0, 0.0, 9.0, 0.0]);
    }

    /// Sums in the order that a machine with other vectors and caches has to keep: one after the other, in parts of [`DEPTH`].
    #[cfg(target_arch = "x86_64")]
    fn in_order(start: f32, a: &[f32], b: &[f32]) -> f32 {
        let parts = a.chunks(DEPTH).zip(b.chunks(DEPTH));
        parts.fold(start, |sum, (a, b)| sum + a.iter().zip(b).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum)))
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn sums_do_not_depend_on_vectors_and_caches() {
        if !super::super::simd::has_avx2() {
            return;
        }
        // Of many numbers out, of few, and of a row, each as long as one part and longer.
        for ((m, n), k) in [(70, 90), (16, 16), (3, 5), (1, 300), (300, 1)].into_iter().flat_map(|shape| [(shape, 64), (shape, 515), (shape, 2048)]) {
            let (a, b, start) = (noise(m * k, 1), noise(k * n, 2), noise(m * n, 3));
            let across = |of: &[f32], down: usize, right: usize| (0..down * right).map(|i| of[i % down * right + i / down]).collect::<Vec<_>>();
            let (a_across, b_across) = (across(&a, m, k), across(&b, n, k));
            let few = m == 1 || n == 1 || m * n <= FEW;
            for (a_view, b_view) in [
                (Matrix::new(&a, m, k), Matrix::new(&b, n, k).t()),
                (Matrix::new(&a, m, k), Matrix::new(&b_across, k, n)),
                (Matrix::new(&a_across, k, m).t(), Matrix::new(&b, n, k).t()),
                (Matrix::new(&a_across, k, m).t(), Matrix::new(&b_across, k, n)),
            ] {
                let of_rows = few && a_view.right == 1 && b_view.down == 1;
                let want = |i: usize| {
                    let (a, b, start) = (&a[i / n * k..][..k], &b[i % n * k..][..k], start[i]);
                    match () {
                        () if of_rows => start + dot(a, b),
                        () if m == 1 || n == 1 => a.iter().zip(b).fold(start, |sum, (a, b)| a.mul_add(*b, sum)),
                        () => in_order(start, a, b),
                    }
                };
                let mut out = start.clone();
                product(MatrixMut::new(&mut out, m, n), Output::Add, a_view, b_view);
                (0..m * n).for_each(|i| assert_eq!(out[i].to_bits(), want(i).to_bits(), "{m} x {k} x {n}, rows of {}, {}", a_view.right, b_view.down));
            }
        }
    }

    #[test]
    #[should_panic(expected = "3 x 3, stride 3, in 8 numbers")]
    fn views_stay_inside_their_slice() {
        Matrix::new(&[0.0; 8], 3, 3);
    }

    #[test]
    fn linear_gradients() {
        let layer = Linear { inputs: 5, outputs: 7 };
        let (x, weights, dy) = (noise(3 * 5, 1), noise(7 * 5 + 7, 2), noise(3 * 7, 3));
        let forward = |x: &[f32], weights: &[f32]| {
            let mut y = vec![0.0; 3 * 7];
            layer.forward(weights, x, &mut y, Output::Set);
            y
        };
        let (mut dx, mut gradient) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
        layer.backward(&weights, &x, &dy, (&mut dx, Output::Set), &mut gradient);
        close(&dx, &x, &dy, |x| forward(x, &weights));
        close(&gradient, &weights, &dy, |weights| forward(&x, weights));
    }
}
