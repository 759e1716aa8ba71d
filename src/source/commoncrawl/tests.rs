use std::fs;
use std::path::Path;

use super::super::jsonl::outline;
use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sort key, address, type, answer and languages of the pages of a small crawl, in the order of its index.
const PAGES: [(&str, &str, &str, &str, &str); 9] = [
    ("com,example)/", "https://example.com/", "text/html", "200", "eng"),
    ("org,example)/", "https://www.example.org/", "text/html", "200", "eng"),
    ("org,example)/a", "https://example.org/a", "text/html", "200", "zho,eng"),
    ("org,example)/pdf", "https://example.org/pdf", "application/pdf", "200", "eng"),
    ("org,example,b)/gone", "https://b.example.org/gone", "text/html", "404", ""),
    ("org,example,b)/x", "https://b.example.org/x", "text/html", "200", "rus"),
    ("org,example:8080)/", "https://example.org:8080/", "text/html", "200", "zho"),
    ("org,example-two)/", "https://example-two.org/", "text/html", "200", "eng"),
    ("org,other)/", "https://other.org/", "text/html", "200", "zho"),
];

/// Writes the crawl: three lines a block, two blocks in the first file of the index and one in the second.
fn crawl(top: &Path) {
    let (mut archive, mut lines) = (Vec::new(), Vec::new());
    for (at, (key, url, mime, status, languages)) in PAGES.into_iter().enumerate() {
        let http = format!("HTTP/1.1 {status} OK\r\nContent-Type: {mime}\r\n\r\n<p>page {at}</p>");
        let record = gzip(
            format!(
                "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
                http.len()
            )
            .as_bytes(),
        );
        lines.push(format!(
            "{key} 20250101000000 {{\"url\": \"{url}\", \"mime\": \"x\", \"mime-detected\": \"{mime}\", \"status\": \"{status}\", \"languages\": \"{languages}\", \
             \"length\": \"{}\", \"offset\": \"{}\", \"filename\": \"crawl-data/C/x.warc.gz\"}}\n",
            record.len(),
            archive.len()
        ));
        archive.extend(record);
    }
    let folder = top.join("cc-index/collections/C/indexes");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(top.join("crawl-data/C")).unwrap();
    fs::write(top.join("crawl-data/C/x.warc.gz"), archive).unwrap();
    let blocks: Vec<Vec<u8>> = lines.chunks(3).map(|lines| gzip(lines.concat().as_bytes())).collect();
    let key = |at: usize| format!("{} 20250101000000", PAGES[at].0);
    let (one, two, three) = (blocks[0].len(), blocks[1].len(), blocks[2].len());
    let cluster = format!("{}\ta.gz\t0\t{one}\t1\n{}\ta.gz\t{one}\t{two}\t2\n{}\tb.gz\t0\t{three}\t3\n", key(0), key(3), key(6));
    fs::write(folder.join("cluster.idx"), cluster).unwrap();
    fs::write(folder.join("a.gz"), blocks[..2].concat()).unwrap();
    fs::write(folder.join("b.gz"), &blocks[2]).unwrap();
}

fn source(top: &Path, keys: &str) -> std::result::Result<Crawl, String> {
    let recipe: CommonCrawl = toml::from_str(&format!("crawl = \"C\"\nbase = \"{}\"\n{keys}", top.display())).unwrap();
    let (mut tags, mut files) = (crate::doc::TagTable::default(), std::collections::BTreeSet::new());
    let mut shop = Shop { stage: "commoncrawl", seed: 7, tags: &mut tags, reasons: Vec::new(), files: &mut files };
    match recipe.into_crawl(&mut shop) {
        Ok(crawl) => Ok(crawl),
        Err(complaints) => Err(complaints.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ")),
    }
}

/// Addresses of the documents, and what else came, after the stretches of the index that were read.
fn pages(source: &Crawl) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    for split in source.splits().unwrap() {
        let mut reader = source.open(&split, None).unwrap();
        while let Some(read) = reader.next().unwrap() {
            found.push(match read {
                Read::Doc(doc) => doc.url.unwrap(),
                Read::Fault(fault) => format!("[{}]", fault.reason),
                Read::Skip(reason) => format!("<{reason}>"),
            });
        }
    }
    (source.ranges.len(), found)
}

