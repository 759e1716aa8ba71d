use super::super::rehearsal::{Play, apply, build, place, play};
use super::super::testing::{Made, complaints, made, try_made};
use super::*;
use crate::fasttext::train::{Example, Settings, train};

const GOOD: &str = "the river runs under an old bridge of stone";
const BAD: &str = "buy cheap watches now and click here";
const MIXED: &str = "the river click here";

/// The file of a model of two sentences, and a table that names it.
fn with_model(keys: &str) -> (tempfile::NamedTempFile, String) {
    let examples: Vec<Example<'_>> = (0..40).map(|number| Example { text: [GOOD, BAD][number % 2], label: number % 2 }).collect();
    let settings = Settings { buckets: 1000, ..Settings::default() };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    train(&examples, &["hq", "cc"], &settings, &|_| ()).unwrap().write(&mut file).unwrap();
    let table = format!("model = {:?}\nlabel = \"hq\"\n{keys}", file.path().display().to_string());
    (file, table)
}

fn score(stage: &Made, text: &str) -> f64 {
    let mut doc = Doc::from_text(text);
    stage.dropped(&mut doc);
    doc.tag(stage.tags.clone().declare::<f64>("quality").unwrap()).unwrap()
}

fn named(number: usize, text: &str) -> Doc {
    Doc::new(Some(format!("d{number}")), None, None, Some(text.to_owned()))
}

#[test]
fn bounds_drop_on_both_sides_and_the_tag_is_the_score() {
    let (_file, table) = with_model("min = 0.3\nmax = 0.9");
    let stage = made::<Classify>(&table);
    let scores = [GOOD, MIXED, BAD].map(|text| score(&stage, text));
    assert!(scores[0] > 0.95 && (0.3..0.9).contains(&scores[1]) && scores[2] < 0.05, "{scores:?}");
    let fate = |text: &str| stage.dropped(&mut Doc::from_text(text)).map(|(reason, drop)| (reason, drop.value, drop.threshold));
    assert_eq!(fate(GOOD), Some(("high_score".to_owned(), Some(scores[0]), Some(0.9))));
    assert_eq!(fate(MIXED), None);
    assert_eq!(fate(BAD), Some(("low_score".to_owned(), Some(scores[2]), Some(0.3))));
    let findings = stage.findings(&mut Doc::from_text(BAD));
    let said: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.keep, finding.value, finding.threshold)).collect();
    assert_eq!(said, [("low_score", false, Some(scores[2]), Some(0.3)), ("high_score", true, Some(scores[2]), Some(0.9))]);
}

#[test]
fn the_other_label_has_the_rest_and_a_tag_of_its_own() {
    let (_file, table) = with_model("tag = \"spam\"");
    let stage = made::<Classify>(&table.replace("\"hq\"", "\"__label__cc\""));
    let mut doc = Doc::from_text(BAD);
    assert_eq!(stage.dropped(&mut doc), None, "without a rule nothing is dropped");
    let spam = doc.tag(stage.tags.clone().declare::<f64>("spam").unwrap()).unwrap();
    assert!(spam > 0.95 && spam <= 1.0, "{spam}");
    assert!(stage.findings(&mut doc).is_empty());
}

#[test]
fn line_feeds_count_as_the_preparation_has_it() {
    let text = MIXED.replace(' ', "\n");
    let (_file, table) = with_model("");
    let plain = made::<Classify>(&table);
    let (_other, table) = with_model("prepare = \"datatrove\"");
    let joined = made::<Classify>(&table);
    assert_eq!(score(&plain, &text), score(&plain, MIXED));
    assert_eq!(score(&joined, &text), score(&plain, "theriverclickhere"));
    assert_ne!(score(&joined, &text), score(&plain, &text));
}

#[test]
fn a_share_is_exact_and_takes_the_best() {
    let (_file, table) = with_model("keep_share = 0.3");
    let texts: Vec<String> = (0..50).map(|number| format!("{} {}", "river ".repeat(number % 7), "click ".repeat(number % 5))).collect();
    let make = || texts.iter().enumerate().map(|(number, text)| named(number, text)).collect::<Vec<_>>();
    let global = build::<Classify>(&table).unwrap();
    let fates = |how: Play| {
        let mut docs = make();
        place(&mut docs, 7);
        let played = play(&*global, &docs, how).unwrap();
        let verdicts = apply(&*global, &played.decision, &mut docs).unwrap();
        (docs, verdicts)
    };
    let (docs, verdicts) = fates(Play { ranges: 1, seed: 0, memory: 1 << 20 });
    assert_eq!(verdicts, fates(Play { ranges: 9, seed: 5, memory: 0 }).1, "neither order nor ranges matter");
    let stage = made::<Classify>(&table.replace("keep_share = 0.3", ""));
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for (doc, verdict) in docs.iter().zip(&verdicts) {
        let score = score(&stage, doc.text());
        match verdict {
            Verdict::Keep => kept.push(score),
            Verdict::Drop(drop) => {
                assert_eq!(drop.value, Some(score));
                dropped.push((score, drop.threshold.unwrap()));
            }
        }
    }
    assert_eq!(kept.len(), 15);
    let least = kept.iter().copied().fold(1.0, f64::min);
    assert!(dropped.iter().all(|(score, threshold)| *score <= least && *threshold == least));
}

