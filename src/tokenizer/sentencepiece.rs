//! SentencePiece's unigram models (`.model`, a protobuf message), rewritten as the tokenizer.json that gives the same pieces.
//!
//! Field numbers are those of sentencepiece_model.proto: of the model, pieces (1), trainer (2) and normalizer (3).

use base64::Engine;
use serde_json::{Value, json};

/// Stands for a space in pieces.
const SPACE: char = '▁';

/// What a piece is for; ordinary ones have the number 1.
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;
const BYTE: u64 = 6;

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

/// The tokenizer.json, or what is wrong.
pub(super) fn to_json(file: &[u8]) -> Result<Vec<u8>, String> {
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
    let mut kind = 1;
    for field in fields(trainer) {
        match field.ok_or_else(torn)? {
            (3, Field::Number(number)) => kind = number,
            (24, Field::Number(1)) => return Err("a SentencePiece model with spaces at the ends of words, which is not read".into()),
            _ => {}
        }
    }
    if kind != 1 {
        let name = ["BPE", "words", "characters"].get((kind as usize).saturating_sub(2)).unwrap_or(&"an unknown kind");
        return Err(format!("a SentencePiece model of {name}; only unigram models are read, so convert it to a tokenizer.json"));
    }
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
    let json = tokenizer(&pieces, unknown, normalizers(table, squeeze), prefix);
    serde_json::to_vec(&json).map_err(|error| error.to_string())
}

/// The table of replacements, then no spaces at the ends and single ones between.
fn normalizers(table: &[u8], squeeze: bool) -> Value {
    let mut all = Vec::new();
    if !table.is_empty() {
        all.push(json!({ "type": "Precompiled", "precompiled_charsmap": base64::engine::general_purpose::STANDARD.encode(table) }));
    }
    if squeeze {
        all.push(json!({ "type": "Replace", "pattern": { "Regex": "^ +| +$" }, "content": "" }));
        all.push(json!({ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }));
    }
    json!({ "type": "Sequence", "normalizers": all })
}

fn tokenizer(pieces: &[Piece], unknown: usize, normalizer: Value, prefix: bool) -> Value {
    // Where no piece goes on after a space, words can be cut one by one, and are remembered.
    let splits = pieces.iter().filter(|piece| piece.kind == 1).all(|piece| !piece.text.chars().skip(1).any(|c| c == SPACE));
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
        "pre_tokenizer": { "type": "Metaspace", "replacement": SPACE, "prepend_scheme": if prefix { "always" } else { "never" }, "split": splits },
        "post_processor": null,
        "decoder": { "type": "Metaspace", "replacement": SPACE, "prepend_scheme": if prefix { "always" } else { "never" }, "split": splits },
        "model": {
            "type": "Unigram",
            "unk_id": unknown,
            "vocab": pieces.iter().map(|piece| json!([piece.text, piece.score])).collect::<Vec<Value>>(),
            "byte_fallback": pieces.iter().any(|piece| piece.kind == BYTE),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{EncodeScratch, Tokenizer};
    use super::*;

    fn message(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    fn model(kind: u8) -> Vec<u8> {
        let piece = |text: &str, score: f32, kind: u8| {
            let score = [&[2 << 3 | 5], score.to_le_bytes().as_slice()].concat();
            message(1, &[message(1, text.as_bytes()), score, vec![3 << 3, kind]].concat())
        };
        let pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("▁", -3.0, 1), ("▁the", -1.0, 1), ("r", -4.0, 1), ("iver", -2.0, 1), ("▁river", -6.5, 1)];
        let mut file: Vec<u8> = pieces.iter().flat_map(|(text, score, kind)| piece(text, *score, *kind)).collect();
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

    #[test]
    fn other_kinds_and_damaged_files_are_refused() {
        let said = |file: &[u8]| Tokenizer::from_bytes("m", file, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said(&model(2)).contains("a SentencePiece model of BPE"));
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
