//! UTF-8 that was read as a code page of one byte a character.
//!
//! A line is read back by each page. A run of characters that would be one character of UTF-8 is a *suspect*; it is *sure* where what is odd about
//! it, and what speaks for what it would become, add up to [`SURE`]. The page whose sure suspects weigh most mends its sure ones, and, where
//! they leave nothing of the line beyond ASCII, the others too. Text that was broken several times is mended as often; each round shortens it.

use super::codepages::{PAGES, Page, WESTERN, byte, roles};
use super::evidence;

/// Weight from which a suspect needs no company.
const SURE: u32 = 3;
/// Rounds over one line.
const ROUNDS: usize = 16;

/// One run of characters that may be a single one.
#[derive(Clone, Copy)]
struct Suspect {
    start: usize,
    chars: usize,
    mended: char,
    /// A space that was eaten into the run and belongs after it.
    space: bool,
    /// All bytes are there; else one was lost or became a space.
    whole: bool,
    odd: u32,
    weight: u32,
    common: bool,
}

/// A line with what a page makes of it.
#[derive(Default)]
struct Reading {
    suspects: Vec<Suspect>,
    /// Characters beyond ASCII that are in no suspect.
    strays: usize,
    /// Sum of the weights of the sure.
    weight: u32,
}

impl Reading {
    fn rank(&self) -> (bool, u32) {
        (self.weight > 0 && self.strays == 0, self.weight)
    }
}

/// Mends a line; `None` where nothing is wrong. Adds the number of characters mended.
pub fn mend(line: &str, count: &mut u64) -> Option<String> {
    let mut chars: Vec<char> = line.chars().collect();
    let mut changed = false;
    for _ in 0..ROUNDS {
        let mut best = Reading::default();
        for page in pages_of(&chars) {
            let reading = read(&chars, page);
            // A reading that leaves nothing over is better than any other.
            if reading.weight > 0 && reading.rank() > best.rank() {
                best = reading;
            }
        }
        if best.weight == 0 {
            break;
        }
        chars = apply(&chars, &best, count);
        changed = true;
    }
    changed.then(|| chars.into_iter().collect())
}

/// The pages by which some characters of the line can be a beginning and its continuation.
fn pages_of(chars: &[char]) -> impl Iterator<Item = Page> {
    let mut found = 0;
    for pair in chars.windows(2).filter(|pair| !pair[0].is_ascii()) {
        let [first, second] = [roles(pair[0]), roles(pair[1])];
        let follow = if pair[1] == ' ' { u16::MAX } else { second.follow };
        found |= (first.lead[0] | first.lead[1] | first.lead[2]) & follow;
    }
    (0..PAGES).filter(move |page| found >> page & 1 == 1)
}

fn read(chars: &[char], page: Page) -> Reading {
    let mut reading = Reading::default();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_ascii() {
            at += 1;
        } else if let Some(suspect) = suspect(chars, at, page) {
            at += suspect.chars;
            reading.suspects.push(suspect);
        } else {
            reading.strays += usize::from(chars[at] != '\u{FFFD}');
            at += 1;
        }
    }
    let beside: Vec<u32> = (0..reading.suspects.len()).map(|at| u32::from(has_kin(&reading.suspects, at, chars))).collect();
    let ends: Vec<(usize, usize)> = reading.suspects.iter().map(|suspect| (suspect.start, suspect.start + suspect.chars)).collect();
    for (at, (suspect, beside)) in reading.suspects.iter_mut().zip(beside).enumerate() {
        let (start, end) = (suspect.start, suspect.start + suspect.chars);
        // What touches another letter or sign of the page is part of something else: text in a third encoding, rows of symbols.
        let before = start > 0 && at.checked_sub(1).is_none_or(|at| ends[at].1 != start) && strays_at(chars, start - 1, page);
        let after = ends.get(at + 1).is_none_or(|next| next.0 != end) && strays_at(chars, end, page);
        if before || after {
            suspect.common = false;
        } else if suspect.odd > 0 && suspect.common {
            suspect.weight += beside;
        }
        if suspect.sure() {
            reading.weight += suspect.weight;
        }
    }
    // A line of which nothing else remains is no chance, though none of it be sure by itself.
    let odd: u32 = reading.suspects.iter().map(|suspect| suspect.odd).sum();
    if reading.weight == 0 && reading.strays == 0 && odd > 2 && reading.suspects.len() > 2 && reading.suspects.iter().all(|suspect| suspect.common) {
        reading.weight = odd;
    }
    reading
}

