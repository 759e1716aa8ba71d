//! Writes token shards for a trainer: one payload, many sidecars; packing is metadata.
//!
//! `shards/part-*.tokens` are headerless little-endian arrays of u16 (u32 when the vocabulary needs it) in document order;
//! `part-*.docs.arrow` has a row a document, `packs-2048.arrow` the rows of a training sequence length, `manifest.json` says what all
//! of it is. Needs a stage `tokenize` before it.
//!
//! ```toml
//! [[sink]]
//! use = "shards"
//! seq_len = 2048
//! packing = "best_fit"
//! ```

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{by, row};
use crate::doc::{Doc, Member, Piece, TagTable};
use crate::shard::pack::{self, Method, PackOptions};
use crate::shard::{Digest, DocTokens, Dtype, Manifest, PartOptions, PartStats, PartWriter, Place, ShardError, Shards, TokenizerEntry, mask, pair};
use crate::stage::{Built, Complaint, LABELS, LOSS_MASK, PAIRS, Part, Recipe, Result, RunError, Shop, Sink, Spec, Split, Vocabulary, WORD_STARTS, Written};

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenShards {
    /// Tokens of a training row, or a list of such lengths: each gets its packs. Default 2048.
    #[serde(default = "seq_len")]
    seq_len: Lengths,
    /// `"best_fit"` (default: no document is cut that fits a row, longer ones fill what others leave, and between words where `tokenize` tells them), `"concat"` (end to end, no padding) or `"one_per_row"`.
    #[serde(default = "packing")]
    packing: Method,
    /// Also write `part-*.mask`, a byte a token: bit 0 loss, bit 1 sentence start, bit 2 word start, bits 3 to 7 the number of a label. Default false; behind `chat_template` it must
    /// be said, and true for pairs and labels.
    mask: Option<bool>,
    /// Folder inside the output directory. Default `"shards"`.
    #[serde(default = "folder")]
    folder: String,
    /// A tag, as `"lang"`, or `"column:NAME"`: each of its values gets an output of its own, as `shards/en/`. Default: one output.
    #[serde(default)]
    by: Option<String>,
}

/// One length or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Lengths {
    One(u32),
    Many(Vec<u32>),
}

fn seq_len() -> Lengths {
    Lengths::One(2048)
}

fn packing() -> Method {
    Method::BestFit
}

fn folder() -> String {
    "shards".to_owned()
}

impl Recipe for TokenShards {
    const NAME: &'static str = "shards";

    fn spec(&self) -> Spec {
        let unmasked = "`chat_template` says which tokens count in the loss, and without a mask the shards do not";
        let words = "`tokenize` says where words begin, and without a mask the shards do not";
        let spec = by::spec(self.by.as_deref(), Spec::new().needs("tokens"));
        let labels = "`tokenize` says which labels tokens have, and without a mask the shards do not";
        if self.mask == Some(true) {
            return spec;
        }
        let spec = spec.clashes(LABELS, "mask", labels, "write `mask = true`, or leave `label` out of `tokenize`");
        match self.mask {
            None => spec.clashes(LOSS_MASK, "mask", unmasked, "write `mask = true`, or `mask = false` if questions are to count as well").clashes(
                WORD_STARTS,
                "mask",
                words,
                "write `mask = true`, or leave `marks` out of `tokenize`",
            ),
            _ => spec.clashes(PAIRS, "mask", "of pairs the answers alone count, and without a mask the shards do not say so", "write `mask = true`"),
        }
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        row::check(None, Some(&self.folder))?;
        let lengths = match self.seq_len {
            Lengths::One(length) => vec![length],
            Lengths::Many(lengths) => lengths,
        };
        if lengths.is_empty() || lengths.iter().any(|length| *length == 0 || *length > i32::MAX as u32) {
            return Err(Complaint::new("seq_len", "not a number of tokens", "write a number from 1 on, or a list of such numbers").into());
        }
        let (folder, packing, mask, seed) = (self.folder, self.packing, self.mask == Some(true), shop.seed());
        by::split(self.by, ShardSink { folder, lengths, packing, mask, seed, vocabulary: None, files: Files::default() })
    }
}

struct ShardSink {
    folder: String,
    lengths: Vec<u32>,
    packing: Method,
    mask: bool,
    seed: u64,
    vocabulary: Option<Vocabulary>,
    files: Files,
}

impl ShardSink {
    fn vocabulary(&self) -> Result<&Vocabulary> {
        self.vocabulary.as_ref().ok_or_else(|| RunError::stop("shards hold tokens, but no stage made any: put `tokenize` before the sink"))
    }
}

impl Sink for ShardSink {
    fn folder(&self) -> &str {
        &self.folder
    }

    fn input(&mut self, splits: &[Split]) {
        self.files = Files::of(splits);
    }

