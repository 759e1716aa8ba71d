//! Words that spaCy's English keeps whole, or cuts, whatever its rules say: contractions, abbreviations, clock times, emoticons.
//!
//! Generated from stems and endings; a typographic apostrophe always does as well as a straight one.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::text::bytes::pack;

/// Stems, in lower case and capitalized, before each of the endings; `·` cuts an ending again.
/// An apostrophe may be left out.
const CONTRACTIONS: [(&str, &str); 10] = [
    ("i", "'m 'm·a"),
    ("i you he she it we they", "'ll 'll·'ve 'd 'd·'ve"),
    ("i you we they", "'ve"),
    ("you we they", "'re"),
    ("he she it", "'s"),
    ("who what when where why how there that this", "'s"),
    ("who what when where why how there that this these those", "'ll 'll·'ve 'd 'd·'ve"),
    ("who what when where why how there these those", "'re 've"),
    ("ca could do does did had may might must need ought sha should wo would", "n't n't·'ve"),
    ("ai are is was were have has dare", "n't"),
];

/// Forms without an apostrophe that are words of their own.
const NOT_CONTRACTED: &str = "ill its hell shell shed were well whore";

/// Whole or cut at `·`, in lower case and capitalized; an apostrophe may be left out.
const EITHER_CASE: &str = "could·'ve might·'ve must·'ve should·'ve would·'ve not·'ve \
    doin' goin' nothin' nuthin' ol' somethin' lovin' havin'";

/// Likewise, but an apostrophe stays.
const WITH_APOSTROPHE: &str = "can·not gon·na got·ta let·'s c'm·on how·'d·'y ma'am o'clock";

const AS_THEY_STAND: &str = "y'·all y·all 'em em 'll ll 'nuff nuff 's 'S ‘s ‘S 're 'd 'bout \
    'cause 'Cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz and/or w/o ' '' \\t \\n — \\\") <space> C++ \
    Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. \
    Kan. Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. \
    Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. a.m. p.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. \
    Gov. i.e. I.e. I.E. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s. \
    ä. ö. ü.";

/// Faces: every choice of one part from each bracket; a bracket that opens with a space may be empty.
const FACES: &str = ":⟦ -⟧⟦) )) ))) ( (( ((( ] } / | P p O o 0 * 3 > X x D⟧ :⟦' '-⟧⟦) (⟧ :⟦1 o) ()⟧ =⟦) ( ] [ / | 3 D⟧ \
    ;⟦ -⟧⟦) D⟧ ⟦( [⟧⟦: -: =⟧ (⟦; -; o: -8⟧ ⟦) )-⟧: ]= >:⟦( o⟧ 8⟦ -⟧⟦) D⟧ ⟦x X⟧D⟦ D⟧ \
    ^⟦_ __ ___⟧^ ⟦>.< >.> <.< ._. ;_; -_- -__- @_@⟧ v⟦. _⟧v V⟦. _⟧V ⟦o O⟧⟦. _⟧⟦o O⟧ ⟦0_o o_0 0_0 0.0 o.0 0.o⟧ \
    <⟦3 33 333 /3⟧ (⟦^_^ -_- ._. >_< *_* ¬_¬ ಠ_ಠ⟧) ಠ⟦_ ︵⟧ಠ ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>";

/// No special word has more bytes.
pub const LONGEST: usize = 29;
/// Nor has one of ASCII letters alone.
pub const LONGEST_OF_LETTERS: usize = 10;
const SLOTS: usize = 1 << 12;

struct Special {
    text: String,
    pieces: Pieces,
}

/// Byte lengths of the one to three tokens of a special word; 0 ends them.
pub type Pieces = [u8; 3];

struct Table {
    words: Vec<Special>,
    /// Upper half: a tag of the hash; lower half: place in `words` plus one; 0 where empty.
    slots: Vec<u32>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let words: Vec<_> = generate().into_iter().map(|(text, pieces)| Special { text, pieces }).collect();
    let mut slots = vec![0; SLOTS];
    for (place, word) in words.iter().enumerate() {
        let (mut slot, tag) = place_of(word.text.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = tag << 16 | (place as u32 + 1);
    }
    Table { words, slots }
});

