use std::path::PathBuf;

use super::published::Published;
use super::say::{aside, say};
use super::{Done, Failure, Outcome, count, size};
use crate::check::shown;
use crate::doc::Doc;
use crate::language::{BUILT_IN, Identifier, Scratch};
use crate::profile::{Profile, Shares, Sketch, TokenUse};
use crate::run::{PROFILE_FILE, survey};
use crate::source::texts::Texts;

/// Of the documents without a language of their own, one in so many is looked at, chosen by its key.
const SAMPLED: u128 = 8;

/// Say what a corpus looks like: counts, lengths, scripts, languages, fields, repeats and visible damage.
#[derive(clap::Args)]
#[command(after_help = "Example: dataprep profile corpus/*.jsonl.zst\nA finished run has a profile of what it wrote: dataprep profile out/web")]
pub struct ShowProfile {
    /// The folder of a run, here or in a store; or files, folders or globs: *.jsonl, *.parquet, *.csv, *.tsv, all others plain text; compressed or not.
    #[arg(required = true)]
    documents: Vec<String>,
    /// Key or column of the text, in *.jsonl, *.parquet and *.csv.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Print the profile as JSON, as `profile.json` of a run has it.
    #[arg(long)]
    json: bool,
}

impl ShowProfile {
    pub(super) fn call(self) -> Outcome {
        let published = match &self.documents[..] {
            [one] => Published::find(one)?,
            _ => None,
        };
        let folder = |run: &str| published.as_ref().map_or_else(|| PathBuf::from(run), |run| run.folder.path().to_owned());
        let profile = match &self.documents[..] {
            [run] if folder(run).join(PROFILE_FILE).is_file() => {
                let path = folder(run).join(PROFILE_FILE);
                let failed = |cause: &dyn std::fmt::Display| Failure(format!("cannot read {}: {cause}", path.display()));
                let bytes = std::fs::read(&path).map_err(|cause| failed(&cause))?;
                serde_json::from_slice(&bytes).map_err(|cause| failed(&cause))?
            }
            files => of_files(files, self.field.as_deref(), &mut |_| ())?,
        };
        if self.json {
            say!("{}", serde_json::to_string(&profile)?)?;
        } else {
            say!("{}", described(&profile).trim_end())?;
        }
        Ok(Done::Fine)
    }
}

/// The profile of documents that no run has written; `see` is shown each of them. What cannot be read is told aside.
pub(super) fn of_files(files: &[String], field: Option<&str>, see: &mut dyn FnMut(&Doc)) -> Result<Profile, Failure> {
    let texts = Texts::open(files, field)?;
    let identifier = Identifier::load(BUILT_IN)?;
    let (mut profile, mut scratch) = (Profile::default(), Scratch::default());
    let mut first = None;
    let mut each = |doc: &Doc| {
        see(doc);
        survey(doc, None, &mut profile);
        if !doc.extra.contains_key("lang") && doc.key().is_multiple_of(SAMPLED) {
            profile.name("lang", identifier.identify(doc.text(), &mut scratch).lang);
        }
        Ok(())
    };
    let faults = texts.each_or(&mut each, &mut |fault| first = first.take().or_else(|| Some(fault.detail.clone())))?;
    if profile.documents == 0 {
        let help = "--field NAME names the key or column of the text";
        return Err(Failure(format!(
            "no document was read from {}: {}\n  help: {help}",
            files.join(" "),
            first.unwrap_or_else(|| "nothing is in it".to_owned())
        )));
    }
    if !faults.is_empty() {
        let list: Vec<String> = faults.iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
        aside(format_args!("not read: {}", list.join(", ")));
    }
    Ok(profile)
}

/// A profile for people.
fn described(profile: &Profile) -> String {
    let of = profile.documents;
    let percent = |part: u64, of: u64| format!("{:.2} %", 100.0 * part as f64 / of.max(1) as f64);
    let mut out = format!("documents   {}, {}\n", count(of), size(profile.bytes));
    out += &format!("characters  {} a document\n", spread(&profile.characters));
    let mut scripts: Vec<_> = profile.letters.iter().collect();
    scripts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total = profile.letters.total();
    out +=
        &format!("script      {}\n", scripts.iter().take(6).map(|(name, count)| format!("{name} {}", percent(*count, total))).collect::<Vec<_>>().join(", "));
    if !profile.damage.is_empty() {
        let list: Vec<String> = profile.damage.iter().map(|(name, count)| format!("{name} {}", percent(*count, of))).collect();
        out += &format!("damage      {}\n", list.join(", "));
    }
    for (name, (rate, sample)) in [("texts", profile.texts.rate()), ("ids", profile.ids.rate())] {
        if sample > 0 {
            out += &format!("repeated    {:.2} % of the {name}\n", 100.0 * rate);
        }
    }
    if let Some(tokens) = &profile.tokens {
        let TokenUse { lengths, bytes, .. } = tokens;
        out += &format!(
            "tokens      {}, {} bytes each; {} a document\n",
            count(tokens.total()),
            shown(*bytes as f64 / tokens.total().max(1) as f64),
            spread(lengths)
        );
    }
    for (name, shares) in &profile.names {
        out += &format!("{name:<11} {}\n", frequent(shares));
    }
    for (name, sketch) in &profile.numbers {
        out += &format!("{name:<11} {}\n", spread(sketch));
    }
    out
}

fn spread(sketch: &Sketch) -> String {
    let at = |q: f64| sketch.quantile(q).map_or_else(|| "none".to_owned(), shown);
    format!("{} (10 % below {}, 90 % below {}, most {})", at(0.5), at(0.1), at(0.9), at(1.0))
}

fn frequent(shares: &Shares) -> String {
    let mut by_count: Vec<_> = shares.counts.iter().collect();
    by_count.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let total = shares.total().max(1) as f64;
    let list: Vec<String> = by_count.iter().take(6).map(|(name, count)| format!("{name} {:.1} %", 100.0 * **count as f64 / total)).collect();
    let rest = by_count.len().saturating_sub(list.len());
    if rest > 0 { format!("{}, and {} more", list.join(", "), count(rest as u64)) } else { list.join(", ") }
}