    fn open(&mut self, _: &TagTable, vocabulary: Option<Vocabulary>) -> Result<()> {
        self.vocabulary = vocabulary;
        self.vocabulary().map(|_| ())
    }

    fn part(&self, dir: &Path, name: &str) -> Result<Box<dyn Part + '_>> {
        let vocab_size = self.vocabulary()?.size;
        let options = PartOptions { vocab_size, mask: self.mask };
        let writer = PartWriter::create(dir, name, Dtype::for_vocab(vocab_size), options).map_err(RunError::stop)?;
        Ok(Box::new(ShardPart { writer, about: about(dir, name), mask: self.mask, plain_mask: Vec::new(), files: &self.files }))
    }

    /// Parts may be the work of an earlier process, so what they hold is read back from beside them.
    fn finish(&self, dir: &Path, parts: &[String], scratch: &Path) -> Result<()> {
        let vocabulary = self.vocabulary()?;
        let xxh3 = Digest::try_from(vocabulary.hash.clone()).unwrap_or_else(|_| Digest::of(vocabulary.hash.as_bytes()));
        let tokenizer = TokenizerEntry { name: vocabulary.name.clone(), xxh3 };
        let mut manifest = Manifest::new(vocabulary.size, tokenizer, vocabulary.special.clone(), self.seed);
        manifest.labels.clone_from(&vocabulary.labels);
        for name in parts {
            let path = about(dir, name);
            let json = fs::read(&path).map_err(RunError::file("cannot read", &path))?;
            let stats: PartStats = serde_json::from_slice(&json).map_err(|error| RunError::stop(format!("{} is damaged: {error}", path.display())))?;
            manifest.push_part(stats);
        }
        let stopped = |error: ShardError| RunError::stop(error);
        let shards = Shards::with_manifest(dir, manifest.clone()).map_err(stopped)?;
        for seq_len in &self.lengths {
            let options = PackOptions { seq_len: *seq_len, method: self.packing, seed: self.seed, window: PackOptions::WINDOW };
            manifest.push_pack(pack::write(scratch, &shards, &options).map_err(stopped)?);
        }
        manifest.save(scratch).map_err(stopped)
    }
}

/// Names of the input's files below the folder that all have in common: the same wherever the input lies.
#[derive(Default)]
struct Files {
    common: String,
    /// By split; none where small files are read together.
    names: Vec<Option<String>>,
}

impl Files {
    fn of(splits: &[Split]) -> Files {
        let files = || splits.iter().flat_map(|split| &split.files);
        let folder = |file: &str| file.rfind('/').map_or(0, |at| at + 1);
        let mut common = files().next().map_or("", |file| &file[..folder(file)]);
        for file in files() {
            while !file.starts_with(common) {
                common = &common[..folder(&common[..common.len() - 1])];
            }
        }
        let name = |split: &Split| match split.files.as_slice() {
            [file] => Some(file[common.len()..].to_owned()),
            _ => None,
        };
        Files { common: common.to_owned(), names: splits.iter().map(name).collect() }
    }

    /// The file of a document; of one in an archive, archive and path in it. One of several that were read together carries its path.
    fn name<'a>(&'a self, doc: &'a Doc) -> Cow<'a, str> {
        let file = match self.names.get(doc.id().split as usize) {
            Some(Some(name)) => name,
            Some(None) => doc.extra.get("path").and_then(|path| path.as_str()?.strip_prefix(self.common.as_str())).unwrap_or_default(),
            None => "",
        };
        match &doc.origin.member {
            Some(member) => format!("{file}/{member}").into(),
            None => file.into(),
        }
    }
}

/// The file that says what a part holds.
fn about(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.json"))
}

struct ShardPart<'a> {
    files: &'a Files,
    writer: PartWriter,
    about: PathBuf,
    mask: bool,
    plain_mask: Vec<u8>,
}