/// Whether a letter or sign of the page is at `at`, or one that is lost.
fn strays_at(chars: &[char], at: usize, page: Page) -> bool {
    chars.get(at).is_some_and(|c| *c == '\u{FFFD}' || byte(page, *c).is_some() && !evidence::is_punctuation(*c))
}

impl Suspect {
    fn sure(&self) -> bool {
        self.odd > 0 && self.common && self.weight >= SURE
    }
}

/// Whether a neighbour, at most one character of ASCII away, becomes a character of the same script beyond Latin.
fn has_kin(suspects: &[Suspect], at: usize, chars: &[char]) -> bool {
    let Some(this) = suspects.get(at) else { return false };
    let Some(group) = evidence::group(this.mended) else { return false };
    let kin = |first: &Suspect, second: &Suspect, other: &Suspect| {
        let end = first.start + first.chars;
        let close = end == second.start || end + 1 == second.start && chars.get(end).is_some_and(|c| c.is_ascii() && !c.is_ascii_alphabetic());
        close && evidence::group(other.mended) == Some(group)
    };
    let before = at.checked_sub(1).and_then(|at| suspects.get(at)).is_some_and(|other| kin(other, this, other));
    before || suspects.get(at + 1).is_some_and(|other| kin(this, other, other))
}

/// The suspect that begins at `at`.
fn suspect(chars: &[char], at: usize, page: Page) -> Option<Suspect> {
    let lead = byte(page, *chars.get(at)?)?;
    let wanted = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    if lead == 0xED
        && let Some(mended) = surrogates(chars, at, page)
    {
        return Some(weigh(chars, Suspect { start: at, chars: 6, mended, ..EMPTY }, page, lead));
    }
    let mut bytes = [lead, 0, 0, 0];
    let (mut lost, mut spaces) = (0, 0);
    for (offset, slot) in bytes.iter_mut().enumerate().take(wanted).skip(1) {
        *slot = match *chars.get(at + offset)? {
            ' ' => {
                spaces += 1;
                0xA0
            }
            '\u{FFFD}' => {
                lost += 1;
                0xBF
            }
            c => byte(page, c).filter(|byte| *byte < 0xC0)?,
        };
    }
    let made = Suspect { start: at, chars: wanted, whole: lost + spaces == 0, ..EMPTY };
    let made = match (lost, spaces) {
        // The byte that windows-1252 leaves open, among those that end a mark, is that of the closing quote.
        (1, 0) | (0, 1) if page == WESTERN && bytes[..2] == [0xE2, 0x80] && !matches!(chars.get(at + 1), Some(' ' | '\u{FFFD}')) => {
            Suspect { mended: '”', space: spaces > 0, ..made }
        }
        (1.., 0) => Suspect { mended: '\u{FFFD}', ..made },
        (0, 1) if may_be_space(lead, chars, at) => Suspect { mended: decoded(&bytes[..wanted])?, space: lead == 0xC3 && !joins(chars, at + 2), ..made },
        (0, 0) => Suspect { mended: decoded(&bytes[..wanted])?, ..made },
        _ => return None,
    };
    Some(weigh(chars, made, page, lead))
}

const EMPTY: Suspect = Suspect { start: 0, chars: 0, mended: '\0', space: false, whole: true, odd: 0, weight: 0, common: false };

fn weigh(chars: &[char], suspect: Suspect, page: Page, lead: u8) -> Suspect {
    let (start, end) = (suspect.start, suspect.start + suspect.chars);
    let before = start.checked_sub(1).and_then(|at| chars.get(at)).copied();
    let odd = evidence::odd(page, before, chars.get(start..end).unwrap_or_default(), chars.get(end).copied(), suspect.mended);
    // What was broken twice shows control characters after the first round.
    let again = page == WESTERN && matches!(suspect.mended, '\u{80}'..='\u{9f}');
    let common = evidence::common(suspect.mended) || again;
    Suspect { odd, common, weight: odd + u32::from(common) + evidence::rare_beginning(page, lead, suspect.mended), ..suspect }
}

fn decoded(bytes: &[u8]) -> Option<char> {
    std::str::from_utf8(bytes).ok()?.chars().next()
}

/// Six characters that are a pair of surrogates, each written as UTF-8 (CESU-8).
fn surrogates(chars: &[char], at: usize, page: Page) -> Option<char> {
    let mut units = [0; 2];
    for (half, unit) in units.iter_mut().enumerate() {
        let [lead, second, third] = [0, 1, 2].map(|offset| chars.get(at + 3 * half + offset).and_then(|c| byte(page, *c)).unwrap_or(0));
        if lead != 0xED || !(0xA0..0xC0).contains(&second) || !(0x80..0xC0).contains(&third) {
            return None;
        }
        *unit = 0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F);
    }
    char::decode_utf16(units).next()?.ok()
}

