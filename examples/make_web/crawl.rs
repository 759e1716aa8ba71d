//! The crawl: which page plays which part, and the records that come of it.

use std::{collections::BTreeMap, error::Error, path::Path};

use crate::{
    broken,
    dice::Dice,
    junk::Scrapyard,
    nearcopy,
    prose::{Block, Kind, Page, read_folder, read_lines},
    record::{Charset, Record, Truth, answer},
    warc::{Answer, Damage},
};

const ARTICLE: fn(&Page) -> bool = |page| page.kind == Kind::Article;
const ANY: fn(&Page) -> bool = |_| true;
/// A thread reads differently under another layout, so a copy of one would not be one to word sequences.
const NOT_FORUM: fn(&Page) -> bool = |page| page.kind != Kind::Forum;

pub struct Crawl {
    /// In the order of the input.
    pub records: Vec<Record>,
    /// The pages kept out of the crawl for the verdict.
    pub heldout: Vec<Record>,
    /// Texts of the clean pages, held-out ones included, by name.
    pub texts: Vec<(String, String)>,
}

/// Builds everything out of the prose folder. `heldout` names the files kept out of the crawl.
pub fn build(prose: &Path, heldout: &[&str]) -> Result<Crawl, Box<dyn Error>> {
    let faults = prose.join("faults");
    let (mut clean, foreign): (Vec<Page>, Vec<Page>) = read_folder(prose)?.into_iter().partition(|page| ["en", "zh", "de", "ar"].contains(&page.lang.as_str()));
    let texts = clean.iter().map(|page| (page.stem.clone(), page.text())).collect();
    let apart: Vec<Page> = clean.extract_if(.., |page| heldout.contains(&page.stem.as_str())).collect();
    if apart.len() != heldout.len() {
        return Err(format!("{} of {} held-out pages found", apart.len(), heldout.len()).into());
    }

    let mut maker = Maker { yard: Scrapyard::open(&faults, &clean)?, hosts: hosts(&clean), records: Vec::new() };
    let heldout = apart.iter().map(|page| maker.record(page, Charset::Right, Truth::keep().of_prose(page))).collect();
    let mut pool = Pool(clean);
    maker.passages(&mut pool, &read_lines(&faults.join("passages.txt"))?);
    maker.charsets(&mut pool);
    maker.broken_markup(&mut pool);
    maker.copies(&pool, &read_lines(&faults.join("reposts.txt"))?)?;
    maker.shells(&pool);
    maker.junk(&foreign);
    maker.damaged(&read_folder(&faults)?);
    maker.no_documents(&pool);
    let mut records = maker.records;
    records.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.url.cmp(&b.url)));
    first_passage_stays(&mut records);
    Ok(Crawl { records, heldout, texts })
}

/// Clean pages that have no part yet.
struct Pool(Vec<Page>);

impl Pool {
    /// Takes `count` pages out, chosen by the seed and the name of the part they are to play.
    fn take(&mut self, part: &str, lang: &str, count: usize, fits: fn(&Page) -> bool) -> Vec<Page> {
        let chosen = self.choose(part, lang, count, fits);
        self.0.retain(|page| chosen.iter().all(|taken| taken.stem != page.stem));
        chosen
    }

    fn choose(&self, part: &str, lang: &str, count: usize, fits: fn(&Page) -> bool) -> Vec<Page> {
        let mut fitting: Vec<&Page> = self.0.iter().filter(|page| page.lang == lang && fits(page)).collect();
        assert!(fitting.len() >= count, "{count} pages in `{lang}` wanted for {part}, {} left", fitting.len());
        fitting.sort_by_cached_key(|page| Dice::new(&format!("{part} {}", page.stem)).roll());
        fitting[..count].iter().map(|page| (*page).clone()).collect()
    }
}

/// Titles and paths of the clean pages of every host.
fn hosts(clean: &[Page]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut hosts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for page in clean {
        hosts.entry(page.host.clone()).or_default().push((page.title.clone(), page.path.clone()));
    }
    hosts
}

/// The later copies of a repeated passage are cut, the first one in the input stays.
fn first_passage_stays(records: &mut [Record]) {
    let mut seen = Vec::new();
    for record in records.iter_mut().filter(|record| record.truth.fate == "edit") {
        if !seen.contains(&record.truth.fault) {
            seen.push(record.truth.fault);
            record.truth = Truth { fate: "keep", ends: &[], ..record.truth.clone() };
        }
    }
}

