//! A read-only map from pairs of numbers to a number, for the inner loops of merging and matching.

/// The value of pairs that are not there.
pub(super) const NONE: u64 = u64::MAX;

/// Open addressing, half of the slots or more are empty.
pub(super) struct PairTable {
    slots: Vec<(u64, u64)>,
    shift: u32,
}

impl PairTable {
    /// Left, right, value; the first of equal pairs stays.
    pub fn new(pairs: impl Iterator<Item = (u32, u32, u64)>, count: usize) -> PairTable {
        let bits = (count * 2).next_power_of_two().max(16).trailing_zeros();
        let mut table = PairTable { slots: vec![(NONE, NONE); 1 << bits], shift: 64 - bits };
        for (left, right, value) in pairs.take(count) {
            let slot = table.slot(left, right);
            if table.slots[slot].0 == NONE {
                table.slots[slot] = (key(left, right), value);
            }
        }
        table
    }

    #[inline(always)]
    pub fn get(&self, left: u32, right: u32) -> u64 {
        self.slots[self.slot(left, right)].1
    }

    #[inline(always)]
    fn slot(&self, left: u32, right: u32) -> usize {
        let key = key(left, right);
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        while self.slots[slot].0 != key && self.slots[slot].0 != NONE {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }
}

#[inline(always)]
fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_pairs_stays() {
        let pairs = (0..100).map(|i| (i % 50, 7, u64::from(i)));
        let table = PairTable::new(pairs, 100);
        assert!((0..50).all(|i| table.get(i, 7) == u64::from(i)));
        assert_eq!(table.get(7, 50), NONE);
    }
}
