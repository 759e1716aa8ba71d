//! Scripts: which one a character belongs to, and which languages are written in it.
//!
//! Ranges follow the blocks of Unicode; letters only count, so signs that several scripts share need no entry.

use super::grams::{EDGE, Letters};

/// A script, or the few blocks that say the same about the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Devanagari,
    Han,
    Kana,
    Hangul,
    Greek,
    Hebrew,
    Armenian,
    Georgian,
    Bengali,
    Gurmukhi,
    Gujarati,
    Oriya,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Thai,
    Lao,
    Tibetan,
    Myanmar,
    Khmer,
    Ethiopic,
    Mongolian,
    Tagalog,
    Thaana,
    Cherokee,
    Inuktitut,
    NKo,
    Santali,
    Other,
}

/// How many scripts there are.
pub const SCRIPTS: usize = Script::Other as usize + 1;

use Script::*;

/// First and last character of the blocks, in order.
const BLOCKS: &[(u32, u32, Script)] = &[
    (0x0000, 0x02ff, Latin),
    (0x0300, 0x036f, Latin),
    (0x0370, 0x03ff, Greek),
    (0x0400, 0x052f, Cyrillic),
    (0x0530, 0x058f, Armenian),
    (0x0590, 0x05ff, Hebrew),
    (0x0600, 0x06ff, Arabic),
    (0x0750, 0x077f, Arabic),
    (0x0780, 0x07bf, Thaana),
    (0x07c0, 0x07ff, NKo),
    (0x08a0, 0x08ff, Arabic),
    (0x0900, 0x097f, Devanagari),
    (0x0980, 0x09ff, Bengali),
    (0x0a00, 0x0a7f, Gurmukhi),
    (0x0a80, 0x0aff, Gujarati),
    (0x0b00, 0x0b7f, Oriya),
    (0x0b80, 0x0bff, Tamil),
    (0x0c00, 0x0c7f, Telugu),
    (0x0c80, 0x0cff, Kannada),
    (0x0d00, 0x0d7f, Malayalam),
    (0x0d80, 0x0dff, Sinhala),
    (0x0e00, 0x0e7f, Thai),
    (0x0e80, 0x0eff, Lao),
    (0x0f00, 0x0fff, Tibetan),
    (0x1000, 0x109f, Myanmar),
    (0x10a0, 0x10ff, Georgian),
    (0x1100, 0x11ff, Hangul),
    (0x1200, 0x139f, Ethiopic),
    (0x13a0, 0x13ff, Cherokee),
    (0x1400, 0x167f, Inuktitut),
    (0x1700, 0x171f, Tagalog),
    (0x1780, 0x17ff, Khmer),
    (0x1800, 0x18af, Mongolian),
    (0x1c50, 0x1c7f, Santali),
    (0x1c80, 0x1c8f, Cyrillic),
    (0x1c90, 0x1cbf, Georgian),
    (0x1d00, 0x1dbf, Latin),
    (0x1e00, 0x1eff, Latin),
    (0x1f00, 0x1fff, Greek),
    (0x2c60, 0x2c7f, Latin),
    (0x2d00, 0x2d2f, Georgian),
    (0x2d80, 0x2ddf, Ethiopic),
    (0x2de0, 0x2dff, Cyrillic),
    (0x2e80, 0x2fdf, Han),
    (0x3005, 0x3007, Han),
    (0x3021, 0x3029, Han),
    (0x3041, 0x30ff, Kana),
    (0x3105, 0x312f, Han),
    (0x3131, 0x318f, Hangul),
    (0x31a0, 0x31bf, Han),
    (0x31f0, 0x31ff, Kana),
    (0x3400, 0x4dbf, Han),
    (0x4e00, 0x9fff, Han),
    (0xa640, 0xa69f, Cyrillic),
    (0xa720, 0xa7ff, Latin),
    (0xa8e0, 0xa8ff, Devanagari),
    (0xa960, 0xa97f, Hangul),
    (0xaa60, 0xaa7f, Myanmar),
    (0xab70, 0xabbf, Cherokee),
    (0xac00, 0xd7ff, Hangul),
    (0xf900, 0xfaff, Han),
    (0xfb00, 0xfb06, Latin),
    (0xfb13, 0xfb17, Armenian),
    (0xfb1d, 0xfb4f, Hebrew),
    (0xfb50, 0xfdff, Arabic),
    (0xfe70, 0xfefc, Arabic),
    (0xff21, 0xff5a, Latin),
    (0xff66, 0xff9f, Kana),
    (0xffa0, 0xffdc, Hangul),
    (0x1f200, 0x1f200, Kana),
    (0x20000, 0x3ffff, Han),
];

static BY_NUMBER: [Script; SCRIPTS] = {
    let (mut table, mut block) = ([Other; SCRIPTS], 0);
    while block < BLOCKS.len() {
        table[BLOCKS[block].2 as usize] = BLOCKS[block].2;
        block += 1;
    }
    table
};

/// The blocks below the Han characters, letter by letter.
static TABLE: [Script; 0x3200] = {
    let (mut table, mut block) = ([Other; 0x3200], 0);
    while block < BLOCKS.len() {
        let (mut letter, last, script) = BLOCKS[block];
        while letter <= last && letter < 0x3200 {
            table[letter as usize] = script;
            letter += 1;
        }
        block += 1;
    }
    table
};

