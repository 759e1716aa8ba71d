//! Lengths in code points, and words parted by white space whatever the splitter.

use super::Params;
use crate::text::Facts;

/// Code points of the text.
pub fn chars(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.chars(text) as f64
}

/// Pieces between white space.
pub fn spaced_words(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.spaced(text).words as f64
}

/// Code points of the longest piece between white space.
pub fn longest_spaced_word(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    facts.spaced(text).longest as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_code_points() {
        let (text, mut facts, none) = ("éé a,b\u{3000}c", Facts::new(), Params::default());
        assert_eq!(chars(text, &mut facts, &none), 8.0);
        assert_eq!(spaced_words(text, &mut facts, &none), 3.0);
        assert_eq!(longest_spaced_word(text, &mut facts, &none), 3.0);
    }
}
