//! The list of stages: one new file and one line here add another.

pub mod advertising;
pub mod against;
pub mod bad_words;
pub mod bloom;
mod categories;
pub mod chat_template;
pub mod classify;
pub mod decontaminate;
pub mod dedup_exact;
pub mod dedup_lines;
pub mod dedup_minhash;
pub mod dedup_paragraphs;
pub mod dedup_sentences;
pub mod dedup_substring;
mod examples;
pub mod extract;
pub mod keep;
pub mod language;
pub mod learn_tokenizer;
pub mod passages;
pub mod perplexity;
pub mod python;
pub mod redact;
pub mod repair;
pub mod rules;
pub mod safety;
pub mod sample;
pub mod tokenize;
mod units;
pub mod url;
pub mod url_dedup;
mod vocabularies;
mod word_lists;

use crate::stage::Register;

/// Tells a registry of every stage.
pub fn register(to: &mut impl Register) {
    to.add::<advertising::Advertising>(include_str!("advertising.rs"));
    to.add::<bad_words::BadWords>(include_str!("bad_words.rs"));
    to.add::<chat_template::ChatTemplate>(include_str!("chat_template.rs"));
    to.add::<bloom::BloomFilter>(include_str!("bloom.rs"));
    to.add::<decontaminate::Decontaminate>(include_str!("decontaminate.rs"));
    to.add::<classify::Classify>(include_str!("classify.rs"));
    to.add::<dedup_exact::DedupExact>(include_str!("dedup_exact.rs"));
    to.add::<dedup_lines::DedupLines>(include_str!("dedup_lines.rs"));
    to.add::<dedup_minhash::DedupMinhash>(include_str!("dedup_minhash.rs"));
    to.add::<dedup_paragraphs::DedupParagraphs>(include_str!("dedup_paragraphs.rs"));
    to.add::<dedup_sentences::DedupSentences>(include_str!("dedup_sentences.rs"));
    to.add::<dedup_substring::DedupSubstring>(include_str!("dedup_substring.rs"));
    to.add::<extract::Extract>(include_str!("extract.rs"));
    to.add::<language::Language>(include_str!("language.rs"));
    to.add::<learn_tokenizer::LearnTokenizer>(include_str!("learn_tokenizer.rs"));
    to.add::<perplexity::Perplexity>(include_str!("perplexity.rs"));
    to.add::<python::Python>(include_str!("python.rs"));
    to.add::<redact::Redact>(include_str!("redact.rs"));
    to.add::<repair::Repair>(include_str!("repair.rs"));
    to.add::<rules::Rules>(include_str!("rules.rs"));
    to.add::<safety::Safety>(include_str!("safety.rs"));
    to.add::<sample::Sample>(include_str!("sample.rs"));
    to.add::<tokenize::Tokenize>(include_str!("tokenize.rs"));
    to.add::<url::Filter>(include_str!("url.rs"));
    to.add::<url_dedup::UrlDedup>(include_str!("url_dedup.rs"));
}

/// What a stage file needs.
pub mod prelude {
    pub use serde::Deserialize;

    pub use crate::doc::{Doc, Finding, Tag};
    pub use crate::scratch::Scratch;
    pub use crate::stage::{Built, ByteSize, Complaint, Drop, OneOrMany, Reason, Recipe, Result, Share, Shop, Spec, Stage, Verdict};

    /// The file in which one stage leaves a tokenizer for another.
    pub const TOKENIZER: &str = "tokenizer.json";

    /// What `Recipe::build` gives.
    pub type Build = std::result::Result<Built, Vec<Complaint>>;
}

#[cfg(test)]
mod rehearsal;
#[cfg(test)]
mod testing {
    use std::collections::BTreeSet;

    use super::prelude::*;
    use crate::doc::TagTable;
    use crate::stage::{Artifacts, Decision, Next, NoteStream, Notes, Round, Texts};

    /// A recipe that was filled and built as the plan does it.
    pub struct Made {
        pub built: Built,
        pub tags: TagTable,
        pub reasons: Vec<String>,
    }

    pub fn try_made<R: Recipe>(toml: &str) -> std::result::Result<Made, Vec<Complaint>> {
        try_made_after::<R>(toml, TagTable::default())
    }

    /// The same behind stages that have declared these tags.
    pub fn try_made_after<R: Recipe>(toml: &str, mut tags: TagTable) -> std::result::Result<Made, Vec<Complaint>> {
        let recipe: R = toml::from_str(toml).map_err(|error| vec![Complaint::new("", error.to_string(), "")])?;
        let mut files = BTreeSet::new();
        let mut shop = Shop { stage: R::NAME, seed: 7, tags: &mut tags, reasons: recipe.spec().reasons, files: &mut files };
        let built = recipe.build(&mut shop)?;
        let reasons = shop.reasons;
        Ok(Made { built, tags, reasons })
    }