/// A text that is no prose of a wanted language.
const LANGUAGE: &[&str] = &["language/wrong_language", "language/unsure_language"];

/// Numbers and signs: no language, or too little of one.
const NOT_PROSE: &[&str] = &[
    "extract/no_content",
    "language/wrong_language",
    "language/unsure_language",
    "gopher_repetition/top_2_gram",
    "gopher_repetition/top_4_gram",
    "gopher_repetition/duplicate_lines",
    "gopher/too_few_words",
    "gopher/too_few_alphabetic_words",
];

/// A page with next to no text: whichever looks at it first may take it.
const STUB: &[&str] = &[
    "extract/no_content",
    "language/wrong_language",
    "language/unsure_language",
    "gopher_repetition/top_2_gram",
    "gopher_repetition/top_3_gram",
    "gopher_repetition/top_4_gram",
    "gopher/too_few_words",
    "gopher/too_few_stop_words",
    "gopher/too_few_alphabetic_words",
];

/// A list of links: no content to an extractor, no sentences to the rules.
const LINKS: &[&str] = &[
    "extract/no_content",
    "language/wrong_language",
    "language/unsure_language",
    "gopher_repetition/top_2_gram",
    "gopher_repetition/top_3_gram",
    "gopher_repetition/top_4_gram",
    "gopher/too_few_words",
    "gopher/too_few_stop_words",
    "gopher/too_few_alphabetic_words",
    "gopher/too_many_bullets",
];

struct Maker {
    yard: Scrapyard,
    hosts: BTreeMap<String, Vec<(String, String)>>,
    records: Vec<Record>,
}

impl Maker {
    fn record(&self, page: &Page, charset: Charset, truth: Truth) -> Record {
        self.print(page, page.url(), charset, truth)
    }

    /// A record of `page` under an address that need not be its own.
    fn print(&self, page: &Page, url: String, charset: Charset, truth: Truth) -> Record {
        let mut neighbours = self.hosts.get(&page.host).cloned().unwrap_or_default();
        neighbours.retain(|(_, path)| *path != page.path);
        if neighbours.is_empty() {
            neighbours = self.yard.neighbours(&url);
        }
        neighbours.truncate(5);
        let answer = answer(page, &neighbours, charset, &url);
        Record::new(url, answer, truth)
    }

    fn passages(&mut self, pool: &mut Pool, passages: &[String]) {
        const FAULTS: [&str; 2] = ["repeated_passage_1", "repeated_passage_2"];
        for (fault, passage) in FAULTS.into_iter().zip(passages) {
            for mut page in pool.take(fault, "en", 6, ARTICLE) {
                let place = Dice::new(&format!("{fault} {}", page.stem)).between(1, page.blocks.len());
                page.blocks.insert(place, Block::Paragraph(passage.clone()));
                let truth = Truth { fate: "edit", ..Truth::default() };
                self.records.push(self.record(&page, Charset::Right, truth.with_fault(fault).of_prose(&page)));
            }
        }
    }

    fn charsets(&mut self, pool: &mut Pool) {
        let parts = [
            ("charset_header_lies", Charset::HeaderLies, [("de", 2), ("ar", 1)].as_slice()),
            ("charset_meta_lies", Charset::MetaLies, &[("de", 1), ("zh", 1), ("ar", 1)]),
            ("charset_gbk_as_gb2312", Charset::GbkAsGb2312, &[("zh", 2)]),
            ("charset_1252_unlabelled", Charset::Unlabelled1252, &[("de", 3)]),
        ];
        for (fault, charset, wanted) in parts {
            for page in wanted.iter().flat_map(|(lang, count)| pool.take(fault, lang, *count, ANY)) {
                let truth = Truth::keep().with_fault(fault).of_prose(&page);
                self.records.push(self.record(&page, charset, truth));
            }
        }
    }

