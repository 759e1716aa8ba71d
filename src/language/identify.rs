//! Script, n-grams and the prose model put together.

use super::chinese::Chinese;
use super::grams::{EDGE, Letters, hashes, signs};
use super::languages::{CODES, NONE, candidates};
use super::prose::{FEATURES, Facts, Prose};
use super::sample::sample;
use super::script::{SCRIPTS, Script, count, dominant, without_latin};
use super::weights::{Error, LANGUAGES, Weights};

/// Bytes of a text that are looked at, in four pieces from its beginning to its end: on pages of manuals more changes no answer.
pub const SAMPLE: usize = 1200;

/// Probability of a language that is found by its script alone.
const BY_SCRIPT: f32 = 0.99;

/// What the sums are multiplied with for the scores to be shares of right answers, fitted on held-out lines.
const SHARPEN: f32 = 1.12;

/// A language and how likely it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// BCP 47: `en`, `nb`, `zh-Hans`; `zxx` for what is no language, `und` for what cannot be told (nothing there, or an unknown script).
    pub lang: &'static str,
    /// Probability, 0 to 1, calibrated on held-out lines.
    pub score: f32,
}

/// Buffers that calls reuse; one a thread.
#[derive(Default)]
pub struct Scratch {
    sample: String,
    signs: Vec<u32>,
    hashes: Vec<u32>,
    long: Vec<u32>,
}

/// The model, unpacked.
pub struct Identifier {
    letters: Letters,
    weights: Weights,
    chinese: Chinese,
    prose: Prose,
    candidates: [u128; SCRIPTS],
}

/// Bytes of a text whose letters are counted by script: pages that mix two are seldom mixed evenly.
const SCRIPT_SAMPLE: usize = 32 << 10;

/// Signs of an n-gram that gibberish seldom has by chance.
const LONG: usize = 4;

/// Signs of a text whose n-grams are looked up.
const SIGNS: usize = 400;

/// Leaves every second word, or every third and so on, so that little more than `SIGNS` signs remain.
fn thin(stream: &mut Vec<u32>) {
    let every = stream.len().div_ceil(SIGNS);
    if every > 1 {
        let mut word = 0;
        stream.retain(|sign| {
            word += usize::from(*sign == EDGE);
            word % every == 1
        });
        if stream.last() != Some(&EDGE) {
            stream.push(EDGE);
        }
    }
}

/// What is multiplied with the sum over `n` n-grams: long texts repeat themselves, so their n-grams tell less each.
pub fn scale(n: usize) -> f32 {
    if n <= 40 { 1.0 } else { (40.0 / n as f32).powf(0.6) }
}

impl Identifier {
    /// Unpacks `filters/models/language.bin`.
    ///
    /// # Errors
    /// Where the file is cut, damaged or something else.
    pub fn load(file: &[u8]) -> Result<Identifier, Error> {
        let (weights, rest) = Weights::read(file)?;
        let mut rest = rest.as_slice();
        let chinese = Chinese::read(&mut rest)?;
        let prose = Prose::read(rest)?;
        let candidates = std::array::from_fn(|at| candidates(Script::from_number(at)));
        Ok(Identifier { letters: Letters::default(), weights, chinese, prose, candidates })
    }

    /// The language of `text`, judged by a bounded part of it: see [`SAMPLE`].
    pub fn identify(&self, text: &str, scratch: &mut Scratch) -> Guess {
        let (mut guess, features) = self.describe(text, scratch);
        let Some(features) = features else { return guess };
        let against = self.prose.against(&features);
        if against > 0.5 {
            return Guess { lang: NONE, score: against };
        }
        guess.score *= 1.0 - against;
        guess
    }

