//! SentencePiece's models (`.model`, a protobuf message) of unigram and BPE, rewritten as the tokenizer.json that has the same pieces.
//!
//! That file gives the ids of most models of BPE; for the others, and for unigram, [`Native`] does what SentencePiece's own library does. BPE there joins the neighbours whose piece has the highest score, the leftmost of equals, and has no list of merges; here every cut of a piece into two pieces is one, with the rank of its
//! piece. Only for a piece that can overlap itself (`aaa`) may the order of its own cuts matter.
//!
//! Field numbers are those of sentencepiece_model.proto: of the model, pieces (1), trainer (2) and normalizer (3).

mod bpe;
mod native;
mod normal;
mod trie;
mod unigram;

use base64::Engine;
use serde_json::{Value, json};

pub(super) use native::Native;
use trie::Trie;

/// Stands for a space in pieces.
const SPACE: char = '▁';

/// What a piece is for.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;
const UNUSED: u64 = 5;
const BYTE: u64 = 6;

/// Kinds of model that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unigram,
    Bpe,
}

/// A field of a message.
enum Field<'a> {
    Number(u64),
    Float(f32),
    Bytes(&'a [u8]),
}

/// Cuts a message into its fields; `None` in place of one that is not well-formed, and then ends.
fn fields(mut message: &[u8]) -> impl Iterator<Item = Option<(u64, Field<'_>)>> {
    std::iter::from_fn(move || {
        (!message.is_empty()).then(|| {
            let field = field(&mut message);
            if field.is_none() {
                message = &[];
            }
            field
        })
    })
}

fn field<'a>(message: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let key = varint(message)?;
    let mut take = |length: u64| {
        let (taken, rest) = message.split_at_checked(usize::try_from(length).ok()?)?;
        *message = rest;
        Some(taken)
    };
    let field = match key & 7 {
        0 => Field::Number(varint(message)?),
        1 => Field::Bytes(take(8)?),
        2 => {
            let length = varint(message)?;
            let (taken, rest) = message.split_at_checked(usize::try_from(length).ok()?)?;
            *message = rest;
            Field::Bytes(taken)
        }
        5 => Field::Float(f32::from_le_bytes(*take(4)?.first_chunk()?)),
        _ => return None,
    };
    Some((key >> 3, field))
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for place in 0..10 {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

struct Piece {
    text: String,
    score: f32,
    kind: u64,
}

fn piece(message: &[u8]) -> Option<Piece> {
    let mut piece = Piece { text: String::new(), score: 0.0, kind: 1 };
    for field in fields(message) {
        match field? {
            (1, Field::Bytes(text)) => piece.text = std::str::from_utf8(text).ok()?.to_owned(),
            (2, Field::Float(score)) => piece.score = score,
            (3, Field::Number(kind)) => piece.kind = kind,
            _ => {}
        }
    }
    (!piece.text.is_empty() && piece.score.is_finite()).then_some(piece)
}

/// True where a file begins as such a model does: with a piece.
pub(super) fn is_model(file: &[u8]) -> bool {
    let mut rest = file;
    matches!(field(&mut rest), Some((1, Field::Bytes(first))) if piece(first).is_some())
}

/// A model as its file has it.
struct Model<'f> {
    pieces: Vec<Piece>,
    kind: Kind,
    /// Which piece stands for what is unknown.
    unknown: usize,
    /// The table of replacements.
    table: &'f [u8],
    /// Whether a space is put before a text.
    prefix: bool,
    /// Whether spaces at the ends go, and all but one elsewhere.
    squeeze: bool,
}

/// A stretch of a normalized text, and its piece if there is one.
struct Found {
    id: Option<u32>,
    start: usize,
    end: usize,
}

/// The pieces of the user's, if there are any.
fn users(pieces: &[Piece]) -> Option<Trie> {
    let mut users = (0..).zip(pieces).filter(|(_, piece)| piece.kind == USER_DEFINED).map(|(id, piece)| (piece.text.as_str(), id)).peekable();
    users.peek().is_some().then(|| Trie::new(users))
}

/// The tokenizer.json, and what gives the ids where that does not; or what is wrong.
pub(super) fn read(file: &[u8]) -> Result<(Vec<u8>, Option<Native>), String> {
    let model = model(file)?;
    let Model { pieces, kind, unknown, table, prefix, squeeze } = &model;
    let json = match kind {
        Kind::Bpe => bpe(pieces, *unknown, normalizers(table, *squeeze), *prefix),
        Kind::Unigram => unigram(pieces, *unknown, normalizers(table, *squeeze), *prefix),
    };
    Ok((serde_json::to_vec(&json).map_err(|error| error.to_string())?, Native::new(&model)?))
}

