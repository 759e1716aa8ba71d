//! Extraction of damaged pages: no panic, no more work or text than the bounds allow, the same result each time.
//!
//! The suite tries a few thousand pages; `DATAPREP_FUZZ_SECONDS=3600 cargo test --release --test main damaged_pages` goes on for an hour.

use dataprep::html::{Format, Options, extract};
use dataprep::text::charset;

use super::support::{Random, trials};

const SEEDS: [&str; 8] = [
    "<!doctype html><html lang=en><head><title>Mill &amp; river</title><meta property=og:type content=article></head><body><nav><a href=/>Home</a></nav>\
     <main><h1>Mill</h1><p>The old mill by the river was sold, they say, on Monday.<br>It grinds again.</p></main><footer>&copy; 2024</footer></body></html>",
    "<table><caption>Sacks</caption><tr><th>Year<th>Sacks</tr><tr><td>1901<td colspan=3>12</tr><tr><td><table><tr><td>in</table></table><p>after",
    "<ul><li>one<ol start=3><li>two<li>three</ol><li><dl><dt>term<dd>what it means, in some more words than before</dl></ul>",
    "<script type=application/ld+json>{\"@type\":\"Product\",\"name\":\"Lamp\",\"description\":\"A lamp &lt;b&gt;of brass&lt;/b&gt;\"}</script><div hidden>gone</div><p>Lamp",
    "<b><p>mis<i>nested</b> text</i><a href=#>link <a href=#>in link</a></p><svg><title>x</title><foreignObject><p>y</svg><math><mi>z</math>",
    "<p>水車小屋は月曜日に売られた。</p><div style='display: none'>見えない</div><p>Мельница у реки продана в понедельник.</p><p>طاحونة قديمة",
    "<template><p>t</template><select><option>a<option>b</select><textarea><p></textarea><noscript><img></noscript><!-- c --><![CDATA[d]]><plaintext>e",
    "<pre>\nfn main() {\n    run();\n}</pre><details><summary>More</summary><p aria-hidden=true>Folded</p></details><span style=visibility:hidden>no</span>",
];

/// A page made from one of the seeds by a few changes of bytes, cuts, repeats and joins.
fn damaged(random: &mut Random) -> Vec<u8> {
    let mut page = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..1 + random.below(6) {
        let at = random.below(page.len());
        let end = at + random.below((page.len() - at).min(60));
        match random.below(6) {
            0 => page[at..end].iter_mut().for_each(|b| *b = b.wrapping_add(1 + random.below(255) as u8)),
            1 => drop(page.drain(at..end)),
            2 => {
                let part = page[at..end].repeat(1 + random.below(40));
                page.splice(at..at, part);
            }
            3 => {
                let sign = b"<>&\"'/=!-;#\0\x0c "[random.below(14)];
                page.insert(at, sign);
            }
            4 => {
                let other = SEEDS[random.below(SEEDS.len())].as_bytes();
                let from = random.below(other.len());
                page.splice(at..end, other[from..].iter().copied());
            }
            _ => page.truncate(at),
        }
        if page.is_empty() {
            page.push(b'<');
        }
    }
    page
}

#[test]
fn a_page_may_begin_and_end_anywhere() {
    let (mut pages, mut read) = (0, 0);
    for seed in SEEDS {
        for at in (0..=seed.len()).filter(|at| seed.is_char_boundary(*at)) {
            for page in [&seed[at..], &seed[..at], &format!("<!--{}", &seed[at..])] {
                pages += 1;
                // What has no content is refused.
                if let Ok(found) = extract(page, &Options::default()) {
                    assert!(found.text.len() <= 4 * page.len() + 64, "{page:?}");
                    read += 1;
                }
            }
        }
    }
    assert!(read > pages / 3, "{read} of {pages}");
}

#[test]
fn damaged_pages_are_read_within_bounds() {
    let mut random = Random(7);
    let mut pages = 0u64;
    for _ in trials(3000) {
        let bytes = damaged(&mut random);
        let html = charset::decode(&bytes, None).text;
        let options = Options { max_nodes: 20_000, max_depth: 100, ..Options::default() };
        let first = extract(&html, &options);
        if let Ok(page) = &first {
            assert!(page.nodes <= options.max_nodes && page.text.len() <= 4 * html.len() + 64, "{html:?}");
        }
        assert_eq!(first, extract(&html, &options), "{html:?}");
        let written = extract(&html, &Options { format: Format::Markdown, links: true, ..options });
        assert_eq!(first.is_ok(), written.is_ok(), "what is chosen depends on how it is written: {html:?}");
        pages += 1;
    }
    assert!(pages > 0);
}
