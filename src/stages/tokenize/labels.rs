//! Labels as bits of the mask: one for a whole text, or some for stretches of it.

use serde_json::Value;

use super::super::prelude::*;
use crate::tokenizer::Tokenizer;

/// The bits of a mask that hold a label begin behind those of loss, sentences and words; five are left.
pub(super) const SHIFT: u32 = 3;
const MOST: usize = 31;

/// Where labels stand, and what they are.
pub(super) struct Labels {
    column: String,
    names: Vec<String>,
    no_label: Reason,
    unknown_label: Reason,
    labels_lost: Reason,
}

/// A stretch of a text in bytes, with the number of its label.
type Stretch = (std::ops::Range<usize>, u8);

impl Labels {
    /// Of the two keys, which go together.
    pub fn new(column: Option<String>, names: Vec<String>, shop: &mut Shop<'_>) -> std::result::Result<Option<Labels>, Vec<Complaint>> {
        let help = "write `label = \"COLUMN\"` and `labels = [\"...\", ...]`, of 1 to 31 names";
        let Some(column) = column else {
            return if names.is_empty() { Ok(None) } else { Err(Complaint::new("labels", "nothing says where a text's label stands", help).into()) };
        };
        let twice = (1..names.len()).find(|at| names[..*at].contains(&names[*at]));
        if let Some(at) = twice {
            return Err(Complaint::new("labels", format!("`{}` is named twice", names[at]), "name every label once").into());
        }
        if !(1..=MOST).contains(&names.len()) {
            return Err(Complaint::new("labels", format!("{} labels cannot be told apart", names.len()), help).into());
        }
        let mut reason = |name: &str| shop.reason(name);
        Ok(Some(Labels { column, names, no_label: reason("no_label"), unknown_label: reason("unknown_label"), labels_lost: reason("labels_lost") }))
    }

    /// The labels' names, in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Puts the labels of a document into the mask of its tokens, or says why it has none.
    pub fn mark(&self, doc: &Doc, tokenizer: &Tokenizer, ids: &[u32], plain: &[u32], mask: &mut [u8]) -> std::result::Result<(), Drop> {
        let stretches = match doc.extra.get(&self.column) {
            None | Some(Value::Null) => return Err(Drop::plain(self.no_label)),
            Some(Value::Array(stretches)) => stretches,
            Some(of_text) => {
                let number = self.number(of_text)?;
                mask.iter_mut().for_each(|bits| *bits |= number << SHIFT);
                return Ok(());
            }
        };
        if doc.revision() > 0 {
            return Err(Drop::plain(self.labels_lost));
        }
        let lost = |said: String| Drop::plain(self.labels_lost).detail(said);
        let places: Vec<usize> = doc.text().char_indices().map(|(at, _)| at).chain([doc.text().len()]).collect();
        let stretches = stretches.iter().map(|stretch| self.stretch(stretch, &places)).collect::<std::result::Result<Vec<Stretch>, Drop>>()?;
        let bounds = tokenizer.bounds(doc.text(), plain).map_err(|error| lost(error.to_string()))?;
        // What a tokenizer puts around a text has no label.
        let first =
            (0..=ids.len() - plain.len()).find(|at| ids[*at..].starts_with(plain)).ok_or_else(|| lost("the tokens are not those of the text".to_owned()))?;
        for (bits, (from, to)) in mask[first..].iter_mut().zip(bounds) {
            let within = |(bytes, _): &&Stretch| (from as usize) < bytes.end && (to as usize) > bytes.start;
            if let Some((_, number)) = stretches.iter().find(within) {
                *bits |= number << SHIFT;
            }
        }
        Ok(())
    }

    fn number(&self, label: &Value) -> std::result::Result<u8, Drop> {
        let name = label.as_str().map_or_else(|| label.to_string(), str::to_owned);
        let at = self.names.iter().position(|known| *known == name);
        at.map(|at| at as u8 + 1).ok_or_else(|| Drop::plain(self.unknown_label).detail(name))
    }

