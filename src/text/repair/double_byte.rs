//! UTF-8 that was read as GBK, Shift_JIS or EUC-KR: `涓枃` for `中文`, `鈥檚` for `’s`.
//!
//! A run of characters beyond ASCII is mended as a whole or not at all: all its bytes, read back, must be UTF-8 of characters that are common in
//! Chinese, Japanese or Korean, two at least. Each third byte of UTF-8 asks for a lead of its own kind, so that a run of
//! real hanzi passes by chance less than once in ten million.

use std::sync::LazyLock;

use encoding_rs::{EUC_KR, Encoding, GBK, SHIFT_JIS};

/// The bytes of each character of the BMP in one encoding; 0 for those that it lacks.
type Bytes = Vec<u16>;

static TABLES: LazyLock<[Bytes; 3]> = LazyLock::new(|| [table(GBK), table(SHIFT_JIS), table(EUC_KR)]);
const CHINESE: usize = 0;
const JAPANESE: usize = 1;

fn table(encoding: &'static Encoding) -> Bytes {
    let mut bytes = vec![0; 1 << 16];
    let mut put = |code: &[u8], value: u16| {
        let (text, failed) = encoding.decode_without_bom_handling(code);
        let mut chars = text.chars();
        if let (false, Some(c), None) = (failed, chars.next(), chars.next())
            && let Some(slot) = bytes.get_mut(c as usize)
            && (*slot == 0 || value < 0x100)
        {
            *slot = value;
        }
    };
    for lead in 0x80..=0xFF_u8 {
        for second in 0x40..=0xFE {
            put(&[lead, second], u16::from_be_bytes([lead, second]));
        }
        put(&[lead], u16::from(lead));
    }
    bytes
}

#[inline]
fn code(table: &[u16], c: char) -> Option<u16> {
    table.get(c as usize).copied().filter(|code| *code != 0)
}

/// Whether `c` may be the first character of a broken run in some of the encodings.
pub fn may_begin(c: char) -> bool {
    TABLES.iter().filter_map(|table| code(table, c)).any(|code| {
        let [lead, second] = code.to_be_bytes();
        match lead {
            0 => matches!(second, 0xC2..=0xF4),
            0xC2..=0xEF => (0x80..0xC0).contains(&second),
            _ => false,
        }
    })
}

/// Whether a run of characters beyond ASCII that begins at `rest` is broken; stops at the first byte that is not UTF-8.
pub fn may_be(rest: &str) -> bool {
    let run = run_of(rest);
    (0..TABLES.len()).any(|which| decode(run, which).is_some())
}

