//! Figures on the shared data; not part of the project.
use super::prelude::*;
use super::testing::made;
use std::io::Read;
use std::path::PathBuf;

fn data(path: &str) -> Option<String> {
    let root = PathBuf::from(std::env::var_os("DATAPREP_DATA")?);
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(root.join(path)).unwrap()).read_to_string(&mut text).unwrap();
    Some(text)
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

#[test]
fn languages_of_documents() {
    for sample in ["100 MB", "9 KiB", "6 KiB", "3 KiB", "2 KiB", "1500 B", "1 KiB"] {
        let stage = made::<super::language::Language>(&format!("sample = {sample:?}"));
        let mut tags = stage.tags.clone();
        let (lang, score) = (tags.declare::<String>("lang").unwrap(), tags.declare::<f64>("lang_score").unwrap());
        let (mut bytes, mut seconds) = (0, 0.0);
        let mut shown = String::new();
        let mut scratch = Scratch::default();
        for code in ["ar", "de", "en", "fr", "ja", "ru", "zh"] {
            let Some(text) = data(&format!("text-debian-docs/{code}.jsonl.gz")) else { return };
            let (mut hit, mut all, mut sure) = (0, 0, 0);
            for line in text.lines().take(300) {
                let json: serde_json::Value = serde_json::from_str(line).unwrap();
                let text = json["text"].as_str().unwrap();
                if text.len() < 500 {
                    continue;
                }
                let mut doc = Doc::from_text(text);
                let start = cpu();
                stage.stage().apply(&mut doc, &mut scratch).unwrap();
                seconds += cpu() - start;
                bytes += text.len();
                all += 1;
                hit += usize::from(doc.tag(lang).unwrap().starts_with(code));
                sure += usize::from(doc.tag(score).unwrap() >= 0.65);
            }
            shown.push_str(&format!(" {code} {hit}/{all} sure {sure};"));
        }
        println!("sample {sample}: {:.1} MB/s, {} KB{shown}", bytes as f64 / 1e6 / seconds, bytes / 1000);
    }
    // Documents of 9 KB.
    let text = data("text-debian-docs/en.jsonl.gz").unwrap();
    let all: String = text.lines().take(400).map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned()).collect();
    let docs: Vec<String> = all.as_bytes().chunks(9_000).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).take(400).collect();
    for sample in ["100 MB", "3 KiB"] {
        let stage = made::<super::language::Language>(&format!("sample = {sample:?}"));
        let mut scratch = Scratch::default();
        let start = cpu();
        for doc in &docs {
            stage.stage().apply(&mut Doc::from_text(doc.as_str()), &mut scratch).unwrap();
        }
        println!("9 KB documents, sample {sample}: {:.1} MB/s", docs.len() as f64 * 9e-3 / (cpu() - start));
    }
}

#[test]
fn urls_a_second() {
    let Some(list) = data("url-lists/adult-domains-sample.txt.gz") else { return };
    let root = std::env::var("DATAPREP_DATA").unwrap();
    let words = format!("{root}/url-lists/words");
    let lists = format!("domains = \"{root}/url-lists/adult-domains-sample.txt.gz\"\nurls = \"{root}/url-lists/adult-urls.txt.gz\"");
    let with_words = format!("{lists}\nwords = \"{words}/banned_words.txt\"\nsoft_words = \"{words}/soft_banned_words.txt\"\nsubwords = \"{words}/banned_subwords.txt\"");
    let mut urls: Vec<String> = list.lines().step_by(50).map(|domain| format!("https://www.{domain}/page/one.html?id=3")).collect();
    let wcxb = std::fs::read_to_string(format!("{root}/wcxb-dev/gold.jsonl")).unwrap();
    let real: Vec<String> = wcxb.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["url"].as_str().map(str::to_owned)).collect();
    println!("{} real URLs, as {}", real.len(), real[0]);
    for toml in [String::new(), lists, with_words] {
        let start = cpu();
        let stage = made::<super::url::Filter>(&toml);
        let built = cpu() - start;
        for (name, urls) in [("listed", &urls), ("real", &real)] {
            let mut docs: Vec<Doc> = urls.iter().map(|url| Doc::new(None, Some(url.clone()), None, None)).collect();
            let mut scratch = Scratch::default();
            let (mut dropped, mut count) = (0, 0);
            let start = cpu();
            while cpu() - start < 0.5 {
                dropped = docs.iter_mut().filter(|_| true).map(|doc| stage.stage().apply(doc, &mut scratch).unwrap()).filter(|verdict| *verdict != Verdict::Keep).count();
                count += docs.len();
            }
            println!("{} lists, build {built:.2} s: {name}: {:.2} million URLs/s, dropped {dropped} of {}", toml.lines().count(), count as f64 / 1e6 / (cpu() - start), docs.len());
        }
    }
    urls.clear();
}
