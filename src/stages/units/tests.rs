use std::collections::BTreeMap;

use super::*;
use crate::doc::DocId;
use crate::stage::{Drop, Reason, Verdict};
use crate::stages::dedup_lines::DedupLines;
use crate::stages::dedup_paragraphs::DedupParagraphs;
use crate::stages::dedup_sentences::DedupSentences;
use crate::stages::rehearsal::{Play, apply, build, place, play, roll};

const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

fn corpus(texts: &[String]) -> Vec<Doc> {
    let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
    place(&mut docs, 3);
    docs
}

fn run(global: &dyn Global, texts: &[String], how: Play) -> (Vec<String>, Vec<Verdict>) {
    let mut docs = corpus(texts);
    let played = play(global, &docs, how).unwrap();
    let verdicts = apply(global, &played.decision, &mut docs).unwrap();
    (docs.iter().map(|doc| doc.text().to_owned()).collect(), verdicts)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn cut(global: std::result::Result<Box<dyn Global>, String>, from: &[&str]) -> Vec<String> {
    run(&*global.unwrap(), &texts(from), CALM).0
}

/// Texts of few different lines, in paragraphs, with words in scripts with and without spaces.
fn random(seed: u64) -> Vec<String> {
    const LINES: [&str; 9] = ["one two", "One  TWO!", "three", "四五六。", "四五六", " seven é eight", "e\u{301}", "nine ten eleven twelve", "—"];
    let text = |number: u64| {
        let line = |place: u64| {
            let roll = roll(seed, number << 8 | place);
            let end = ["\n", "\n", "\r\n", "\n\n", "\n \n"][roll as usize % 5];
            format!("{}{end}", LINES[(roll >> 20) as usize % LINES.len()])
        };
        (0..roll(seed, 1 << 40 | number) % 9).map(line).collect::<String>()
    };
    (0..1 + roll(seed, 2) % 8).map(text).collect()
}

/// Pieces that are left, as they are compared, by looking at each beside all others.
fn brute(pieces: &[Vec<String>], min_copies: usize, first_stays: bool, same_document: bool) -> Vec<Vec<String>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (document, all) in pieces.iter().enumerate() {
        all.iter().for_each(|piece| places.entry(piece).or_default().push(document));
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left = Vec::new();
    for (document, all) in pieces.iter().enumerate() {
        let stays = |piece: &&String| {
            let documents = &places[piece.as_str()];
            let mut distinct = documents.clone();
            distinct.dedup();
            let copies = if same_document { documents.len() } else { distinct.len() };
            let nth = seen.entry(pieces[document].iter().find(|other| other == piece).unwrap()).or_default();
            *nth += 1;
            let first = if same_document { *nth == 1 } else { document == documents[0] };
            piece.trim().is_empty() || copies < min_copies || first_stays && first
        };
        left.push(all.iter().filter(stays).cloned().collect());
    }
    left
}

/// Letters and digits of a piece, its words parted by one space; a piece without any is empty.
fn form(piece: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let composed: String = piece.nfc().collect();
    composed.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[test]
fn lines_and_paragraphs_that_are_left_are_those_of_brute_force() {
    let mut changed = 0;
    for seed in 0..1000 {
        let given = random(seed);
        let paragraphs = seed % 2 == 0;
        let (copies, none, same) = (2 + roll(seed, 3) as usize % 3, roll(seed, 4).is_multiple_of(2), roll(seed, 5).is_multiple_of(2));
        let table = format!("min_words = 0\nmin_copies = {copies}\nkeep = '{}'\nsame_document = {same}", if none { "none" } else { "first" });
        let global = if paragraphs { build::<DedupParagraphs>(&table) } else { build::<DedupLines>(&table) }.unwrap();
        let unit = if paragraphs { Unit::Paragraph } else { Unit::Line };
        let pieces = |texts: &[String]| -> Vec<Vec<String>> {
            let pieces = |text: &String| {
                let mut all = Vec::new();
                unit.each(text, |start, end| all.push(form(&text[start as usize..end as usize])));
                all
            };
            texts.iter().map(pieces).collect()
        };
        let (left, verdicts) = run(&*global, &given, CALM);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Keep));
        assert_eq!(pieces(&left), brute(&pieces(&given), copies, !none, same), "seed {seed}, {table}, {given:?}");
        assert_eq!(run(&*global, &given, Play { ranges: 5, seed: seed + 1, memory: 10 }).0, left, "cutting and order say nothing");
        assert_eq!(run(&*global, &left, CALM).0, left, "a second pass removes nothing");
        changed += usize::from(left != given);
    }
    assert!(changed > 400, "{changed}");
}

