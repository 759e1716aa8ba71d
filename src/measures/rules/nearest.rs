//! The name that was probably meant.

/// `did you mean ...?` with the nearest of `known`, where one is near; else all of them.
pub fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut known: Vec<_> = known.collect();
    known.sort_unstable();
    let near = known.iter().map(|other| (distance(name, other), other)).min()?;
    if near.0 <= 1 + name.chars().count() / 3 {
        return Some(format!("did you mean `{}`?", near.1));
    }
    Some(format!("known: {}", known.join(", ")))
}

/// Insertions, deletions and replacements between two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_or_lists_all() {
        let known = ["min", "max", "measure"];
        assert_eq!(suggest("mesure", known.into_iter()).as_deref(), Some("did you mean `measure`?"));
        assert_eq!(suggest("threshold", known.into_iter()).as_deref(), Some("known: max, measure, min"));
        assert_eq!(suggest("x", [].into_iter()), None);
        assert_eq!((distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")), (3, 0, 3));
    }
}
