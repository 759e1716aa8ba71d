use arrow::array::{BooleanArray, Float64Array, Int32Array, StringArray};

use super::super::testing::{Made, complaints, made, try_made_after};
use super::*;
use crate::doc::TagTable;

/// Functions by name, as an interpreter finds them.
struct Echo;

impl Interpreter for Echo {
    fn find(&self, call: &str) -> std::result::Result<Found, String> {
        if call == "nowhere" { Err("there is no module `nowhere`".to_owned()) } else { Ok(Found { function: Box::new(Named(call.to_owned())), file: None }) }
    }
}

struct Named(String);

impl Function for Named {
    fn call(&self, batch: RecordBatch) -> std::result::Result<RecordBatch, String> {
        let texts = batch.column_by_name("text").unwrap().as_string::<i64>().clone();
        let lengths = texts.iter().map(|text| text.map(|text| text.len() as f64));
        let columns: Vec<(&str, ArrayRef)> = match self.0.as_str() {
            "m:judge" => vec![
                ("keep", Arc::new(texts.iter().map(|text| text.map(|text| text.len() > 3)).collect::<BooleanArray>())),
                ("reason", Arc::new(texts.iter().map(|text| (text == Some("b")).then_some("odd")).collect::<StringArray>())),
                ("value", Arc::new(lengths.collect::<Float64Array>())),
                ("threshold", Arc::new(Int32Array::from(vec![3; texts.len()]))),
            ],
            "m:edit" => vec![
                ("text", Arc::new(texts.iter().map(|text| text.filter(|text| *text != "as it is").map(str::to_uppercase)).collect::<StringArray>())),
                ("length", Arc::new(lengths.map(|length| length.map(|length| length as i32)).collect::<Int32Array>())),
                ("url", batch.column_by_name("url").unwrap().clone()),
            ],
            "m:reason" => vec![("reason", Arc::new(texts.iter().map(|text| text.filter(|text| *text != "fine")).collect::<StringArray>()))],
            "m:short" => vec![("keep", Arc::new(BooleanArray::from(Vec::<bool>::new())))],
            "m:odd" => vec![("kep", Arc::new(BooleanArray::from(vec![true; texts.len()])))],
            _ => return Err("ValueError: bad".to_owned()),
        };
        RecordBatch::try_from_iter(columns).map_err(|error| error.to_string())
    }
}

pub fn embed_echo() {
    embed(Box::new(Echo));
}

fn made_here(toml: &str) -> Made {
    embed_echo();
    made::<Python>(toml)
}

fn judged(toml: &str, texts: &[&str]) -> Result<Vec<Verdict>> {
    let mut docs: Vec<Doc> = texts.iter().map(|text| Doc::from_text(*text)).collect();
    made_here(toml).stage().apply_batch(&mut docs, &mut Scratch::default())
}

#[test]
fn verdicts_carry_reason_value_and_threshold() {
    let verdicts = judged("call = \"m:judge\"\nreasons = [\"short\", \"odd\"]", &["long enough", "a", "b"]).unwrap();
    let drop = |reason, value| Verdict::Drop(Drop::measured(Reason(reason), value, 3.0));
    assert_eq!(verdicts, [Verdict::Keep, drop(0, 1.0), drop(1, 1.0)]);
    let named = judged("call = \"m:reason\"\nreasons = \"x\"", &["fine", "x"]).unwrap();
    assert_eq!(named, [Verdict::Keep, Verdict::Drop(Drop::plain(Reason(0)))]);
}

#[test]
fn texts_and_tags_are_written() {
    let made = made_here("call = \"m:edit\"\nneeds = [\"text\", \"url\"]\ngives = { length = \"int\" }");
    let tag = made.tags.clone().declare::<i64>("length").unwrap();
    let mut docs = vec![Doc::from_text("straße"), Doc::from_text("as it is")];
    assert_eq!(made.stage().apply_batch(&mut docs, &mut Scratch::default()).unwrap(), [Verdict::Keep, Verdict::Keep]);
    let seen: Vec<_> = docs.iter().map(|doc| (doc.text(), doc.revision(), doc.tag(tag))).collect();
    assert_eq!(seen, [("STRASSE", 1, Some(7)), ("as it is", 0, Some(8))]);
}

#[test]
fn an_answer_that_does_not_fit_stops_the_run() {
    let said = |toml: &str, text: &str| judged(toml, &[text]).unwrap_err().to_string();
    assert!(said("call = \"m:short\"", "a").contains("`m:short` was given 1 rows and gave 0"));
    assert!(said("call = \"m:odd\"", "a").contains("a column `kep`, which `gives` does not list"));
    assert!(said("call = \"m:reason\"", "novel").contains("for the reason `novel`, which `reasons` does not list"));
    assert!(said("call = \"m:reason\"\ngives = { score = \"float\" }", "rejected").contains("no column `score`"));
    assert!(said("call = \"m:raises\"", "a").contains("ValueError: bad"));
}

#[test]
fn faults_point_at_their_keys() {
    embed_echo();
    let found = |toml: &str| complaints::<Python>(toml);
    assert_eq!(found("call = \"nowhere\""), ["call"]);
    assert_eq!(found("call = \"m:judge\"\nneeds = [\"text\", \"novel\"]"), ["needs"]);
    assert_eq!(found("call = \"m:judge\"\ngives = { keep = \"bool\" }"), ["gives"]);
    let mut tags = TagTable::default();
    tags.declare::<f64>("score").unwrap();
    assert!(try_made_after::<Python>("call = \"m:judge\"\nneeds = [\"text\", \"score\"]", tags.clone()).is_ok());
    assert!(try_made_after::<Python>("call = \"m:judge\"\ngives = { score = \"int\" }", tags).is_err());
}
