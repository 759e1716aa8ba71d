//! A place in a file as one number, so that reading can go on from it.
//!
//! In a plain file it is the byte offset. In a compressed one a place inside a member needs two numbers, and both do not fit into one;
//! so it is told by the last item that began exactly with a member and the count of items since, which a reader passes over.

use super::Position;

const PLAIN: u64 = 1 << 63;
/// Bits of the count: 134 million items in one member; 36 bits are left for the offset, 64 GiB of compressed file.
const COUNT: u32 = 27;

/// Follows a reader from item to item.
#[derive(Clone, Copy, Debug)]
pub struct Trail {
    plain: bool,
    base: u64,
    since: u64,
}

impl Trail {
    /// The place behind everything.
    pub const END: u64 = u64::MAX;

    /// Where a number from [`Trail::pack`] leads: the offset to read from and the items to pass over.
    pub fn unpack(packed: u64) -> (Position, u64) {
        match packed {
            packed if packed & PLAIN != 0 => (Position { offset: packed & !PLAIN, skip: 0 }, 0),
            packed => (Position { offset: packed >> COUNT, skip: 0 }, packed & ((1 << COUNT) - 1)),
        }
    }

    /// A trail that starts where reading starts.
    pub fn new(plain: bool, from: Position) -> Self {
        Self { plain, base: from.offset, since: 0 }
    }

    /// An item that starts at `position` has been given.
    pub fn passed(&mut self, position: Position) {
        if self.plain || (position.skip == 0 && position.offset > self.base) {
            (self.base, self.since) = (position.offset, 0);
        }
        self.since += 1;
    }

    /// The place after the last item, the reader now standing at `now`. `None` where the numbers do not fit.
    pub fn pack(&self, now: Position) -> Option<u64> {
        if self.plain {
            return Some(PLAIN | now.offset);
        }
        let (base, since) = if now.skip == 0 { (now.offset, 0) } else { (self.base, self.since) };
        (base < 1 << (63 - COUNT) && since < 1 << COUNT).then_some((base << COUNT) | since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64, skip: u64) -> Position {
        Position { offset, skip }
    }

    #[test]
    fn a_place_inside_a_member_is_told_by_its_items() {
        let mut trail = Trail::new(false, at(0, 0));
        trail.passed(at(0, 0));
        assert_eq!(Trail::unpack(trail.pack(at(900, 0)).unwrap()), (at(900, 0), 0), "at a member's start nothing is passed over");
        trail.passed(at(900, 0));
        trail.passed(at(900, 40));
        assert_eq!(Trail::unpack(trail.pack(at(900, 70)).unwrap()), (at(900, 0), 2));
        trail.passed(at(900, 70));
        assert_eq!(Trail::unpack(trail.pack(at(1700, 5)).unwrap()), (at(900, 0), 3), "the next item began before this member");
        assert_eq!(trail.pack(at(1 << 36, 0)), None);
    }

    #[test]
    fn in_a_plain_file_the_offset_is_the_place() {
        let mut trail = Trail::new(true, at(5, 0));
        trail.passed(at(5, 0));
        assert_eq!(Trail::unpack(trail.pack(at(1 << 40, 0)).unwrap()), (at(1 << 40, 0), 0));
    }
}
