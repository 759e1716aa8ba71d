//! What an element's class and id say about it: a small structural vocabulary in groups, and hashes of the words.

use std::sync::LazyLock;

/// Groups of words in class and id values; the index is the bit in a mask.
const GROUPS: &[&str] = &[
    // 0 content
    "content contents contenido contenu inhalt maincontent contentarea",
    // 1 text
    "text texte texto rte richtext rich wysiwyg markdown md prose copy bodytext freetext",
    // 2 article
    "article articles artikel articulo articlebody articletext articlecontent story storytext",
    // 3 post
    "post posts entry entries hentry blogpost blog postbody postcontent",
    // 4 body
    "body bd",
    // 5 main
    "main primary maincol center centre central",
    // 6 single
    "single singular detail details full",
    // 7 comment
    "comment comments commentlist commenttext kommentar kommentare comentarios commentaires disqus respond commentaire",
    // 8 thread
    "thread threads topic topics forum forums message messages reply replies postbit bbs board discussion conversation viewtopic showthread",
    // 9 question
    "question questions answer answers faq faqs qa accordion accepted",
    // 10 nav
    "nav navi navigation navbar menu menus submenu megamenu mainnav topnav subnav sitenav menubar hamburger offcanvas drawer",
    // 11 breadcrumb
    "breadcrumb breadcrumbs crumb crumbs path trail pathway",
    // 12 header
    "header head hd masthead topbar top banner kopf branding",
    // 13 footer
    "footer foot ft colophon bottom subfooter prefooter fuss siteinfo",
    // 14 sidebar
    "sidebar sidebars side aside secondary rail sidenav rightcol leftcol sidecol sidecolumn tertiary",
    // 15 left-right
    "left right rechts links",
    // 16 widget
    "widget widgets module portlet gadget",
    // 17 related
    "related recommended recommendation recommendations recommend similar more also popular trending recent latest suggested suggestions suggest mostread upnext readmore interest outbrain taboola recirc yarpp jp",
    // 18 teaser
    "teaser teasers preview promo promos promotion promoted featured feature highlight highlights spotlight",
    // 19 share
    "share shares sharing sharethis addtoany addthis sharedaddy social socials follow twitter facebook linkedin pinterest whatsapp tweet like likes bookmark socialmedia",
    // 20 ad
    "ad ads adv advert adverts advertisement advertising adsense anzeige werbung sponsor sponsored sponsors dfp gpt doubleclick adslot adunit publicidad pub",
    // 21 cookie
    "cookie cookies consent gdpr cmp onetrust privacy cookiebar cc dsgvo tarteaucitron cookiebot",
    // 22 modal
    "modal popup overlay lightbox dialog tooltip popover toast alert notification notice dropdown flyout",
    // 23 newsletter
    "newsletter subscribe subscription signup optin mailchimp mc email register registration abo hubspot paywall donate donation",
    // 24 login
    "login signin logout account user users member members profile avatar userinfo username",
    // 25 form
    "form forms input field search searchform suche filter filters facet facets sort sorting sortby select captcha",
    // 26 meta
    "meta metadata info infos postmeta entrymeta data properties stats counter count views",
    // 27 author
    "author authors byline autor auteur bio biography vcard writer contributor contributors credit credits source",
    // 28 date
    "date time published publish datum timestamp dateline posted updated modified",
    // 29 tags
    "tag tags tagcloud category categories cat cats cattegory keyword keywords label labels taxonomy kategorie",
    // 30 title
    "title titles headline heading titel titre subtitle hl subheading subhead tagline kicker",
    // 31 lead
    "lead intro introduction summary excerpt abstract description desc standfirst deck dek sapo chapo vorspann synopsis overview about",
    // 32 caption
    "caption captions figcaption legend photo image images img picture figure media gallery slideshow thumb thumbnail thumbnails wp video player icon icons svg logo",
    // 33 pagination
    "pagination pager pages paging pagenav paginator next prev previous pagelinks adjacent postnav navlinks",
    // 34 product
    "product products pdp item items sku variant variants productdescription productinfo",
    // 35 price
    "price prices pricing cost sale discount offer offers savings currency amount",
    // 36 cart
    "cart basket checkout buy addtocart atc quantity qty wishlist minicart shipping delivery payment stock warenkorb swatch option options",
    // 37 review
    "review reviews rating ratings stars star testimonial testimonials feedback bewertung trustpilot yotpo score vote votes voting",
    // 38 grid
    "grid card cards tile tiles list lists listing listings results result collection collections archive loop feed stream carousel slider swiper slick slide slides masonry",
    // 39 hero
    "hero jumbotron splash herobanner intro cover billboard",
    // 40 section
    "section sections block blocks panel panels box boxes row col column columns component elementor vc fusion builder",
    // 41 toc
    "toc tocs contents outline onthispage index scrollspy tableofcontents anchors inhaltsverzeichnis",
    // 42 code
    "code highlight codehilite snippet prettyprint syntax language highlighter source codeblock literal sourcecode copybutton lineno linenos gutter hljs prism",
    // 43 doc
    "doc docs docstring document documentation devsite wiki mw reference api manual guide rst sphinx docutils theme vp docusaurus help",
    // 44 note
    "footnote footnotes references reflist refs citation citations endnotes notes note annotation bibliography sources",
    // 45 hidden
    "hidden hide invisible collapsed sr screenreader visuallyhidden visually noprint noscript nodisplay print mobile offscreen a11y skip skiplink",
    // 46 button
    "btn button buttons cta toggle toolbar tools tool actions action controls control edit editsection report flag copylink permalink headerlink anchor link links",
    // 47 language
    "lang language languages locale translate langs wpml polylang interlanguage country region",
    // 48 copyright
    "copyright copyrights legal disclaimer imprint impressum terms license rights credits",
    // 49 contact
    "contact contacts address phone tel hours location locations map maps kontakt support chat vcard",
    // 50 quote
    "quote quotes blockquote bbcode quoted quoteheader pullquote cite",
    // 51 signature
    "signature sig signatures usertitle rank karma reputation joined badge badges flair posters participants",
    // 52 event
    "event events calendar schedule job jobs course program service services team spec specs specification specifications features benefits ingredients recipe instructions steps attributes",
    // 53 site
    "site page wrapper wrap container layout outer inner root app global shell",
    // 54 crawl
    "infobox navbox sidebox metadata catlinks sister stub ambox mbox vertical sistersitebox",
    // 55 external
    "external embed embedded iframe oembed instagram youtube tiktok map",
];

