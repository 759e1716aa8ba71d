//! Write the token ids of each text.
//!
//! `tokenizer` is `stage:NAME` for one that a `learn_tokenizer` stage of this pipeline has made, or a file (Hugging Face `tokenizer.json`,
//! tiktoken ranks, a character vocabulary), or `bytes`. The ids are those of Hugging Face `tokenizers` or of tiktoken, one for one.
//!
//! ```toml
//! [[stage]]
//! use = "learn_tokenizer"
//! name = "bpe"
//!
//! [[stage]]
//! use = "tokenize"
//! tokenizer = "stage:bpe"
//! ```
//!
//! With `special_tokens` (the default) a text gets what its tokenizer puts around it (`[CLS]` and `[SEP]` for BERT, `<s>` for Llama 2), and
//! the end-of-text token behind it where the vocabulary has one and it does not stand there yet; `eos` turns that last part on or off by
//! itself. So documents written one after another to shards are parted by `eos`; vocabularies without such a token, as BERT's, bytes and
//! characters, part them by nothing, and shards know where each begins. The stage puts it there, not the sink.

use super::prelude::*;
use crate::doc::Tokens;
use crate::stage::{Artifacts, RunError, Vocabulary};
use crate::tokenizer::{EncodeScratch, Pattern, Tokenizer};

/// File name of the tokenizer that `learn_tokenizer` leaves.
pub(super) const ARTIFACT: &str = "tokenizer.json";

/// Which ids to write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// `stage:NAME`, a file, or `bytes`.
    tokenizer: String,
    /// How text is split before merges, for tiktoken ranks of an unknown vocabulary: "gpt2", "cl100k" or "o200k".
    pattern: Option<String>,
    /// Add special tokens. Default true.
    #[serde(default = "yes")]
    special_tokens: bool,
    /// End each text with the end-of-text token. Default: as `special_tokens`, where the vocabulary has one.
    eos: Option<bool>,
}

fn yes() -> bool {
    true
}

impl Recipe for Tokenize {
    const NAME: &'static str = "tokenize";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").gives("tokens").reason("not_encodable")
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let pattern = match self.pattern.as_deref() {
            None => None,
            Some("gpt2") => Some(Pattern::Gpt2),
            Some("cl100k") => Some(Pattern::Cl100k),
            Some("o200k") => Some(Pattern::O200k),
            Some(other) => return Err(Complaint::new("pattern", format!("there is no pattern `{other}`"), "one of: gpt2, cl100k, o200k").into()),
        };
        let made_by = self.tokenizer.strip_prefix("stage:").map(str::to_owned);
        let tokenizer = match (&made_by, self.tokenizer.as_str()) {
            (Some(_), _) => None,
            (None, "bytes") => Some(Tokenizer::bytes()),
            (None, "chars") => {
                let help = "put `learn_tokenizer` with `model = \"chars\"` before it and write `stage:learn_tokenizer`";
                return Err(Complaint::new("tokenizer", "characters need a vocabulary", help).into());
            }
            (None, path) => {
                let bytes = shop.read("tokenizer", path.as_ref())?;
                let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
                let loaded = Tokenizer::from_bytes(name, &bytes, pattern);
                Some(loaded.map_err(|error| Complaint::new("tokenizer", error.to_string(), "wanted `stage:NAME`, a tokenizer file or \"bytes\""))?)
            }
        };
        if self.eos == Some(true) && tokenizer.as_ref().is_some_and(|tokenizer| !tokenizer.special().contains_key("eos")) {
            return Err(Complaint::new("eos", format!("`{}` has no end-of-text token", self.tokenizer), "leave `eos` out").into());
        }
        let not_encodable = shop.reason("not_encodable");
        let mut encode = Encode { made_by, tokenizer: None, special_tokens: self.special_tokens, eos: self.eos, end: None, not_encodable };
        if let Some(tokenizer) = tokenizer {
            encode.take(tokenizer);
        }
        Ok(Built::stage(encode))
    }
}

struct Encode {
    /// The stage that makes the tokenizer.
    made_by: Option<String>,
    tokenizer: Option<Tokenizer>,
    special_tokens: bool,
    eos: Option<bool>,
    /// The id that ends each text.
    end: Option<u32>,
    not_encodable: Reason,
}

impl Encode {
    fn take(&mut self, tokenizer: Tokenizer) {
        let eos = tokenizer.special().get("eos").copied();
        self.end = eos.filter(|_| self.eos.unwrap_or(self.special_tokens));
        self.tokenizer = Some(tokenizer);
    }
}

impl Stage for Encode {
    fn open(&mut self, artifacts: &dyn Artifacts) -> Result<()> {
        let Some(stage) = &self.made_by else { return Ok(()) };
        let file = artifacts.read(stage, ARTIFACT)?;
        let tokenizer = Tokenizer::from_bytes(stage, &file, None).map_err(RunError::stop)?;
        if self.eos == Some(true) && !tokenizer.special().contains_key("eos") {
            return Err(RunError::stop(format!("the tokenizer of stage `{stage}` has no end-of-text token: leave `eos` out")));
        }
        self.take(tokenizer);
        Ok(())
    }

    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let tokenizer = self.tokenizer.as_ref().ok_or_else(|| RunError::stop("the tokenizer was not opened"))?;
        let mut ids = Vec::with_capacity(doc.text().len() / 3 + 2);
        if let Err(error) = tokenizer.encode(doc.text(), self.special_tokens, &mut ids, scratch.buffer::<EncodeScratch>()) {
            return Ok(Verdict::Drop(Drop::plain(self.not_encodable).detail(error.to_string())));
        }
        if let Some(end) = self.end.filter(|end| ids.last() != Some(end)) {
            ids.push(end);
        }
        doc.tokens = Some(Tokens { ids, mask: Vec::new() });
        Ok(Verdict::Keep)
    }

    fn vocabulary(&self) -> Option<Vocabulary> {
        let tokenizer = self.tokenizer.as_ref()?;
        Some(Vocabulary {
            name: tokenizer.name().to_owned(),
            hash: format!("{:032x}", tokenizer.hash()),
            size: tokenizer.vocab_size(),
            special: tokenizer.special().clone(),
        })
    }
}