/// The tokens of `word` if it is special.
#[inline]
pub fn find(word: &str) -> Option<Pieces> {
    if word.len() > LONGEST {
        return None;
    }
    let table = &*TABLE;
    let (mut slot, tag) = place_of(word.as_bytes());
    loop {
        let entry = *table.slots.get(slot)?;
        if entry == 0 {
            return None;
        }
        if entry >> 16 == tag
            && let Some(special) = table.words.get((entry & 0xffff) as usize - 1)
            && special.text == word
        {
            return Some(special.pieces);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// First slot to look at, and tag.
#[inline]
fn place_of(word: &[u8]) -> (usize, u32) {
    let last = word.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
    let mixed = pack(word) ^ last.rotate_left(29) ^ (word.len() as u64) << 56;
    let mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed >> 52) as usize, (mixed >> 20) as u32 & 0xffff)
}

fn generate() -> BTreeMap<String, Pieces> {
    let mut all = BTreeMap::new();
    let mut add = |form: &str| {
        for form in [form.to_owned(), form.replace('\'', "’")] {
            let mut pieces = [0; 3];
            for (length, piece) in pieces.iter_mut().zip(form.split('·')) {
                *length = piece.len() as u8;
            }
            all.insert(form.replace('·', ""), pieces);
        }
    };
    for (stems, endings) in CONTRACTIONS {
        for stem in stems.split(' ') {
            for ending in endings.split(' ') {
                both_cases(&format!("{stem}·{ending}"), &mut add);
            }
        }
    }
    EITHER_CASE.split_whitespace().for_each(|form| both_cases(form, &mut add));
    for form in WITH_APOSTROPHE.split_whitespace() {
        add(form);
        add(&capitalized(form));
    }
    AS_THEY_STAND.split_whitespace().for_each(&mut add);
    ('a'..='z').for_each(|letter| add(&format!("{letter}.")));
    for hour in 1..=12 {
        ["a.m.", "am", "p.m.", "pm"].iter().for_each(|half| add(&format!("{hour}·{half}")));
    }
    "cfkCFK".chars().for_each(|degree| add(&format!("°·{degree}·.")));
    faces().iter().for_each(|face| add(face));
    for word in NOT_CONTRACTED.split(' ') {
        all.remove(word);
        all.remove(&capitalized(word));
    }
    all
}

fn both_cases(form: &str, add: &mut impl FnMut(&str)) {
    for form in [form.to_owned(), capitalized(form)] {
        add(&form);
        add(&form.replace('\'', ""));
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn faces() -> Vec<String> {
    let mut all = Vec::new();
    let mut forms = vec![String::new()];
    // A space inside brackets parts choices, one outside parts faces.
    let mut parts = FACES.split(['⟦', '⟧']).enumerate();
    for (place, part) in &mut parts {
        if place % 2 == 1 {
            forms = forms.iter().flat_map(|form| part.split(' ').map(move |choice| format!("{form}{choice}"))).collect();
            continue;
        }
        let mut words = part.split(' ').filter(|word| !word.is_empty());
        let continues = !part.starts_with(' ');
        if continues && let Some(word) = words.next() {
            forms.iter_mut().for_each(|form| form.push_str(word));
        }
        if part.contains(' ') {
            all.append(&mut forms);
            let mut rest: Vec<_> = words.map(str::to_owned).collect();
            forms = if part.ends_with(' ') { vec![String::new()] } else { rest.pop().into_iter().collect() };
            all.append(&mut rest);
        }
    }
    all.append(&mut forms);
    all.retain(|face| !face.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_spacy() {
        let count = |piece| TABLE.words.iter().filter(|word| piece_count(word) == piece).count();
        assert_eq!((count(1), count(2), count(3)), (354, 667, 322));
        assert_eq!(TABLE.words.iter().map(|word| word.text.len()).max(), Some(LONGEST));
        let letters = TABLE.words.iter().filter(|word| word.text.bytes().all(|b| b.is_ascii_alphabetic()));
        assert_eq!(letters.map(|word| word.text.len()).max(), Some(LONGEST_OF_LETTERS));
    }

    fn piece_count(word: &Special) -> usize {
        word.pieces.iter().filter(|length| **length > 0).count()
    }

    #[test]
    fn forms_are_generated() {
        assert_eq!(find("Shouldn’t've"), None);
        assert_eq!(find("Shouldn’t’ve"), Some([6, 5, 5]));
        assert_eq!((find("dont"), find("Ill"), find("xDD"), find("(-:")), (Some([2, 2, 0]), None, Some([3, 0, 0]), Some([3, 0, 0])));
    }
}