impl Part for ShardPart<'_> {
    fn write(&mut self, doc: &Doc) -> Result<()> {
        let Some(tokens) = &doc.tokens else {
            return Err(RunError::stop(format!("document {} has no tokens: put `tokenize` last before the sink", doc.id())));
        };
        let mask = match (self.mask, tokens.mask.is_empty()) {
            (false, _) => None,
            (true, false) => Some(tokens.mask.as_slice()),
            (true, true) => {
                self.plain_mask.clear();
                self.plain_mask.resize(tokens.ids.len(), mask::LOSS);
                Some(self.plain_mask.as_slice())
            }
        };
        let place = Place { split: doc.id().split, ordinal: doc.id().ordinal };
        let source = self.files.name(doc);
        let (key, url, source_offset, bytes) = (doc.key(), doc.url.as_deref(), doc.origin.offset, doc.text().len() as u64);
        let whole = DocTokens { ids: &tokens.ids, key, source: &source, source_offset, url, place, bytes, flags: 0, mask };
        if tokens.pieces.is_empty() {
            return self.writer.push(&whole).map_err(RunError::stop);
        }
        let mut start = 0;
        for Piece { end, bytes, member } in tokens.pieces.iter().copied() {
            let range = std::mem::replace(&mut start, end)..end;
            let flags = match member {
                Member::Stretch => 0,
                Member::Chosen => pair::CHOSEN,
                Member::Rejected => pair::REJECTED,
            };
            let (Some(ids), mask) = (tokens.ids.get(range.clone()), mask.and_then(|mask| mask.get(range))) else {
                return Err(RunError::stop(format!("document {} has pieces that are not in its tokens", doc.id())));
            };
            self.writer.push(&DocTokens { ids, bytes, flags, mask, ..whole }).map_err(RunError::stop)?;
        }
        Ok(())
    }

    /// The manifest of the set lists its files.
    fn close(self: Box<Self>) -> Result<Vec<Written>> {
        let stats = self.writer.finish().map_err(RunError::stop)?;
        let mut json = serde_json::to_vec_pretty(&stats).map_err(RunError::stop)?;
        json.push(b'\n');
        fs::write(&self.about, json).map_err(RunError::file("cannot write", &self.about))?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::Tokens;

    #[test]
    fn files_are_named_below_their_common_folder() {
        let split = |files: &[&str]| Split { files: files.iter().map(|file| (*file).to_owned()).collect(), start: 0, end: None, bytes: 1 };
        let names = |splits: &[Split]| Files::of(splits).names.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
        assert_eq!(names(&[split(&["/in/a/1.gz"]), split(&["/in/ab/1.gz"])]), ["a/1.gz", "ab/1.gz"]);
        assert_eq!(names(&[split(&["/in/1.gz"]), split(&["/in/1.gz"])]), ["1.gz", "1.gz"]);
        assert_eq!(names(&[split(&["/in/1.gz"]), split(&["other/2"]), split(&["3"])]), ["/in/1.gz", "other/2", "3"]);
        assert!(names(&[]).is_empty());
        let together = Files::of(&[split(&["数据/一.txt", "数据/三.txt"])]);
        let mut doc = Doc::from_text("a");
        assert_eq!(together.name(&doc), "");
        doc.extra.insert("path".into(), "数据/三.txt".into());
        assert_eq!(together.name(&doc), "三.txt");
    }

    #[test]
    fn documents_come_back_from_the_set() {
        let dir = tempfile::tempdir().unwrap();
        let special = [("eos".to_owned(), 0)].into();
        let labels = vec!["neg".to_owned(), "pos".to_owned()];
        let vocabulary = Vocabulary { name: "bpe".into(), hash: "00ff".repeat(8), size: 70_000, special, labels };
        let (folder, lengths, packing) = (folder(), vec![4, 8], Method::BestFit);
        let mut sink = ShardSink {
            folder,
            lengths,
            packing,
            mask: true,
            seed: 7,
            vocabulary: None,
            files: Files { common: String::new(), names: vec![Some("crawl.warc.gz".into())] },
        };
        assert!(sink.open(&TagTable::default(), None).is_err());
        sink.open(&TagTable::default(), Some(vocabulary)).unwrap();
        let texts = [vec![1, 2, 69_999], vec![], vec![3; 9]];
        for (name, ids) in ["part-a", "part-b", "part-c"].iter().zip(&texts) {
            let mut doc = Doc::from_text("four");
            doc.url = Some(format!("http://{name}.example/"));
            doc.tokens = Some(Tokens { ids: ids.clone(), ..Tokens::default() });
            let mut part = sink.part(dir.path(), name).unwrap();
            part.write(&doc).unwrap();
            part.close().unwrap();
        }
        sink.finish(dir.path(), &["part-a", "part-b", "part-c"].map(str::to_owned), dir.path()).unwrap();
        let shards = Shards::open(dir.path()).unwrap();
        let read: Vec<_> = (0..shards.documents()).map(|at| shards.document(at).unwrap().to_vec()).collect();
        assert_eq!(read, texts);
        assert_eq!((shards.manifest().text_bytes, shards.manifest().packs.len(), shards.manifest().special["eos"]), (12, 2, 0));
        assert_eq!(shards.manifest().labels, ["neg", "pos"]);
        let second = shards.document_info(1).unwrap();
        assert_eq!((second.source, second.url), ("crawl.warc.gz", Some("http://part-b.example/")));
        assert_eq!(shards.mask(0).unwrap(), Some(&[1, 1, 1][..]));
        let rows = shards.packs(8).unwrap();
        assert_eq!((0..rows.len()).map(|at| rows.row(at).unwrap().iter().map(|span| span.length).sum::<u32>()).sum::<u32>(), 12);
        assert!(shards.manifest().verify(dir.path(), false).is_ok());
    }
}
