//! The numbers of a run as the page's tables show them.

use serde::Serialize;
use serde_json::Value;

use crate::profile::{Profile, Shares, TokenUse};

/// A row of a table of shares.
#[derive(Debug, PartialEq, Serialize)]
pub struct Part {
    name: String,
    count: u64,
    /// Of all, 0 to 100.
    percent: f64,
}

/// A stage with what it let pass.
#[derive(Debug, Serialize)]
pub struct Stage {
    name: String,
    documents: u64,
    bytes: u64,
    /// Of the documents read, 0 to 100.
    percent: f64,
    drops: Vec<Part>,
}

pub fn percent(part: u64, of: u64) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

/// Largest first.
fn sorted(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    parts
}

/// What went on from each stage, the source first.
pub fn funnel(report: &Value) -> Vec<Stage> {
    let read = report["documents"]["read"].as_u64().unwrap_or(0);
    let bytes = report["documents"]["bytes_read"].as_u64().unwrap_or(0);
    let mut stages = vec![Stage { name: text(&report["source"]["use"]), documents: read, bytes, percent: 100.0, drops: Vec::new() }];
    for stage in report["stages"].as_array().into_iter().flatten() {
        let documents = stage["documents_out"].as_u64().unwrap_or(0);
        let reached = stage["documents_in"].as_u64().unwrap_or(0);
        let drops = stage["drops"].as_object().into_iter().flatten();
        let drops = drops.map(|(name, count)| (name, count.as_u64().unwrap_or(0))).filter(|(_, count)| *count > 0);
        stages.push(Stage {
            name: text(&stage["name"]),
            documents,
            bytes: stage["bytes_out"].as_u64().unwrap_or(0),
            percent: percent(documents, read),
            drops: sorted(drops.map(|(name, count)| Part { name: name.clone(), count, percent: percent(count, reached) }).collect()),
        });
    }
    stages
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Counts by name with their shares.
pub fn shares(counts: &Value) -> Vec<Part> {
    let counts: Vec<_> = counts.as_object().into_iter().flatten().map(|(name, count)| (name.clone(), count.as_u64().unwrap_or(0))).collect();
    let all = counts.iter().map(|(_, count)| count).sum();
    sorted(counts.into_iter().map(|(name, count)| Part { name, count, percent: percent(count, all) }).collect())
}

/// Documents with visible damage, and repeats.
pub fn damage(profile: &Profile) -> Vec<Part> {
    let part = |(name, count): (&String, &u64)| Part { name: name.clone(), count: *count, percent: percent(*count, profile.documents) };
    let mut parts = sorted(profile.damage.iter().map(part).collect());
    for (name, (share, _)) in [("repeated_texts", profile.texts.rate()), ("repeated_ids", profile.ids.rate())] {
        parts.push(Part { name: name.to_owned(), count: (share * profile.documents as f64).round() as u64, percent: 100.0 * share });
    }
    parts
}

/// A text field with its most frequent values.
#[derive(Debug, Serialize)]
pub struct Field {
    name: String,
    values: Vec<Part>,
    /// Values that are not shown.
    more: usize,
}

/// Values of a field that are shown.
const SHOWN: usize = 8;

/// The text fields.
pub fn fields(profile: &Profile) -> Vec<Field> {
    let field = |(name, shares): (&String, &Shares)| {
        let all = shares.total();
        let mut values =
            sorted(shares.counts.iter().map(|(value, count)| Part { name: visible(value), count: *count, percent: percent(*count, all) }).collect());
        let more = values.len().saturating_sub(SHOWN);
        values.truncate(SHOWN);
        Field { name: name.clone(), values, more }
    };
    profile.names.iter().map(field).collect()
}

/// A text in which characters that turn the direction of others can be seen and do nothing.
pub fn visible(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(turns) {
        return text.to_owned();
    }
    text.chars().map(|c| if turns(c) { format!("⟨U+{:04X}⟩", u32::from(c)) } else { c.to_string() }).collect()
}

/// The tokens of a run.
#[derive(Debug, Serialize)]
pub struct Tokens {
    total: u64,
    /// UTF-8 bytes of text a token.
    bytes: f64,
}

impl Tokens {
    /// In numbers.
    pub fn of(tokens: &TokenUse) -> Tokens {
        Tokens { total: tokens.total(), bytes: tokens.bytes as f64 / tokens.total().max(1) as f64 }
    }
}

/// Time of a stage.
#[derive(Debug, Serialize)]
pub struct Time {
    name: String,
    seconds: f64,
    /// Of the longest, 0 to 100.
    percent: f64,
    /// MB of text that reached it, a second.
    speed: Option<f64>,
}

/// Time of each stage in the order of the pipeline, over all segments.
pub fn times(timing: &[Value], report: &Value) -> Vec<Time> {
    let seconds = |name: &str| timing.iter().filter_map(|segment| segment["stage_seconds"][name].as_f64()).sum::<f64>();
    let stages = report["stages"].as_array().into_iter().flatten();
    let mut times: Vec<Time> = stages
        .map(|stage| {
            let (name, bytes) = (text(&stage["name"]), stage["bytes_in"].as_f64().unwrap_or(0.0));
            let seconds = seconds(&name);
            Time { speed: (seconds > 0.0 && bytes > 0.0).then(|| bytes / 1e6 / seconds), name, seconds, percent: 0.0 }
        })
        .collect();
    let longest = times.iter().map(|time| time.seconds).fold(f64::MIN_POSITIVE, f64::max);
    times.iter_mut().for_each(|time| time.percent = 100.0 * time.seconds / longest);
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_characters_are_made_visible() {
        assert_eq!(visible("a\u{202e}b"), "a⟨U+202E⟩b");
        assert_eq!(visible("العربية"), "العربية");
    }
}