    /// `zh-Hant` or `zh-Hans`: how a Chinese text is written.
    pub fn chinese(&self, text: &str, scratch: &mut Scratch) -> &'static str {
        signs(&self.letters, sample(text, SAMPLE, &mut scratch.sample), &mut scratch.signs);
        self.chinese.tag(&scratch.signs)
    }

    /// The language of `text` if it is one, and the numbers that the prose model judges by; none where there is nothing to judge.
    #[doc(hidden)]
    pub fn describe(&self, text: &str, scratch: &mut Scratch) -> (Guess, Option<[f32; FEATURES]>) {
        let Scratch { sample: buffer, signs: stream, hashes: found, long } = scratch;
        let Some(script) = dominant(count(&self.letters, sample(text, SCRIPT_SAMPLE, buffer))) else {
            let blank = text.trim().is_empty();
            return (Guess { lang: if blank { "und" } else { NONE }, score: if blank { 0.0 } else { BY_SCRIPT } }, None);
        };
        let text = sample(text, SAMPLE, buffer);
        signs(&self.letters, text, stream);
        let mask = self.candidates[script as usize];
        let (guess, facts) = if mask == 0 {
            let Some(lang) = script.only() else { return (Guess { lang: "und", score: 0.0 }, None) };
            (Guess { lang, score: BY_SCRIPT }, Facts { known: 1.0, long: 1.0, mean: 0.3, best: 1.0, by_script: true })
        } else {
            without_latin(stream, script);
            thin(stream);
            found.clear();
            long.clear();
            hashes(stream, |hash, length| if length < LONG { found.push(hash) } else { long.push(hash) });
            self.weigh(mask, found, long)
        };
        let features = self.prose.features(&self.letters, text, guess.lang, script, facts);
        let lang = if guess.lang == "zh" { self.chinese.tag(stream) } else { guess.lang };
        (Guess { lang, ..guess }, Some(features))
    }

    /// The best of the languages in `mask` by the n-grams `short` and `long`.
    fn weigh(&self, mask: u128, short: &[u32], long: &[u32]) -> (Guess, Facts) {
        let mut sums = [0i32; LANGUAGES];
        let (known, known_long) = (self.weights.add(short, &mut sums), self.weights.add(long, &mut sums));
        let (n, n_long) = ((short.len() + long.len()).max(1), long.len().max(1));
        let unit = self.weights.step() * scale(n) * SHARPEN;
        let candidates = || CODES.iter().zip(&sums).enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, pair)| pair);
        let best = candidates().fold(("und", i32::MIN), |best, (code, sum)| if *sum > best.1 { (*code, *sum) } else { best });
        let total: f32 = candidates().map(|(_, sum)| ((sum - best.1) as f32 * unit).exp()).sum();
        let score = 1.0 / total.max(1.0);
        let facts = Facts {
            known: (known + known_long) as f32 / n as f32,
            long: known_long as f32 / n_long as f32,
            mean: best.1 as f32 * self.weights.step() / n as f32,
            best: score,
            by_script: false,
        };
        (Guess { lang: best.0, score }, facts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::BUILT_IN;
    use super::*;

    fn guess(text: &str) -> Guess {
        let identifier = Identifier::load(BUILT_IN).unwrap();
        identifier.identify(text, &mut Scratch::default())
    }

    #[test]
    fn sentences_are_found_with_a_high_score() {
        for (lang, text) in [
            ("en", "The river rises in the hills above the town and is crossed there by a bridge of stone."),
            ("nl", "De rivier ontspringt in de heuvels boven de stad en wordt daar overspannen door een stenen brug."),
            ("pt", "O rio nasce nas colinas acima da cidade, onde uma ponte de pedra o atravessa."),
            ("fi", "Joki saa alkunsa kaupungin yläpuolella olevilta kukkuloilta, ja sen yli kulkee kivinen silta."),
            ("uk", "Річка бере початок на пагорбах над містом, і там через неї перекинуто кам'яний міст."),
            ("fa", "رودخانه از تپه‌های بالای شهر سرچشمه می‌گیرد و پلی سنگی از روی آن می‌گذرد."),
            ("hi", "नदी शहर के ऊपर की पहाड़ियों से निकलती है और वहाँ पत्थर का एक पुल है।"),
            ("ja", "川は町の上の丘から流れ出し、そこに石の橋が架かっている。"),
            ("ko", "강은 마을 위 언덕에서 시작되고 그곳에 돌다리가 놓여 있다."),
            ("el", "Το ποτάμι πηγάζει από τους λόφους πάνω από την πόλη."),
            ("zh-Hans", "这条河从城外的山里流出来，人们在那里修了一座石桥，过桥就是老城的门。"),
            ("zh-Hant", "這條河從城外的山裡流出來，人們在那裡修了一座石橋，過橋就是老城的門。"),
        ] {
            let found = guess(text);
            assert!(found.lang == lang && found.score > 0.8, "{lang}: {found:?}");
        }
    }

    #[test]
    fn a_word_shared_by_languages_has_a_low_score() {
        assert!(guess("radio").score < 0.5);
        assert!(guess("Geschwindigkeit").score > 0.9);
    }

    #[test]
    fn code_numbers_and_noise_are_no_language() {
        for text in [
            "for (int i = 0; i < n; ++i) {\n    sum += values[i] * weights[i];\n}\nreturn sum / n;\n",
            "12:30 -- 5 %",
            "1,204\t88.2\t17\n3,310\t90.0\t21\n5,018\t71.4\t9\n",
            "xkqzj vwpf gghtrq zzxcv bnmqw plokij wqxz kjhgfd mnbvcx qpwoei",
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgYmFzZTY0IGVuY29kZWQgdGV4dCBhbmQgbm90IHdvcmRz",
            "Home | About Us | Products | Pricing | Contact | Login | Register | Cart (0) | Help | Sitemap",
        ] {
            assert_eq!(guess(text).lang, NONE, "{text}");
        }
        assert_eq!(guess(" \n\u{a0}"), Guess { lang: "und", score: 0.0 });
        assert_eq!(guess("ᚠᚢᚦᚨᚱᚲ").lang, "und");
    }

    #[test]
    fn a_sample_of_a_long_text_gives_the_answer_of_the_whole() {
        let text = "Der Fluss entspringt in den Hügeln über der Stadt und wird dort von einer Brücke aus Stein überspannt. ".repeat(500);
        let found = guess(&text);
        assert!(found.lang == "de" && found.score > 0.9, "{found:?}");
    }

    #[test]
    fn thinning_keeps_whole_words() {
        let mut stream = Vec::new();
        signs(&Letters::default(), &"eins zwei drei vier fünf ".repeat(80), &mut stream);
        thin(&mut stream);
        let text: String = stream.iter().filter_map(|sign| char::from_u32(*sign)).collect();
        assert!(text.starts_with(" eins zwei drei vier fünf eins ") && text.ends_with(' ') && text.len() < SIGNS + 100, "{text}");
    }
}
