use super::super::data::{Span, Tokens};
use super::*;
use crate::shard::mask::{LOSS, SENTENCE_START, WORD_START, label, with_label};

/// The vocabulary of these tests: 1,000 ids, the special ones of BERT among them.
fn special() -> BTreeMap<String, u32> {
    [("cls", 1), ("sep", 2), ("mask", 3), ("eos", 4)].into_iter().map(|(role, id)| (role.to_owned(), id)).collect()
}

fn task(objective: Objective, seq_len: usize) -> Task {
    Task::new(objective, seq_len, false, 1000, &special())
}

/// Documents of 10, 11, ... onwards: sentences of seven tokens, words of two, two labels in turn, and of the last document the first half does not count.
fn corpus(lens: &[u32]) -> Tokens {
    let mut corpus = Tokens::default();
    for (document, len) in lens.iter().enumerate() {
        corpus.push(document as u128 / 2, 1, (0..*len).map(|i| 10 + 100 * document as u32 + i).collect());
        let mark = |i| {
            let counts = document + 1 < lens.len() || i >= *len / 2;
            let bits = (if counts { LOSS } else { 0 }) | (if i % 7 == 0 { SENTENCE_START } else { 0 }) | (if i % 2 == 0 { WORD_START } else { 0 });
            with_label(bits, 1 + document as u8 % 2)
        };
        corpus.mark((0..*len).map(mark).collect());
    }
    corpus
}

/// One sample of each of the first draws.
fn samples(task: &Task, corpus: &Tokens, draws: u64) -> Vec<Sample> {
    let rows = task.rows(corpus);
    (0..draws)
        .map(|draw| {
            let row = draw as usize % rows.rows();
            task.sample(&rows.row(row), &rows, &mut task.random(5, draw, row))
        })
        .collect()
}

#[test]
fn causal_targets_stay_in_their_document() {
    let spans = vec![Span { document: 4, start: 2, len: 3 }, Span { document: 9, start: 0, len: 1 }, Span { document: 5, start: 0, len: 2 }];
    let row = Row { spans, ids: vec![10, 11, 12, 20, 30, 31], marks: vec![1; 6], next: vec![Some(13), None, Some(32)], next_marks: vec![1, 0, 1] };
    let sample = causal(&row);
    assert_eq!(sample.targets, [Some(11), Some(12), Some(13), None, Some(31), Some(32)]);
    assert_eq!(sample.positions, [0, 1, 2, 0, 0, 1]);
    let places = |sample: &Sample| sample.segments.iter().map(|segment| segment.places.clone()).collect::<Vec<_>>();
    assert_eq!(places(&sample), [0..3, 3..4, 4..6]);
    assert!(sample.segments.iter().all(|segment| segment.prefix == 0));
    assert_eq!((sample.predicted(), sample.tokens), (5, 6));
    let mut two = sample.clone();
    two.append(&sample);
    assert_eq!(places(&two)[3..], [6..9, 9..10, 10..12]);
    assert_eq!((two.targets.len(), two.tokens), (12, 12));
}

#[test]
fn every_sample_is_sound_and_drawn_by_its_number_alone() {
    let corpus = corpus(&[40, 1, 2, 30, 90, 23]);
    for (name, objective) in Objective::NAMES {
        for encoder in [false, true].into_iter().take(1 + usize::from(objective.has_source())) {
            let task = Task { whole_words: true, labels: 2, ..Task::new(objective, 32, encoder, 1000, &special()) };
            let drawn = samples(&task, &corpus, 40);
            assert_eq!(drawn, samples(&task, &corpus, 40), "{name}");
            for sample in &drawn {
                let n = sample.inputs.len();
                assert!([sample.targets.len(), sample.positions.len(), sample.kinds.len()].iter().all(|len| *len == n), "{name}");
                let mut at = 0;
                for Segment { places, prefix } in &sample.segments {
                    assert!(places.start == at && places.end > at && *prefix <= places.len(), "{name}: {places:?} {prefix}");
                    at = places.end;
                    let longest = if encoder { (*prefix).max(places.len() - prefix) } else { places.len() };
                    assert!(longest <= 32, "{name}: {longest} places");
                    assert!(sample.positions[places.clone()].iter().all(|position| (*position as usize) < places.len()));
                    let outside = |place: usize| encoder && sample.targets[place].is_some();
                    assert!(!(places.start..places.start + prefix).any(outside), "{name}: an encoder predicts nothing");
                }
                assert_eq!(at, n);
                let ids = sample.inputs.iter().copied().chain(sample.targets.iter().flatten().copied());
                assert!(ids.max().is_none_or(|id| (id as usize) < task.model_vocab_size()), "{name}");
                assert_eq!(sample.questions.len(), sample.answers.len() * if objective == Objective::Reward { 2 } else { 1 });
                assert_eq!(!sample.answers.is_empty(), task.classes() > 0);
            }
            // Its targets are what the model answers.
            assert!(objective == Objective::Ppo || drawn.iter().map(|sample| sample.predicted() + sample.answers.len()).sum::<usize>() > 0, "{name}");
        }
    }
}

