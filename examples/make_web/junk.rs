//! Pages that nobody should read: one function a fault, each with words of its own kind.

use std::{collections::BTreeSet, error::Error, path::Path};

use crate::{
    dice::Dice,
    layout::capital,
    prose::{Block, Kind, Page, read_lines},
};

/// Hosts that the list `blocked-hosts.txt` names. The last two are not in the crawl.
pub const BLOCKED: [&str; 8] = [
    "royal-jackpot.example",
    "plainparcel-pills.example",
    "ringtone-vault.example",
    "sofa-salary.example",
    "luxe-replicas.example",
    "instaloan.example",
    "gold-club-bets.example",
    "astro-fortune.example",
];
const CRAWLED: usize = 6;

const HOSTS: [&str; 18] = [
    "pagefarm.example",
    "offerbarn.example",
    "linkdepot.example",
    "allthedeals.example",
    "mirrorcast.example",
    "free-pages-4.example",
    "dataslope.example",
    "quickboard.example",
    "seventeen-tabs.example",
    "parkplatz-web.example",
    "megalisting.example",
    "autoposter.example",
    "sensorlog.example",
    "freebies-hub.example",
    "old-index.example",
    "wordmill.example",
    "netgarden.example",
    "blankslate.example",
];

/// The raw stuff of the junk.
pub struct Scrapyard {
    /// Lower-case words of five letters and more from the English pages.
    words: Vec<String>,
    /// The running words of the English pages, each as often as it stands there, but for those that the rules ask for.
    running: Vec<String>,
    blocked: Vec<String>,
    keywords: Vec<Vec<String>>,
    repeats: Vec<String>,
    stubs: Vec<String>,
}

