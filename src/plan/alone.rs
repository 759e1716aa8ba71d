//! A stage outside of any pipeline, as a function over documents.

use super::make::Maker;
use super::registry::Registry;
use crate::config::{Problem, Problems, stage_alone};
use crate::doc::TagTable;
use crate::stage::{Built, Reason, Spec, Stage};

/// A stage that sees one document, built by itself: whoever applies it gives what it needs.
///
/// ```
/// use dataprep::{doc::Doc, plan::Alone, scratch::Scratch, stage::Verdict};
///
/// let rules = Alone::parse("rules", "[[stage]]\nuse = \"rules\"\nset = \"gopher\"\n")?;
/// let Verdict::Drop(drop) = rules.stage.apply(&mut Doc::from_text("too short"), &mut Scratch::default())? else { panic!("two words are kept") };
/// assert_eq!((rules.reason(drop.reason), drop.value, drop.threshold), ("too_few_words", Some(2.0), Some(50.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Alone {
    /// The running thing.
    pub stage: Box<dyn Stage>,
    /// Fields and tags it needs and gives.
    pub spec: Spec,
    /// Names of the tags that it reads and writes.
    pub tags: TagTable,
    reasons: Vec<String>,
}

impl Alone {
    /// Builds the one `[[stage]]` of a text; `name` is shown in messages.
    ///
    /// # Errors
    /// What a pipeline file would be told too; and where the stage has to see a whole corpus first, or what another stage has made.
    pub fn parse(name: &str, toml: &str) -> Result<Alone, Problems> {
        let (entry, text) = stage_alone(name, toml)?;
        let mut maker = Maker::new(Registry::default(), 0);
        let made = maker.fill(&entry, "stage").and_then(|filled| {
            maker.given.extend(filled.spec().needs);
            maker.build(&entry, filled)
        });
        let mut problems = std::mem::take(&mut maker.problems);
        let made_by = entry.table.value::<String>("tokenizer").ok().filter(|tokenizer| tokenizer.starts_with("stage:"));
        if let Some(made_by) = made_by {
            let message = format!("`{made_by}` is made in a run, and here is none");
            problems.push(Problem::at(entry.table.place("tokenizer"), message, "give the path of a tokenizer"));
        }
        match made.map(|made| (made.built, made.spec, made.reasons)) {
            Some((Built::Stage(stage), spec, reasons)) if problems.is_empty() => Ok(Alone { stage, spec, tags: maker.tags, reasons }),
            other => {
                if matches!(other, Some((Built::Global(_), ..))) {
                    let message = format!("{} sees all documents before it judges one", entry.table.title);
                    problems.push(Problem::at(entry.span, message, "run it in a pipeline"));
                }
                Err(Problems::new(problems, text))
            }
        }
    }

    /// The name of a drop reason.
    pub fn reason(&self, reason: Reason) -> &str {
        self.reasons.get(usize::from(reason.0)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(toml: &str) -> String {
        Alone::parse("here", toml).err().map(|problems| problems.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_cannot_stand_alone_is_told_with_its_place() {
        let barrier = fault("[[stage]]\nuse = \"dedup_minhash\"\n");
        assert!(barrier.contains("stage `dedup_minhash` sees all documents") && barrier.contains("here:2:7"), "{barrier}");
        let made = fault("[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n");
        assert!(made.contains("here:3:13") && made.contains("is made in a run"), "{made}");
        let set = fault("[[stage]]\nuse = \"rules\"\nset = \"gofer\"\n");
        assert!(set.contains("there is no rule set `gofer`") && set.contains("here:3:7"), "{set}");
        assert!(fault("[[stage]]\nuse = \"rulez\"\n").contains("did you mean `rules`?"));
        assert!(fault("[[stage]]\nuse = \"repair\"\n[[stage]]\nuse = \"repair\"\n").contains("another stage"));
        assert!(fault("[run]\n").contains("`run`"));
    }

    #[test]
    fn what_it_needs_counts_as_given() {
        let alone = Alone::parse("here", "[[stage]]\nuse = \"rules\"\nset = \"multilingual\"\n").unwrap();
        assert_eq!((alone.spec.needs, alone.tags.iter().map(|(name, _)| name).collect()), (vec!["text".to_owned(), "lang".to_owned()], vec!["lang"]));
    }
}
