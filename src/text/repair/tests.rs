//! Properties of the whole: steps work together, a second repair changes nothing, and nothing panics.

use super::*;

fn repaired(text: &str) -> String {
    Repairer::new(Options::default()).repair(text).map_or_else(|| text.to_owned(), |(text, _)| text)
}

#[test]
fn steps_work_together() {
    for (broken, whole) in [
        ("caf&Atilde;&copy; &amp;amp; th&eacute;", "café & thé"),
        ("&macr;\\_(ã\u{83}\u{84})_/&macr;", "¯\\_(ツ)_/¯"),
        ("ï»¿one\r\ntwo", "one\ntwo"),
        ("e\u{301} “quoted”，Ａ", "é “quoted”，A"),
        ("<b> &amp;", "<b> &amp;"),
        ("\u{93}quoted\u{94}", "“quoted”"),
    ] {
        assert_eq!(repaired(broken), whole);
    }
}

#[test]
fn faults_are_counted() {
    let (_, counts) = Repairer::new(Options::default()).repair("cafÃ© thÃ©\r\n&amp;ﬁ").unwrap();
    assert_eq!(counts.iter().collect::<Vec<_>>(), [("mojibake", 2), ("entities", 1), ("ligatures", 1), ("line_breaks", 1)]);
    assert_eq!(counts.of(Fault::Ligature), 1);
    assert_eq!(Repairer::new(Options::default()).repair("café 中文，“ok”"), None);
}

#[test]
fn every_step_can_be_switched_off() {
    let text = "cafÃ© that鈥檚 \u{92} &amp; \u{1b}[0m ﬁ Ａ “ \r\n \0 \u{ad} e\u{301}";
    assert_eq!(Repairer::new(Options::nothing()).repair(text), None);
}

/// A small generator, so that the texts are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

const PIECES: [&str; 40] = [
    "Ã", "©", "â", "€", "œ", "™", " ", "\n", "\r", "&", "amp;", "&#233;", "Р", "°", "С", "‚", "√", "├", "┤", "\u{80}", "\u{9d}", "\u{a0}", "\u{fffd}", "鈥",
    "檚", "涓", "枃", "e\u{301}", "ﾞ", "ｶ", "ﬁ", "\u{1b}[", "0m", "\u{feff}", "í", "½", "a", "Z", "<", "ï»¿",
];

#[test]
fn a_second_repair_changes_nothing() {
    let all = Options { invisible: true, straight_quotes: true, width: Width::All, normalization: Normalization::Nfkc, ..Options::default() };
    let repairers = [Repairer::new(Options::default()), Repairer::new(all)];
    let mut random = Random(1);
    for round in 0..6_000 {
        let text: String = (0..1 + random.below(24))
            .map(|_| match round % 3 {
                0 => PIECES[random.below(PIECES.len())].to_owned(),
                1 => char::from_u32(random.below(0x300) as u32).unwrap_or('a').to_string(),
                _ => char::from_u32(random.below(0x11_0000) as u32).unwrap_or('b').to_string(),
            })
            .collect();
        for repairer in &repairers {
            if let Some((once, _)) = repairer.repair(&text) {
                assert_eq!(repairer.repair(&once), None, "{text:?} became {once:?}");
            }
        }
    }
}

#[test]
fn broken_text_comes_back_from_several_rounds() {
    let mut text = "“Größe” – naïveté, Čeština".to_owned();
    let whole = text.clone();
    for _ in 0..3 {
        text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned();
    }
    assert_eq!(repaired(&text), whole);
}
