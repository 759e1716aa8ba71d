//! The part of a long text that is looked at: pieces spread evenly over it.

/// Pieces of a long text.
const PIECES: usize = 4;

/// How far a piece's ends are moved to the next space, in bytes.
const SPACE: usize = 40;

/// The text itself, or pieces of it of `limit` bytes in sum, the first at its beginning and the last at its end, one a line.
pub fn sample<'a>(text: &'a str, limit: usize, buffer: &'a mut String) -> &'a str {
    if text.len() <= limit {
        return text;
    }
    buffer.clear();
    let piece = limit / PIECES;
    for n in 0..PIECES {
        let start = text.ceil_char_boundary((text.len() - piece) / (PIECES - 1) * n);
        let end = text.floor_char_boundary(start + piece).max(start);
        let part = &text[start..end];
        // Not in the middle of a word, where words have ends.
        let blank = |byte: u8| byte.is_ascii_whitespace();
        let skip = part.bytes().take(SPACE).position(blank).filter(|_| n > 0).map_or(0, |at| at + 1);
        let cut = part.bytes().rev().take(SPACE).position(blank).filter(|_| n + 1 < PIECES).map_or(0, |at| at + 1);
        buffer.push_str(part.get(skip..part.len() - cut).unwrap_or(part));
        buffer.push('\n');
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_from_all_over_and_begin_with_whole_words() {
        let text: String = (0..1000).map(|n| format!("word{n} ")).collect();
        let mut buffer = String::new();
        let found = sample(&text, 200, &mut buffer).to_owned();
        assert!(found.len() <= 204, "{}", found.len());
        let lines: Vec<&str> = found.lines().collect();
        assert!(lines.len() == 4 && lines[0].starts_with("word0 ") && lines[3].ends_with("word999"), "{lines:?}");
        assert!(lines.iter().all(|line| format!(" {text}").contains(&format!(" {line} "))), "{lines:?}");
        assert_eq!(sample("short", 200, &mut buffer), "short");
    }

    #[test]
    fn characters_are_never_cut() {
        let text = "語".repeat(500);
        let mut buffer = String::new();
        for limit in [0, 1, 5, 100, 101, 102, 1499] {
            assert!(sample(&text, limit, &mut buffer).chars().all(|c| matches!(c, '語' | '\n')));
        }
    }
}
