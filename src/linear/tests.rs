use super::train::{Example, Settings, train};
use super::*;

const SETTINGS: Settings = Settings { bits: 12, epochs: 8, rate: 0.3, decay: 1e-6, seed: 3 };

fn small() -> Vec<u8> {
    let texts = [
        ("the river runs under an old bridge", [Some(false), Some(false)]),
        ("buy cheap watches now", [Some(true), None]),
        ("河水从旧桥下流过", [Some(false), Some(false)]),
        ("特价手表，现在购买", [Some(true), Some(false)]),
        ("roll the dice and bet", [None, Some(true)]),
    ];
    let examples: Vec<Example<'_>> = texts.iter().cycle().take(100).map(|(text, holds)| Example { text, holds: holds.to_vec() }).collect();
    train(&["advert", "dice"], &examples, &SETTINGS)
}

fn scores(model: &Model, text: &str) -> Option<Vec<f32>> {
    model.scores(text, &mut Scratch::default()).map(<[f32]>::to_vec)
}

#[test]
fn labels_are_learnt_apart() {
    let file = small();
    assert_eq!(file, small(), "the same examples give the same file");
    let model = Model::load(&file).unwrap();
    assert_eq!(model.labels().collect::<Vec<_>>(), ["advert", "dice"]);
    for (text, label, holds) in [
        ("cheap watches", 0, true),
        ("an old river", 0, false),
        ("特价购买", 0, true),
        ("旧桥下", 0, false),
        ("bet the dice", 1, true),
        ("the bridge", 1, false),
    ] {
        let score = scores(&model, text).unwrap()[label];
        assert_eq!(score > 0.5, holds, "{text}: {score}");
    }
    // Case, width and white space make no difference.
    assert_eq!(scores(&model, "CHEAP  Ｗatches "), scores(&model, "cheap watches"));
    assert_eq!(scores(&model, " \n…!"), None);
    assert_eq!(scores(&model, ""), None);
}

#[test]
fn a_text_is_worth_the_mean_of_its_windows() {
    let model = Model::load(&small()).unwrap();
    let pad = |text: &str| format!("{text:<500}");
    let (a, b) = (pad("buy cheap watches now"), pad("the river runs"));
    let one = |text: &str| scores(&model, text).unwrap()[0];
    let both = one(&format!("{a}{b}"));
    assert!((both - (one(&a) + one(&b)) / 2.0).abs() < 1e-5, "{both}");
}

#[test]
fn windows_are_bounded_and_cover_both_ends() {
    assert_eq!(windows("").count(), 0);
    assert_eq!(windows("ab").collect::<Vec<_>>(), ["ab"]);
    let text: String = (0..1_200).map(|n| if n % 2 == 0 { '河' } else { 'b' }).collect();
    assert_eq!(windows(&text).map(|window| window.chars().count()).collect::<Vec<_>>(), [500, 500, 200]);
    assert_eq!(windows(&text).collect::<String>(), text);
    let long = "河水b".repeat(200_000);
    let found: Vec<&str> = windows(&long).collect();
    assert_eq!((found.len(), found[0].chars().count(), found[63].chars().count()), (64, 500, 500));
    assert!(found[63].as_ptr() as usize - long.as_ptr() as usize > long.len() * 62 / 64);
}

#[test]
fn damaged_files_are_refused() {
    let file = small();
    assert!(Model::load(&file).is_ok());
    for cut in [0, 3, 5, 8, 20, file.len() - 1] {
        assert!(Model::load(&file[..cut]).is_err(), "{cut}");
    }
    let mut longer = file.clone();
    longer.push(0);
    let mut no_labels = file.clone();
    no_labels[4] = 0;
    let mut wide = file;
    wide[5] = 60;
    for bad in [longer, no_labels, wide] {
        assert!(Model::load(&bad).is_err());
    }
}

#[test]
fn the_built_in_models_load() {
    assert_eq!(Model::load(CATEGORIES).unwrap().labels().collect::<Vec<_>>(), ["toxic", "sexual", "violent", "gambling", "advertising", "seo"]);
    assert_eq!(Model::load(QUALITY).unwrap().labels().collect::<Vec<_>>(), ["quality"]);
}
