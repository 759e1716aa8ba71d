//! Who judges the language of a text.

use std::borrow::Cow;

use super::whatlang;
use crate::fasttext::{self, Model};
use crate::language::{self as builtin, BUILT_IN, Identifier};
use crate::stage::{Complaint, Shop};

pub use crate::language::NONE;

/// Bytes that whatlang looks at unless told otherwise.
const WHATLANG_SAMPLE: usize = 3 << 10;

/// Buffers that calls reuse.
#[derive(Default)]
pub struct Buffers {
    builtin: builtin::Scratch,
    fasttext: fasttext::Scratch,
    sample: String,
}

/// A language and how certain it is.
pub struct Guess<'a> {
    pub lang: Cow<'a, str>,
    pub score: f64,
}

/// A model, ready to judge.
pub enum Backend {
    BuiltIn(Box<Identifier>),
    /// With the bytes that it looks at.
    Whatlang(usize, Box<Identifier>),
    /// With its labels as languages, and the bytes that it looks at.
    FastText(Box<Model>, Vec<String>, usize),
}

impl Backend {
    /// The model of that name or path.
    pub fn open(model: &str, sample: Option<usize>, shop: &mut Shop<'_>) -> Result<Backend, Complaint> {
        let identifier = || {
            let loaded =
                Identifier::load(BUILT_IN).map_err(|cause| Complaint::new("model", format!("the model inside the program: {cause}"), "build it again"));
            loaded.map(Box::new)
        };
        match model {
            "builtin" => Ok(Backend::BuiltIn(identifier()?)),
            "whatlang" => Ok(Backend::Whatlang(sample.unwrap_or(WHATLANG_SAMPLE), identifier()?)),
            path => {
                let bytes = shop.read("model", path.as_ref())?;
                let help = "wanted \"builtin\", \"whatlang\" or a fastText model with labels, .bin or .ftz";
                let model = Model::load(&bytes).map_err(|cause| Complaint::new("model", format!("`{path}`: {cause}"), help))?;
                let labels = (0..model.labels()).map(|number| model.label(number).replace('_', "-")).collect();
                Ok(Backend::FastText(Box::new(model), labels, sample.unwrap_or(usize::MAX)))
            }
        }
    }

    /// Every language that it can find.
    pub fn codes(&self) -> Vec<String> {
        match self {
            Backend::BuiltIn(_) => builtin::codes().map(str::to_owned).collect(),
            Backend::Whatlang(..) => whatlang::codes().chain(["zh-Hans", "zh-Hant"]).map(str::to_owned).collect(),
            Backend::FastText(_, labels, _) => labels.iter().cloned().chain(["und".to_owned()]).collect(),
        }
    }

    /// The language of a text.
    pub fn identify<'a>(&'a self, text: &str, buffers: &mut Buffers) -> Guess<'a> {
        match self {
            Backend::BuiltIn(identifier) => {
                let guess = identifier.identify(text, &mut buffers.builtin);
                Guess { lang: guess.lang.into(), score: f64::from(guess.score) }
            }
            Backend::Whatlang(limit, identifier) => {
                let (lang, score) = whatlang::identify(sample(text, *limit, &mut buffers.sample));
                Guess { lang: if lang == "zh" { identifier.chinese(text, &mut buffers.builtin) } else { lang }.into(), score }
            }
            Backend::FastText(model, labels, limit) => {
                let found = model.predict(sample(text, *limit, &mut buffers.sample), 1, 0.0, &mut buffers.fasttext);
                let best = found.first().and_then(|best| Some((labels.get(best.label)?.as_str(), f64::from(best.probability.min(1.0)))));
                let (lang, score) = best.unwrap_or(("und", 0.0));
                Guess { lang: lang.into(), score }
            }
        }
    }

    /// The languages of the lines of a text with their shares of its letters, as `de:0.70`, the largest first.
    pub fn shares(&self, text: &str, buffers: &mut Buffers) -> Vec<String> {
        let shares = builtin::shares(text, |line| self.identify(line, buffers).lang.into_owned());
        shares.into_iter().map(|(lang, share)| format!("{lang}:{share:.2}")).collect()
    }
}

/// The text itself, or three pieces of it where it is longer than `limit` bytes, cut between characters.
fn sample<'a>(text: &'a str, limit: usize, buffer: &'a mut String) -> &'a str {
    if text.len() <= limit {
        return text;
    }
    buffer.clear();
    let piece = limit / 3;
    for start in [0, (text.len() - piece) / 2, text.len() - piece] {
        buffer.push_str(&text[text.ceil_char_boundary(start)..text.floor_char_boundary(start + piece)]);
        buffer.push(' ');
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_sampled_between_characters() {
        let long = format!("{}{}", "Der Fluss entspringt in den Hügeln. ".repeat(4), "河".repeat(20_001));
        let mut buffer = String::new();
        let found = sample(&long, 1_000, &mut buffer);
        assert!(found.len() <= 1_003 && found.starts_with("Der Fluss") && found.ends_with("河 "), "{}", found.len());
        assert_eq!(sample("kurz", 1_000, &mut String::new()), "kurz");
    }
}
