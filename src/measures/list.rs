//! A list of words, marks or phrases that a rule names.

use memchr::memmem::Finder;

/// Distinct, not empty, sorted strings.
#[derive(Clone, Debug, Default)]
pub struct List {
    items: Vec<String>,
    finders: Vec<Finder<'static>>,
    /// A bit for each [`sketch`] of an item.
    sketches: [u64; 4],
}

impl List {
    /// Sorts `items`, drops empty ones and doubles.
    pub fn new(items: impl IntoIterator<Item = String>) -> Self {
        let mut items: Vec<_> = items.into_iter().filter(|item| !item.is_empty()).collect();
        items.sort_unstable();
        items.dedup();
        let mut sketches = [0; 4];
        for item in &items {
            let bit = sketch(item);
            sketches[bit / 64] |= 1 << (bit % 64);
        }
        let finders = items.iter().map(|item| Finder::new(item.as_bytes()).into_owned()).collect();
        Self { items, finders, sketches }
    }

    /// The items of a list file: one a line, white space around them and lines that start with `#` left out.
    pub fn parse(text: &str) -> Self {
        Self::new(text.lines().map(str::trim).filter(|line| !line.starts_with('#')).map(str::to_owned))
    }

    /// Where `word` stands in the list.
    #[inline]
    pub fn position(&self, word: &str) -> Option<usize> {
        let bit = sketch(word);
        if self.sketches[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        self.items.binary_search_by(|item| item.as_str().cmp(word)).ok()
    }

    /// How often the items occur in `text`; occurrences of one item do not overlap.
    pub fn occurrences(&self, text: &str) -> usize {
        self.finders.iter().map(|finder| finder.find_iter(text.as_bytes()).count()).sum()
    }

    /// The entries in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(String::as_str)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// A number below 256 that tells most words apart.
#[inline]
fn sketch(word: &str) -> usize {
    let bytes = word.as_bytes();
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    (end(bytes.first()) + 31 * end(bytes.last()) + 7 * bytes.len()) & 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_it_holds() {
        let list = List::parse("# origin\nthe\n\n be \nthe\n");
        assert_eq!(list.iter().collect::<Vec<_>>(), ["be", "the"]);
        assert_eq!((list.position("the"), list.position("The"), list.position("")), (Some(1), None, None));
        assert_eq!(list.occurrences("the bee, thethe"), 4);
        assert!(List::default().is_empty());
    }
}
