use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::say::{aside, say};
use super::shards::{describe, run_of, some};
use super::{Done, Failure, Outcome, count};
use crate::review::Folder;
use crate::shard::forget::{Subject, copies, find, sweep, write};
use crate::shard::{Manifest, Shards};

/// Take documents out of shards, and prove that they have gone. Exit code 1 where there is none to take out.
#[derive(clap::Args)]
#[command(
    after_help = "Only the parts that hold the documents are written anew, and the lists of the rows that name them. What else a run has left (docs/, dropped/, artifacts/, report.html), and what \
                  was exported or mixed before, is not touched."
)]
pub struct Forget {
    /// The shards, or the folder of a run: then all its shards.
    #[arg(value_parser = super::place::local)]
    shards: PathBuf,
    /// Documents fetched from this URL.
    #[arg(long, value_name = "URL")]
    url: Vec<String>,
    /// Documents fetched from this host, or one below it.
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// The document with this key, 32 hexadecimal digits.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Also documents that have the very tokens of one of these.
    #[arg(long)]
    copies: bool,
    /// The run that wrote the shards, where they do not lie in it: its records name duplicates that were dropped.
    #[arg(long)]
    run: Option<PathBuf>,
    /// Name the documents, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Forget {
    pub(super) fn call(self) -> Outcome {
        let subjects = self.subjects()?;
        let mut any = false;
        for set in some(&self.shards)? {
            any |= self.of(&set, &subjects)?;
        }
        if !any {
            aside("no document of the shards is meant");
            return Ok(Done::Unmet);
        }
        Ok(Done::Fine)
    }

    fn subjects(&self) -> Result<Vec<Subject>, Failure> {
        let key = |key: &String| match u128::from_str_radix(key, 16) {
            Ok(key) => Ok(Subject::Key(key)),
            Err(_) => Err(Failure(format!("`--key {key}` is not a key: wanted up to 32 hexadecimal digits, as `dataprep where` shows them"))),
        };
        let mut subjects = self.key.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        subjects.extend(self.url.iter().cloned().map(Subject::Url));
        subjects.extend(self.host.iter().cloned().map(Subject::Host));
        if subjects.is_empty() {
            return Err(Failure("nothing is named: give --url, --host or --key".to_owned()));
        }
        Ok(subjects)
    }

    /// Whether the set held a document that was meant.
    fn of(&self, set: &Path, subjects: &[Subject]) -> Result<bool, Failure> {
        let shards = Shards::open(set)?;
        if !self.dry_run {
            sweep(set, shards.manifest())?;
        }
        let mut documents = find(&shards, subjects)?;
        if self.copies {
            documents.extend(copies(&shards, &documents)?.into_iter().map(|(copy, _)| copy));
        }
        if documents.is_empty() {
            return Ok(false);
        }
        say!("{}", set.display())?;
        for index in &documents {
            describe(&shards, *index, 0, shards.document_info(*index)?.tokens)?;
        }
        self.name_duplicates(set, &shards, &documents)?;
        for (copy, of) in copies(&shards, &documents)? {
            let info = shards.document_info(copy)?;
            say!(
                "stays without --copies: document {copy}, {}, key {:032x}, has the very tokens of document {of}",
                info.url.unwrap_or("without a URL"),
                info.key
            )?;
        }
        if self.dry_run {
            say!("{} documents would go", count(documents.len() as u64))?;
            return Ok(true);
        }
        drop(shards);
        let takedown = write(set, &documents)?;
        let left = find(&Shards::open(set)?, subjects)?.len();
        if left > 0 {
            return Err(Failure(format!(
                "{left} documents that are meant are still in {}\n  help: run the same command again; if they stay, make the shards anew without them",
                set.display()
            )));
        }
        let rows: Vec<String> = takedown.rows.iter().map(|(length, rows)| format!("{} of {length} tokens", count(*rows))).collect();
        let manifest = Manifest::load(set)?;
        say!(
            "{} documents with {} tokens have gone: {} of {} parts written anew, rows that held them: {}; none is left",
            count(takedown.keys.len() as u64),
            count(takedown.tokens),
            takedown.parts.len(),
            manifest.parts.len(),
            if rows.is_empty() { "none".to_owned() } else { rows.join(", ") }
        )?;
        Ok(true)
    }

    /// Documents that the run dropped because these stood for them: whoever runs again without these will get those.
    fn name_duplicates(&self, set: &Path, shards: &Shards, documents: &BTreeSet<u64>) -> Result<(), Failure> {
        let mixed = !shards.manifest().mixture.is_empty();
        let Some(run) = self.run.clone().or_else(|| run_of(set).filter(|_| !mixed)) else {
            return Ok(say!("no records of a run are at hand: duplicates that were dropped in favour of these are not named (--run)")?);
        };
        let mut places = BTreeSet::new();
        for index in documents {
            let place = shards.document_info(*index)?.place;
            places.insert((place.split, place.ordinal));
        }
        for duplicate in Folder::open(&run)?.duplicates(&places)? {
            let ((split, ordinal), of) = (duplicate.place, duplicate.of);
            let name = duplicate.name.unwrap_or_else(|| "its name was not written down".to_owned());
            say!(
                "dropped in favour: number {split}:{ordinal} of the input, {name}, by {} for {}:{}, alike {:.3}",
                duplicate.stage,
                of.0,
                of.1,
                duplicate.alike
            )?;
        }
        Ok(())
    }
}
