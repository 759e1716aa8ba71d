//! A list of words, marks or phrases that a rule names.

/// Distinct, not empty, sorted strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    items: Vec<String>,
    /// Bit `n` set where an item has `n` bytes; bit 63 for all longer ones.
    lengths: u64,
}

impl List {
    /// Sorts `items`, drops empty ones and doubles.
    pub fn new(items: impl IntoIterator<Item = String>) -> Self {
        let mut items: Vec<_> = items.into_iter().filter(|item| !item.is_empty()).collect();
        items.sort_unstable();
        items.dedup();
        let lengths = items
            .iter()
            .fold(0, |bits, item| bits | 1 << item.len().min(63));
        Self { items, lengths }
    }

    /// The items of a list file: one a line, white space around them and lines that start with `#` left out.
    pub fn parse(text: &str) -> Self {
        Self::new(
            text.lines()
                .map(str::trim)
                .filter(|line| !line.starts_with('#'))
                .map(str::to_owned),
        )
    }

    /// Where `word` stands in the list.
    #[inline]
    pub fn position(&self, word: &str) -> Option<usize> {
        if self.lengths >> word.len().min(63) & 1 == 0 {
            return None;
        }
        self.items
            .binary_search_by(|item| item.as_str().cmp(word))
            .ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_it_holds() {
        let list = List::parse("# origin\nthe\n\n be \nthe\n");
        assert_eq!(list.iter().collect::<Vec<_>>(), ["be", "the"]);
        assert_eq!(
            (
                list.position("the"),
                list.position("The"),
                list.position("")
            ),
            (Some(1), None, None)
        );
        assert!(List::default().is_empty());
    }
}
