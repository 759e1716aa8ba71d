//! Matrices of a model: plain rows of floats, or rows quantised with codebooks.

use super::format::{Bytes, Error};

/// Quantised matrices up to so many values are unpacked when read: adding a plain row is several times faster.
const UNPACK: usize = 1 << 25;

/// Rows of `dim` numbers.
pub enum Matrix {
    Dense { dim: usize, values: Vec<f32> },
    Quantised(Quantised),
}

/// A matrix as it lies in a file.
pub enum Stored<'a> {
    Dense { dim: usize, values: &'a [[u8; 4]] },
    Quantised(Quantised),
}

/// Rows as codes of parts of a vector (Jégou et al. 2011), with the norm coded apart or not.
pub struct Quantised {
    rows: usize,
    dim: usize,
    codes: Vec<u8>,
    book: Codebook,
    norms: Option<(Vec<u8>, Vec<f32>)>,
}

struct Codebook {
    parts: usize,
    width: usize,
    last: usize,
    centroids: Vec<f32>,
}

/// Centroids of one part of a vector.
const CENTROIDS: usize = 256;

impl<'a> Stored<'a> {
    /// Reads a matrix `dim` wide; `part` names it.
    pub fn read(quantised: bool, dim: usize, bytes: &mut Bytes<'a>, part: &'static str) -> Result<Stored<'a>, Error> {
        if quantised { Stored::quantised(dim, bytes, part) } else { Stored::dense(dim, bytes, part) }
    }

    fn dense(dim: usize, bytes: &mut Bytes<'a>, part: &'static str) -> Result<Stored<'a>, Error> {
        let (rows, wide) = (bytes.i64(part)?, bytes.i64(part)?);
        check_width(wide, dim)?;
        let rows = bytes.count(rows, dim * 4, "the number of rows of a matrix")?;
        Ok(Stored::Dense { dim, values: bytes.take(rows * dim * 4, part)?.as_chunks().0 })
    }

    fn quantised(dim: usize, bytes: &mut Bytes<'_>, part: &'static str) -> Result<Stored<'a>, Error> {
        let normed = bytes.u8(part)? != 0;
        let (rows, wide, size) = (bytes.i64(part)?, bytes.i64(part)?, bytes.i32(part)?);
        check_width(wide, dim)?;
        let rows = bytes.count(rows, 1, "the number of rows of a matrix")?;
        let size = bytes.count(size.into(), 1, "the number of codes of a matrix")?;
        let codes = bytes.take(size, part)?.to_vec();
        let book = Codebook::read(dim, bytes, part)?;
        if rows.checked_mul(book.parts) != Some(size) {
            return Err(Error::Damaged("the number of codes of a matrix", size as i64));
        }
        let norms = match normed {
            true => Some((bytes.take(rows, part)?.to_vec(), Codebook::read(1, bytes, part)?.centroids)),
            false => None,
        };
        Ok(Stored::Quantised(Quantised { rows, dim, codes, book, norms }))
    }

    pub fn rows(&self) -> usize {
        match self {
            Stored::Dense { dim, values } => values.len() / dim,
            Stored::Quantised(packed) => packed.rows,
        }
    }

    /// The matrix ready to be added up.
    pub fn unpack(self) -> Matrix {
        match self {
            Stored::Quantised(packed) if packed.rows * packed.dim > UNPACK => Matrix::Quantised(packed),
            Stored::Dense { dim, .. } | Stored::Quantised(Quantised { dim, .. }) => {
                let mut values = Vec::with_capacity(self.rows() * dim);
                self.for_each(dim, |row| values.extend_from_slice(row));
                Matrix::Dense { dim, values }
            }
        }
    }

    /// The products of every row with each of `vectors`.
    ///
    /// The product of a mean of rows is the mean of their products, so where there are few labels, these say all that the rows are needed for.
    pub fn project(&self, vectors: &[Vec<f64>], dim: usize) -> Matrix {
        let mut values = Vec::with_capacity(self.rows() * vectors.len());
        self.for_each(dim, |row| {
            let product = |vector: &Vec<f64>| row.iter().zip(vector).map(|(a, b)| f64::from(*a) * b).sum::<f64>() as f32;
            values.extend(vectors.iter().map(product));
        });
        Matrix::Dense { dim: vectors.len(), values }
    }

    /// All rows as they are multiplied with.
    pub fn vectors(&self, dim: usize) -> Vec<Vec<f64>> {
        let mut vectors = Vec::with_capacity(self.rows());
        self.for_each(dim, |row| vectors.push(row.iter().map(|value| f64::from(*value)).collect()));
        vectors
    }

    fn for_each(&self, dim: usize, mut see: impl FnMut(&[f32])) {
        let mut row = vec![0.0; dim];
        match self {
            Stored::Dense { values, .. } => {
                for stored in values.chunks_exact(dim) {
                    row.iter_mut().zip(stored).for_each(|(value, bytes)| *value = f32::from_le_bytes(*bytes));
                    see(&row);
                }
            }
            Stored::Quantised(packed) => {
                for at in 0..packed.rows {
                    row.fill(0.0);
                    packed.add(at, &mut row);
                    see(&row);
                }
            }
        }
    }
}

