//! A guess at what a page is, from what it declares and what its names and text look like.

use super::Kind;
use super::blocks::Blocks;
use super::hints::{Hints, declared};

/// Guesses the kind: declared types first, then the share of code, names of areas, and how much of the text is sentences.
pub fn kind(page: &Blocks, hints: &Hints) -> Kind {
    let count = |bit: u32| page.areas.iter().filter(|a| a.own >> bit & 1 == 1).count();
    let units = |test: &dyn Fn(&super::blocks::Block) -> bool| -> f32 { page.blocks.iter().filter(|b| test(b)).map(|b| b.counts.units).sum() };
    let Some(root) = page.areas.first() else {
        return Kind::Article;
    };
    let sentences = units(&|b| b.counts.units >= 10.0 && b.link_units < 0.3 * b.counts.units);
    let share = sentences / root.units.max(1.0);
    let says = |bit: u32| hints.says(bit);
    if says(declared::FORUM) || says(declared::FORUM_PROGRAM) {
        Kind::Forum
    } else if says(declared::DOC_PROGRAM) || units(&|b| b.pre) > 0.15 * root.units {
        Kind::Documentation
    } else if says(declared::PRODUCT) && !says(declared::LIST) {
        Kind::Product
    } else if says(declared::LIST) {
        Kind::Listing
    } else if says(declared::ARTICLE) && share > 0.2 {
        Kind::Article
    } else if count(8) >= 8 {
        Kind::Forum
    } else if count(36) >= 2 && count(35) >= 1 && count(34) >= 3 {
        if count(35) > 12 { Kind::Listing } else { Kind::Product }
    } else if count(43) >= 10 {
        Kind::Documentation
    } else if share > 0.5 {
        Kind::Article
    } else if share < 0.15 {
        Kind::Listing
    } else {
        Kind::Service
    }
}