#[test]
fn what_is_too_short_or_too_rare_stays() {
    let given = ["share this\nthe same long line in both\n中文也算", "share this\nthe same long line in both\n中文也算", "THE SAME, long line in both"];
    let lines = |table: &str| cut(build::<DedupLines>(table), &given);
    assert_eq!(lines(""), [given[0], "share this\n中文也算", ""]);
    assert_eq!(lines("min_words = 4"), [given[0], "share this", ""]);
    assert_eq!(lines("min_bytes = 11\nmin_words = 0"), [given[0], "share this", ""]);
    assert_eq!(lines("normal = 'space'"), [given[0], "share this\n中文也算", given[2]]);
    assert_eq!(lines("min_copies = 4"), given);
    assert_eq!(lines("min_copies = 3\nkeep = 'none'"), ["share this\n中文也算", "share this\n中文也算", ""]);
}

#[test]
fn copies_in_one_document_count_if_they_should() {
    let given = ["a b c d e\nx\na b c d e", "y"];
    assert_eq!(cut(build::<DedupLines>(""), &given), ["a b c d e\nx", "y"]);
    assert_eq!(cut(build::<DedupLines>("same_document = false"), &given), given);
    let given = ["a b c d e\nx\na b c d e", "a b c d e\ny"];
    assert_eq!(cut(build::<DedupLines>("same_document = false"), &given), [given[0], "y"]);
    assert_eq!(cut(build::<DedupLines>("same_document = false\nkeep = 'none'"), &given), ["x", "y"]);
}

#[test]
fn runs_of_sentences_go_in_any_script() {
    let given = [
        "One is here. Two is there. Three is gone. Four stays.",
        "Zero. One is here.\nTwo is there. THREE is gone. Five.",
        "甲在这里。乙在那里。丙走了。丁还在。",
        "戊。甲在这里。乙在那里。丙走了。己。",
        "One is here. Two is there.",
    ];
    let left = cut(build::<DedupSentences>(""), &given);
    assert_eq!(left, [given[0], "Zero. Five.", given[2], "戊。己。", given[4]]);
    assert_eq!(cut(build::<DedupSentences>("keep = 'none'"), &given), ["Four stays.", "Zero. Five.", "丁还在。", "戊。己。", given[4]]);
    // Overlapping runs of one document: the first of them stays.
    assert_eq!(cut(build::<DedupSentences>(""), &["So it is. So it is. So it is. So it is. So it is."]), ["So it is."]);
    assert_eq!(cut(build::<DedupSentences>("sentences = 1"), &["Ha. Ho. Ha.", "Ho. Hi."]), ["Ha. Ho.", "Hi."]);
}

#[test]
fn reasons_and_copies_are_named() {
    let given = texts(&["a b c d e\nf g h i j", "F G H I J\nnew", "f g h i j"]);
    let first = DocId { split: 0, ordinal: 0 };
    let (left, verdicts) = run(&*build::<DedupLines>("min_left = 3").unwrap(), &given, CALM);
    assert_eq!(left, [given[0].as_str(), "new", given[2].as_str()]);
    assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Drop(Drop::measured(Reason(1), 0.0, 3.0).because_of(first))]);
    let (left, verdicts) = run(&*build::<DedupLines>("mode = 'drop'\nmax_share = 0.8").unwrap(), &given, CALM);
    assert_eq!(left, given);
    assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Drop(Drop::measured(Reason(0), 1.0, 0.8).because_of(first))]);
    let docs = corpus(&given);
    let decision = play(&*build::<DedupLines>("").unwrap(), &docs, CALM).unwrap().decision;
    assert_eq!((decision.counts["ranges_repeated"], decision.counts["bytes_repeated"]), (2, 10 + 9));
    let rows: Vec<Range> = Range::of(&decision.get("cuts-00000").unwrap().unwrap(), 1).collect();
    assert_eq!(rows, [Range { document: 1, start: 0, end: 10, copy: 0, copy_start: 10 }]);
}

#[test]
fn wrong_tables_are_refused() {
    let said = |table: &str| build::<DedupLines>(table).err().unwrap_or_default();
    assert!(said("min_copies = 1").contains("min_copies: 1 is out of range"));
    assert!(said("max_share = 0.5").contains("max_share: `max_share` goes with `mode = \"drop\"`"));
    assert!(said("mode = 'drop'\nmin_left = 9").contains("min_left: `min_left` goes with `mode = \"cut\"`"));
    assert!(build::<DedupSentences>("sentences = 0").is_err_and(|said| said.contains("sentences: 0 is out of range")));
}
