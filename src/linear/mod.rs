//! Small classifiers that come with the program: hashed n-grams of characters and words, one row of whole numbers each, and the logistic function.
//!
//! A text is looked at in [windows](windows) of some hundred characters, because that is the length which the weights were fitted to. The score of a window is
//! the probability of a label; several labels may hold at once. The score of a text is the mean over its windows: about the share of the
//! text that is of that kind, so that one coarse sentence in a long article weighs little.
//!
//! File: the letters `dpl1`; the number of labels and the binary logarithm of the number of rows, one byte each; for each label the length of its name
//! (one byte), the name, and the intercept and the value of one step as little-endian f32; then the rows, one signed byte a label.
//!
//! [`train`] makes such files; `filters/models/MODEL.md` says what the built-in ones learnt from and how good they are.

mod features;
pub mod train;

use features::Features;
pub use features::windows;

/// Tells toxic, sexual and violent text, gambling, advertising and search-engine spam from other text, in English and Chinese.
pub static CATEGORIES: &[u8] = include_bytes!("../../filters/models/categories.bin");

/// Tells prose worth reading from menus, lists, adverts and noise, in English and Chinese.
pub static QUALITY: &[u8] = include_bytes!("../../filters/models/quality.bin");

/// Why a file is no model.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no model of hashed n-grams, or a damaged one: {0}")]
pub struct Error(&'static str);

/// A classifier.
pub struct Model {
    labels: Vec<Label>,
    bits: u32,
    rows: Box<[i8]>,
}

struct Label {
    name: String,
    intercept: f32,
    step: f32,
}

/// What scoring reuses; one a thread.
#[derive(Default)]
pub struct Scratch {
    features: Features,
    sums: Vec<i32>,
    means: Vec<f32>,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// Says what is wrong where the bytes are no such model, end early or go on too long.
    pub fn load(file: &[u8]) -> Result<Model, Error> {
        let mut rest = file.strip_prefix(train::MAGIC).ok_or(Error("it begins otherwise"))?;
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at_checked(n).ok_or(Error("it ends early"))?;
            rest = left;
            Ok(taken)
        };
        let &[count, bits] = take(2)? else { return Err(Error("it ends early")) };
        if count == 0 || !(1..=24).contains(&bits) {
            return Err(Error("a wrong number of labels or rows"));
        }
        let mut labels = Vec::new();
        for _ in 0..count {
            let length = usize::from(take(1)?[0]);
            let name = std::str::from_utf8(take(length)?).map_err(|_| Error("a name that is no UTF-8"))?.to_owned();
            let mut number = || Ok(f32::from_le_bytes(take(4)?.try_into().map_err(|_| Error("it ends early"))?));
            let (intercept, step) = (number()?, number()?);
            if !(intercept.is_finite() && step.is_finite()) {
                return Err(Error("a weight that is no number"));
            }
            labels.push(Label { name, intercept, step });
        }
        if rest.len() != usize::from(count) << bits {
            return Err(Error("a wrong number of rows"));
        }
        Ok(Model { labels, bits: u32::from(bits), rows: rest.iter().map(|byte| byte.cast_signed()).collect() })
    }

    /// The names of the labels, in the order of the scores.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.labels.iter().map(|label| label.name.as_str())
    }

    /// The probabilities of all labels, each 0 to 1: means over the windows of the text. `None` where the text has no letters or digits.
    pub fn scores<'s>(&self, text: &str, scratch: &'s mut Scratch) -> Option<&'s [f32]> {
        let Scratch { features, sums, means } = scratch;
        means.clear();
        means.resize(self.labels.len(), 0.0);
        let mut seen = 0;
        for window in windows(text) {
            let rows = features.of(window, self.bits);
            if rows.is_empty() {
                continue;
            }
            seen += 1;
            sums.clear();
            sums.resize(self.labels.len(), 0);
            for row in rows {
                let weights = &self.rows[*row as usize * sums.len()..][..sums.len()];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += i32::from(*weight));
            }
            let length = (rows.len() as f32).sqrt();
            for ((mean, sum), label) in means.iter_mut().zip(&*sums).zip(&self.labels) {
                *mean += logistic(label.intercept + *sum as f32 * label.step / length);
            }
        }
        means.iter_mut().for_each(|mean| *mean /= seen as f32);
        (seen > 0).then_some(means)
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests;