/// Whether half of such a pair is at `at`; three such bytes are no character of their own.
fn half_surrogate(chars: &[char], at: usize, page: Page) -> bool {
    let [lead, second] = [at, at + 1].map(|at| chars.get(at).and_then(|c| byte(page, *c)).unwrap_or(0));
    lead == 0xED && (0xA0..0xB0).contains(&second) && chars.get(at + 2).and_then(|c| byte(page, *c)).is_some_and(|third| third < 0xC0)
}

/// Whether byte A0 is likely after this lead; programs that tidy white space make a space of it.
fn may_be_space(lead: u8, chars: &[char], at: usize) -> bool {
    let second_is_space = chars.get(at + 1) == Some(&' ');
    match lead {
        0xC2 | 0xC3 | 0xC5 | 0xCE | 0xD0 | 0xD9 | 0xF0 => true,
        0xE2 | 0xE3 => true,
        0xE0 | 0xE1 => !second_is_space,
        _ => false,
    }
}

/// Whether `à`, whose second byte became the space before `at`, goes on here: `às`, `àquele` and their kin in Portuguese, or a space of its own.
fn joins(chars: &[char], at: usize) -> bool {
    let rest: String = chars.iter().skip(at).take(5).collect();
    rest.is_empty() || rest.starts_with([' ', '\n']) || rest.starts_with("s ") || ["quele", "quela", "quilo"].contains(&rest.as_str())
}

fn apply(chars: &[char], reading: &Reading, count: &mut u64) -> Vec<char> {
    let all = reading.strays == 0;
    let mut mended = Vec::with_capacity(chars.len());
    let mut from = 0;
    for suspect in &reading.suspects {
        if !(all || suspect.sure() || suspect.common && (suspect.whole && suspect.odd > 0 || suspect.space)) {
            continue;
        }
        mended.extend_from_slice(chars.get(from..suspect.start).unwrap_or_default());
        mended.push(suspect.mended);
        mended.extend(suspect.space.then_some(' '));
        from = suspect.start + suspect.chars;
        *count += 1;
    }
    mended.extend_from_slice(chars.get(from..).unwrap_or_default());
    mended
}

/// Whether some suspect that ends with the last of `window` is odd in itself: the quick look of the scan.
pub fn may_be(window: &[char], after: Option<char>) -> bool {
    (0..PAGES).any(|page| {
        (0..window.len()).any(|at| {
            half_surrogate(window, at, page)
                || suspect(window, at, page).is_some_and(|found| {
                    let end = found.start + found.chars;
                    let before = at.checked_sub(1).and_then(|at| window.get(at)).copied();
                    let next = window.get(end).copied().or(after);
                    evidence::odd(page, before, window.get(at..end).unwrap_or_default(), next, found.mended) > 0
                })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> String {
        mend(text, &mut 0).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn every_page_is_undone() {
        for (broken, whole) in [
            ("cafÃ© et thÃ©", "café et thé"),
            ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
            ("LiĂ¨ge, l'HĂ´pital", "Liège, l'Hôpital"),
            ("РґРѕР±СЂС‹Р№ РґРµРЅСЊ", "добрый день"),
            ("r√©gime √©quilibr√©", "régime équilibré"),
            ("caf├⌐ cr├¿me", "café crème"),
            ("ä¸\u{ad}æ–‡", "中文"),
            ("it’s a cafÃ©", "it’s a café"),
            ("doesnÃ¢â‚¬â„¢t", "doesn’t"),
            ("voilÃ le travail", "voilà le travail"),
            ("Hi í\u{a0}½í¸\u{8d}", "Hi 😍"),
            ("â€œlossyâ€\u{FFFD}", "“lossy”"),
        ] {
            assert_eq!(mended(broken), whole);
        }
    }

    #[test]
    fn whole_text_stays() {
        for text in [
            "NESTLÉ® VOCÊ… “L’épisode”",
            "ВІКІ is Ukrainian",
            "10 Å² √π ∆°",
            "├── src\n│   └── main",
            "SELKÄ\u{a0}EDELLÄ\u{a0}MAA",
            "AHÅ™, HÅØYA",
            "C O N C L U S Ã O",
            "中文（测试）",
            "Січень і Рівне",
        ] {
            assert_eq!(mended(text), text);
        }
    }
}