    fn broken_markup(&mut self, pool: &mut Pool) {
        let wanted = [("en", 5), ("de", 1), ("zh", 1), ("ar", 1)];
        let pages = wanted.iter().flat_map(|(lang, count)| pool.take("broken", lang, *count, ARTICLE)).collect::<Vec<_>>();
        for (way, page) in pages.iter().enumerate().map(|(at, page)| (at % broken::WAYS, page)) {
            let truth = Truth::keep().with_fault("broken_markup").of_prose(page);
            let mut record = self.record(page, Charset::Right, truth);
            let html = String::from_utf8_lossy(&record.answer.body).into_owned();
            let worse = broken::break_markup(&html, way);
            assert!(html != worse, "way {way} leaves {} whole", page.stem);
            record.answer.body = worse.into_bytes();
            self.records.push(record);
        }
    }

    /// The plain pages, and copies of some of them further down in the crawl.
    fn copies(&mut self, pool: &Pool, reposts: &[String]) -> Result<(), Box<dyn Error>> {
        let mut left = Pool(pool.0.clone());
        let exact: Vec<Page> =
            [("en", 14), ("zh", 3), ("de", 3), ("ar", 2)].iter().flat_map(|(lang, count)| left.take("exact copy", lang, *count, NOT_FORUM)).collect();
        for page in &pool.0 {
            let original = self.record(page, Charset::Right, Truth::keep().of_prose(page));
            if let Some(at) = exact.iter().position(|copied| copied.stem == page.stem) {
                let url = other_address(page, at);
                let truth = Truth { twin: Some(page.url()), jaccard: Some(1.0), ..Truth::drop("exact_copy", &["dedup_exact/exact_duplicate"]) };
                self.records.push(self.print(page, url, Charset::Right, truth.of_prose(page)).behind(&original));
            }
            self.records.push(original);
        }
        for (at, line) in reposts.iter().enumerate() {
            let (lang, sentence) = line.split_once('\t').ok_or("a line of reposts.txt without a tab")?;
            let page = left.take("near copy", lang, 1, NOT_FORUM).remove(0);
            let (mut copy, likeness) = nearcopy::make(&page, sentence);
            let url = if at.is_multiple_of(2) {
                copy.host = "mirrorcast.example".to_owned();
                copy.path = format!("/from/{}{}", page.host.replace('.', "-"), page.path);
                copy.url()
            } else {
                other_address(&page, at)
            };
            let truth = Truth { twin: Some(page.url()), jaccard: Some(likeness), ..Truth::drop("near_copy", &["dedup_minhash/near_duplicate"]) };
            let original = self.records.iter().position(|record| record.url == page.url()).ok_or("a near copy without its original")?;
            self.records.push(self.print(&copy, url, Charset::Right, truth.of_prose(&page)).behind(&self.records[original]));
        }
        Ok(())
    }

    /// Pages of good hosts that hold menus and nothing else, or nothing at all.
    fn shells(&mut self, pool: &Pool) {
        const TITLES: [&str; 4] = ["Log in", "Search", "Members", "Archive"];
        for (at, page) in pool.choose("shell", "en", 14, ANY).iter().enumerate() {
            let title = TITLES[at % TITLES.len()];
            let path = format!("/{}", title.to_lowercase().replace(' ', "-"));
            let shell = Page { stem: String::new(), kind: Kind::Docs, title: title.to_owned(), path, blocks: Vec::new(), ..page.clone() };
            let url = format!("{}?from={}", shell.url(), page.stem);
            self.records.push(self.print(&shell, url, Charset::Right, Truth::drop("boilerplate_only", STUB)));
        }
        for (at, page) in pool.choose("empty", "en", 5, ANY).iter().enumerate() {
            let body = if at < 3 { "<!DOCTYPE html>\n<html><head><title>Untitled</title></head><body>\n</body></html>\n" } else { "" };
            let answer = html(body);
            self.records.push(Record::new(format!("{}/empty", page.url()), answer, Truth::drop("empty_page", &["extract/no_content"])));
        }
    }

