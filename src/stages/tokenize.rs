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
//!
//! With `marks = true` the mask of the shards (`mask = true` in the sink) says which tokens begin a sentence and which a word, in Chinese, Japanese and Thai by ICU's
//! dictionaries. Rows are then cut between words alone; masks over whole words, next-sentence and sentence-order prediction need them too. A token that lies inside a word, or
//! inside a character, begins none.
//!
//! With `label = "COLUMN"` and `labels = ["neg", "pos"]` the mask also holds labels, for `dataprep train --objective classify` and `tag`: that of the whole text where the column holds a name,
//! or those of stretches where it holds a list, as `[{"start": 0, "end": 6, "label": "PER"}]` or `[[0, 6, "PER"]]`, in characters. Dropped are `no_label` (the column is not
//! there), `unknown_label` (a name that is not listed) and `labels_lost` (stretches of a text that was edited since, or that do not lie in it).

mod labels;

use labels::Labels;

use super::prelude::*;
use super::vocabularies;
use crate::doc::Tokens;
use crate::stage::{Artifacts, LABELS, RunError, Vocabulary, WORD_STARTS};
use crate::text::Span;
use crate::text::sentences;
use crate::text::words::Splitter;
use crate::tokenizer::{EncodeScratch, Pattern, Surfaces, Tokenizer};

/// The bits of a shard's mask: the token counts in the loss, begins a sentence, begins a word.
const LOSS: u8 = 1;
const SENTENCE_START: u8 = 1 << 1;
const WORD_START: u8 = 1 << 2;

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
    /// Say in the mask which tokens begin a sentence and which a word. Default false.
    #[serde(default)]
    marks: bool,
    /// The column that holds a text's label, or stretches of it with labels.
    label: Option<String>,
    /// The names of all labels, 31 at most.
    #[serde(default)]
    labels: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Recipe for Tokenize {
    const NAME: &'static str = "tokenize";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").gives("tokens").reason("not_encodable");
        let spec = if self.marks { spec.gives(WORD_STARTS) } else { spec };
        if self.label.is_none() { spec } else { ["no_label", "unknown_label", "labels_lost"].into_iter().fold(spec.gives(LABELS), Spec::reason) }
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
                let loaded = vocabularies::read(shop, path, pattern)?;
                Some(loaded.map_err(|error| Complaint::new("tokenizer", error.to_string(), "wanted `stage:NAME`, a tokenizer file or \"bytes\""))?)
            }
        };
        if self.eos == Some(true) && tokenizer.as_ref().is_some_and(|tokenizer| !tokenizer.special().contains_key("eos")) {
            return Err(Complaint::new("eos", format!("`{}` has no end-of-text token", self.tokenizer), "leave `eos` out").into());
        }
        let not_encodable = shop.reason("not_encodable");
        let Tokenize { special_tokens, eos, marks, label, labels, .. } = self;
        let labels = Labels::new(label, labels, shop)?;
        let mut encode = Encode { made_by, tokenizer: None, special_tokens, eos, marks, end: None, surfaces: None, labels, not_encodable };
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
    marks: bool,
    /// The id that ends each text.
    end: Option<u32>,
    /// What tokens stand for, where sentences and words are told.
    surfaces: Option<Surfaces>,
    labels: Option<Labels>,
    not_encodable: Reason,
}

impl Encode {
    fn take(&mut self, tokenizer: Tokenizer) {
        let eos = tokenizer.special().get("eos").copied();
        self.end = eos.filter(|_| self.eos.unwrap_or(self.special_tokens));
        self.surfaces = self.marks.then(|| tokenizer.surfaces());
        self.tokenizer = Some(tokenizer);
    }
}

/// The mask of tokens that all count in the loss, with those that begin a sentence, and those that begin a word: a cut before one of them lies in no word.
fn mask(ids: &[u32], surfaces: &Surfaces, tokenizer: &Tokenizer, words: &mut Vec<Span>) -> Vec<u8> {
    let mut mask = vec![LOSS; ids.len()];
    if let Some(first) = mask.first_mut() {
        *first |= WORD_START;
    }
    // What was put around the text is no part of it.
    let special: Vec<u32> = tokenizer.special().values().copied().collect();
    let bytes = |id: &u32| if special.contains(id) { &[] } else { surfaces.of(*id) };
    let joined: Vec<u8> = ids.iter().flat_map(bytes).copied().collect();
    let Ok(text) = std::str::from_utf8(&joined) else { return mask };
    words.clear();
    Splitter::Icu.split(text, words);
    let (mut place, mut words) = (0u32, words.iter().peekable());
    let mut sentences = sentences::spans(text).into_iter().map(|(start, _)| start).peekable();
    for (id, bits) in ids.iter().zip(&mut mask) {
        while words.next_if(|(_, end)| *end <= place).is_some() {}
        if words.peek().is_none_or(|(start, _)| *start >= place) {
            *bits |= WORD_START;
        }
        place += bytes(id).len() as u32;
        // Of a sentence, the first token that reaches into it, which may begin with the space before it.
        while sentences.next_if(|start| *start < place).is_some() {
            *bits |= SENTENCE_START;
        }
    }
    mask
}

