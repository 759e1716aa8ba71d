use super::super::testing::{Made, complaints, made};
use super::*;
use crate::stage::Verdict;
use crate::stages::rehearsal::{Play, apply, build, place, play};

const MODEL: &str = "fixtures/lm/tiny.arpa";

fn toml(rest: &str) -> String {
    format!("model = '{MODEL}'\n{rest}")
}

fn tags(stage: &Made, doc: &Doc) -> (Option<f64>, Option<String>) {
    let mut tags = stage.tags.clone();
    let (perplexity, bucket) = (tags.declare::<f64>("perplexity").unwrap(), tags.declare::<String>("perplexity_bucket").unwrap());
    (doc.tag(perplexity), doc.tag(bucket).map(str::to_owned))
}

fn measured(rest: &str, text: &str) -> (Option<f64>, Option<String>, Option<(String, Drop)>) {
    let stage = made::<Perplexity>(&toml(rest));
    let mut doc = Doc::from_text(text);
    let dropped = stage.dropped(&mut doc);
    let (perplexity, bucket) = tags(&stage, &doc);
    (perplexity, bucket, dropped)
}

fn close(found: Option<f64>, log10: f64, words: f64) -> bool {
    found.is_some_and(|found| (found / 10f64.powf(-log10 / words) - 1.0).abs() < 1e-12)
}

#[test]
fn lines_count_with_their_ends_and_blank_ones_do_not() {
    // KenLM says -1.1875 for "the river rises" and -5.125 for "rises rises".
    assert!(close(measured("", "the river rises").0, -1.1875, 4.0));
    assert!(close(measured("", "The RIVER rises\n\n \nrises rises\n").0, -1.1875 - 5.125, 7.0));
    assert!(close(measured("normalise = 'none'", "nothing known").0, -4.75, 3.0));
    assert!(close(measured("sentence = 'document'\nnormalise = 'none'", "rises\nrises").0, -5.125, 3.0));
    assert!(close(measured("words = 'characters'\nnormalise = 'none'", "山").0, f64::from(-0.5 - 1.75 - 0.375 - 1.25f32), 2.0));
}

#[test]
fn bounds_drop_with_value_and_threshold() {
    let (perplexity, bucket, dropped) = measured("max = 1.5", "the river rises");
    let (reason, drop) = dropped.unwrap();
    assert_eq!((reason.as_str(), drop.value, drop.threshold, bucket), ("high_perplexity", perplexity, Some(1.5), None));
    let (reason, drop) = measured("min = 30", "the river rises").2.unwrap();
    assert_eq!((reason.as_str(), drop.threshold), ("low_perplexity", Some(30.0)));
    assert_eq!(measured("min = 1.5\nmax = 3", "the river rises").2, None);
}

#[test]
fn texts_without_words_have_a_defined_end() {
    for text in ["", " \n\u{3000}", "\u{1}\u{7f}"] {
        assert_eq!(measured("", text), (None, None, None), "nothing is asked");
        let (perplexity, bucket, dropped) = measured("max = 9", text);
        let (reason, drop) = dropped.unwrap();
        assert_eq!((perplexity, bucket, reason.as_str(), drop.value), (None, None, "not_scored", None));
        assert_eq!(measured("cutoffs = [2, 9]\nkeep = 'head'\nunscored = 'keep'", text), (None, None, None));
    }
}

#[test]
fn fixed_cutoffs_need_no_barrier() {
    let bucket = |text: &str| measured("cutoffs = [2.5, 30]", text).1.unwrap();
    assert_eq!([bucket("the river rises"), bucket("the river"), bucket("rises rises")], ["head", "middle", "tail"]);
    let (_, _, dropped) = measured("cutoffs = [2.5, 30]\nkeep = ['head', 'middle']", "rises rises");
    let (reason, drop) = dropped.unwrap();
    assert_eq!((reason.as_str(), drop.threshold, drop.detail.as_deref()), ("wrong_bucket", Some(30.0), Some("tail")));
    let (_, _, dropped) = measured("cutoffs = [2.5, 30]\nkeep = 'tail'", "the river rises");
    assert_eq!(dropped.unwrap().1.threshold, Some(2.5));
    let (_, _, dropped) = measured("cutoffs = [2.5, 30]\nkeep = 'head'", "the river");
    assert_eq!(dropped.unwrap().1.threshold, Some(2.5));
}