impl Script {
    /// The script of a letter; `Other` for what is in none of the blocks.
    pub fn of(letter: u32) -> Script {
        if let Some(script) = TABLE.get(letter as usize) {
            return *script;
        }
        // What no other search would be as frequent as.
        if (0x4e00..=0x9fff).contains(&letter) {
            return Han;
        }
        let after = BLOCKS.partition_point(|block| block.0 <= letter);
        match after.checked_sub(1).and_then(|at| BLOCKS.get(at)) {
            Some((_, last, script)) if letter <= *last => *script,
            _ => Other,
        }
    }

    /// The script with this number, in the order above.
    pub fn from_number(number: usize) -> Script {
        BY_NUMBER.get(number).copied().unwrap_or(Other)
    }

    /// The language that a text in this script is taken for without further look.
    pub fn only(self) -> Option<&'static str> {
        Some(match self {
            Kana => "ja",
            Hangul => "ko",
            Greek => "el",
            Hebrew => "he",
            Armenian => "hy",
            Georgian => "ka",
            Bengali => "bn",
            Gurmukhi => "pa",
            Gujarati => "gu",
            Oriya => "or",
            Tamil => "ta",
            Telugu => "te",
            Kannada => "kn",
            Malayalam => "ml",
            Sinhala => "si",
            Thai => "th",
            Lao => "lo",
            Tibetan => "bo",
            Myanmar => "my",
            Khmer => "km",
            Ethiopic => "am",
            Mongolian => "mn",
            Tagalog => "tl",
            Thaana => "dv",
            Cherokee => "chr",
            Inuktitut => "iu",
            NKo => "nqo",
            Santali => "sat",
            Latin | Cyrillic | Arabic | Devanagari | Han | Other => return None,
        })
    }
}

/// Letters of each script.
pub type Counts = [usize; SCRIPTS];

/// Counts the letters of `text`.
pub fn count(letters: &Letters, text: &str) -> Counts {
    let mut counts = [0; SCRIPTS];
    for letter in text.chars().map(|c| letters.fold(c)).filter(|letter| *letter != 0) {
        counts[Script::of(letter) as usize] += 1;
    }
    counts
}

/// The script of most letters; none where there are no letters. Kana outvote the Han characters around them: only Japanese has both.
pub fn dominant(mut counts: Counts) -> Option<Script> {
    let (han, kana) = (counts[Han as usize], counts[Kana as usize]);
    if kana * 16 >= han + kana {
        counts[Kana as usize] += han;
        counts[Han as usize] = 0;
    }
    // Names, terms and code are in Latin letters in texts of every language, so the other scripts' letters count half as much again; and a Han
    // character or Hangul syllable says as much as three letters.
    let weight = |script: Script| match script {
        Latin => 2,
        Han | Kana | Hangul => 9,
        _ => 3,
    };
    let weighed = counts.iter().enumerate().map(|(at, count)| (Script::from_number(at), count));
    let most = weighed.map(|(script, count)| (count * weight(script), script)).filter(|(count, _)| *count > 0);
    most.max_by_key(|(count, script)| (*count, SCRIPTS - *script as usize)).map(|(_, script)| script)
}

/// Takes the words in Latin letters out of `signs` where another script is the dominant one: names and code say nothing about the language.
pub fn without_latin(signs: &mut Vec<u32>, dominant: Script) {
    if dominant == Latin {
        return;
    }
    let latin = |sign: &u32| *sign != EDGE && Script::of(*sign) == Latin;
    signs.retain(|sign| !latin(sign));
    signs.dedup_by(|next, before| *next == EDGE && *before == EDGE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_sorted_and_do_not_overlap() {
        for pair in BLOCKS.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0, "{:x?}", pair);
        }
    }

    #[test]
    fn most_letters_decide_and_the_rest_is_left_out() {
        let signs = |text: &str| text.chars().map(u32::from).collect::<Vec<_>>();
        let dominant = |text| dominant(count(&Letters::default(), text));
        assert_eq!(dominant("latin слово"), Some(Cyrillic));
        assert_eq!(dominant("longer latin да"), Some(Latin));
        assert_eq!(dominant("variable 変数は"), Some(Kana));
        assert_eq!(dominant("中国的历史很长"), Some(Han));
        assert_eq!(dominant("12 + 5"), None);
        let mut mixed = signs(" one два three ");
        without_latin(&mut mixed, Cyrillic);
        assert_eq!(mixed, signs(" два "));
        without_latin(&mut mixed, Latin);
        assert_eq!(mixed, signs(" два "));
    }

    #[test]
    fn letters_are_in_their_scripts() {
        for (letter, script) in [('é', Latin), ('ạ', Latin), ('ж', Cyrillic), ('ک', Arabic), ('ह', Devanagari), ('語', Han), ('の', Kana)] {
            assert_eq!(Script::of(letter.into()), script, "{letter}");
        }
        assert_eq!(Script::of('한'.into()).only(), Some("ko"));
        assert_eq!(Script::of('ᚠ'.into()), Other);
        assert_eq!(Latin.only(), None);
    }
}
