//! Models of a few words, written byte by byte.

use super::*;

/// A model of two labels, three words and eight buckets in two dimensions.
fn file(loss: i32, word_ngrams: i32, maxn: i32, bucket: i32) -> Vec<u8> {
    let mut out = Vec::new();
    let ints = |out: &mut Vec<u8>, values: &[i32]| values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    ints(&mut out, &[0x2f4f_16ba, 12, 2, 5, 1, 1, 5, word_ngrams, loss, 3, bucket, 2, maxn, 100]);
    out.extend(1e-4f64.to_le_bytes());
    ints(&mut out, &[5, 3, 2]);
    out.extend(10i64.to_le_bytes());
    out.extend((-1i64).to_le_bytes());
    for (word, count, kind) in [("</s>", 9i64, 0u8), ("yes", 5, 0), ("no", 4, 0), ("__label__good", 6, 1), ("__label__bad", 3, 1)] {
        out.extend(word.as_bytes());
        out.push(0);
        out.extend(count.to_le_bytes());
        out.push(kind);
    }
    let rows = 3 + bucket;
    let matrix = |out: &mut Vec<u8>, rows: i64, values: Vec<f32>| {
        out.push(0);
        out.extend(rows.to_le_bytes());
        out.extend(2i64.to_le_bytes());
        values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    };
    let values = (0..rows * 2).map(|at| match at {
        2 => 3.0,
        5 => 3.0,
        at if at < 6 => 0.0,
        at => (at % 3) as f32 * 0.1,
    });
    matrix(&mut out, rows.into(), values.collect());
    matrix(&mut out, 2, vec![2.0, 0.0, 0.0, 2.0]);
    out
}

fn best(model: &Model, text: &str) -> Vec<(String, f32)> {
    let mut scratch = Scratch::default();
    model.predict(text, 2, 0.0, &mut scratch).iter().map(|found| (model.label(found.label).to_owned(), found.probability)).collect()
}

#[test]
fn softmax_of_the_mean_of_word_vectors() {
    let model = Model::load(&file(3, 1, 0, 0)).unwrap();
    // `yes` and `</s>` give the mean (1.5, 0), so the scores are 3 and 0.
    let found = best(&model, "yes unknown");
    assert_eq!(found[0].0, "good");
    assert!((found[0].1 - (1.0 / (1.0 + (-3f32).exp()) + 1e-5)).abs() < 1e-6, "{found:?}");
    assert_eq!(best(&model, "no\nno")[0].0, "bad");
    assert_eq!(best(&model, "yes __label__bad"), found, "labels in a text are no words");
    assert_eq!(best(&model, "yes </s> no no no no"), found, "the end sign ends a text");
}

#[test]
fn the_other_losses_agree_on_the_label() {
    let hierarchical = best(&Model::load(&file(1, 1, 0, 0)).unwrap(), "no");
    // One inner node, whose right child is the commoner label and whose vector is (2, 0): neither for nor against.
    assert!(hierarchical.iter().all(|found| (found.1 - 0.50001).abs() < 1e-5), "{hierarchical:?}");
    for loss in [2, 4] {
        let found = best(&Model::load(&file(loss, 1, 0, 0)).unwrap(), "no");
        assert_eq!((found[0].0.as_str(), found[1].0.as_str()), ("bad", "good"));
        assert!((found[0].1 - (sigmoid(3.0) + 1e-5)).abs() < 1e-6 && (found[1].1 - 0.50001).abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn ngrams_change_the_scores_and_unknown_texts_have_some() {
    let plain = best(&Model::load(&file(3, 1, 0, 0)).unwrap(), "yes no");
    for (words, chars) in [(2, 0), (1, 3)] {
        let found = best(&Model::load(&file(3, words, chars, 8)).unwrap(), "yes no");
        assert_ne!(found, plain);
    }
    let model = Model::load(&file(3, 1, 3, 8)).unwrap();
    assert!(best(&model, "\u{4f60}\u{597d} \u{0}\u{fffd}").len() == 2 && best(&model, "").len() == 2);
    assert!(model.predict("yes", 0, 0.0, &mut Scratch::default()).is_empty());
    assert_eq!(model.predict("yes", 9, 0.99, &mut Scratch::default()).len(), 0);
    assert_eq!((model.labels(), model.label(7)), (2, ""));
}

#[test]
fn damage_is_told_and_never_panics() {
    let whole = file(3, 2, 3, 8);
    assert_eq!(Model::load(b"PK\x03\x04....").err(), Some(Error::Magic(0x0403_4b50)));
    for end in 0..whole.len() {
        assert!(Model::load(&whole[..end]).is_err(), "cut at {end}");
    }
    let mut scratch = Scratch::default();
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            if let Ok(model) = Model::load(&bytes) {
                model.predict("yes no maybe", 2, 0.0, &mut scratch);
            }
        }
    }
}