fn run_of(rest: &str) -> &str {
    let end = rest.bytes().position(|b| b < 0x80).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Mends the runs of a line; `None` where none is broken. Adds the number of runs.
pub fn mend(line: &str, count: &mut u64) -> Option<String> {
    let mut out = String::new();
    let (mut from, mut at) = (0, 0);
    while let Some(step) = line.get(at..).and_then(|rest| rest.bytes().position(|b| b >= 0x80)) {
        at += step;
        let run = run_of(line.get(at..).unwrap_or_default());
        if let Some(whole) = (0..TABLES.len()).find_map(|which| decode(run, which)) {
            out.push_str(line.get(from..at).unwrap_or_default());
            out.push_str(&whole);
            from = at + run.len();
            *count += 1;
        }
        at += run.len();
    }
    (from > 0).then(|| out + line.get(from..).unwrap_or_default())
}

/// What the run was; `None` where it cannot have been anything else than it is.
fn decode(run: &str, which: usize) -> Option<String> {
    let table = &TABLES[which];
    let kept = run.trim_end_matches('\u{FFFD}');
    if !kept.chars().next().is_some_and(may_begin) {
        return None;
    }
    let mut bytes = Vec::new();
    let mut checked = 0;
    for c in kept.chars() {
        let [lead, second] = code(table, c)?.to_be_bytes();
        bytes.extend((lead != 0).then_some(lead));
        bytes.push(second);
        match std::str::from_utf8(bytes.get(checked..)?) {
            Ok(_) => checked = bytes.len(),
            Err(error) if error.error_len().is_none() => checked += error.valid_up_to(),
            Err(_) => return None,
        }
    }
    let whole = std::str::from_utf8(bytes.get(..checked)?).ok()?;
    // What is left of a character whose end was lost.
    let cut = checked < bytes.len();
    let mut tally = Tally::default();
    whole.chars().for_each(|c| tally.add(c));
    if !tally.convinces(cut, kept.len() < run.len()) {
        return None;
    }
    Some(if cut { format!("{whole}\u{FFFD}") } else { whole.to_owned() })
}

/// What a decoded run is made of.
#[derive(Default)]
struct Tally {
    common: usize,
    rare: usize,
    marks: usize,
    lost: usize,
    foreign: bool,
}

impl Tally {
    fn add(&mut self, c: char) {
        match c {
            '\0'..='\x7f' => {}
            '\u{2010}'..='\u{2027}' => self.marks += 1,
            '\u{FFFD}' => self.lost += 1,
            '\u{3001}'..='\u{3011}' | '\u{3041}'..='\u{30FE}' | '\u{FF01}'..='\u{FF5E}' | '\u{AC00}'..='\u{D7A3}' => self.common += 1,
            '\u{4E00}'..='\u{9FFF}' if taught(c) => self.common += 1,
            '\u{4E00}'..='\u{9FFF}' => self.rare += 1,
            _ => self.foreign = true,
        }
    }

    fn convinces(&self, cut: bool, lost_end: bool) -> bool {
        let found = self.common + self.rare;
        let enough = match found {
            0 => self.marks > 0 || self.lost > 1,
            1 => self.marks > 0,
            2 | 3 => self.rare == 0,
            _ => self.common >= self.rare,
        };
        !self.foreign && enough && (!cut || lost_end && found + self.marks > 0 || found > 3)
    }
}

/// In the first level of GB 2312 or of JIS X 0208: the hanzi and kanji in daily use.
fn taught(c: char) -> bool {
    let [chinese, japanese] = [CHINESE, JAPANESE].map(|which| code(&TABLES[which], c).map(u16::to_be_bytes));
    chinese.is_some_and(|[lead, second]| (0xB0..0xD8).contains(&lead) && second > 0xA0) || japanese.is_some_and(|[lead, _]| (0x88..=0x97).contains(&lead))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, by: &'static Encoding) -> String {
        by.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn chinese_japanese_and_korean_come_back() {
        for by in [GBK, SHIFT_JIS, EUC_KR] {
            for text in ["这里有一本中文的书，", "ひらがなとカタカナ。", "우리나라의 말씀"] {
                let broken = broken(text, by);
                // Where bytes were lost the text is not whole; nothing of it may be made worse.
                let mended = mend(&broken, &mut 0).unwrap_or_else(|| broken.clone());
                assert!(mended == text || broken.contains('\u{FFFD}'), "{by:?}: {text} {broken} {mended}");
            }
        }
        assert_eq!(mend(&broken("它’s", GBK), &mut 0).as_deref(), Some("它’s"));
        assert_eq!(mend("that鈥檚 it", &mut 0).as_deref(), Some("that’s it"));
        assert_eq!(mend("锟斤拷", &mut 0).as_deref(), Some("\u{FFFD}\u{FFFD}"));
    }

    #[test]
    fn whole_text_stays() {
        for text in ["澄清事实", "这条河从城外的山里流出来，人们在那里修了一座石桥。", "茅台酒", "日本語の文章", "한국어 문장입니다", "ｱｲｳｴｵ", "“锟斤拷”是乱码"]
        {
            assert_eq!(mend(text, &mut 0), None, "{text}");
        }
    }
}
