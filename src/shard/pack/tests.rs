use super::*;

fn rows(lengths: &[u32], seq_len: u32, method: Method, window: usize) -> (Vec<Vec<Span>>, PackStats) {
    let options = PackOptions { seq_len, method, seed: 5, window };
    let mut rows = Vec::new();
    let stats = plan(lengths, &options, &mut |row| {
        rows.push(row.to_vec());
        Ok(())
    });
    (rows, stats.unwrap())
}

/// Lengths like those of web pages: many short, some far longer than a row, some empty.
fn web_lengths(count: u64) -> Vec<u32> {
    let shuffled = crate::shard::Permutation::new(count, 11);
    let skewed = |i: u64| (shuffled.get(i).unwrap() as f64 / count as f64 * 9.0).exp() as u32 - 1;
    (0..count).map(skewed).collect()
}

fn assert_each_token_once(rows: &[Vec<Span>], lengths: &[u32], seq_len: u32) {
    let mut seen: Vec<Vec<bool>> = lengths.iter().map(|length| vec![false; *length as usize]).collect();
    for row in rows {
        assert!(!row.is_empty());
        assert!(row.iter().map(|span| span.length).sum::<u32>() <= seq_len);
        for span in row {
            assert!(span.length > 0);
            for token in span.start..span.start + span.length {
                let seen = &mut seen[span.document as usize][token as usize];
                assert!(!std::mem::replace(seen, true), "{span:?} repeats token {token}");
            }
        }
    }
    assert!(seen.iter().flatten().all(|seen| *seen), "a token is in no row");
}

#[test]
fn every_token_is_in_exactly_one_row() {
    let lengths = web_lengths(700);
    for method in [Method::Concat, Method::BestFit, Method::OnePerRow] {
        for window in [1, 64, 1 << 20] {
            let (rows, stats) = rows(&lengths, 512, method, window);
            assert_each_token_once(&rows, &lengths, 512);
            assert_eq!(stats.rows, rows.len() as u64);
            assert_eq!(stats.tokens, lengths.iter().map(|l| u64::from(*l)).sum::<u64>());
            assert_eq!(stats.padding, stats.rows * 512 - stats.tokens);
        }
    }
}

#[test]
fn best_fit_cuts_only_what_is_longer_than_a_row() {
    let lengths = web_lengths(700);
    let (rows, stats) = rows(&lengths, 512, Method::BestFit, 1 << 20);
    let mut pieces = vec![0; lengths.len()];
    rows.iter().flatten().for_each(|span| pieces[span.document as usize] += 1);
    let mut more = 0;
    for (length, pieces) in lengths.iter().zip(pieces) {
        assert!(pieces >= length.div_ceil(512) && (*length > 512 || pieces <= 1));
        more += pieces - length.div_ceil(512);
    }
    assert!(more < 100, "{more} cuts that fill rows");
    assert_eq!(stats.needless_cuts, 0);
    assert_eq!(stats.cut_documents, lengths.iter().filter(|length| **length > 512).count() as u64);
}

/// Hardly a document fits a row and what they leave is of every size: whole documents alone would leave a third of each row.
#[test]
fn long_documents_fill_the_rows_of_others() {
    let lengths: Vec<u32> = (0..1000).map(|at| 713 + at * 7919 % 300).collect();
    let (rows, stats) = rows(&lengths, 512, Method::BestFit, 1 << 20);
    assert_each_token_once(&rows, &lengths, 512);
    assert!(stats.padding_share() < 0.005, "{}", stats.padding_share());
    assert!(rows.iter().flatten().all(|span| span.length >= 8), "no piece is a scrap");
    assert!(stats.spans < lengths.iter().map(|length| u64::from(length.div_ceil(512))).sum::<u64>() + 500, "{} pieces", stats.spans);
}

/// Documents of words of 1 to 5 tokens.
struct Words(Vec<u32>);

fn begins(at: u32) -> bool {
    matches!(at % 15, 0 | 1 | 3 | 6 | 10)
}

impl Documents for Words {
    fn items(&self) -> impl Iterator<Item = Item> {
        self.0.iter().map(|tokens| Item { tokens: *tokens, chosen: false })
    }

    fn cut(&self, _: u64, from: u32, to: u32) -> Option<u32> {
        (from + 1..=to).rev().find(|at| begins(*at))
    }
}

