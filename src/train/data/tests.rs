use super::*;

fn corpus(lens: &[usize]) -> Tokens {
    let mut tokens = Tokens::default();
    for (i, &len) in lens.iter().enumerate() {
        tokens.push(i as u128, 3 * len as u64, (0..len as u32).map(|t| 100 * i as u32 + t).collect());
    }
    tokens
}

#[test]
fn cut_rows_are_full_and_know_what_follows() {
    let corpus = corpus(&[5, 0, 2, 4]);
    let packs = Packs::cut(&corpus, whole(&corpus), 4);
    assert_eq!((packs.rows(), packs.epoch_tokens()), (3, 11));
    let first = Row { spans: vec![Span { document: 0, start: 0, len: 4 }], ids: vec![0, 1, 2, 3], marks: vec![1; 4], next: vec![Some(4)], next_marks: vec![1] };
    assert_eq!(packs.row(0), first);
    let second = packs.row(1);
    assert_eq!((second.ids, second.next), (vec![4, 200, 201, 300], vec![None, None, Some(301)]));
    assert_eq!(packs.row(2).ids, [301, 302, 303]);
}

#[test]
fn rows_of_sentences_and_of_pairs() {
    let mut corpus = Tokens::default();
    let mut push = |marks: &[u8]| {
        corpus.push(0, 1, (0..marks.len() as u32).collect());
        corpus.mark(marks.to_vec());
    };
    push(&[2, 0, 2, 0, 0, 2, 0, 2]);
    push(&[]);
    push(&[2, 0, 0, 0, 0, 2]);
    let lens = |packs: &Packs| {
        (0..packs.rows()).map(|row| packs.row(row).spans.iter().map(|span| (span.document, span.start, span.len)).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let sentences = lens(&Packs::sentences(&corpus, 4));
    assert_eq!(sentences.concat(), [(0, 0, 2), (0, 2, 3), (0, 5, 3), (2, 0, 4), (2, 4, 2)]);
    assert_eq!(Packs::sentences(&corpus, 4).row(2).marks, [2, 0, 2]);
    assert!(lens(&Packs::pairs(&corpus, 4)).is_empty(), "the second side is empty");
    let mut pairs = Tokens::default();
    for (key, len) in [(4, 3), (4, 9), (1, 7), (5, 5), (5, 2), (6, 1)] {
        pairs.push(key, 1, (0..len).collect());
    }
    assert_eq!(lens(&Packs::pairs(&pairs, 4)), [[(0, 0, 3), (1, 5, 4)], [(3, 1, 4), (4, 0, 2)]]);
}

#[test]
fn scored_documents_start_at_their_own_beginning() {
    let corpus = corpus(&[5, 2, 1, 4]);
    let packs = Packs::score(&corpus, 4);
    let rows: Vec<_> = (0..packs.rows()).map(|i| packs.row(i).ids).collect();
    assert_eq!(rows, [vec![0, 1, 2, 3], vec![4, 100, 101, 200], vec![300, 301, 302, 303]]);
}

#[test]
fn windows_tell_documents_apart() {
    let corpus = corpus(&[3, 0, 2, 4]);
    let windows = Windows::new(&corpus, 4);
    assert_eq!(windows.rows(), 5);
    let row = windows.row(2);
    assert_eq!((row.ids, row.next), (vec![2, 200, 201, 300], vec![None, None, Some(301)]));
    assert_eq!(windows.row(4).next, [None, Some(303)]);
    assert_eq!(Windows::new(&corpus, 50).rows(), 1);
    assert_eq!(Windows::new(&corpus, 50).row(0).ids.len(), 9);
    assert_eq!(Windows::new(&Tokens::default(), 4).rows(), 0);
}

#[test]
fn an_epoch_draws_every_row_once_and_anew() {
    let mut draws = Draws::new(Sampling::Epochs, 3, 50);
    let epochs: Vec<Vec<usize>> = (0..2).map(|epoch| (0..50).map(|i| draws.row(50 * epoch + i)).collect()).collect();
    assert_ne!(epochs[0], epochs[1]);
    assert_eq!(draws.row(7), epochs[0][7]);
    for mut epoch in epochs {
        epoch.sort_unstable();
        assert!(epoch.into_iter().eq(0..50));
    }
    let mut anywhere = Draws::new(Sampling::Windows, 3, 50);
    assert!((0..200).map(|i| anywhere.row(i)).all(|row| row < 50));
}
