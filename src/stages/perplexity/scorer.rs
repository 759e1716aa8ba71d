//! The models and what they score: the perplexity of a document.

use std::path::Path;

use super::ByLanguage;
use crate::doc::{Doc, Tag};
use crate::ngram::{Buffers, Model, Normal, Sentences, Tally, Words};
use crate::scratch::Scratch;
use crate::stage::{Complaint, Result, RunError, Shop};

pub(super) struct Scorer {
    /// The languages of the models; none where one model scores all.
    languages: Vec<String>,
    models: Vec<(Model, Sentences)>,
    /// Tells the language, where there are several models.
    lang: Option<Tag<String>>,
}

impl Scorer {
    pub fn open(
        model: &ByLanguage<String>,
        words: &ByLanguage<String>,
        normal: Normal,
        whole: bool,
        shop: &mut Shop<'_>,
    ) -> std::result::Result<Scorer, Vec<Complaint>> {
        let (languages, paths): (Vec<String>, Vec<&String>) = match model {
            ByLanguage::One(path) => (Vec::new(), vec![path]),
            ByLanguage::Each(paths) => paths.iter().map(|(lang, path)| (lang.clone(), path)).unzip(),
        };
        let mut complaints = Vec::new();
        if let ByLanguage::Each(words) = words {
            for odd in words.keys().filter(|lang| !languages.contains(lang)) {
                complaints.push(Complaint::new("words", format!("there is no model for `{odd}`"), "name the languages as `model` does"));
            }
        }
        if paths.is_empty() || paths.iter().any(|path| path.is_empty()) {
            complaints.push(Complaint::new("model", "no model is given", "name a file of KenLM or an ARPA file; `dataprep train-lm` makes one"));
            return Err(complaints);
        }
        let mut models = Vec::new();
        for (index, path) in paths.into_iter().enumerate() {
            let words = match words {
                ByLanguage::One(words) => words.as_str(),
                ByLanguage::Each(words) => languages.get(index).and_then(|lang| words.get(lang)).map_or("whitespace", |words| words),
            };
            match (open_model(path, shop), open_words(words, shop)) {
                (Ok(model), Ok(words)) => models.push((model, Sentences { normal, words, whole })),
                (model, words) => complaints.extend(model.err().into_iter().chain(words.err())),
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let lang = if languages.is_empty() { None } else { Some(shop.tag("lang")?) };
        Ok(Scorer { languages, models, lang })
    }

    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Models that documents are divided among.
    pub fn groups(&self) -> usize {
        self.models.len()
    }

    /// The perplexity of a document, and the number of the model that gave it.
    pub fn score(&self, doc: &Doc, scratch: &mut Scratch) -> Result<Option<(usize, f64)>> {
        let Some(group) = self.group(doc) else { return Ok(None) };
        let Some((model, sentences)) = self.models.get(group) else { return Ok(None) };
        let mut tally = Tally::default();
        let add = &mut |words: &mut dyn Iterator<Item = &str>, count| {
            tally.add(model.score(words.map(|word| model.index(word))), count);
            Ok(())
        };
        sentences.each(doc.text(), scratch.buffer::<Buffers>(), add).map_err(RunError::stop)?;
        // A damaged model may hold any number.
        Ok(tally.perplexity().filter(|perplexity| perplexity.is_finite()).map(|perplexity| (group, perplexity)))
    }

    fn group(&self, doc: &Doc) -> Option<usize> {
        let Some(tag) = self.lang else { return Some(0) };
        // `zh` stands for `zh-Hans` where that has no model of its own.
        let mut lang = doc.tag(tag)?;
        loop {
            if let Some(group) = self.languages.iter().position(|language| language == lang) {
                return Some(group);
            }
            lang = lang.rsplit_once('-')?.0;
        }
    }
}

fn open_model(path: &str, shop: &mut Shop<'_>) -> std::result::Result<Model, Complaint> {
    let file = shop.open("model", Path::new(path))?;
    Model::from_file(&file).map_err(|error| Complaint::new("model", format!("`{path}`: {error}"), "wanted a file of KenLM or an ARPA file"))
}

fn open_words(words: &str, shop: &mut Shop<'_>) -> std::result::Result<Words, Complaint> {
    match words {
        "whitespace" => Ok(Words::Whitespace),
        "characters" => Ok(Words::Characters),
        path => {
            let help = "wanted \"whitespace\", \"characters\" or the path of a tokenizer.json or a SentencePiece model";
            let file = shop.read("words", Path::new(path)).map_err(|complaint| Complaint { help: help.into(), ..complaint })?;
            Words::pieces(path, &file).map_err(|error| Complaint::new("words", error.to_string(), help))
        }
    }
}