impl Scrapyard {
    /// Reads the files of `faults/` and takes words out of `pages`.
    pub fn open(faults: &Path, pages: &[Page]) -> Result<Self, Box<dyn Error>> {
        const ASKED_FOR: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];
        let texts: Vec<String> = pages.iter().filter(|page| page.lang == "en").map(Page::text).collect();
        let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase()) && !ASKED_FOR.contains(word);
        let running: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).filter(plain).collect();
        let words: BTreeSet<&str> = running.iter().copied().filter(|word| word.len() >= 5).collect();
        let keywords = read_lines(&faults.join("keywords.txt"))?;
        Ok(Scrapyard {
            words: words.into_iter().map(str::to_owned).collect(),
            running: running.into_iter().map(str::to_owned).collect(),
            blocked: read_lines(&faults.join("blocked.txt"))?,
            keywords: keywords.iter().map(|line| line.split('|').map(str::to_owned).collect()).collect(),
            repeats: read_lines(&faults.join("repeats.txt"))?,
            stubs: read_lines(&faults.join("stubs.txt"))?,
        })
    }

    /// Fluent offers, fit for every rule, on a host of bad name.
    pub fn blocked_host(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("blocked {at}"));
        let blocks = (0..4).map(|_| Block::Paragraph(draw(&mut dice, &self.blocked, 4).join(" "))).collect();
        let host = BLOCKED[at % CRAWLED];
        let host = if at.is_multiple_of(3) { format!("www.{host}") } else { host.to_owned() };
        self.page(&mut dice, &host, blocks)
    }

    /// Words of letters thrown at random, of the lengths that English words have, so that a mean word length does not give them away.
    pub fn gibberish_letters(&self, at: usize) -> Page {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        let mut dice = Dice::new(&format!("letters {at}"));
        let blocks = paragraphs(&mut dice, 24, |dice| {
            let length = dice.between(2, 10);
            (0..length).map(|_| char::from(*dice.pick(LETTERS))).collect()
        });
        self.page_anywhere(&mut dice, blocks)
    }

    pub fn gibberish_words(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("words {at}"));
        let blocks = paragraphs(&mut dice, 18, |dice| dice.pick(&self.running).clone());
        self.page_anywhere(&mut dice, blocks)
    }

    /// Syllables that look Finnish from afar.
    pub fn like_finnish(&self, at: usize) -> Page {
        const STEMS: [&str; 24] = [
            "tal", "kuu", "met", "sär", "ves", "kau", "pun", "hil", "ran", "jär", "kyl", "vuo", "lin", "ork", "saa", "pää", "yks", "tuu", "ket", "mäe", "suo",
            "vie", "hei", "lau",
        ];
        const MIDDLES: [&str; 14] = ["", "ko", "ska", "lli", "nki", "tta", "vi", "rre", "pu", "kse", "ma", "hdi", "jo", "nte"];
        const ENDS: [&str; 14] = ["ssa", "lla", "nen", "ksi", "taan", "inen", "sta", "lle", "van", "mme", "tten", "utta", "iden", "kin"];
        let mut dice = Dice::new(&format!("finnish {at}"));
        let blocks = paragraphs(&mut dice, 18, |dice| format!("{}{}{}", dice.pick(&STEMS), dice.pick(&MIDDLES), dice.pick(&ENDS)));
        self.page_anywhere(&mut dice, blocks)
    }

    /// Sentences that exist for the sake of four phrases.
    pub fn keyword_spam(&self, at: usize) -> Page {
        const FRAMES: [&str; 7] = [
            "Looking for @? We have the @ and the @ that you want.",
            "Our @ are better than other @ because they are real @.",
            "If you need @, then this is where to find @ today.",
            "Read about @ here, compare @ and order your @ with us.",
            "Nobody has more @, and nobody sells @ for less.",
            "Why pay more for @ when there are @ like these?",
            "Most people who search for @ also like @ and @.",
        ];
        let phrases = &self.keywords[at % self.keywords.len()];
        let mut dice = Dice::new(&format!("spam {at}"));
        let sentence = |dice: &mut Dice| {
            let mut parts = dice.pick(&FRAMES).split('@');
            let start = parts.next().unwrap_or_default().to_owned();
            parts.fold(start, |said, part| format!("{said}{}{part}", dice.pick(phrases)))
        };
        let paragraph = |dice: &mut Dice| Block::Paragraph((0..dice.between(6, 10)).map(|_| sentence(dice)).collect::<Vec<_>>().join(" "));
        let blocks = (0..14).map(|_| paragraph(&mut dice)).collect();
        let mut page = self.page_anywhere(&mut dice, blocks);
        page.title = capital(&phrases[3]);
        page
    }

    pub fn link_list(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("links {at}"));
        let count = dice.between(50, 110);
        let links = (0..count).map(|_| (self.title(&mut dice), format!("https://{}/{}", dice.pick(&HOSTS), dice.pick(&self.words)))).collect();
        self.page_anywhere(&mut dice, vec![Block::Links(links)])
    }

    /// Words with a hashtag among every six.
    pub fn hashtags(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("hashtags {at}"));
        let blocks = paragraphs(&mut dice, 8, |dice| {
            let word = dice.pick(&self.running);
            if dice.below(6) == 0 { format!("#{word}") } else { word.clone() }
        });
        self.page_anywhere(&mut dice, blocks)
    }

    pub fn repeated_lines(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("repeats {at}"));
        let lines = draw(&mut dice, &self.repeats, 3);
        let count = dice.between(24, 48);
        let blocks = (0..count).map(|_| Block::Paragraph((*dice.pick(&lines)).to_owned())).collect();
        self.page_anywhere(&mut dice, blocks)
    }

    pub fn number_table(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("numbers {at}"));
        let columns = dice.between(5, 8);
        let cell = |dice: &mut Dice| format!("{}.{:03}", dice.below(9_000), dice.below(1_000));
        let rows = (0..dice.between(40, 70)).map(|_| (0..columns).map(|_| cell(&mut dice)).collect()).collect();
        self.page_anywhere(&mut dice, vec![Block::Rows(rows)])
    }

    /// Rows of signs without a letter.
    pub fn symbols(at: usize) -> String {
        const SIGNS: [&str; 16] = ["★", "☆", "♦", "♪", "###", "***", "~~", "==", "--", "+++", "///", "♥", "•", "→", "|", "%%"];
        let mut dice = Dice::new(&format!("symbols {at}"));
        let mut line = || (0..dice.between(12, 30)).map(|_| *dice.pick(&SIGNS)).collect::<Vec<_>>().join(" ");
        (0..18).map(|_| format!("<p>{}</p>\n", line())).collect()
    }

    pub fn too_short(&self, at: usize) -> Page {
        let mut dice = Dice::new(&format!("stub {at}"));
        self.page_anywhere(&mut dice, vec![self.stub(at)])
    }

    /// A notice of some 37 words: too few to be a document, enough to be sure of their language and to repeat nothing.
    pub fn stub(&self, at: usize) -> Block {
        Block::Paragraph(self.stubs[at % self.stubs.len()].clone())
    }

    /// Titles and paths for the side columns of hosts that have no other page.
    pub fn neighbours(&self, name: &str) -> Vec<(String, String)> {
        let mut dice = Dice::new(&format!("neighbours {name}"));
        (0..4).map(|_| (self.title(&mut dice), format!("/{}", dice.pick(&self.words)))).collect()
    }

    fn title(&self, dice: &mut Dice) -> String {
        let count = dice.between(2, 4);
        capital(&(0..count).map(|_| dice.pick(&self.words).as_str()).collect::<Vec<_>>().join(" "))
    }

    fn page_anywhere(&self, dice: &mut Dice, blocks: Vec<Block>) -> Page {
        let host = *dice.pick(&HOSTS);
        self.page(dice, host, blocks)
    }

    fn page(&self, dice: &mut Dice, host: &str, blocks: Vec<Block>) -> Page {
        let path = format!("/{}/{}-{}", dice.pick(&self.words), dice.pick(&self.words), dice.between(100, 9_999));
        Page { stem: String::new(), kind: Kind::Article, lang: "en".to_owned(), title: self.title(dice), host: host.to_owned(), path, blocks }
    }
}

/// Paragraphs of sentences of words that `word` makes up.
fn paragraphs(dice: &mut Dice, count: usize, word: impl Fn(&mut Dice) -> String) -> Vec<Block> {
    let sentence = |dice: &mut Dice| {
        let words: Vec<String> = (0..dice.between(7, 16)).map(|_| word(dice)).collect();
        format!("{}.", capital(&words.join(" ")))
    };
    let paragraph = |dice: &mut Dice| Block::Paragraph((0..dice.between(4, 7)).map(|_| sentence(dice)).collect::<Vec<_>>().join(" "));
    (0..count).map(|_| paragraph(dice)).collect()
}

/// `count` different lines.
fn draw<'a>(dice: &mut Dice, from: &'a [String], count: usize) -> Vec<&'a str> {
    let mut left: Vec<&str> = from.iter().map(String::as_str).collect();
    (0..count.min(left.len())).map(|_| left.swap_remove(dice.below(left.len()))).collect()
}
