//! Reading the bytes of a model file: bounds, header and options.
//!
//! The layout is that of fastText 0.9 (Bojanowski et al. 2017, Joulin et al. 2016), versions 11 and 12, little-endian throughout. Nothing in
//! the file is trusted: no size is allocated that the bytes left could not fill.

use std::io::{self, Write};

/// Why a file is no model that can be used.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Error {
    /// Begins with something else.
    #[error("not a fastText model: the file begins with {0:#010x}, wanted 0x2f4f16ba")]
    Magic(u32),
    /// A layout that is not known.
    #[error("fastText model of version {0}: wanted 11 or 12")]
    Version(i32),
    /// Word vectors, which know no labels.
    #[error("the model was not trained with labels: its kind is {0}, wanted 3 (supervised)")]
    Unsupervised(i32),
    /// Cut off: length of the file, part that was read.
    #[error("the model file ends at byte {0}, in the middle of its {1}")]
    Short(usize, &'static str),
    /// A number that cannot be: what it says, its value.
    #[error("the model file is damaged: {0} is {1}")]
    Damaged(&'static str, i64),
    /// A text that cannot be: what it is.
    #[error("the model file is damaged: {0} is not UTF-8")]
    Text(&'static str),
}

/// How scores come from the hidden vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    HierarchicalSoftmax,
    NegativeSampling,
    Softmax,
    OneVsAll,
}

/// The options of training that say how to predict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Args {
    pub dim: usize,
    /// Longest run of words that is a feature.
    pub word_ngrams: usize,
    pub loss: Loss,
    /// Hash values of n-grams.
    pub bucket: u32,
    /// Shortest and longest run of characters that is a feature; a longest of 0 is none.
    pub minn: usize,
    pub maxn: usize,
}

const MAGIC: u32 = 0x2f4f_16ba;

/// Longest n-gram believed: more would let a file make the work on one long word quadratic.
const LONGEST: i32 = 64;

impl Args {
    pub fn read(bytes: &mut Bytes<'_>) -> Result<Args, Error> {
        let magic = bytes.u32("header")?;
        if magic != MAGIC {
            return Err(Error::Magic(magic));
        }
        let version = bytes.i32("header")?;
        if !matches!(version, 11 | 12) {
            return Err(Error::Version(version));
        }
        let mut next = || bytes.i32("options");
        let (dim, _window, _epoch, _least, _negatives) = (next()?, next()?, next()?, next()?, next()?);
        let (word_ngrams, loss, kind, bucket, minn, maxn, _rate) = (next()?, next()?, next()?, next()?, next()?, next()?, next()?);
        bytes.take(8, "options")?;
        if kind != 3 {
            return Err(Error::Unsupervised(kind));
        }
        let bounded = |name, value: i32, least: i32, most: i32| match value {
            value if (least..=most).contains(&value) => Ok(value as usize),
            value => Err(Error::Damaged(name, value.into())),
        };
        Ok(Args {
            dim: bounded("the dimension", dim, 1, 1 << 16)?,
            word_ngrams: bounded("the length of word n-grams", word_ngrams, 0, LONGEST)?,
            loss: match loss {
                1 => Loss::HierarchicalSoftmax,
                2 => Loss::NegativeSampling,
                3 => Loss::Softmax,
                4 => Loss::OneVsAll,
                other => return Err(Error::Damaged("the loss", other.into())),
            },
            bucket: bounded("the number of buckets", bucket, 0, i32::MAX)? as u32,
            minn: bounded("the least length of character n-grams", minn, 0, LONGEST)?,
            // Supervised models of version 11 know no character n-grams whatever they say.
            maxn: if version == 11 { 0 } else { bounded("the length of character n-grams", maxn, 0, LONGEST)? },
        })
    }
}

impl Args {
    /// Writes the header and the options of a supervised model of version 12. What only training looks at has fastText's defaults.
    pub fn write(&self, epochs: usize, min_count: u64, out: &mut impl Write) -> io::Result<()> {
        let loss = match self.loss {
            Loss::HierarchicalSoftmax => 1,
            Loss::NegativeSampling => 2,
            Loss::Softmax => 3,
            Loss::OneVsAll => 4,
        };
        let (window, negatives, supervised, rate) = (5, 5, 3, 100);
        let min_count = i32::try_from(min_count).unwrap_or(i32::MAX);
        let sizes = [self.dim as i32, window, epochs as i32, min_count, negatives, self.word_ngrams as i32, loss, supervised];
        out.write_all(&MAGIC.to_le_bytes())?;
        for option in [12].into_iter().chain(sizes).chain([self.bucket as i32, self.minn as i32, self.maxn as i32, rate]) {
            out.write_all(&option.to_le_bytes())?;
        }
        out.write_all(&1e-4f64.to_le_bytes())
    }
}

/// What is left of a file.
pub struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub fn new(all: &'a [u8]) -> Bytes<'a> {
        Bytes { all, at: 0 }
    }

    /// The next `n` bytes; `part` names what they belong to.
    pub fn take(&mut self, n: usize, part: &'static str) -> Result<&'a [u8], Error> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.all.len());
        let Some(taken) = end.and_then(|end| self.all.get(self.at..end)) else { return Err(Error::Short(self.all.len(), part)) };
        self.at += n;
        Ok(taken)
    }

    /// The bytes before the next zero, which is passed over.
    pub fn word(&mut self, part: &'static str) -> Result<&'a [u8], Error> {
        let rest = self.all.get(self.at..).unwrap_or(&[]);
        let n = rest.iter().position(|byte| *byte == 0).ok_or(Error::Short(self.all.len(), part))?;
        self.at += n + 1;
        Ok(&rest[..n])
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], Error> {
        self.take(N, part)?.try_into().map_err(|_| Error::Short(self.all.len(), part))
    }

    pub fn u8(&mut self, part: &'static str) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.array(part)?))
    }

    pub fn u32(&mut self, part: &'static str) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array(part)?))
    }

    pub fn i32(&mut self, part: &'static str) -> Result<i32, Error> {
        Ok(i32::from_le_bytes(self.array(part)?))
    }

    pub fn i64(&mut self, part: &'static str) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.array(part)?))
    }

    /// A count of things of at least `size` bytes each; refused where they cannot be in the file.
    pub fn count(&mut self, value: i64, size: usize, name: &'static str) -> Result<usize, Error> {
        let left = self.all.len() - self.at;
        usize::try_from(value).ok().filter(|n| n.checked_mul(size).is_some_and(|bytes| bytes <= left)).ok_or(Error::Damaged(name, value))
    }

    /// The next `n` floats.
    pub fn floats(&mut self, n: usize, part: &'static str) -> Result<Vec<f32>, Error> {
        let bytes = self.take(n.saturating_mul(4), part)?;
        Ok(bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }
}