/// The group of readers' comments.
pub const COMMENT: u32 = 7;

/// Number of groups.
pub const GROUP_COUNT: usize = GROUPS.len();

const SLOTS: usize = 2048;

static TABLE: LazyLock<Vec<(u32, u64)>> = LazyLock::new(|| {
    let mut table = vec![(0u32, 0u64); SLOTS];
    for (bit, words) in GROUPS.iter().enumerate() {
        for word in words.split(' ') {
            let hash = hash_of(word.as_bytes());
            let mut slot = hash as usize % SLOTS;
            while table[slot].0 != 0 && table[slot].0 != hash {
                slot = (slot + 1) % SLOTS;
            }
            table[slot].0 = hash;
            table[slot].1 |= 1 << bit;
        }
    }
    table
});

/// FNV-1a over lower-cased bytes; never 0.
pub fn hash_of(word: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    for b in word {
        hash = (hash ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    }
    hash.max(1)
}

fn lookup(hash: u32) -> u64 {
    let mut slot = hash as usize % SLOTS;
    loop {
        match TABLE[slot] {
            (0, _) => return 0,
            (h, mask) if h == hash => return mask,
            _ => slot = (slot + 1) % SLOTS,
        }
    }
}

/// Longest class or id value read, in bytes: machine-made ones can be megabytes.
const LONGEST: usize = 512;

/// Calls `each` with the hash of every word of a class or id value. Words end at what is no letter and before a capital after a small letter.
fn words(value: &str, mut each: impl FnMut(u32)) {
    let bytes = &value.as_bytes()[..value.len().min(LONGEST)];
    let mut start = None;
    let mut small = false;
    for (at, &b) in bytes.iter().enumerate() {
        let letter = b.is_ascii_alphabetic() || b >= 0x80;
        if let Some(from) = start
            && (!letter || small && b.is_ascii_uppercase())
        {
            each(hash_of(&bytes[from..at]));
            start = None;
        }
        if letter && start.is_none() {
            start = Some(at);
        }
        small = b.is_ascii_lowercase();
    }
    if let Some(from) = start {
        each(hash_of(&bytes[from..]));
    }
}

/// The groups that the words of a value belong to.
pub fn groups(value: &str) -> u64 {
    let mut mask = 0;
    words(value, |hash| mask |= lookup(hash));
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_case_and_signs() {
        let bit = |word| groups(word);
        assert_eq!(groups("postContent"), bit("post") | bit("content"));
        assert_eq!(groups("site-footer__inner"), bit("site") | bit("footer") | bit("inner"));
        assert_eq!(groups("x9 q"), 0);
        assert_ne!(bit("nav"), bit("footer"));
    }
}
