//! The documents of one split that go, as rows of bytes: ordinal, the other document, how alike they are.

const WIDTH: usize = 20;

/// A row; rows come in order of the ordinal.
pub fn row(ordinal: u32, other: u64, alike: f64) -> [u8; WIDTH] {
    let mut row = [0; WIDTH];
    row[..4].copy_from_slice(&ordinal.to_le_bytes());
    row[4..12].copy_from_slice(&other.to_le_bytes());
    row[12..].copy_from_slice(&alike.to_bits().to_le_bytes());
    row
}

/// All rows, in order: ordinal, the other document, how alike they are.
pub fn each(rows: &[u8]) -> impl Iterator<Item = (u32, u64, f64)> {
    rows.as_chunks::<WIDTH>().0.iter().map(|row| (number(row, 0) as u32, number(row, 4), f64::from_bits(number(row, 12))))
}

/// The other document and the similarity in the row of an ordinal.
pub fn find(rows: &[u8], ordinal: u32) -> Option<(u64, f64)> {
    let rows = rows.as_chunks::<WIDTH>().0;
    let found = rows.binary_search_by_key(&ordinal, |row| number(row, 0) as u32).ok()?;
    Some((number(&rows[found], 4), f64::from_bits(number(&rows[found], 12))))
}

fn number(row: &[u8; WIDTH], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| row[at + byte]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_ordinal() {
        let mut rows = Vec::new();
        for ordinal in [3, 7, 300] {
            rows.extend_from_slice(&row(ordinal, u64::from(ordinal) << 32, 0.5));
        }
        assert_eq!(find(&rows, 7), Some((7 << 32, 0.5)));
        assert_eq!(each(&rows).map(|(ordinal, ..)| ordinal).collect::<Vec<_>>(), [3, 7, 300]);
        assert_eq!((find(&rows, 4), find(&[], 3)), (None, None));
    }
}