fn model(file: &[u8]) -> Result<Model<'_>, String> {
    let torn = || "a SentencePiece model that is cut off or damaged".to_owned();
    let (mut pieces, mut trainer, mut normalizer) = (Vec::new(), [].as_slice(), [].as_slice());
    for field in fields(file) {
        match field.ok_or_else(torn)? {
            (1, Field::Bytes(message)) => pieces.push(piece(message).ok_or_else(torn)?),
            (2, Field::Bytes(message)) => trainer = message,
            (3, Field::Bytes(message)) => normalizer = message,
            _ => {}
        }
    }
    let mut number = 1;
    for field in fields(trainer) {
        match field.ok_or_else(torn)? {
            (3, Field::Number(kind)) => number = kind,
            (24, Field::Number(1)) => return Err("a SentencePiece model with spaces at the ends of words, which is not read".into()),
            _ => {}
        }
    }
    let kind = match number {
        1 => Kind::Unigram,
        2 => Kind::Bpe,
        _ => {
            let name = ["words", "characters"].get((number as usize).saturating_sub(3)).unwrap_or(&"an unknown kind");
            return Err(format!("a SentencePiece model of {name}; only those of unigram and BPE are read, so convert it to a tokenizer.json"));
        }
    };
    let (mut table, mut prefix, mut squeeze) = ([].as_slice(), true, true);
    for field in fields(normalizer) {
        match field.ok_or_else(torn)? {
            (2, Field::Bytes(bytes)) => table = bytes,
            (3, Field::Number(number)) => prefix = number != 0,
            (4, Field::Number(number)) => squeeze = number != 0,
            _ => {}
        }
    }
    let unknown = pieces.iter().position(|piece| piece.kind == UNKNOWN).ok_or("a SentencePiece model without a piece for what is unknown")?;
    Ok(Model { pieces, kind, unknown, table, prefix, squeeze })
}

/// The table of replacements, then no spaces at the ends and single ones between.
fn normalizers(table: &[u8], squeeze: bool) -> Vec<Value> {
    let mut all = Vec::new();
    if !table.is_empty() {
        all.push(json!({ "type": "Precompiled", "precompiled_charsmap": base64::engine::general_purpose::STANDARD.encode(table) }));
    }
    if squeeze {
        all.push(json!({ "type": "Replace", "pattern": { "Regex": "^ +| +$" }, "content": "" }));
        all.push(json!({ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }));
    }
    all
}

/// Spaces are pieces' own letters, and the whole text is one word.
fn bpe(pieces: &[Piece], unknown: usize, mut normalizers: Vec<Value>, prefix: bool) -> Value {
    normalizers.extend(spaces(prefix));
    let model = json!({
        "type": "BPE",
        "unk_token": pieces[unknown].text,
        "fuse_unk": true,
        "byte_fallback": pieces.iter().any(|piece| piece.kind == BYTE),
        "vocab": pieces.iter().enumerate().map(|(id, piece)| (piece.text.clone(), json!(id))).collect::<serde_json::Map<String, Value>>(),
        "merges": merges(pieces),
    });
    let mut decoders =
        vec![json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }), json!({ "type": "ByteFallback" }), json!({ "type": "Fuse" })];
    if prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
    }
    let normalizer = json!({ "type": "Sequence", "normalizers": normalizers });
    whole(pieces, normalizer, Value::Null, json!({ "type": "Sequence", "decoders": decoders }), model)
}

/// Spaces as pieces spell them, with one before a text, even where it begins with one.
fn spaces(prefix: bool) -> impl Iterator<Item = Value> {
    let first = prefix.then(|| json!({ "type": "Prepend", "prepend": SPACE }));
    first.into_iter().chain([json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE })])
}

/// Every cut of a piece into two others, the piece of the highest score first.
fn merges(pieces: &[Piece]) -> Vec<Value> {
    let joined = |piece: &&Piece| matches!(piece.kind, NORMAL | USER_DEFINED);
    let known: std::collections::BTreeSet<&str> = pieces.iter().filter(joined).map(|piece| piece.text.as_str()).collect();
    let mut order: Vec<&Piece> = pieces.iter().filter(joined).collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut merges = Vec::new();
    for piece in order {
        for (at, _) in piece.text.char_indices().skip(1) {
            let (left, right) = piece.text.split_at(at);
            if known.contains(left) && known.contains(right) {
                merges.push(json!([left, right]));
            }
        }
    }
    merges
}

fn unigram(pieces: &[Piece], unknown: usize, mut normalizers: Vec<Value>, prefix: bool) -> Value {
    normalizers.extend(spaces(prefix));
    // Where no piece goes on after a space, words can be cut one by one, and are remembered.
    let splits = pieces.iter().filter(|piece| piece.kind == NORMAL).all(|piece| !piece.text.chars().skip(1).any(|c| c == SPACE));
    let metaspace = |scheme: &str| json!({ "type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": splits });
    let decoder = metaspace(if prefix { "always" } else { "never" });
    let model = json!({
        "type": "Unigram",
        "unk_id": unknown,
        "vocab": pieces.iter().map(|piece| json!([piece.text, piece.score])).collect::<Vec<Value>>(),
        "byte_fallback": pieces.iter().any(|piece| piece.kind == BYTE),
    });
    whole(pieces, json!({ "type": "Sequence", "normalizers": normalizers }), metaspace("never"), decoder, model)
}