    fn junk(&mut self, foreign: &[Page]) {
        type Make = fn(&Scrapyard, usize) -> Page;
        let parts: [(&str, &[&str], usize, Make); 10] = [
            ("blocked_host", &["url/blocked_domain"], 14, Scrapyard::blocked_host),
            ("wrong_language", LANGUAGE, 14, Scrapyard::like_finnish),
            ("gibberish_letters", LANGUAGE, 24, Scrapyard::gibberish_letters),
            ("gibberish_words", &["gopher/too_few_stop_words"], 16, Scrapyard::gibberish_words),
            ("keyword_spam", &["gopher_repetition/top_2_gram"], 16, Scrapyard::keyword_spam),
            ("link_list", LINKS, 14, Scrapyard::link_list),
            ("repeated_lines", &["gopher_repetition/duplicate_lines", "gopher_repetition/duplicate_5_grams"], 14, Scrapyard::repeated_lines),
            ("number_table", NOT_PROSE, 9, Scrapyard::number_table),
            ("symbols_only", NOT_PROSE, 6, Scrapyard::symbols),
            ("too_short", STUB, 11, Scrapyard::too_short),
        ];
        for (fault, ends, count, make) in parts {
            for at in 0..count {
                let page = make(&self.yard, at);
                self.records.push(self.record(&page, Charset::Right, Truth::drop(fault, ends)));
            }
        }
        for page in foreign {
            let truth = Truth::drop("wrong_language", LANGUAGE).of_prose(page);
            self.records.push(self.record(page, Charset::Right, truth));
        }
    }

    /// Records that break off or lie about their length; their neighbours must come to no harm.
    fn damaged(&mut self, lost: &[Page]) {
        let parts: [(_, &[&str], _); 5] = [
            ("truncated_member", &["source/truncated_record"], Damage::Truncated),
            ("wrong_length", &["source/wrong_record_length"], Damage::LengthTooLong),
            ("wrong_length", &["source/wrong_record_length"], Damage::LengthTooLong),
            ("wrong_length", &["source/wrong_record_length"], Damage::LengthTooShort),
            ("wrong_length", &["source/wrong_record_length"], Damage::LengthTooShort),
        ];
        for (page, (fault, ends, damage)) in lost.iter().zip(parts) {
            let truth = Truth { fate: "fault", ends, ..Truth::default() };
            let mut record = self.record(page, Charset::Right, truth.with_fault(fault));
            record.damage = damage;
            if damage == Damage::Truncated {
                record.order = u64::MAX;
            }
            self.records.push(record);
        }
    }

    /// Answers that a source must not take for documents.
    fn no_documents(&mut self, pool: &Pool) {
        let skip = |ends| Truth { fate: "skip", ends, ..Truth::default() };
        for page in pool.choose("not found", "en", 5, ANY) {
            let text = "The page that you asked for is not here, and we do not know where it went.".to_owned();
            let gone =
                Page { stem: String::new(), title: "Not found".to_owned(), path: format!("/old{}", page.path), blocks: vec![Block::Paragraph(text)], ..page };
            let mut record = self.record(&gone, Charset::Right, skip(&["source/http_status"]).with_fault("status_404"));
            record.answer.status = "404 Not Found";
            self.records.push(record);
        }
        const PICTURES: [(&str, &str, &[u8]); 2] = [("png", "image/png", b"\x89PNG\r\n\x1a\n"), ("gif", "image/gif", b"GIF89a")];
        for (at, page) in pool.choose("picture", "en", 4, ANY).iter().enumerate() {
            let (suffix, content_type, magic) = PICTURES[at % PICTURES.len()];
            let mut dice = Dice::new(&format!("picture {at}"));
            let body = magic.iter().copied().chain((0..60).flat_map(|_| dice.roll().to_le_bytes())).collect();
            let answer = Answer { status: "200 OK", content_type: content_type.to_owned(), body };
            let url = format!("https://{}/pictures/{at}.{suffix}", page.host);
            self.records.push(Record::new(url, answer, skip(&["source/not_html"]).with_fault("not_html")));
        }
    }
}

fn html(body: &str) -> Answer {
    Answer { status: "200 OK", content_type: "text/html; charset=utf-8".to_owned(), body: body.as_bytes().to_vec() }
}

/// One of the many addresses under which a server shows one page.
fn other_address(page: &Page, at: usize) -> String {
    let Page { host, path, .. } = page;
    match at % 4 {
        0 => format!("https://{host}{path}?ref=feed"),
        1 => format!("http://www.{host}{path}"),
        2 => format!("https://{host}/print{path}"),
        _ => format!("https://m.{host}{path}"),
    }
}