    pub fn made<R: Recipe>(toml: &str) -> Made {
        try_made::<R>(toml).unwrap_or_else(|complaints| panic!("{complaints:?}"))
    }

    /// The keys complained of.
    pub fn complaints<R: Recipe>(toml: &str) -> Vec<String> {
        try_made::<R>(toml).err().unwrap_or_default().into_iter().map(|complaint| complaint.key).collect()
    }

    impl Made {
        pub fn stage(&self) -> &dyn Stage {
            match &self.built {
                Built::Stage(stage) => stage.as_ref(),
                _ => panic!("not a stage"),
            }
        }

        pub fn dropped(&self, doc: &mut Doc) -> Option<(String, Drop)> {
            match self.stage().apply(doc, &mut Scratch::default()).unwrap() {
                Verdict::Keep => None,
                Verdict::Drop(drop) => Some((self.reasons[usize::from(drop.reason.0)].clone(), drop)),
            }
        }

        pub fn findings(&self, doc: &mut Doc) -> Vec<Finding> {
            let mut scratch = Scratch::default();
            scratch.audit(true);
            self.stage().apply(doc, &mut scratch).unwrap();
            scratch.take_findings()
        }
    }

    /// A barrier that has seen all its documents and decided.
    pub struct Decided {
        pub decision: Decision,
    }

    impl Artifacts for Decided {
        fn read(&self, _: &str, name: &str) -> Result<Vec<u8>> {
            Ok(self.decision.get(name)?.unwrap())
        }
    }

    struct Sorted<'a>(std::vec::IntoIter<&'a [u8]>, Option<&'a [u8]>);

    impl NoteStream for Sorted<'_> {
        fn next(&mut self) -> Result<Option<&[u8]>> {
            self.1 = self.0.next();
            Ok(self.1)
        }
    }

    fn sorted<'a>(notes: &'a Notes<'_>) -> Sorted<'a> {
        let mut all: Vec<&[u8]> = notes.iter().collect();
        all.sort_unstable();
        Sorted(all.into_iter(), None)
    }

    struct NoTexts;

    impl Texts for NoTexts {
        fn text(&self, id: crate::doc::DocId) -> Result<String> {
            panic!("the text of {id} was read")
        }

        fn each(&self, _: &mut dyn FnMut(&Doc) -> Result<()>) -> Result<()> {
            panic!("the texts were read")
        }
    }

    /// Takes documents of these texts through a barrier of one round.
    pub fn decided<R: Recipe>(toml: &str, texts: &[&str]) -> Decided {
        let docs: Vec<Doc> = texts.iter().map(|text| Doc::from_text(*text)).collect();
        decided_over(made::<R>(toml), &docs)
    }

    /// Takes documents through a barrier of one round.
    pub fn decided_over(made: Made, docs: &[Doc]) -> Decided {
        let Built::Global(global) = made.built else { panic!("not a barrier") };
        let (mut scratch, mut notes) = (Scratch::default(), Notes::new(global.shape(0)));
        for doc in docs {
            global.observe(doc, &mut scratch, &mut notes).unwrap();
        }
        let mut decision = Decision::in_memory();
        let mut outcomes = Notes::new(global.shape(1));
        let before = Decision::in_memory();
        let round = Round { number: 0, texts: &NoTexts, decided: &before, memory: global.memory() };
        global.reduce(&round, &mut sorted(&notes), &mut outcomes).unwrap();
        assert_eq!(global.decide(0, &mut sorted(&outcomes), &mut decision).unwrap(), Next::Done);
        let mut doc = Doc::from_text("x");
        assert_eq!(global.stage(&decision, 0).unwrap().apply(&mut doc, &mut scratch).unwrap(), Verdict::Keep);
        Decided { decision }
    }

    /// Builds every recipe from the example in its header.
    struct Examples(Vec<&'static str>);

    impl crate::stage::Register for Examples {
        fn add<R: Recipe>(&mut self, manual: &'static str) {
            let header: Vec<&str> = manual.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim_start).collect();
            let header = header.join("\n");
            let example = header.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap_or_else(|| panic!("{} has no example", R::NAME)).0;
            let mut list: toml::Table = toml::from_str(example).unwrap();
            let entry = list
                .remove("stage")
                .and_then(|stages| stages.as_array()?.iter().find(|stage| stage.get("use").and_then(toml::Value::as_str) == Some(R::NAME)).cloned());
            let mut entry = entry.unwrap_or_else(|| panic!("{}: its example does not use it", R::NAME)).as_table().cloned().unwrap();
            entry.remove("use");
            entry.remove("name");
            made::<R>(&toml::to_string(&entry).unwrap());
            self.0.push(R::NAME);
        }
    }

    #[test]
    fn every_stage_is_built_from_its_own_example() {
        super::python::tests::embed_echo();
        let mut examples = Examples(Vec::new());
        super::register(&mut examples);
        assert!(examples.0.contains(&"url"), "{:?}", examples.0);
    }
}
