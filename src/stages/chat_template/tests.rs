use super::super::learn_tokenizer::LearnTokenizer;
use super::super::testing::{Decided, complaints, decided, made};
use super::*;
use crate::doc::{Member, join};

/// The form of Happy-LLM's tokenizer: its five special tokens at ids 0 to 4.
const LEARN: &str = "vocab_size = 300\nnormalize = \"nfkc\"\nspecial_tokens = [\"<unk>\", \"<s>\", \"</s>\", \"<|im_start|>\", \"<|im_end|>\"]";
const TEXTS: [&str; 3] = ["assistant user system assistant user", "the river and the bridge", "河上的桥，河上的桥"];
const REASONS: [&str; 7] = ["turns_lost", "special_token_in_turn", "empty_answer", "equal_answers", "template_failed", "not_encodable", "too_long"];

fn stage(decided: &Decided, keys: &str) -> Result<Box<dyn Stage>> {
    let Built::Stage(mut stage) = made::<ChatTemplate>(&format!("tokenizer = \"stage:t\"\n{keys}")).built else { panic!("not a stage") };
    stage.open(decided).map(|()| stage)
}

fn conversation(turns: &[&str]) -> Doc {
    spoken([Role::User, Role::Assistant].into_iter().cycle().zip(turns.iter().copied()))
}

fn spoken<'a>(turns: impl Iterator<Item = (Role, &'a str)>) -> Doc {
    let turns: Vec<_> = turns.map(|(role, turn)| (role, turn.to_owned())).collect();
    let (text, whose) = join(&turns);
    let mut doc = Doc::from_text(text);
    doc.extra.insert(TURNS.to_owned(), whose);
    doc
}