#[test]
fn draws_differ_unless_they_are_fixed() {
    let corpus = corpus(&[90]);
    let two = |fixed| {
        let task = Task { fixed, ..task(Objective::Mlm, 128) };
        let rows = task.rows(&corpus);
        [3, 4].map(|draw| task.sample(&rows.row(0), &rows, &mut task.random(5, draw, 0)))
    };
    let [first, second] = two(false);
    assert_ne!(first, second);
    let [first, second] = two(true);
    assert_eq!(first, second);
}

#[test]
fn masks_are_in_the_published_shares() {
    let mut corpus = Tokens::default();
    corpus.push(0, 1, [1].into_iter().chain((0..998).map(|i| 10 + i % 900)).chain([2]).collect());
    let mut counts = [0; 4];
    for sample in samples(&task(Objective::Mlm, 1000), &corpus, 40) {
        assert_eq!((sample.inputs[0], sample.inputs[999], sample.predicted()), (1, 2, 150));
        assert_eq!(sample.segments, [Segment { places: 0..1000, prefix: 1000 }]);
        for (input, target) in sample.inputs.iter().zip(&sample.targets) {
            counts[match target {
                None => 0,
                Some(_) if *input == 3 => 1,
                Some(target) if target == input => 2,
                Some(_) => 3,
            }] += 1;
        }
    }
    let share = |i: usize| f64::from(counts[i]) / 6000.0;
    assert!((share(1) - 0.8).abs() < 0.02 && (share(2) - 0.1).abs() < 0.015 && (share(3) - 0.1).abs() < 0.015, "{counts:?}");
}

#[test]
fn whole_words_are_masked_together() {
    let task = Task { whole_words: true, ..task(Objective::Mlm, 64) };
    for sample in samples(&task, &corpus(&[60]), 20) {
        assert_eq!(sample.predicted(), 8, "15 % of 60 is 9, and words have two tokens");
        assert!((0..60).step_by(2).all(|word| sample.targets[word].is_some() == sample.targets[word + 1].is_some()));
    }
}

#[test]
fn answers_alone_count_in_fine_tuning() {
    let sample = &samples(&task(Objective::Sft, 16), &corpus(&[3, 10]), 1)[0];
    let counted: Vec<u32> = sample.targets.iter().flatten().copied().collect();
    assert_eq!(counted, [11, 12, 115, 116, 117, 118, 119]);
}

#[test]
fn a_beginning_is_given_and_the_rest_predicted() {
    let task = task(Objective::PrefixLm, 16);
    assert_eq!((task.special["start"], task.model_vocab_size()), (1000, 1001));
    for sample in samples(&task, &corpus(&[12]), 20) {
        let prefix = sample.segments[0].prefix;
        assert_eq!(sample.inputs[prefix], 1000);
        let text: Vec<u32> = sample.inputs[..prefix].iter().copied().chain(sample.targets.iter().flatten().copied()).collect();
        assert!(text.into_iter().eq(10..22) && (1..12).contains(&prefix));
    }
}

