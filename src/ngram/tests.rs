use super::*;

const ARPA: &str = include_str!("../../fixtures/lm/tiny.arpa");
/// The same model as KenLM's build_binary writes it (`-q 3 -b 3`, `-a 22`).
const PROBING: &[u8] = include_bytes!("../../fixtures/lm/probing.bin");
const REST: &[u8] = include_bytes!("../../fixtures/lm/rest.bin");
const TRIE: &[u8] = include_bytes!("../../fixtures/lm/trie.bin");
const QUANTIZED: &[u8] = include_bytes!("../../fixtures/lm/quant.bin");
const ARRAY: &[u8] = include_bytes!("../../fixtures/lm/array.bin");
const QUANTIZED_ARRAY: &[u8] = include_bytes!("../../fixtures/lm/quant_array.bin");
const FORMS: [&[u8]; 7] = [ARPA.as_bytes(), PROBING, REST, TRIE, ARRAY, QUANTIZED, QUANTIZED_ARRAY];

/// Sentences, and what KenLM's `query` says of them.
const SCORES: [(&str, f32); 7] = [
    ("the river rises", -1.1875),
    ("the river", -1.78125),
    ("", -1.75),
    ("river the 山 rises", -6.75),
    ("nothing known", -4.75),
    ("rises rises", -5.125),
    ("the river flows the river rises", -4.09375),
];

fn model(bytes: &[u8]) -> Model {
    Model::from_bytes(bytes.to_vec()).unwrap()
}

fn error(bytes: &[u8]) -> String {
    Model::from_bytes(bytes.to_vec()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn every_form_scores_as_kenlm_does() {
    for (number, bytes) in FORMS.into_iter().enumerate() {
        let model = model(bytes);
        assert_eq!(model.order(), 3);
        for (line, score) in SCORES {
            assert_eq!(model.score_line(line), score, "form {number}: {line}");
        }
    }
}

#[test]
fn white_space_that_is_not_ascii_sets_off_no_word() {
    let model = model(PROBING);
    assert_eq!(model.score_line(" the\t\u{b}river\u{c}rises\r\n"), SCORES[0].1);
    assert_eq!(model.score_line("the\u{a0}river"), model.score([0]));
    assert_eq!((model.index("<unk>"), model.index("<UNK>"), model.index("")), (0, 0, 0));
}

#[test]
fn arpa_text_becomes_the_file_that_kenlm_builds() {
    assert_eq!(arpa::to_binary(ARPA.as_bytes()).unwrap(), PROBING);
}

#[test]
fn perplexity_is_per_word_with_the_ends() {
    let mut tally = Tally::default();
    assert_eq!(tally.perplexity(), None);
    tally.add(-1.0, 1);
    tally.add(-3.0, 1);
    assert_eq!(tally.perplexity(), Some(10.0));
}

#[test]
fn a_mapped_file_is_as_good() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in FORMS {
        std::fs::write(dir.path().join("m"), bytes).unwrap();
        assert_eq!(Model::open(&dir.path().join("m")).unwrap().score_line(SCORES[3].0), SCORES[3].1);
    }
    assert!(matches!(Model::open(&dir.path().join("none")), Err(NgramError::Io(_))));
}

#[test]
fn truncated_files_are_refused() {
    for (number, bytes) in FORMS.into_iter().enumerate() {
        // What follows \end\ or the first of the words is not looked at.
        let needed = if number == 0 { bytes.len() - 1 } else { bytes.windows(6).position(|part| part == b"<unk>\0").unwrap() + 6 };
        for length in 0..needed {
            assert!(Model::from_bytes(bytes[..length].to_vec()).is_err(), "form {number}, {length} bytes");
        }
    }
}

#[test]
fn flipped_bytes_harm_nothing_but_scores() {
    let mut loaded = 0;
    for bytes in FORMS {
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.to_vec();
                damaged[at] ^= flip;
                if let Ok(model) = Model::from_bytes(damaged) {
                    loaded += 1;
                    SCORES.iter().for_each(|(line, _)| _ = std::hint::black_box(model.score_line(line)));
                }
            }
        }
    }
    assert!(loaded > 1000, "{loaded}");
}