#[test]
fn no_word_is_cut_where_words_are_told() {
    let words = Words((0..1000).map(|at| 100 + at * 7919 % 3000).collect());
    for method in [Method::BestFit, Method::OnePerRow] {
        let mut rows = Vec::new();
        let options = PackOptions { seq_len: 512, method, seed: 5, window: 1 << 20 };
        let stats = plan(&words, &options, &mut |row| {
            rows.push(row.to_vec());
            Ok(())
        });
        assert_each_token_once(&rows, &words.0, 512);
        assert!(rows.iter().flatten().all(|span| begins(span.start)), "{method:?}");
        assert!(method == Method::OnePerRow || stats.unwrap().padding_share() < 0.005);
    }
    // A word that is longer than a row is cut where the row ends.
    struct OneWord;
    impl Documents for OneWord {
        fn items(&self) -> impl Iterator<Item = Item> {
            [Item { tokens: 25, chosen: false }].into_iter()
        }
        fn cut(&self, _: u64, _: u32, _: u32) -> Option<u32> {
            None
        }
    }
    let mut lengths = Vec::new();
    let options = PackOptions { seq_len: 10, method: Method::OnePerRow, seed: 5, window: 1 };
    plan(&OneWord, &options, &mut |row| {
        lengths.push(row[0].length);
        Ok(())
    })
    .unwrap();
    assert_eq!(lengths, [10, 10, 5]);
}

#[test]
fn best_fit_takes_the_tightest_row() {
    let (mut rows, _) = rows(&[4, 7, 3, 6, 10], 10, Method::BestFit, 100);
    rows.sort_by_key(|row| row[0].document);
    let documents: Vec<Vec<u64>> = rows.iter().map(|row| row.iter().map(|span| span.document).collect()).collect();
    assert_eq!(documents, [vec![1, 2], vec![3, 0], vec![4]]);
}

#[test]
fn best_fit_is_deterministic_and_its_rows_are_mixed() {
    let lengths = web_lengths(5000);
    let first = rows(&lengths, 512, Method::BestFit, 1 << 20);
    assert_eq!(first, rows(&lengths, 512, Method::BestFit, 1 << 20));
    let full = |rows: &[Vec<Span>]| rows.iter().filter(|row| row[0].length == 512).count();
    let (front, back) = first.0.split_at(first.0.len() / 2);
    assert!(full(front).abs_diff(full(back)) * 10 < full(front), "whole rows crowd in one half");
}

#[test]
fn best_fit_fills_rows_of_short_documents() {
    let lengths: Vec<u32> = web_lengths(20_000).iter().map(|length| length % 600).collect();
    let (_, stats) = rows(&lengths, 2048, Method::BestFit, 1 << 20);
    assert!(stats.padding_share() < 0.001, "{}", stats.padding_share());
}

#[test]
fn concat_pads_the_last_row_only() {
    let (rows, stats) = rows(&[5, 0, 10, 6], 10, Method::Concat, 1);
    assert_eq!(stats.padding, 9);
    assert_eq!((stats.documents, stats.cut_documents, stats.needless_cuts), (3, 2, 2));
    let span = |document, start, length| Span { document, start, length };
    assert_eq!(rows[1], [span(2, 5, 5), span(3, 0, 5)]);
}

#[test]
fn one_document_a_row_keeps_what_is_beyond_the_first() {
    let (rows, stats) = rows(&[10, 11, 0], 10, Method::OnePerRow, 1);
    assert_eq!(rows.len(), 3);
    assert_eq!((stats.cut_documents, stats.needless_cuts), (1, 0));
    assert_eq!(rows[2], [Span { document: 1, start: 10, length: 1 }]);
}

#[test]
fn nothing_to_pack_is_no_row_and_no_length_is_refused() {
    let (none, stats) = rows(&[0, 0], 8, Method::BestFit, 4);
    assert!(none.is_empty());
    assert_eq!(stats.padding_share(), 0.0);
    let options = PackOptions { seq_len: 0, method: Method::Concat, seed: 0, window: 1 };
    assert!(matches!(plan([1].as_slice(), &options, &mut |_| Ok(())), Err(ShardError::BadSequenceLength { .. })));
}

#[test]
fn a_new_list_stands_under_another_name_than_the_old() {
    let dir = tempfile::tempdir().unwrap();
    crate::shard::tests::write_set(dir.path(), &[3, 0, 5, 2, 4], false, &[]);
    let options = |seed| PackOptions { seq_len: 6, method: Method::BestFit, seed, window: 8 };
    let names: Vec<String> = (0..3).map(|seed| add(&Shards::open(dir.path()).unwrap(), &options(seed)).unwrap().file.name).collect();
    assert_eq!(names, ["packs-6.arrow", "packs-6.2.arrow", "packs-6.arrow"]);
    let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.filter(|name| name.starts_with("pack")).collect::<Vec<_>>(), ["packs-6.arrow"]);
    assert_eq!(Shards::open(dir.path()).unwrap().packs(6).unwrap().len(), 3);
}

/// Memory and time of a window do not depend on the length of rows.
#[test]
fn rows_may_be_as_long_as_they_like() {
    let (rows, stats) = rows(&[5, 0, 7], i32::MAX as u32, Method::BestFit, 1);
    assert_eq!((rows.len(), stats.tokens), (2, 12));
}