#[test]
fn languages_have_models_and_cutoffs_of_their_own() {
    let stage = made::<Perplexity>(&format!(
        "model = {{ en = '{MODEL}', zh = '{MODEL}' }}\nwords = {{ zh = 'characters' }}\ncutoffs = {{ en = [2, 3] }}\nkeep = 'head'"
    ));
    let lang = stage.tags.clone().declare::<String>("lang").unwrap();
    let judged = |language: Option<&str>, text: &str| {
        let mut doc = Doc::from_text(text);
        if let Some(language) = language {
            doc.set_tag(lang, language.to_owned());
        }
        let dropped = stage.dropped(&mut doc).map(|(reason, _)| reason);
        (tags(&stage, &doc), dropped)
    };
    let ((_, bucket), dropped) = judged(Some("en"), "rises");
    assert_eq!((bucket.as_deref(), dropped.as_deref()), (Some("tail"), Some("wrong_bucket")));
    let ((perplexity, bucket), dropped) = judged(Some("zh-Hans"), "山 山");
    assert!(perplexity.is_some() && bucket.is_none() && dropped.is_none(), "a language without cutoffs has no buckets");
    for other in [Some("de"), Some("zhx"), None] {
        assert_eq!(judged(other, "rises"), ((None, None), Some("not_scored".into())));
    }
}

#[test]
fn shares_part_the_corpus_whatever_the_order() {
    let words = ["the", "river", "rises", "山", "unheard"];
    let text = |n: u64| (0..6).map(|place| words[(crate::stages::rehearsal::roll(n, place) % 5) as usize]).collect::<Vec<_>>().join(" ");
    let mut docs: Vec<Doc> = (0..200).map(|n| Doc::from_text(text(n))).chain([Doc::from_text("")]).collect();
    place(&mut docs, 30);
    let global = build::<Perplexity>(&toml("keep = ['head', 'middle']\nhead = 0.25\nmiddle = 0.75")).unwrap();
    let calm = play(&*global, &docs, Play { ranges: 1, seed: 0, memory: 1 << 20 }).unwrap();
    let verdicts = apply(&*global, &calm.decision, &mut docs).unwrap();
    let dropped = |number: u16| verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Drop(drop) if drop.reason.0 == number)).count();
    // Texts of equal perplexity at the cutoff all lie beyond it.
    assert!(dropped(0) == 1 && (50..55).contains(&dropped(3)), "the one without words, and a quarter: {}", dropped(3));
    let values = |is: fn(&Verdict) -> bool| verdicts.iter().zip(&docs).filter(move |(verdict, _)| is(verdict)).map(|(_, doc)| score(doc.text()));
    let kept = values(|verdict| *verdict == Verdict::Keep).fold(0.0, f64::max);
    let gone = values(|verdict| matches!(verdict, Verdict::Drop(drop) if drop.reason.0 == 3)).fold(f64::MAX, f64::min);
    assert!(kept < gone, "{kept} {gone}");
    assert_eq!(calm.decision.counts["scored"], 200);
    let wild = play(&*global, &docs, Play { ranges: 9, seed: 3, memory: 0 }).unwrap();
    assert_eq!(apply(&*global, &wild.decision, &mut docs).unwrap(), verdicts);
}

fn score(text: &str) -> f64 {
    measured("", text).0.unwrap()
}

#[test]
fn the_whole_corpus_can_be_head() {
    let global = build::<Perplexity>(&toml("keep = 'head'\nhead = 1")).unwrap();
    let mut docs: Vec<Doc> = ["the river", "the", "rises"].into_iter().map(Doc::from_text).collect();
    place(&mut docs, 9);
    let played = play(&*global, &docs, Play { ranges: 1, seed: 0, memory: 1 << 20 }).unwrap();
    assert_eq!(apply(&*global, &played.decision, &mut docs).unwrap(), [Verdict::Keep, Verdict::Keep, Verdict::Keep]);
}

#[test]
fn audits_report_every_rule() {
    let findings = made::<Perplexity>(&toml("max = 2\ncutoffs = [1.5, 2]\nkeep = 'middle'")).findings(&mut Doc::from_text("rises"));
    let said: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.keep, finding.threshold)).collect();
    let wanted = [("not_scored", true, None), ("low_perplexity", true, None), ("high_perplexity", false, Some(2.0)), ("wrong_bucket", false, Some(2.0))];
    assert_eq!(said, wanted);
}

#[test]
fn complaints_name_their_keys() {
    assert_eq!(complaints::<Perplexity>(""), ["model"]);
    assert_eq!(complaints::<Perplexity>("model = 'no/such.bin'\nwords = 'no.json'"), ["model", "words"]);
    assert_eq!(complaints::<Perplexity>("model = 'Cargo.toml'"), ["model"]);
    assert_eq!(complaints::<Perplexity>(&toml("min = 0\nmax = nan\nkeep = ['best']")), ["min", "max", "keep"]);
    assert_eq!(complaints::<Perplexity>(&toml("min = 9\nmax = 8\nhead = 0.7\nmiddle = 0.6")), ["max", "middle"]);
    assert_eq!(complaints::<Perplexity>(&toml("head = 0.5\ncutoffs = [3, 2]")), ["cutoffs", "cutoffs"]);
    assert_eq!(complaints::<Perplexity>(&toml("cutoffs = { en = [1, 2] }\nkeep = 'head'")), ["cutoffs"]);
    assert_eq!(complaints::<Perplexity>(&toml("words = { en = 'characters' }")), ["words"]);
    assert_eq!(complaints::<Perplexity>(&toml("smooth = true")).len(), 1);
}