#[test]
fn the_middle_moves_to_the_end() {
    let task = task(Objective::Fim, 64);
    let drawn = samples(&task, &corpus(&[40]), 40);
    let moved: Vec<_> = drawn.iter().filter(|sample| sample.inputs[0] == task.special["fim_prefix"]).collect();
    assert!((12..28).contains(&moved.len()), "{} of 40", moved.len());
    for sample in moved {
        let at = |role: &str| sample.inputs.iter().position(|id| *id == task.special[role]).unwrap();
        let (suffix, middle) = (at("fim_suffix"), at("fim_middle"));
        let text = [&sample.inputs[1..suffix], &sample.inputs[middle + 1..], &sample.inputs[suffix + 1..middle]].concat();
        assert!(text.into_iter().eq(10..46) && sample.targets[38] == Some(4));
    }
}

#[test]
fn corrupted_spans_fill_the_row_as_published() {
    let task = Task::new(Objective::SpanCorruption, 512, true, 1000, &special());
    assert_eq!(task.row_len(), 568);
    let mut corpus = Tokens::default();
    corpus.push(0, 1, (0..1200).map(|i| 10 + i % 900).collect());
    for sample in samples(&task, &corpus, 2) {
        let Segment { places, prefix } = &sample.segments[0];
        assert_eq!((*prefix, places.len() - prefix), (512, 114));
        // Putting each span in the place of its sentinel gives the text back.
        let last = task.special["sentinel"];
        let is_sentinel = |id: u32| id > last - 28 && id <= last;
        let answers: Vec<u32> = sample.targets.iter().flatten().copied().collect();
        assert_eq!((answers[0], answers.last(), answers.iter().filter(|id| is_sentinel(**id)).count()), (last, Some(&4), 28));
        let spans: Vec<&[u32]> = answers[..113].split(|id| is_sentinel(*id)).skip(1).collect();
        let text = sample.inputs[..511].iter().flat_map(|id| if is_sentinel(*id) { spans[(last - id) as usize].to_vec() } else { vec![*id] });
        let first = if sample == samples(&task, &corpus, 1)[0] { 0 } else { 568 };
        assert!(text.eq((first..first + 568).map(|i| 10 + i % 900)));
    }
}

#[test]
fn blanks_are_filled_in_an_order_of_their_own() {
    let task = task(Objective::BlankInfilling, 96);
    let drawn = samples(&task, &corpus(&[80]), 20);
    let mut orders = std::collections::BTreeSet::new();
    for sample in &drawn {
        let prefix = sample.segments[0].prefix;
        let (mut spans, mut order): (BTreeMap<u32, Vec<u32>>, Vec<u32>) = Default::default();
        for place in prefix..sample.inputs.len() {
            let blank = sample.positions[place];
            if sample.inputs[place] == task.special["start"] {
                order.push(blank);
            }
            assert_eq!(sample.kinds[place] as usize, spans.get(&blank).map_or(0, Vec::len) + 1);
            spans.entry(blank).or_default().extend(sample.targets[place]);
        }
        let text = (0..prefix).flat_map(|place| spans.get(&(place as u32)).map_or(vec![sample.inputs[place]], |span| span[..span.len() - 1].to_vec()));
        assert!(text.eq(10..90) && spans.values().all(|span| span.last() == Some(&4)));
        assert_eq!(spans.values().map(|span| span.len() - 1).sum::<usize>(), 12);
        assert!(sample.kinds[..prefix].iter().all(|kind| *kind == 0));
        orders.insert(order.windows(2).all(|two| two[0] < two[1]));
    }
    assert!(orders.contains(&false), "spans are shuffled");
}

#[test]
fn pairs_are_as_their_class_says() {
    let corpus = corpus(&[60, 60, 60]);
    for objective in [Objective::Nsp, Objective::Sop] {
        let mut classes = [0; 2];
        let drawn = samples(&task(objective, 40), &corpus, 200);
        for sample in &drawn {
            let ids: Vec<u32> = sample.inputs.iter().zip(&sample.targets).map(|(input, target)| target.unwrap_or(*input)).collect();
            let border = ids.iter().position(|id| *id == 2).unwrap();
            assert_eq!((ids[0], ids.last(), &sample.kinds[border..border + 2]), (1, Some(&2), &[0, 1][..]));
            let (first, second) = (&ids[1..border], &ids[border + 1..ids.len() - 1]);
            if let (Some(last), Some(next), Some(end)) = (first.last(), second.first(), second.last()) {
                let follows = last + 1 == *next;
                let same = last / 100 == next / 100;
                let class = sample.answers[0];
                match objective {
                    Objective::Nsp => assert!(class == 0 && follows || class == 1 && !same, "{last} {next}"),
                    _ => assert!(same && (class == 0 && follows || class == 1 && *end < first[0]), "{last} {next}"),
                }
            }
            classes[sample.answers[0] as usize] += 1;
        }
        assert!(classes[0] > 70 && classes[1] > 70, "{classes:?}");
        assert!(drawn.iter().any(|sample| sample.inputs.len() > 35) && drawn.iter().any(|sample| sample.inputs.len() < 20));
    }
}

