//! What a text is made of, as rows of a table: its n-grams of characters and of words, hashed.

/// Characters of a window.
const WINDOW: usize = 500;

/// Most windows of a text; of a longer one they are spread evenly from its beginning to its end.
const MOST: usize = 64;

/// Longest n-gram of characters.
const LONGEST: usize = 4;

/// Pieces of at most 500 characters; the whole of a text up to 64 of them, and 64 evenly spread over a longer one.
pub fn windows(text: &str) -> impl Iterator<Item = &str> {
    // A character has at most four bytes, so a short text needs no counting.
    let bytes = text.len();
    let spread = bytes > WINDOW * MOST && text.chars().nth(WINDOW * MOST).is_some();
    let mut from = 0;
    (0..MOST).map_while(move |number| {
        if spread {
            from = text.floor_char_boundary((bytes as u64 * number as u64 / MOST as u64) as usize);
        }
        let rest = &text[from..];
        let end = rest.char_indices().nth(WINDOW).map_or(rest.len(), |(at, _)| at);
        from += end;
        (end > 0).then(|| &rest[..end])
    })
}

/// The distinct rows of one window.
#[derive(Default)]
pub(super) struct Features {
    signs: Vec<u32>,
    rows: Vec<u32>,
    seen: Vec<u64>,
}

impl Features {
    /// The rows of a window in the order of their first appearance, each once; none for a text without letters and digits.
    pub(super) fn of(&mut self, window: &str, bits: u32) -> &[u32] {
        let Features { signs, rows, seen } = self;
        rows.clear();
        if !fold(window, signs) {
            return rows;
        }
        seen.resize((1usize << bits).div_ceil(64), 0);
        let mut add = |hash: u64| {
            let row = (hash >> (64 - bits)) as u32;
            let (at, bit) = (row as usize / 64, 1u64 << (row % 64));
            if seen[at] & bit == 0 {
                seen[at] |= bit;
                rows.push(row);
            }
        };
        for at in 0..signs.len() {
            let mut hash = 0;
            for (length, sign) in signs[at..].iter().take(LONGEST).enumerate() {
                hash = mix(hash ^ u64::from(*sign), length as u64 + 1);
                add(hash);
            }
        }
        let (mut before, mut word) = (0, 0);
        for sign in &*signs {
            if is_word(*sign) {
                word = mix(word ^ u64::from(*sign), 11);
            } else if word != 0 {
                add(word);
                add(mix(before ^ word.rotate_left(17), 13));
                (before, word) = (word, 0);
            }
        }
        rows.iter().for_each(|row| seen[*row as usize / 64] = 0);
        rows
    }
}

/// Lower case, figures as 0, wide forms as narrow ones, white space as one space or line end; begins and ends with a space. Says whether there is any letter or digit.
fn fold(text: &str, signs: &mut Vec<u32>) -> bool {
    const SPACE: u32 = ' ' as u32;
    const LINE: u32 = '\n' as u32;
    signs.clear();
    signs.push(SPACE);
    let mut any = false;
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            _ => c,
        };
        let last = signs.last_mut();
        if c.is_whitespace() {
            match last {
                Some(last) if *last == LINE => {}
                Some(last) if *last == SPACE => *last = if c == '\n' { LINE } else { SPACE },
                _ => signs.push(if c == '\n' { LINE } else { SPACE }),
            }
        } else if c.is_numeric() && !c.is_alphabetic() {
            any = true;
            signs.push('0' as u32);
        } else {
            any |= c.is_alphabetic();
            signs.push(c.to_lowercase().next().unwrap_or(c) as u32);
        }
    }
    if signs.last().is_some_and(|last| *last != SPACE && *last != LINE) {
        signs.push(SPACE);
    }
    any
}

/// Letters and figures of scripts that part words by spaces; an apostrophe stays in its word.
fn is_word(sign: u32) -> bool {
    let wide = (0x2e80..=0x9fff).contains(&sign) || (0x2_0000..=0x3_ffff).contains(&sign);
    !wide && char::from_u32(sign).is_some_and(|c| c.is_alphanumeric() || c == '\'' || c == '’')
}

/// A step of a multiplicative hash.
fn mix(value: u64, salt: u64) -> u64 {
    let value = (value ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