/// Happy-LLM's rule in its own terms: wherever the ids of `<|im_start|>assistant\n` stand, all behind them up to and with the next `<|im_end|>` counts.
fn rule(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<u8> {
    let mut opening = Vec::new();
    tokenizer.encode("<|im_start|>assistant\n", false, &mut opening, &mut EncodeScratch::new()).unwrap();
    let mut counts = vec![0; ids.len()];
    for start in (0..ids.len()).filter(|at| ids[*at..].starts_with(&opening)) {
        let first = start + opening.len();
        if let Some(length) = ids[first..].iter().position(|id| *id == 4) {
            counts[first..=first + length].fill(1);
        }
    }
    counts
}

#[test]
fn the_mask_is_that_of_the_rule_by_ids() {
    let decided = decided::<LearnTokenizer>(LEARN, &TEXTS);
    let tokenizer = Tokenizer::from_bytes("t", &decided.read("t", TOKENIZER).unwrap(), None).unwrap();
    let chatml = stage(&decided, "template = \"chatml\"").unwrap();
    for turns in
        [vec!["where is the bridge?", "over the river"], vec!["桥在哪里？", " 在河上。\n", "ｗｈｙ", "assistant\nuser\n"], vec!["\n", "  \ttwo\n\nlines  "]]
    {
        let mut doc = conversation(&turns);
        assert_eq!(chatml.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
        let tokens = doc.tokens.unwrap();
        let text: String =
            turns.iter().zip(["user", "assistant"].into_iter().cycle()).map(|(turn, role)| format!("<|im_start|>{role}\n{turn}<|im_end|>\n")).collect();
        let mut ids = Vec::new();
        tokenizer.encode(&text, false, &mut ids, &mut EncodeScratch::new()).unwrap();
        assert_eq!(tokens.ids, ids);
        assert_eq!(tokens.mask, rule(&tokenizer, &ids), "{turns:?}");
        assert_eq!(tokens.mask.windows(2).filter(|pair| pair[0] < pair[1]).count(), turns.len() / 2, "an answer each");
        let answers: Vec<u32> = ids.iter().zip(&tokens.mask).filter(|(_, mask)| **mask == 1).map(|(id, _)| *id).collect();
        assert_eq!(answers.last(), Some(&4));
    }
}

/// A token may reach from the template's words into the answer: its ids stay as they are, and it counts.
#[test]
fn a_token_across_the_edge_counts_and_is_not_split() {
    let decided = decided::<LearnTokenizer>(LEARN, &["a\n\n\n\nb\n\n\n\nc", "\n\n\n\n"]);
    let tokenizer = Tokenizer::from_bytes("t", &decided.read("t", TOKENIZER).unwrap(), None).unwrap();
    let mut doc = conversation(&["q", "\n\n\nx"]);
    assert_eq!(stage(&decided, "template = \"chatml\"").unwrap().apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
    let tokens = doc.tokens.unwrap();
    let mut ids = Vec::new();
    let text = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n\n\n\nx<|im_end|>\n";
    tokenizer.encode(text, false, &mut ids, &mut EncodeScratch::new()).unwrap();
    assert_eq!(tokens.ids, ids);
    let first = tokens.mask.iter().position(|mask| *mask == 1).unwrap();
    assert!(tokenizer.decode(&ids[first..=first]).unwrap().starts_with("\n\n"), "{:?}", tokenizer.decode(&ids[first..]));
    assert!(tokenizer.decode(&ids[..first]).unwrap().ends_with("assistant"));
}

#[test]
fn every_drop_has_its_reason() {
    let decided = decided::<LearnTokenizer>(LEARN, &TEXTS);
    let chatml = stage(&decided, "template = \"chatml\"\nmax_tokens = 60").unwrap();
    let dropped = |doc: &mut Doc| match chatml.apply(doc, &mut Scratch::default()).unwrap() {
        Verdict::Keep => "kept",
        Verdict::Drop(drop) => REASONS[usize::from(drop.reason.0)],
    };
    assert_eq!(dropped(&mut conversation(&["q", "a"])), "kept");
    assert_eq!(dropped(&mut conversation(&["q", &"a ".repeat(99)])), "too_long");
    assert_eq!(dropped(&mut conversation(&["q<|im_end|>\n<|im_start|>assistant\n", "a"])), "special_token_in_turn");
    assert_eq!(dropped(&mut conversation(&["q", "\u{fdd0}"])), "template_failed");
    assert_eq!(dropped(&mut Doc::from_text("no conversation")), "turns_lost");
    for (edited, reason) in [("q\n", "empty_answer"), ("q\na\nb", "turns_lost"), ("q\n[mail]", "kept")] {
        let mut doc = conversation(&["q", "a"]);
        doc.set_text(edited.to_owned());
        assert_eq!(dropped(&mut doc), reason, "{edited:?}");
    }
}

/// The texts of a document's pieces, of what counts in them, their bytes, and what they are.
fn pieces(tokenizer: &Tokenizer, doc: &Doc) -> Vec<(String, String, u64, Member)> {
    let tokens = doc.tokens.as_ref().unwrap();
    assert_eq!(tokens.pieces.last().map(|piece| piece.end), Some(tokens.ids.len()));
    let mut start = 0;
    let piece = |piece: &crate::doc::Piece| {
        let range = std::mem::replace(&mut start, piece.end)..piece.end;
        let counts = range.clone().filter(|at| tokens.mask[*at] == 1).map(|at| tokens.ids[at]).collect::<Vec<_>>();
        (tokenizer.decode(&tokens.ids[range]).unwrap(), tokenizer.decode(&counts).unwrap(), piece.bytes, piece.member)
    };
    tokens.pieces.iter().map(piece).collect()
}

#[test]
fn a_pair_becomes_two_documents_whose_last_answers_count() {
    let decided = decided::<LearnTokenizer>(LEARN, &TEXTS);
    let tokenizer = Tokenizer::from_bytes("t", &decided.read("t", TOKENIZER).unwrap(), None).unwrap();
    let pair = |chosen, rejected| {
        let roles = [Role::System, Role::User, Role::Assistant, Role::User, Role::Chosen, Role::Rejected];
        spoken(roles.into_iter().zip(["s", "q", "a", "p", chosen, rejected]))
    };
    let mut doc = pair("yes", "no");
    assert_eq!(stage(&decided, "template = \"chatml\"").unwrap().apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
    let prompt = "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n<|im_start|>user\np<|im_end|>\n";
    let text = |answer: &str| format!("{prompt}<|im_start|>assistant\n{answer}<|im_end|>\n");
    let found = pieces(&tokenizer, &doc);
    assert_eq!(found[0], (text("yes"), "yes<|im_end|>".to_owned(), 7, Member::Chosen));
    assert_eq!(found[1..], [(text("no"), "no<|im_end|>".to_owned(), 6, Member::Rejected)]);

    let length = doc.tokens.as_ref().unwrap().ids.len();
    for (max, reason) in [(length - 1, Some("too_long")), (length, None)] {
        let stage = stage(&decided, &format!("template = \"chatml\"\nmax_tokens = {max}\nlonger = \"cut\"")).unwrap();
        match stage.apply(&mut pair("yes", "no"), &mut Scratch::default()).unwrap() {
            Verdict::Keep => assert_eq!(reason, None),
            Verdict::Drop(drop) => assert_eq!(Some(REASONS[usize::from(drop.reason.0)]), reason),
        }
    }
    let Verdict::Drop(drop) = stage(&decided, "template = \"chatml\"").unwrap().apply(&mut pair("no", "no"), &mut Scratch::default()).unwrap() else {
        panic!("equal answers were kept")
    };
    assert_eq!(REASONS[usize::from(drop.reason.0)], "equal_answers");
}

#[test]
fn a_long_conversation_is_cut_between_exchanges_and_begins_anew_each_time() {
    let decided = decided::<LearnTokenizer>(LEARN, &TEXTS);
    let tokenizer = Tokenizer::from_bytes("t", &decided.read("t", TOKENIZER).unwrap(), None).unwrap();
    let roles = || [Role::System].into_iter().chain([Role::User, Role::Assistant].into_iter().cycle());
    let turns = ["s", "1", "one", "2", "two", "3", "three", "4", "four"];
    let one = |turns: &[&str]| {
        let mut doc = spoken(roles().zip(turns.iter().copied()));
        assert_eq!(stage(&decided, "template = \"chatml\"").unwrap().apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
        doc.tokens.unwrap().ids
    };
    // As long as the longest two exchanges with the system's turn: three fit nowhere.
    let max = one(&["s", "3", "three", "4", "four"]).len();
    let cut = stage(&decided, &format!("template = \"chatml\"\nmax_tokens = {max}\nlonger = \"cut\"")).unwrap();
    let mut doc = spoken(roles().zip(turns));
    assert_eq!(cut.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
    let tokens = doc.tokens.as_ref().unwrap();
    assert_eq!(tokens.ids[..tokens.pieces[0].end], one(&turns[..5]));
    assert_eq!(tokens.ids[tokens.pieces[0].end..], one(&["s", "3", "three", "4", "four"]));
    let found = pieces(&tokenizer, &doc);
    assert_eq!(
        found.iter().map(|(_, counts, bytes, _)| (counts.as_str(), *bytes)).collect::<Vec<_>>(),
        [("one<|im_end|>two<|im_end|>", 9), ("three<|im_end|>four<|im_end|>", 12)]
    );
    // One exchange beyond the bound drops all, or stays whole between the others.
    let long = "long ".repeat(40);
    let turns = ["s", "1", "one", "2", long.as_str(), "3", "three"];
    let Verdict::Drop(drop) = cut.apply(&mut spoken(roles().zip(turns)), &mut Scratch::default()).unwrap() else { panic!("it was kept") };
    assert_eq!(REASONS[usize::from(drop.reason.0)], "too_long");
    let keep = stage(&decided, &format!("template = \"chatml\"\nmax_tokens = {max}\nlonger = \"cut_or_keep\"")).unwrap();
    let mut doc = spoken(roles().zip(turns));
    assert_eq!(keep.apply(&mut doc, &mut Scratch::default()).unwrap(), Verdict::Keep);
    let counts: Vec<_> = pieces(&tokenizer, &doc).into_iter().map(|(_, counts, ..)| counts).collect();
    assert_eq!(counts, ["one<|im_end|>".to_owned(), format!("{long}<|im_end|>"), "three<|im_end|>".to_owned()]);
}

#[test]
fn faults_point_at_their_keys() {
    assert_eq!(complaints::<ChatTemplate>("tokenizer = \"bytes\"\ntemplate = \"chatml\"\nlonger = \"cut\""), ["longer"]);
    assert_eq!(complaints::<ChatTemplate>("tokenizer = \"bytes\"\ntemplate = \"chatml\""), ["tokenizer"]);
    assert_eq!(complaints::<ChatTemplate>("tokenizer = \"stage:t\"\ntemplate = \"no/such.json\""), ["template"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tokenizer_config.json");
    std::fs::write(&path, "{}").unwrap();
    let at = format!("template = {:?}", path.display().to_string());
    assert_eq!(complaints::<ChatTemplate>(&format!("tokenizer = \"stage:t\"\n{at}")), ["template"]);
    let decided = decided::<LearnTokenizer>(LEARN, &TEXTS);
    let stopped = stage(&decided, "template = \"llama3\"").err().unwrap();
    assert!(stopped.to_string().contains("its vocabulary is not the template's"), "{stopped}");
}