#[test]
fn hosts_languages_types_and_answers_choose_the_pages_and_the_blocks_that_are_read() {
    let dir = tempfile::tempdir().unwrap();
    crawl(dir.path());
    let found = |keys: &str| pages(&source(dir.path(), keys).unwrap());
    let all = found("");
    assert_eq!((all.0, all.1.len()), (2, 7));
    assert_eq!(found("hosts = \"example.org\"").1, ["https://www.example.org/", "https://example.org/a", "https://example.org:8080/"]);
    assert_eq!(
        found("hosts = [\"*.www.example.org\"]").1,
        ["https://www.example.org/", "https://example.org/a", "https://b.example.org/x", "https://example.org:8080/"]
    );
    assert_eq!(found("hosts = \"other.org\""), (1, vec!["https://other.org/".to_owned()]));
    assert_eq!(found("hosts = [\"b.example.org\", \"example.com\"]"), (1, vec!["https://example.com/".to_owned(), "https://b.example.org/x".to_owned()]));
    assert_eq!(found("languages = [\"zho\", \"rus\"]").1.len(), 4);
    assert_eq!(found("status = [404]").1, ["<http_status>"]);
    assert_eq!(found("mime = \"application/pdf\"").1, ["<not_html>"]);
    let half = found("share = 0.5").1;
    assert!((1..7).contains(&half.len()) && half == found("share = 0.5").1, "{half:?}");
}

#[test]
fn reading_is_taken_up_at_any_capture() {
    let dir = tempfile::tempdir().unwrap();
    crawl(dir.path());
    assert_eq!(outline(&source(dir.path(), "").unwrap()).len(), 7);
}

#[test]
fn what_cannot_be_read_is_counted_or_complained_of() {
    let dir = tempfile::tempdir().unwrap();
    crawl(dir.path());
    let said = |keys: &str| source(dir.path(), keys).err().unwrap();
    assert_eq!(said("hosts = \"https://example.org/\""), "`https://example.org/` is no host: it holds more than a host's name");
    assert_eq!(said("hosts = \"zz.aa\""), "the index holds nothing of these hosts");
    assert!(said("hosts = \"例.org\"").contains("Punycode"));
    let (known, too_large) = pages(&source(dir.path(), "max_record = \"10 B\"").unwrap());
    assert!(known == 2 && too_large.len() == 7 && too_large.iter().all(|page| page == "[record_too_large]"), "{too_large:?}");
    let archive = dir.path().join("crawl-data/C/x.warc.gz");
    let bytes = fs::read(&archive).unwrap();
    fs::write(&archive, &bytes[..bytes.len() - 30]).unwrap();
    let folder = dir.path().join("cc-index/collections/C/indexes");
    fs::write(folder.join("a.gz"), gzip(b"no line\norg,a)/ 2025 {\"url\": 1}\n")).unwrap();
    let cluster = fs::read_to_string(folder.join("cluster.idx")).unwrap();
    let whole = fs::metadata(folder.join("a.gz")).unwrap().len();
    let cluster = format!("com,a)/ 2025\ta.gz\t0\t{whole}\t1\n{}", cluster.lines().last().unwrap());
    fs::write(folder.join("cluster.idx"), cluster).unwrap();
    let wanted = ["[bad_index_line]", "[bad_index_line]", "https://example.org:8080/", "https://example-two.org/", "[missing_record]"];
    assert_eq!(pages(&source(dir.path(), "").unwrap()).1, wanted);
    fs::remove_file(folder.join("cluster.idx")).unwrap();
    assert!(said("").contains("cannot read the index"));
}

#[test]
fn a_block_is_found_among_many() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..20_000).map(|n| format!("org,host{n:06})/ 20250101000000\tcdx-{:05}.gz\t{}\t200000\t{n}\n", n / 100, n % 100 * 200_000)).collect();
    fs::write(dir.path().join("cluster.idx"), lines).unwrap();
    let folder = dir.path().display().to_string();
    for n in [0, 1, 77, 9_999, 12_345, 19_999] {
        let hosts = Hosts::new(&[format!("host{n:06}.org")]).unwrap();
        // Its own block, and the one before, whose last keys may be its first.
        let first = n.max(1) - 1;
        let found = blocks(&folder, Some(&hosts)).unwrap();
        let inside = |at: usize| {
            found.iter().any(|(file, start, end)| {
                let place = (at % 100 * 200_000) as u64;
                *file == format!("{folder}/cdx-{:05}.gz", at / 100) && *start <= place && place + 200_000 <= *end
            })
        };
        assert!(inside(n) && inside(first), "{n}: {found:?}");
        assert!(found.iter().map(|(_, start, end)| end - start).sum::<u64>() <= 600_000, "{n}: {found:?}");
    }
}
