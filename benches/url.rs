//! Loads a list of domains and answers URLs from it.
//!
//! usage: cargo bench --bench url -- DOMAINS URLS
//! DOMAINS is a list as the stage `url` takes it (text, gzip, or written by `dataprep build-list`), URLS holds one URL a line.

use std::{borrow::Cow, fs, time::Instant};

use dataprep::text::{
    listed::Builder,
    url::{HOST, Url, registered_domains, without_www},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (domains, urls) = (args.next().ok_or("which domains?")?, args.next().ok_or("which URLs?")?);
    let before = memory()?;
    let began = Instant::now();
    let mut list = Builder::default();
    list.read(fs::File::open(domains)?, HOST)?;
    let list = list.finish().ok_or("the list is too long")?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{} domains in {seconds:.2} s, {:.0} MB more in memory", list.len(), (memory()? - before) / 1e3);

    let urls = fs::read_to_string(urls)?;
    let urls: Vec<&str> = urls.lines().collect();
    let rounds = 4_000_000usize.div_ceil(urls.len().max(1));
    let (mut hits, began) = (0, Instant::now());
    for url in (0..rounds).flat_map(|_| &urls) {
        let url = Url::parse(url);
        let host = url.host.as_ref().map_or("", Cow::as_ref);
        let domains = registered_domains(host);
        let listed =
            domains.iter().flatten().any(|domain| list.get(domain).is_some()) || Some(without_www(host)) != domains[0] && list.get(without_www(host)).is_some();
        hits += usize::from(listed);
    }
    let asked = rounds * urls.len();
    println!("{:.2} million URLs a second; {hits} of {asked} listed", asked as f64 / began.elapsed().as_secs_f64() / 1e6);
    Ok(())
}

/// Resident kilobytes, where the system says so.
fn memory() -> Result<f64, Box<dyn std::error::Error>> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    Ok(line.trim_end_matches("kB").trim().parse()?)
}