impl Stage for Encode {
    fn open(&mut self, artifacts: &dyn Artifacts) -> Result<()> {
        let Some(stage) = &self.made_by else { return Ok(()) };
        let file = artifacts.read(stage, TOKENIZER)?;
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
        let mut mask = match (&self.surfaces, &self.tokenizer) {
            (Some(surfaces), Some(tokenizer)) => mask(&ids, surfaces, tokenizer, scratch.buffer::<Vec<Span>>()),
            _ => Vec::new(),
        };
        if let Some(labels) = &self.labels {
            let mut plain = Vec::new();
            if let Err(error) = tokenizer.encode(doc.text(), false, &mut plain, scratch.buffer::<EncodeScratch>()) {
                return Ok(Verdict::Drop(Drop::plain(self.not_encodable).detail(error.to_string())));
            }
            mask.resize(ids.len(), LOSS);
            if let Err(drop) = labels.mark(doc, tokenizer, &ids, &plain, &mut mask) {
                return Ok(Verdict::Drop(drop));
            }
        }
        doc.tokens = Some(Tokens { ids, mask, ..Tokens::default() });
        Ok(Verdict::Keep)
    }

    fn vocabulary(&self) -> Option<Vocabulary> {
        let labels = self.labels.as_ref().map(|labels| labels.names().to_vec()).unwrap_or_default();
        self.tokenizer.as_ref().map(|tokenizer| Vocabulary { labels, ..vocabulary(tokenizer) })
    }
}

