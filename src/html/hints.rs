//! What the page's head and JSON-LD say about its kind.

use super::names;

/// Declared facts about a page that help to tell its kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    bits: u32,
    url: [f32; URL_FACTS],
}

const KINDS: &[&[&str]] = &[
    &["article", "newsarticle", "reportagenewsarticle", "blogposting", "techarticle", "scholarlyarticle", "blog"],
    &["product", "productgroup", "og:product", "product.item", "individualproduct", "offer"],
    &["discussionforumposting", "qapage", "question", "socialmediaposting"],
    &["collectionpage", "itemlist", "searchresultspage", "offercatalog", "product.group"],
    &["organization", "localbusiness", "service", "professionalservice", "corporation"],
    &["website", "webpage"],
    &["recipe", "howto"],
    &["event", "jobposting", "course"],
    &["faqpage"],
];

const GENERATORS: &[&[&str]] = &[
    &["wordpress"],
    &["discourse", "vbulletin", "xenforo", "phpbb", "mybb", "flarum", "vanilla", "invision", "nodebb", "smf"],
    &["sphinx", "docusaurus", "mkdocs", "vitepress", "gitbook", "hugo", "jekyll", "doxygen", "rustdoc", "mediawiki", "javadoc", "asciidoctor"],
    &["shopify", "woocommerce", "magento", "prestashop", "bigcommerce"],
    &["wix", "squarespace", "webflow", "elementor", "weebly"],
];

/// Groups of [`names`] looked for in the path of the page's own URL.
const URL_GROUPS: [u32; 12] = [2, 3, 8, 9, 28, 29, 31, 34, 38, 42, 43, 52];
const URL_FACTS: usize = URL_GROUPS.len() + 5;

/// Bits of declared facts, in the order of [`KINDS`] and [`GENERATORS`].
pub mod declared {
    pub const ARTICLE: u32 = 0;
    pub const PRODUCT: u32 = 1;
    pub const FORUM: u32 = 2;
    pub const LIST: u32 = 3;
    pub const FORUM_PROGRAM: u32 = 10;
    pub const DOC_PROGRAM: u32 = 11;
}

impl Hints {
    /// Whether a fact of [`declared`] holds.
    pub fn says(&self, bit: u32) -> bool {
        self.bits >> bit & 1 == 1
    }

    /// Number of flags and URL facts.
    pub const COUNT: usize = KINDS.len() + GENERATORS.len() + URL_FACTS;

    /// Notes the page's own URL, as its canonical link or Open Graph data give it.
    pub fn note_url(&mut self, url: &str) {
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.split_once('/').map_or("", |(_, p)| p));
        let path = path.split(['?', '#']).next().unwrap_or("").trim_matches('/');
        let path = path.get(..path.len().min(300)).unwrap_or("");
        let last = path.rsplit('/').next().unwrap_or("");
        let groups = names::groups(path);
        for (fact, bit) in self.url.iter_mut().zip(URL_GROUPS) {
            *fact = f32::from(groups >> bit & 1 == 1);
        }
        let rest = &mut self.url[URL_GROUPS.len()..];
        rest[0] = 1.0;
        rest[1] = if path.is_empty() { 0.0 } else { 1.0 + path.matches('/').count() as f32 };
        rest[2] = last.matches(['-', '_', '+']).count() as f32;
        rest[3] = path.bytes().filter(u8::is_ascii_digit).count() as f32;
        rest[4] = f32::from(url.contains('?'));
    }

    /// Notes a declared type: an Open Graph type, or a schema.org type of JSON-LD or microdata.
    pub fn note_type(&mut self, name: &str) {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        for (bit, names) in KINDS.iter().enumerate() {
            if names.contains(&name.as_str()) {
                self.bits |= 1 << bit;
            }
        }
    }

    /// Notes the program that made the page.
    pub fn note_generator(&mut self, value: &str) {
        let value = value.to_ascii_lowercase();
        for (bit, names) in GENERATORS.iter().enumerate() {
            if names.iter().any(|n| value.contains(n)) {
                self.bits |= 1 << (KINDS.len() + bit);
            }
        }
    }

    /// The flags as 0 or 1, then the facts of the URL.
    pub fn flags(&self) -> impl Iterator<Item = f32> + '_ {
        (0..Self::COUNT - URL_FACTS).map(|bit| f32::from(self.bits >> bit & 1 == 1)).chain(self.url)
    }
}
