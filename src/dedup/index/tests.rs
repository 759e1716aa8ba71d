//! Tests of the index.

use super::*;
use crate::dedup::mix;

fn settings() -> Settings {
    Settings {
        normal: Normal::Space,
        profile: Profile::Fast,
        by: Unit::Word,
        ngram: 3,
        bands: 6,
        rows: 2,
        seed: 5,
        tokenizer: None,
        passages: Some(Windows::Bytes(30)),
    }
}

#[test]
fn what_was_put_in_is_found_again_in_segments_of_any_size() {
    let text = |number: u64| (0..20).map(|word| format!("w{}", mix(number << 8 | word) % 50)).collect::<Vec<_>>().join(" ");
    for memory in [1, 1000, 1 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let mut builder = Builder::new(dir.path(), settings(), None, memory).unwrap();
        for number in 0..30 {
            builder.add(&format!("id{number}"), (number % 2 == 0).then_some("http://a.example/ü"), &text(number)).unwrap();
        }
        builder.add("empty", None, "").unwrap();
        let (head, documents) = builder.finish().unwrap();
        assert_eq!(documents, 31);
        let index = Index::open(dir.path(), &head).unwrap();
        assert_eq!(index.settings, settings());
        let mut digests: Vec<(u128, u64)> = (0..30).map(|number| (digest(&text(number), Normal::Space).unwrap(), number)).collect();
        digests.sort_unstable();
        let mut lookup = index.exact();
        for (digest, number) in digests {
            let mut found = Vec::new();
            lookup.find(&(digest - 1).to_be_bytes(), |_, _| panic!("nothing has this digest"));
            lookup.find(&digest.to_be_bytes(), |old, _| found.push(index.doc(old).unwrap()));
            let url = (number % 2 == 0).then(|| "http://a.example/ü".to_owned());
            assert_eq!(found, [Old { name: format!("id{number}"), url, text: text(number) }]);
        }
        let mut buffers = Buffers::default();
        settings().sketch(None).digests(&text(7), &mut buffers);
        buffers.digests.sort_unstable();
        let (mut lookup, mut seen) = (index.bands(), 0);
        for digest in &buffers.digests {
            lookup.find(&digest.to_be_bytes(), |old, _| seen += usize::from(index.doc(old).unwrap().name == "id7"));
        }
        assert_eq!(seen, 6);
        let (mut anchors, mut lookup, mut seen) = (Vec::new(), index.anchors(), Vec::new());
        Anchors::new(30).each(text(7).as_bytes(), &mut Vec::new(), |at, hash| anchors.push((hash, at)));
        anchors.sort_unstable();
        for (hash, at) in &anchors {
            lookup.find(&hash.to_be_bytes(), |old, rest| {
                if index.doc(old).unwrap().name == "id7" && rest == at.to_be_bytes() {
                    seen.push((*hash, *at));
                }
            });
        }
        assert!(seen.len() > 5 && seen == anchors, "every anchor with its place");
        assert!(index.doc(u64::from(u32::MAX)).is_err() && index.doc(99 << 32).is_err());
    }
}

#[test]
fn damage_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = Builder::new(dir.path(), settings(), None, 1000).unwrap();
    builder.add("a", None, "some text").unwrap();
    let (head, _) = builder.finish().unwrap();
    std::fs::write(dir.path().join("00000.places"), [0; 8]).unwrap();
    assert!(Index::open(dir.path(), &head).is_err_and(|error| error.to_string().contains("damaged")));
    let newer = String::from_utf8(head).unwrap().replace("\"format\": 1", "\"format\": 9");
    assert!(Index::open(dir.path(), newer.as_bytes()).is_err_and(|error| error.to_string().contains("format 9")));
}