#[test]
fn equal_scores_are_settled_by_the_key() {
    let (_file, table) = with_model("keep_share = 0.25");
    let global = build::<Classify>(&table).unwrap();
    let kept = |turn: bool| {
        let mut docs: Vec<Doc> = (0..40).map(|number| named(number, MIXED)).collect();
        if turn {
            docs.reverse();
        }
        place(&mut docs, 9);
        let played = play(&*global, &docs, Play { ranges: 1, seed: 0, memory: 1 << 20 }).unwrap();
        let verdicts = apply(&*global, &played.decision, &mut docs).unwrap();
        let mut names: Vec<String> =
            docs.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Keep).map(|(doc, _)| doc.name().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(kept(false).len(), 10);
    assert_eq!(kept(false), kept(true), "the order of the input says nothing");
    assert_ne!(kept(false)[0..3], ["d0", "d1", "d10"], "nor are the first the chosen");
}

#[test]
fn pareto_keeps_the_share_of_its_formula() {
    for shape in [1.0, 3.0, 9.0] {
        let (_file, table) = with_model(&format!("pareto = {shape:?}"));
        let stage = made::<Classify>(&table);
        for text in [GOOD, MIXED, BAD] {
            let wanted = (2.0 - score(&stage, text)).powf(-shape);
            let n = 4_000;
            let kept = (0..n).filter(|number| stage.dropped(&mut named(*number, text)).is_none()).count() as f64;
            let spread = (n as f64 * wanted * (1.0 - wanted)).sqrt();
            assert!((kept - n as f64 * wanted).abs() < 4.0 * spread + 1.0, "shape {shape}, {text}: {kept} of {n}, wanted {wanted}");
        }
    }
    let (_file, table) = with_model("pareto = 9.0");
    let stage = made::<Classify>(&table);
    let fate = |number| stage.dropped(&mut named(number, MIXED));
    let (reason, drop) = (0..).find_map(fate).unwrap();
    assert!(reason == "not_drawn" && drop.value.unwrap() <= drop.threshold.unwrap());
    assert!((0..50).all(|number| fate(number) == fate(number)), "a draw is the document's own");
}

#[test]
fn wrong_keys_are_complained_of_by_name() {
    for (keys, wanted) in [
        ("min = 0.9\nmax = 0.1", "min"),
        ("min = 0.5\nkeep_share = 0.1", "keep_share"),
        ("keep_share = 0.1\npareto = 9.0", "pareto"),
        ("pareto = 0.0", "pareto"),
        ("pareto = inf", "pareto"),
    ] {
        let (_file, table) = with_model(keys);
        assert_eq!(complaints::<Classify>(&table), [wanted], "{keys}");
    }
    let (_file, table) = with_model("");
    let said = try_made::<Classify>(&table.replace("\"hq\"", "\"good\"")).err().unwrap();
    assert_eq!((said[0].key.as_str(), said[0].help.as_str()), ("label", "one of: cc, hq"));
    let other = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(complaints::<Classify>(&format!("model = {:?}\nlabel = \"hq\"", other.path().display().to_string())), ["model"]);
    assert_eq!(complaints::<Classify>("model = \"no/such.bin\"\nlabel = \"x\""), ["model"]);
    assert!(try_made::<Classify>(&with_model("keep_share = 1.5").1).is_err());
}

#[test]
fn a_model_of_quality_comes_along() {
    let prose = "The river rises in the hills and runs north past the old mill. For two centuries the villagers have used its water to grind their corn, and the \
                 wheel still turns, although the last miller left in 1954 and the building is now a museum.";
    let menu = "Home\nAbout us\nContact\nLogin\nMy cart (0)\nSubscribe\nShare on Facebook\nRead more\nPrivacy policy\nTerms of use\nSitemap";
    let chinese =
        "这条河发源于山中，向北流过一座旧磨坊。两百年来，村民一直用河水磨面，水轮至今还在转动，不过最后一位磨坊主在一九五四年离开，房子现在成了博物馆。";
    let mut stage = made::<Classify>("min = 0.3");
    let lang = stage.tags.declare::<String>("lang").unwrap();
    let quality = stage.tags.declare::<f64>("quality").unwrap();
    let judged = |language: &str, text: &str| {
        let mut doc = Doc::from_text(text);
        doc.set_tag(lang, language.to_owned());
        (stage.dropped(&mut doc).map(|(reason, _)| reason), doc.tag(quality).unwrap())
    };
    assert_eq!(judged("en", prose).0, None);
    assert_eq!(judged("zh-Hans", chinese).0, None);
    assert_eq!(judged("en", menu).0.as_deref(), Some("low_score"));
    // Of other languages it says nothing.
    assert_eq!(judged("fr", menu), (None, 0.5));
    assert_eq!(judged("en", "").1, 0.0);
    assert_eq!(complaints::<Classify>("label = 'good'"), ["label"]);
    assert_eq!(complaints::<Classify>("prepare = 'dclm'"), ["prepare"]);
}