    /// `{"start": 0, "end": 4, "label": "PER"}` or `[0, 4, "PER"]`, in characters; `places` are the bytes of these.
    fn stretch(&self, stretch: &Value, places: &[usize]) -> std::result::Result<Stretch, Drop> {
        let part = |at: usize, name: &str| stretch.get(at).or_else(|| stretch.get(name)).unwrap_or(&Value::Null);
        let byte = |place: &Value| places.get(usize::try_from(place.as_u64()?).ok()?).copied();
        match (byte(part(0, "start")), byte(part(1, "end"))) {
            (Some(start), Some(end)) if start < end => Ok((start..end, self.number(part(2, "label"))?)),
            _ => Err(Drop::plain(self.labels_lost).detail(format!("{stretch} is no stretch of the text"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{complaints, made};
    use super::super::Tokenize;
    use super::*;
    use crate::shard::mask;

    const KEYS: &str = "tokenizer = \"bytes\"\nlabel = \"kind\"\nlabels = [\"good\", \"坏\", \"3\"]";

    fn labels(label: Value, text: &str, edit: bool) -> std::result::Result<Vec<u8>, String> {
        let stage = made::<Tokenize>(KEYS);
        let mut doc = Doc::from_text(text);
        doc.extra.insert("kind".to_owned(), label);
        if edit {
            doc.set_text(text.to_owned());
        }
        match stage.dropped(&mut doc) {
            Some((reason, _)) => Err(reason),
            None => {
                let tokens = doc.tokens.unwrap();
                assert!(tokens.mask.iter().all(|bits| bits & mask::LOSS != 0));
                Ok(tokens.mask.into_iter().map(mask::label).collect())
            }
        }
    }

    #[test]
    fn a_text_or_stretches_of_it_have_labels() {
        assert_eq!(MOST, mask::MAX_LABELS);
        assert_eq!(made::<Tokenize>(KEYS).stage().vocabulary().unwrap().labels, ["good", "坏", "3"]);
        assert_eq!(labels("坏".into(), "ab", false), Ok(vec![2, 2]));
        assert_eq!(labels(3.into(), "ab", true), Ok(vec![3, 3]), "the label of a whole text outlives an edit");
        let stretches = serde_json::json!([{"start": 1, "end": 2, "label": "good"}, [3, 4, "坏"]]);
        assert_eq!(labels(stretches.clone(), "a小bc", false), Ok(vec![0, 1, 1, 1, 0, 2]));
        assert_eq!(labels(serde_json::json!([]), "ab", false), Ok(vec![0, 0]));
        for (label, text, edit, reason) in [
            (Value::Null, "ab", false, "no_label"),
            ("bad".into(), "ab", false, "unknown_label"),
            (serde_json::json!([[0, 1, "bad"]]), "ab", false, "unknown_label"),
            (stretches, "a小bc", true, "labels_lost"),
            (serde_json::json!([[1, 3, "good"]]), "ab", false, "labels_lost"),
            (serde_json::json!([[1, 1, "good"]]), "ab", false, "labels_lost"),
            (serde_json::json!(["good"]), "ab", false, "labels_lost"),
        ] {
            assert_eq!(labels(label, text, edit), Err(reason.to_owned()));
        }
    }

    #[test]
    fn what_a_tokenizer_puts_around_a_text_has_no_label() {
        use super::super::super::learn_tokenizer::LearnTokenizer;
        use super::super::super::testing::decided;
        let decided = decided::<LearnTokenizer>("model = \"wordpiece\"\nvocab_size = 60", &["the river and the bridge", "over the river"]);
        let Built::Stage(mut stage) = made::<Tokenize>("tokenizer = \"stage:t\"\nlabel = \"kind\"\nlabels = [\"place\"]").built else { panic!("not a stage") };
        stage.open(&decided).unwrap();
        let mut doc = Doc::from_text("over the river");
        doc.extra.insert("kind".to_owned(), serde_json::json!([[9, 14, "place"]]));
        assert_eq!(stage.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
        let labels: Vec<u8> = doc.tokens.unwrap().mask.into_iter().map(mask::label).collect();
        let labelled = labels.iter().filter(|label| **label == 1).count();
        assert!(labelled > 0 && labels[0] == 0 && labels.last() == Some(&0) && labels[labels.len() - 1 - labelled] == 1, "{labels:?}");
    }

    #[test]
    fn faults_point_at_their_keys() {
        assert_eq!(complaints::<Tokenize>("tokenizer = \"bytes\"\nlabels = [\"a\"]"), ["labels"]);
        assert_eq!(complaints::<Tokenize>("tokenizer = \"bytes\"\nlabel = \"kind\""), ["labels"]);
        assert_eq!(complaints::<Tokenize>("tokenizer = \"bytes\"\nlabel = \"kind\"\nlabels = [\"a\", \"b\", \"a\"]"), ["labels"]);
    }
}
