//! Runs of digits in groups, `+49 (30) 123-456`, and the kinds of numbers that are made of them.

use super::{Found, Kind, begins, ends, ip, numbers, phone};

/// Groups and bytes of a run that are looked at together; no number has more.
const MOST: usize = 16;

/// Digits in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub start: usize,
    pub end: usize,
}

/// A text and the groups of one run in it: between two of them stand only spaces, dots, hyphens, slashes and brackets.
pub(super) struct Run<'t> {
    pub text: &'t str,
    pub groups: Vec<Group>,
}

impl Run<'_> {
    /// Digits of group `at`; empty where there is none.
    pub fn digits(&self, at: usize) -> &str {
        self.groups.get(at).and_then(|group| self.text.get(group.start..group.end)).unwrap_or_default()
    }

    /// What stands between group `at` and the next.
    pub fn between(&self, at: usize) -> &str {
        match self.groups.get(at..at + 2) {
            Some([one, next]) => self.text.get(one.end..next.start).unwrap_or_default(),
            _ => "",
        }
    }

    /// True where no letter touches the groups `from..to`, and no dot, hyphen or comma ties them to another digit.
    pub fn stands_alone(&self, from: usize, to: usize) -> bool {
        let (Some(first), Some(last)) = (self.groups.get(from), self.groups.get(to - 1)) else { return false };
        let bytes = self.text.as_bytes();
        let tied = |mark: Option<&u8>, digit: Option<&u8>| mark.is_some_and(|mark| b".-,/:".contains(mark)) && digit.is_some_and(u8::is_ascii_digit);
        let before = first.start.checked_sub(1);
        let left = tied(before.and_then(|at| bytes.get(at)), before.and_then(|at| at.checked_sub(1)).and_then(|at| bytes.get(at)));
        let named = before.and_then(|at| bytes.get(at)).is_some_and(|mark| b"/=#&?@$%~:".contains(mark));
        begins(self.text, first.start) && ends(self.text, last.end) && !left && !named && !tied(bytes.get(last.end), bytes.get(last.end + 1))
    }

    /// The text of the same line before group `at`, as far as it can name what follows.
    pub fn before(&self, at: usize) -> String {
        let start = self.groups.get(at).map_or(0, |group| group.start);
        let before = self.text.get(..start).unwrap_or_default();
        let near: Vec<char> = before.chars().rev().take(40).take_while(|c| *c != '\n').collect();
        near.into_iter().rev().flat_map(char::to_lowercase).collect()
    }
}

/// Finds the numbers of the wanted kinds.
pub(super) fn find(text: &str, kinds: &[Kind], out: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let wants = |kind| kinds.contains(&kind);
    let mut run = Run { text, groups: Vec::new() };
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|skip| at + skip) {
        at = read(bytes, start, &mut run.groups);
        let mut group = 0;
        while group < run.groups.len() {
            let hit = None
                .or_else(|| numbers::iban(&run, group).filter(|_| wants(Kind::Iban)))
                .or_else(|| numbers::card(&run, group).filter(|_| wants(Kind::Card)))
                .or_else(|| numbers::id_number(&run, group).filter(|_| wants(Kind::IdNumber)))
                .or_else(|| address(&run, group).filter(|_| wants(Kind::Ip)))
                .or_else(|| phone::phone(&run, group).filter(|_| wants(Kind::Phone)));
            match hit {
                Some(found) => {
                    let end = found.span.end;
                    out.push(found);
                    group += run.groups[group..].iter().take_while(|group| group.start < end).count().max(1);
                }
                None => group += 1,
            }
        }
        // The end of a number that letters go on with (IBAN, citizen number) is not the beginning of another.
        at = at.max(out.last().map_or(0, |found| found.span.end));
    }
}

/// Reads the run that begins at `start`; where the next may begin.
fn read(bytes: &[u8], start: usize, groups: &mut Vec<Group>) -> usize {
    groups.clear();
    let mut at = start;
    loop {
        let end = (at..bytes.len()).find(|i| !bytes[*i].is_ascii_digit()).unwrap_or(bytes.len());
        groups.push(Group { start: at, end });
        let next = (end..bytes.len().min(end + 4)).find(|i| !b" .-/()".contains(&bytes[*i])).unwrap_or(bytes.len());
        if groups.len() == MOST || !bytes.get(next).is_some_and(u8::is_ascii_digit) {
            return end;
        }
        at = next;
    }
}

/// A public IPv4 address: four groups tied by dots, and no version of anything.
fn address(run: &Run<'_>, at: usize) -> Option<Found> {
    let dotted = (at..at + 3).all(|group| run.between(group) == ".");
    if !dotted || !run.stands_alone(at, at + 4) && !followed_by_port(run, at) {
        return None;
    }
    let (first, last) = (run.groups.get(at)?, run.groups.get(at + 3)?);
    let span = first.start..last.end;
    let address = run.text.get(span.clone())?.parse().ok()?;
    let before = run.before(at);
    let named = ["version", "ver.", "firmware", "release", "build", "版本", "§", "section"].iter().any(|name| before.contains(name));
    (ip::is_public(address) && !named).then_some(Found { kind: Kind::Ip, span })
}

/// `93.184.216.34:80` and `http://93.184.216.34/`.
fn followed_by_port(run: &Run<'_>, at: usize) -> bool {
    let (Some(first), Some(last)) = (run.groups.get(at), run.groups.get(at + 3)) else { return false };
    let before = run.text.get(..first.start).unwrap_or_default();
    let after = run.text.get(last.end..).unwrap_or_default();
    let before_fits = before.ends_with("//") || begins(run.text, first.start) && !before.ends_with(['.', '-', ',']);
    before_fits
        && ends(run.text, last.end)
        && !after.starts_with('.') | after.strip_prefix('.').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}
