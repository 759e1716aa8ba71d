//! Words of Chinese characters, found by dictionary where `words = "icu"`.

use super::{Params, share};
use crate::text::{Facts, slice};

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words made of Chinese characters alone.
fn words<'t>(text: &'t str, facts: &'t mut Facts) -> impl Iterator<Item = &'t str> {
    facts.words(text).iter().map(|word| slice(text, *word)).filter(|word| word.chars().all(is_han))
}

/// Share of the Chinese characters that are a word by themselves: some 0.3 in prose, over 0.8 where characters stand in no order.
pub fn lone_char_share(text: &str, facts: &mut Facts, _: &Params) -> f64 {
    let (mut lone, mut all) = (0, 0);
    for word in words(text, facts) {
        let chars = word.chars().count();
        all += chars;
        lone += usize::from(chars == 1);
    }
    share(lone, all)
}

/// Share of the Chinese words that are not listed; 0 where there are fewer than `n` words.
pub fn unlisted_share(text: &str, facts: &mut Facts, params: &Params) -> f64 {
    let (mut unlisted, mut all) = (0, 0);
    for word in words(text, facts) {
        all += 1;
        unlisted += usize::from(params.list.position(word).is_none());
    }
    if all < params.n { 0.0 } else { share(unlisted, all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::List;
    use crate::text::Splitter;

    fn of(measure: crate::measures::Of, text: &str) -> f64 {
        let mut facts = Facts::new();
        facts.split_by(Splitter::Icu);
        measure(text, &mut facts, &Params { list: List::parse("的\n我们"), ..Params::default() })
    }

    fn measure_n(n: usize) -> f64 {
        let mut facts = Facts::new();
        facts.split_by(Splitter::Icu);
        unlisted_share("我们的系统", &mut facts, &Params { n, ..Params::default() })
    }

    #[test]
    fn only_chinese_words_count() {
        assert_eq!(of(lone_char_share, "我们的 software 系统!"), 0.2);
        assert_eq!(of(unlisted_share, "我们的 software 系统 42"), 1.0 / 3.0);
        assert_eq!(measure_n(4), 0.0);
        assert_eq!((of(lone_char_share, "no Chinese, ない"), of(unlisted_share, "")), (0.0, 0.0));
    }
}