#[test]
fn two_answers_are_compared_at_their_ends() {
    let sample = &samples(&task(Objective::Reward, 8), &corpus(&[5, 20]), 1)[0];
    assert_eq!((sample.questions.as_slice(), sample.answers.as_slice()), (&[4, 12][..], &[0][..]));
    assert_eq!((sample.inputs[4], sample.inputs[12], sample.predicted()), (14, 129, 0));
}

#[test]
fn an_input_is_read_and_its_target_asked_for() {
    let mut shared = samples(&task(Objective::Seq2seq, 16), &corpus(&[3, 20]), 2).pop().unwrap();
    // Ten tokens do not count, ten are the target; what the target leaves of sixteen places is the input's.
    assert_eq!((shared.segments[0].prefix, shared.predicted(), shared.inputs[6]), (6, 10, 1000));
    assert!(shared.targets.drain(6..).flatten().eq(120..130));
    let parted = Task::new(Objective::Seq2seq, 16, true, 1000, &special());
    let parted = &samples(&parted, &corpus(&[3, 20]), 2)[1];
    assert!(parted.segments[0].prefix == 10 && parted.inputs[..10].iter().copied().eq(110..120));
    let prompt = &samples(&task(Objective::Ppo, 8), &corpus(&[3, 20]), 2)[1];
    assert_eq!((prompt.inputs.as_slice(), prompt.predicted()), (&[116, 117, 118, 119][..], 0));
}

#[test]
fn labels_are_asked_of_texts_and_of_tokens() {
    assert_eq!((label(with_label(0xff, 5)), with_label(0xff, 5) & 7, label(LOSS)), (5, 7, 0));
    let mut corpus = Tokens::default();
    for (ids, labels) in [(vec![1, 10, 11, 2], [0, 3, 0, 0]), (vec![1, 12, 13, 2], [2, 2, 2, 2])] {
        corpus.push(u128::from(ids[1]), 1, ids);
        corpus.mark(labels.map(|label| with_label(LOSS, label)).to_vec());
    }
    let labelled = |objective, both_ways| Task { labels: 3, both_ways, ..task(objective, 8) };
    let (encoder, decoder) = (&samples(&labelled(Objective::Classify, true), &corpus, 1)[0], &samples(&labelled(Objective::Classify, false), &corpus, 1)[0]);
    assert_eq!((encoder.questions.as_slice(), encoder.answers.as_slice(), encoder.segments[0].prefix), (&[0][..], &[1][..], 4), "the first text has no label");
    assert_eq!((decoder.questions.as_slice(), decoder.segments[0].prefix), (&[3][..], 0));
    let tagged = &samples(&labelled(Objective::Tag, true), &corpus, 1)[0];
    assert_eq!((tagged.questions.as_slice(), tagged.answers.as_slice()), (&[1, 2, 5, 6][..], &[3, 0, 2, 2][..]), "special tokens are not asked");
}

#[test]
fn a_text_is_read_forwards_and_backwards() {
    let sample = &samples(&task(Objective::Bidirectional, 4), &corpus(&[6]), 1)[0];
    assert_eq!(sample.inputs, [10, 11, 12, 13, 13, 12, 11, 10]);
    assert_eq!(sample.targets, [Some(11), Some(12), Some(13), Some(14), Some(12), Some(11), Some(10), None]);
    assert_eq!((sample.kinds.as_slice(), sample.segments.len()), (&[0, 0, 0, 0, 1, 1, 1, 1][..], 2));
}