impl Matrix {
    /// Adds the mean of `rows` into `out`, which is overwritten.
    pub fn mean(&self, rows: &[u32], out: &mut [f32]) {
        out.fill(0.0);
        match self {
            // Products with the vectors of two or three labels. Nothing is lost to rounding: the score of a long text depends on few digits.
            Matrix::Dense { dim: 1, values, .. } => return exact::<1>(values, rows, out),
            Matrix::Dense { dim: 2, values, .. } => return exact::<2>(values, rows, out),
            // The usual width: known to the compiler, it stays in registers.
            Matrix::Dense { dim: 16, values, .. } => {
                let mut sum = [0f32; 16];
                for row in rows.iter().filter_map(|row| values.as_chunks::<16>().0.get(*row as usize)) {
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
                out.copy_from_slice(&sum);
            }
            Matrix::Dense { dim, values, .. } => {
                for row in rows.iter().filter_map(|row| values.get(*row as usize * dim..(*row as usize + 1) * dim)) {
                    out.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
            Matrix::Quantised(packed) => rows.iter().for_each(|row| packed.add(*row as usize, out)),
        }
        let share = 1.0 / rows.len().max(1) as f32;
        out.iter_mut().for_each(|sum| *sum *= share);
    }

    /// The product of one row with `vector`; 0 where there is no such row. `buffer` is used for what is quantised.
    pub fn dot(&self, row: usize, vector: &[f32], buffer: &mut Vec<f32>) -> f32 {
        let product = |row: &[f32]| row.iter().zip(vector).map(|(a, b)| a * b).sum();
        match self {
            Matrix::Dense { dim, values, .. } => values.get(row * dim..(row + 1) * dim).map_or(0.0, product),
            Matrix::Quantised(packed) => {
                buffer.clear();
                buffer.resize(packed.dim, 0.0);
                packed.add(row, buffer);
                product(buffer)
            }
        }
    }
}

/// The mean of rows of `N` numbers.
fn exact<const N: usize>(values: &[f32], rows: &[u32], out: &mut [f32]) {
    let mut sum = [0f64; N];
    for row in rows.iter().filter_map(|row| values.as_chunks::<N>().0.get(*row as usize)) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    out.iter_mut().zip(sum).for_each(|(out, sum)| *out = (sum / rows.len().max(1) as f64) as f32);
}

fn check_width(wide: i64, dim: usize) -> Result<(), Error> {
    if wide == dim as i64 { Ok(()) } else { Err(Error::Damaged("the width of a matrix", wide)) }
}

impl Quantised {
    fn add(&self, row: usize, out: &mut [f32]) {
        let Some(codes) = self.codes.get(row * self.book.parts..(row + 1) * self.book.parts) else { return };
        let norm = self.norms.as_ref().map_or(1.0, |(codes, norms)| codes.get(row).and_then(|code| norms.get(*code as usize)).copied().unwrap_or(1.0));
        for (part, (code, out)) in codes.iter().zip(out.chunks_mut(self.book.width)).enumerate() {
            out.iter_mut().zip(self.book.centroid(part, *code)).for_each(|(sum, value)| *sum += norm * value);
        }
    }
}

impl Codebook {
    fn read(dim: usize, bytes: &mut Bytes<'_>, part: &'static str) -> Result<Codebook, Error> {
        let (wide, parts, width, last) = (bytes.i32(part)?, bytes.i32(part)?, bytes.i32(part)?, bytes.i32(part)?);
        check_width(wide.into(), dim)?;
        let sizes = [parts, width, last].map(|size| usize::try_from(size).unwrap_or(0));
        let [parts, width, last] = sizes;
        // The last part takes what the others leave.
        let fits = parts >= 1 && width >= 1 && (1..=width).contains(&last) && (parts - 1).checked_mul(width).is_some_and(|sum| sum + last == dim);
        if !fits {
            return Err(Error::Damaged("the number of parts of a codebook", parts as i64));
        }
        Ok(Codebook { parts, width, last, centroids: bytes.floats(dim * CENTROIDS, part)? })
    }

    fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let width = if part + 1 == self.parts { self.last } else { self.width };
        let start = part * CENTROIDS * self.width + code as usize * width;
        self.centroids.get(start..start + width).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three numbers: a part of two and a part of one, whose centroids are their numbers; norms 2 and 10.
    fn file(change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = vec![1];
        let ints = |out: &mut Vec<u8>, values: &[i32]| values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        let floats = |out: &mut Vec<u8>, values: &[f32]| values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        ints(&mut out, &[2, 0, 3, 0, 4]);
        out.extend([5, 7, 255, 0]);
        ints(&mut out, &[3, 2, 2, 1]);
        (0..256).for_each(|code| floats(&mut out, &[code as f32, code as f32 + 0.5]));
        (0..256).for_each(|code| floats(&mut out, &[code as f32]));
        out.extend([1, 0]);
        ints(&mut out, &[1, 1, 1, 1]);
        (0..256).for_each(|code| floats(&mut out, &[if code == 1 { 2.0 } else { 10.0 }]));
        change(&mut out);
        out
    }

    #[test]
    fn quantised_rows_are_norm_times_centroids() {
        let stored = Stored::quantised(3, &mut Bytes::new(&file(|_| ())), "matrix").unwrap();
        assert_eq!(stored.rows(), 2);
        let matrix = stored.unpack();
        let mut mean = [9.0; 3];
        matrix.mean(&[0], &mut mean);
        assert_eq!(mean, [10.0, 11.0, 14.0]);
        matrix.mean(&[0, 1, 2, u32::MAX], &mut mean);
        assert_eq!(mean, [(10.0 + 2550.0) / 4.0, (11.0 + 2555.0) / 4.0, 14.0 / 4.0]);
        assert_eq!(matrix.dot(1, &[1.0, 0.0, 1.0], &mut Vec::new()), 2550.0);
        assert_eq!(matrix.dot(2, &[1.0; 3], &mut Vec::new()), 0.0);
    }

    #[test]
    fn the_mean_of_products_is_the_product_of_the_mean() {
        let stored = Stored::quantised(3, &mut Bytes::new(&file(|_| ())), "matrix").unwrap();
        let vectors = [vec![1.0, 0.0, 1.0], vec![0.5, -1.0, 0.0]];
        let projected = stored.project(&vectors, 3);
        let (mut hidden, mut products) = ([0.0; 3], [0.0; 2]);
        stored.unpack().mean(&[0, 1, 1], &mut hidden);
        projected.mean(&[0, 1, 1], &mut products);
        let wanted = vectors.map(|vector| vector.iter().zip(hidden).map(|(a, b)| a * f64::from(b)).sum::<f64>());
        assert!((0..2).all(|at| (f64::from(products[at]) - wanted[at]).abs() < 1e-3) && wanted[0] > 1000.0, "{products:?} {wanted:?}");
    }

    #[test]
    fn sizes_that_do_not_fit_together_are_refused() {
        for (at, value) in [(1, 3), (9, 4), (17, 5), (25, 4), (29, 3), (33, 1), (37, 2)] {
            assert!(Stored::quantised(3, &mut Bytes::new(&file(|bytes| bytes[at] = value)), "matrix").is_err(), "{at}");
        }
        let whole = file(|_| ());
        for end in (0..whole.len()).step_by(37) {
            assert!(Stored::quantised(3, &mut Bytes::new(&whole[..end]), "matrix").is_err(), "{end}");
        }
    }
}
