//! How much of what a page declares about itself, its title, its summary and its JSON-LD text, a block repeats.

use super::meta::Meta;
use super::names::hash_of;

/// Words looked at of one block, and of one declared text.
const BLOCK_WORDS: usize = 80;
const DECLARED_WORDS: usize = 20_000;
/// Columns that [`Echo::columns`] gives.
pub const ECHOES: usize = 6;

/// Hashes of declared words, sorted.
#[derive(Debug, Default)]
pub struct Echo {
    title: Vec<u32>,
    summary: Vec<u32>,
    /// Pairs of neighbouring words of the text that JSON-LD holds.
    body: Vec<u32>,
}

fn words(text: &str, most: usize) -> Vec<u32> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(most).map(|w| hash_of(w.as_bytes())).collect()
}

fn pairs(words: &[u32]) -> impl Iterator<Item = u32> + '_ {
    words.windows(2).map(|w| w[0].rotate_left(5) ^ w[1].wrapping_mul(0x9E37_79B1))
}

fn sorted(mut hashes: Vec<u32>) -> Vec<u32> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

fn share(part: usize, whole: usize) -> f32 {
    if whole > 0 { part as f32 / whole as f32 } else { 0.0 }
}

impl Echo {
    /// Takes the title, the description (the product's, where JSON-LD has one) and the article's text.
    pub fn of(meta: &Meta) -> Echo {
        let product = meta.json_ld.product.as_ref().map_or("", |(_, description)| description);
        let summary = [meta.description.as_deref().unwrap_or(""), product].join(" ");
        let body = meta.json_ld.body.as_deref().unwrap_or("");
        Echo {
            title: sorted(words(meta.title.as_deref().unwrap_or(""), BLOCK_WORDS)),
            summary: sorted(words(&summary, DECLARED_WORDS)),
            body: sorted(pairs(&words(body, DECLARED_WORDS)).collect()),
        }
    }

    /// Shares of the block's words that title, summary and body have, of the title's and summary's that the block has,
    /// and whether there is a body.
    pub fn columns(&self, text: &str) -> [f32; ECHOES] {
        if self.title.is_empty() && self.summary.is_empty() && self.body.is_empty() {
            return [0.0; ECHOES];
        }
        let own = words(text, BLOCK_WORDS);
        let common = |declared: &[u32]| own.iter().filter(|w| declared.binary_search(w).is_ok()).count();
        let (title, summary) = (common(&self.title), common(&self.summary));
        let body = pairs(&own).filter(|p| self.body.binary_search(p).is_ok()).count();
        [
            share(title, own.len()),
            share(title, self.title.len()),
            share(summary, own.len()),
            share(summary, self.summary.len()),
            share(body, own.len().saturating_sub(1)),
            f32::from(!self.body.is_empty()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_words_are_counted() {
        let mut meta = Meta { title: Some("Old mill sold".into()), description: Some("The mill was sold on Monday".into()), ..Meta::default() };
        meta.json_ld.body = Some("Flour again. The mill turns.".into());
        let echo = Echo::of(&meta);
        assert_eq!(echo.columns("old mill"), [1.0, 2.0 / 3.0, 0.5, 1.0 / 6.0, 0.0, 1.0]);
        assert_eq!(echo.columns("the mill turns")[4], 1.0);
        assert_eq!(Echo::default().columns("mill"), [0.0; ECHOES]);
    }
}