#[test]
fn hostile_headers_are_refused_without_memory_or_time() {
    let with = |at: usize, bytes: &[u8]| {
        let mut file = PROBING.to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        error(&file)
    };
    // Order, multiplier, kind, version, counts: from byte 88.
    assert!(with(88, &[0]).contains("order 0") && with(88, &[200]).contains("order 200"));
    assert!(with(92, &f32::NAN.to_le_bytes()).contains("multiplier of NaN"));
    assert!(with(92, &1e30f32.to_le_bytes()).contains("damaged"));
    assert!(with(96, &[9]).contains("model type 9"));
    assert!(with(104, &[7]).contains("version 7"));
    assert!(with(108, &u64::MAX.to_le_bytes()).contains("18446744073709551615 n-grams in 555 bytes"));
    assert!(with(48, b"4").contains("another version"));
    assert!(with(33, b" incomplete\n").contains("never finished"));
    // A table without an empty row ends all the same.
    let mut full = PROBING.to_vec();
    let words = Header::parse(&full).and_then(|header| Probing::layout(&header)).unwrap().words;
    for at in (0..words.buckets).map(|bucket| words.at + bucket * words.row) {
        let is_free = full[at..at + 8] == [0; 8];
        full[at] |= u8::from(is_free);
    }
    assert_eq!(model(&full).index("not there"), 0);
}

#[test]
fn arpa_faults_name_their_lines() {
    let with = |from: &str, to: &str| {
        assert!(ARPA.contains(from), "{from}");
        error(ARPA.replacen(from, to, 1).as_bytes())
    };
    assert!(error(b"hello\n").contains("line 1: `hello` where \\data\\ was expected"));
    assert!(error(b"\x1f\x8b\x08").contains("gzip"));
    assert!(with("ngram 2=6", "ngram 2=7").starts_with("line 22: "));
    assert!(with("ngram 2=6", "ngram 2=900000000").contains("more than the file has room for"));
    assert!(with("ngram 2=6", "ngram 3=6").contains("`ngram 2=COUNT` was expected"));
    assert_eq!(with("-0.75\tthe", "nan\tthe"), "line 10: `nan\tthe\t-0.25` does not begin with a number");
    assert!(with("-0.75\tthe", "0.75\tthe").contains("above 1"));
    assert!(with("-2\trises\t0", "-2\tthe\t0").contains("the word `the` is there twice"));
    assert!(with("the 山\t0", "the 水\t0").contains("`水` is not among the 1-grams"));
    assert!(with("<s> the river", "<s> the river\t-1").contains("back-off weight"));
    assert!(with("<s> the river", "river the river").contains("the history of this 3-gram"));
    assert!(with("-0.375\tthe river rises", "-0.375\tthe river").contains("is no 3-gram"));
    assert!(with("\\end\\", "").contains("\\end\\ was expected"));
    assert!(with("\t<s>\t-0.5", "\t<x>\t-0.5").contains("line 16: "), "the sentence begins with a word that is not there");
}

#[test]
fn what_pruning_by_entropy_leaves_out_is_put_in() {
    // "rises </s>" is missing, although "river rises </s>" is there: it has the probability of backing off.
    let pruned = ARPA.replace("ngram 2=6", "ngram 2=5").replace("-0.625\trises </s>\t0\n", "");
    let (whole, pruned) = (model(ARPA.as_bytes()), model(pruned.as_bytes()));
    assert_eq!(pruned.score_line("the river rises"), whole.score_line("the river rises"));
    assert_eq!(pruned.score_line("rises") - whole.score_line("rises"), -1.25 - -0.625);
}

#[test]
fn unigrams_alone_and_no_unknown_word() {
    let file = "\\data\\\nngram 1=3\n\n\\1-grams:\n-1\t<s>\n-2\t</s>\n-0.5\ta\n\n\\end\\\n";
    let model = model(file.as_bytes());
    assert_eq!((model.score_line("a a"), model.score_line("b")), (-3.0, -102.0));
    assert!(error(file.replace("</s>", "end").as_bytes()).contains("without <s> or </s>"));
}
