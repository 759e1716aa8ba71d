//! Simplified or traditional Chinese, by the characters that only one of the two has.
//!
//! Simplified only: in GB 2312 and not in Big5; traditional only: among the frequent characters of Big5 and not in GB 2312. The two sets come
//! with the weights, as bits of U+4E00 to U+9FFF.

use super::weights::{Error, head};

/// First character with a bit.
pub const FIRST: u32 = 0x4e00;

/// How many characters have a bit.
pub const CHARACTERS: usize = 0x5200;

/// The two sets.
pub struct Chinese {
    simplified: [u8; CHARACTERS / 8],
    traditional: [u8; CHARACTERS / 8],
}

impl Chinese {
    /// Takes the sets, simplified first, off `rest`.
    pub fn read(rest: &mut &[u8]) -> Result<Chinese, Error> {
        Ok(Chinese { simplified: head(rest)?, traditional: head(rest)? })
    }

    /// `zh-Hant` where more of the letters are traditional only than simplified only, else `zh-Hans`.
    pub fn tag(&self, letters: &[u32]) -> &'static str {
        let count = |set: &[u8]| letters.iter().filter(|letter| has(set, **letter)).count();
        if count(&self.traditional) > count(&self.simplified) { "zh-Hant" } else { "zh-Hans" }
    }
}

fn has(set: &[u8], letter: u32) -> bool {
    let Some(at) = letter.checked_sub(FIRST) else { return false };
    set.get(at as usize / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_number_decides_and_simplified_wins_a_tie() {
        let mut bytes = vec![0u8; CHARACTERS / 4];
        let mut set = |c: char, offset: usize| {
            let at = (c as u32 - FIRST) as usize;
            bytes[offset + at / 8] |= 1 << (at % 8);
        };
        set('国', 0);
        set('國', CHARACTERS / 8);
        let chinese = Chinese::read(&mut bytes.as_slice()).unwrap();
        let tag = |text: &str| chinese.tag(&text.chars().map(u32::from).collect::<Vec<_>>());
        assert_eq!([tag("中国"), tag("中國"), tag("中国國國"), tag("中a"), tag("国國")], ["zh-Hans", "zh-Hant", "zh-Hant", "zh-Hans", "zh-Hans"]);
        assert!(Chinese::read(&mut bytes[..100].as_ref()).is_err());
    }
}
