//! Writes the weights in the form that `dataprep::language::weights` reads.

use dataprep::language::weights::MAGIC;

use crate::select::Rows;

/// Leaves out the weights that say least, so that `keep` remain, and the n-grams left without any.
pub fn prune(rows: &Rows, keep: usize, least: f32) -> Rows {
    let value = |row: usize, at: usize| rows.rates[row] * rows.weights[at] * rows.weights[at];
    let mut values: Vec<f32> = Vec::with_capacity(rows.langs.len());
    for row in 0..rows.hashes.len() {
        for at in rows.starts[row] as usize..rows.starts[row + 1] as usize {
            // An n-gram with few weights pays for its hash with each of them.
            let n = (rows.starts[row + 1] - rows.starts[row]) as f32;
            values.push(if rows.weights[at].abs() < least { 0.0 } else { value(row, at) / (1.0 + 1.0 / n) });
        }
    }
    let mut sorted = values.clone();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let floor = sorted.get(keep).copied().unwrap_or(0.0);
    let mut kept = Rows { hashes: Vec::new(), starts: vec![0], langs: Vec::new(), weights: Vec::new(), rates: Vec::new() };
    for row in 0..rows.hashes.len() {
        for at in rows.starts[row] as usize..rows.starts[row + 1] as usize {
            let worth = values.get(at).is_some_and(|value| *value > floor);
            if worth {
                kept.langs.push(rows.langs[at]);
                kept.weights.push(rows.weights[at]);
            }
        }
        if kept.langs.len() as u32 > *kept.starts.last().expect("one") {
            kept.starts.push(kept.langs.len() as u32);
            kept.hashes.push(rows.hashes[row]);
            kept.rates.push(rows.rates[row]);
        }
    }
    kept
}

/// Rounds the weights to whole steps, and leaves out those that come to nothing.
pub fn quantise(rows: &Rows, step: f32) -> Rows {
    let mut rounded = Rows {
        weights: rows.weights.iter().map(|weight| (weight / step).round().clamp(-127.0, 127.0) * step).collect(),
        hashes: rows.hashes.clone(),
        starts: rows.starts.clone(),
        langs: rows.langs.clone(),
        rates: rows.rates.clone(),
    };
    rounded = prune(&rounded, rounded.langs.len(), step / 2.0);
    rounded
}

/// The file with something else behind its weights.
pub fn replace(file: &[u8], after: &[u8]) -> Vec<u8> {
    let mut bytes = zstd::decode_all(&file[MAGIC.len()..]).expect("zstd");
    let rows = u32::from_le_bytes(bytes[..4].try_into().expect("four")) as usize;
    let all = u32::from_le_bytes(bytes[4..8].try_into().expect("four")) as usize;
    let gaps = bytes[12..].iter().scan(0, |found, byte| (*found < rows).then(|| *found += usize::from(*byte < 255))).count();
    bytes.truncate(12 + gaps + rows + 2 * all);
    bytes.extend(after);
    [MAGIC.to_vec(), zstd::encode_all(bytes.as_slice(), 19).expect("zstd")].concat()
}

pub fn pack(rows: &Rows, step: f32, after: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((rows.hashes.len() as u32).to_le_bytes());
    bytes.extend((rows.langs.len() as u32).to_le_bytes());
    bytes.extend(step.to_le_bytes());
    let mut last = 0;
    for hash in &rows.hashes {
        let mut gap = hash - last;
        while gap >= 255 {
            bytes.push(255);
            gap -= 255;
        }
        bytes.push(gap as u8);
        last = *hash;
    }
    bytes.extend(rows.starts.windows(2).map(|pair| (pair[1] - pair[0]) as u8));
    bytes.extend(&rows.langs);
    bytes.extend(rows.weights.iter().map(|weight| (weight / step).round() as i8 as u8));
    bytes.extend(after);
    [MAGIC.to_vec(), zstd::encode_all(bytes.as_slice(), 19).expect("zstd")].concat()
}