/// What shards say of a tokenizer.
pub(super) fn vocabulary(tokenizer: &Tokenizer) -> Vocabulary {
    Vocabulary {
        name: tokenizer.name().to_owned(),
        hash: format!("{:032x}", tokenizer.hash()),
        size: tokenizer.vocab_size(),
        special: tokenizer.special().clone(),
        labels: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::learn_tokenizer::LearnTokenizer;
    use super::super::testing::{complaints, decided, made};
    use super::*;

    fn ids(stage: &dyn Stage, text: &str) -> Vec<u32> {
        let mut doc = Doc::from_text(text);
        assert_eq!(stage.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
        doc.tokens.unwrap().ids
    }

    /// A stage that uses what `learn_tokenizer` made of a few words.
    fn opened(learn: &str, keys: &str) -> Result<Box<dyn Stage>> {
        let decided = decided::<LearnTokenizer>(learn, &["the river and the bridge", "over the river"]);
        let Built::Stage(mut stage) = made::<Tokenize>(&format!("tokenizer = \"stage:t\"\n{keys}")).built else { panic!("not a stage") };
        stage.open(&decided).map(|()| stage)
    }

    #[test]
    fn bytes_are_their_own_ids() {
        let stage = made::<Tokenize>("tokenizer = \"bytes\"");
        assert_eq!(ids(stage.stage(), "aé"), [97, 0xc3, 0xa9]);
        let vocabulary = stage.stage().vocabulary().unwrap();
        assert_eq!((vocabulary.name.as_str(), vocabulary.size), ("bytes", 256));
    }

    #[test]
    fn the_end_of_text_is_written_when_asked_for_or_by_default() {
        let bpe = "vocab_size = 270";
        let (full, bare) = (opened(bpe, "").unwrap(), opened(bpe, "special_tokens = false").unwrap());
        let eos = full.vocabulary().unwrap().special["eos"];
        let text = ids(bare.as_ref(), "the river");
        assert!(!text.contains(&eos) && text.len() < "the river".len());
        assert_eq!(ids(full.as_ref(), "the river"), [text.as_slice(), &[eos]].concat());
        assert_eq!(ids(full.as_ref(), ""), [eos]);
        assert_eq!(ids(opened(bpe, "special_tokens = false\neos = true").unwrap().as_ref(), "the river").last(), Some(&eos));
        assert!(!ids(opened(bpe, "eos = false").unwrap().as_ref(), "the river").contains(&eos));
    }

    #[test]
    fn vocabularies_without_an_end_of_text_get_what_they_have() {
        let bert = opened("model = \"wordpiece\"\nvocab_size = 60", "").unwrap();
        let special = bert.vocabulary().unwrap().special;
        let found = ids(bert.as_ref(), "river");
        assert_eq!((found[0], found[found.len() - 1]), (special["cls"], special["sep"]));
        let chars = opened("model = \"chars\"", "").unwrap();
        assert_eq!(ids(chars.as_ref(), "rr").len(), 2);
        let stopped = opened("model = \"chars\"", "eos = true").err().unwrap();
        assert!(stopped.to_string().contains("no end-of-text token"), "{stopped}");
    }

    #[test]
    fn words_begin_where_no_token_is_inside_one() {
        let started = |learn: &str, text: &str| {
            let decided = decided::<LearnTokenizer>(learn, &["the river and the bridge", "over the river", "我们通过软件系统"]);
            let Built::Stage(mut stage) = made::<Tokenize>("tokenizer = \"stage:t\"\nmarks = true\nspecial_tokens = false").built else {
                panic!("not a stage")
            };
            stage.open(&decided).unwrap();
            let mut doc = Doc::from_text(text);
            assert_eq!(stage.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
            let tokens = doc.tokens.unwrap();
            let file = decided.read("t", TOKENIZER).unwrap();
            let surfaces = Tokenizer::from_bytes("t", &file, None).unwrap().surfaces();
            let mut words: Vec<Vec<u8>> = Vec::new();
            for (id, bits) in tokens.ids.iter().zip(&tokens.mask) {
                assert_eq!(bits & LOSS, LOSS);
                if bits & WORD_START != 0 {
                    words.push(Vec::new());
                }
                words.last_mut().unwrap().extend(surfaces.of(*id));
            }
            words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(started("vocab_size = 270", "over the riverbank, bridged"), ["over", " the", " riverbank", ",", " ", "bridged"]);
        assert_eq!(started("vocab_size = 260", "我们通过软件🦀系统"), ["我们", "通过", "软件", "🦀", "系统"]);
        assert_eq!(started("model = \"wordpiece\"\nvocab_size = 60", "the bridgeriver"), [" the", " bridgeriver"]);
    }

    #[test]
    fn sentences_and_words_are_marked() {
        use crate::shard::mask;
        assert_eq!((LOSS, SENTENCE_START, WORD_START), (mask::LOSS, mask::SENTENCE_START, mask::WORD_START));
        let marked = |stage: &dyn Stage, text: &str| {
            let mut doc = Doc::from_text(text);
            assert_eq!(stage.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
            let tokens = doc.tokens.unwrap();
            assert_eq!(tokens.ids, ids(stage, text));
            tokens.mask
        };
        let bytes = made::<Tokenize>("tokenizer = \"bytes\"\nmarks = true");
        assert_eq!(marked(bytes.stage(), "Go. 我们走。走"), {
            let (word, sentence) = (LOSS | WORD_START, LOSS | WORD_START | SENTENCE_START);
            // A word is marked at its first byte: "Go", the stop, "我们", "走", the full-width stop, and "走" of the second sentence; the space lies in none.
            let mut mask = vec![sentence, 1, word, word];
            for (first, bytes) in [(sentence, 6), (word, 3), (word, 3), (sentence, 3)] {
                mask.extend([first].into_iter().chain(std::iter::repeat_n(1, bytes - 1)));
            }
            mask
        });
        let bpe = opened("vocab_size = 270", "marks = true").unwrap();
        let text = "the river. The bridge";
        let mask = marked(bpe.as_ref(), text);
        assert_eq!(mask.iter().filter(|mark| **mark & SENTENCE_START != 0).count(), 2);
        assert_eq!(mask.last(), Some(&(LOSS | WORD_START)), "the end of the text lies in no word");
        let bert = opened("model = \"wordpiece\"\nvocab_size = 60", "marks = true").unwrap();
        let mask = marked(bert.as_ref(), text);
        assert_eq!((mask[0], mask[1], mask.last()), (LOSS | WORD_START, LOSS | WORD_START | SENTENCE_START, Some(&(LOSS | WORD_START))));
    }

    #[test]
    fn faults_point_at_their_keys() {
        assert_eq!(complaints::<Tokenize>("tokenizer = \"no/such.json\""), ["tokenizer"]);
        assert_eq!(complaints::<Tokenize>("tokenizer = \"chars\""), ["tokenizer"]);
        assert_eq!(complaints::<Tokenize>("tokenizer = \"bytes\"\neos = true"), ["eos"]);
        assert_eq!(complaints::<Tokenize>("tokenizer = \"bytes\"\npattern = \"gpt9\""), ["pattern"]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.json");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(complaints::<Tokenize>(&format!("tokenizer = {:?}", path.display().to_string())), ["tokenizer"]);
    }
}