fn whole(pieces: &[Piece], normalizer: Value, pre_tokenizer: Value, decoder: Value, model: Value) -> Value {
    let added = |(id, piece): (usize, &Piece)| {
        let special = matches!(piece.kind, UNKNOWN | CONTROL);
        (special || piece.kind == USER_DEFINED).then(
            || json!({ "id": id, "content": piece.text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": special }),
        )
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": pieces.iter().enumerate().filter_map(added).collect::<Vec<Value>>(),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": decoder,
        "model": model,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{EncodeScratch, Tokenizer};
    use super::*;

    fn message(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    fn entry(text: &str, score: f32, kind: u8) -> Vec<u8> {
        let score = [&[2 << 3 | 5], score.to_le_bytes().as_slice()].concat();
        message(1, &[message(1, text.as_bytes()), score, vec![3 << 3, kind]].concat())
    }

    fn model(kind: u8) -> Vec<u8> {
        let pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("▁", -3.0, 1), ("▁the", -1.0, 1), ("r", -4.0, 1), ("iver", -2.0, 1), ("▁river", -6.5, 1)];
        let mut file: Vec<u8> = pieces.iter().flat_map(|(text, score, kind)| entry(text, *score, *kind)).collect();
        file.extend(message(2, &[3 << 3, kind]));
        file.extend(message(3, &[4 << 3, 1]));
        file
    }

    #[test]
    fn the_likeliest_pieces_are_found() {
        let tokenizer = Tokenizer::from_bytes("m", &model(1), None).unwrap();
        let pieces = tokenizer.pieces().unwrap();
        let cut = |text: &str| {
            let mut ids = Vec::new();
            tokenizer.encode(text, false, &mut ids, &mut EncodeScratch::new()).unwrap();
            ids.iter().map(|id| pieces[*id as usize].clone()).collect::<Vec<_>>()
        };
        assert_eq!(cut("  the   river "), ["▁the", "▁river"]);
        assert_eq!(cut("ther 水水"), ["▁the", "r", "▁", "<unk>"]);
        assert_eq!(tokenizer.vocab_size(), 7);
    }

    /// Neighbours are joined by the score of their piece, not by the likeliest cut of the whole.
    #[test]
    fn pieces_of_bpe_are_joined_by_score() {
        let tokenizer = Tokenizer::from_bytes("m", &bpe_model(), None).unwrap();
        let pieces = tokenizer.pieces().unwrap();
        let cut = |text: &str| {
            let mut ids = Vec::new();
            tokenizer.encode(text, false, &mut ids, &mut EncodeScratch::new()).unwrap();
            (ids.iter().map(|id| pieces[*id as usize].clone()).collect::<Vec<_>>(), tokenizer.decode(&ids).unwrap())
        };
        // `ab` comes first and leaves `c` alone, though `▁a` and `bc` would cover the word.
        assert_eq!(cut("abc"), (vec!["▁".into(), "ab".into(), "c".into()], "abc".into()));
        assert_eq!(cut("bc a").0, ["▁", "bc", "▁a"]);
        assert_eq!(cut("  bc   a ").0, ["▁", "bc", "▁a"]);
        assert_eq!(cut("水水a").0, ["▁", "<unk>", "a"]);
    }

    fn bpe_model() -> Vec<u8> {
        let pieces = [("<unk>", 0.0, 2), ("ab", -0.5, 1), ("bc", -1.0, 1), ("▁a", -2.0, 1), ("▁", -3.0, 1), ("a", -4.0, 1), ("b", -5.0, 1), ("c", -6.0, 1)];
        let mut file: Vec<u8> = pieces.iter().flat_map(|(text, score, kind)| entry(text, *score, *kind)).collect();
        file.extend(message(2, &[3 << 3, 2]));
        file.extend(message(3, &[4 << 3, 1]));
        file
    }

    #[test]
    fn other_kinds_and_damaged_files_are_refused() {
        let said = |file: &[u8]| Tokenizer::from_bytes("m", file, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said(&model(3)).contains("a SentencePiece model of words"));
        let whole = bpe_model();
        for length in 0..whole.len() {
            _ = Tokenizer::from_bytes("m", &whole[..length], None);
        }
        let whole = model(1);
        assert!(is_model(&whole));
        for length in 0..whole.len() {
            _ = Tokenizer::from_bytes("m", &whole[..length], None);
            for flip in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[length] ^= flip;
                _ = Tokenizer::from_bytes("m", &damaged, None);
            }
        }
        assert!(said(&whole[..whole.len() - 1]).contains("cut off"));
    }
}
