//! Trains `filters/models/language.bin`; how to run it and on what: `filters/models/MODEL.md`.

mod corpus;
mod lingua;
mod net;
mod none;
mod pack;
mod prose;
mod random;
mod select;
mod train;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dataprep::language::languages::CODES;

use corpus::Line;
use train::Trainer;

struct Settings(BTreeMap<String, String>);

impl Settings {
    fn number(&self, key: &str, default: f64) -> f64 {
        self.0.get(key).map_or(default, |text| text.parse().expect("a number"))
    }
    fn path(&self, key: &str) -> PathBuf {
        self.0.get(key).unwrap_or_else(|| panic!("{key}=... is missing")).into()
    }
}

/// Share of the lines of one kind whose language is found; for the Declaration the mean over its languages.
fn judge(lines: &[Line], kind: &str, mut best: impl FnMut(&str) -> &'static str) -> (f64, BTreeMap<String, (usize, usize)>) {
    let mut tally: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.held && line.kind == kind && (kind != "declaration" || line.text.chars().count() >= 40)) {
        let found = best(&line.text);
        let (hits, all) = tally.entry(line.code.clone()).or_default();
        *all += 1;
        *hits += usize::from(found == line.code);
    }
    let (hits, all) = tally.values().fold((0, 0), |sum, (hits, all)| (sum.0 + hits, sum.1 + all));
    let mean = tally.values().map(|(hits, all)| *hits as f64 / *all as f64).sum::<f64>() / tally.len() as f64;
    (if kind == "declaration" { mean } else { hits as f64 / all as f64 }, tally)
}

fn main() {
    let settings = Settings(std::env::args().skip(1).filter_map(|arg| arg.split_once('=').map(|(a, b)| (a.into(), b.into()))).collect());
    let lines = corpus::lines(&settings.path("data"), settings.number("part", 5.0) as u64);
    let all = settings.number("lines", 1.0) > 0.0;
    let seen: Vec<Line> = lines.iter().filter(|line| all || line.kind == "declaration").cloned().collect();
    let lists = settings.path("lists");
    let code: Vec<PathBuf> = settings.path("code").to_string_lossy().split(',').map(PathBuf::from).collect();
    let hold = settings.number("part", 5.0) > 0.0;
    if let Some(from) = settings.0.get("prose").or(settings.0.get("judge")) {
        // Only the prose model, fitted anew over the n-grams of an earlier run, or judged as it is.
        let file = std::fs::read(from).expect("a model");
        let tables = |code: &str| corpus::tables(&settings.path("registry"), code);
        let words: Vec<_> = CODES.iter().map(|code| corpus::words(code, &lists, tables(code).as_ref(), &seen, 20_000)).collect();
        let examples = prose::examples(&settings.path("data"), &lists, &code, &lines, &words, hold);
        if settings.0.contains_key("judge") {
            return prose::judge(&file, &examples);
        }
        let packed = finish(|after| pack::replace(&file, after), &words, &lists, &seen, &examples);
        std::fs::write(settings.path("out"), packed).expect("written");
        return;
    }
    let (rows, words) = select::select(
        &settings.path("registry"),
        &settings.path("lists"),
        &seen,
        settings.number("draws", 300_000.0) as usize,
        settings.number("rows", 1_500_000.0) as usize,
    );
    eprintln!("{} rows, {} weights", rows.hashes.len(), rows.langs.len());
    let mut trainer = Trainer::new(rows);
    let mut random = random::Random(42);
    let steps = settings.number("steps", 1_000_000.0) as usize;
    let every = settings.number("every", 4.0) as usize;
    let step = settings.number("step", 0.12) as f32;
    trainer.rate = settings.number("rate", 0.05) as f32;
    train::train(&mut trainer, &words, &seen, steps, every, &mut random);
    report(&lines, &mut trainer, false);
    // Pruned in rounds: what stays learns to do without what went.
    let keep = settings.number("keep", 1_900_000.0) as usize;
    for round in 1..=3 {
        let most = trainer.rows.langs.len().max(keep);
        let kept = pack::prune(&trainer.rows, keep + (most - keep) * (3 - round) / 4, 0.0);
        eprintln!("{} rows, {} weights", kept.hashes.len(), kept.langs.len());
        trainer = Trainer::new(kept);
        trainer.rate = settings.number("rate", 0.05) as f32 * if round == 3 { 0.7 } else { 0.5 };
        train::train(&mut trainer, &words, &seen, if round == 3 { steps } else { steps / 3 }, every, &mut random);
        report(&lines, &mut trainer, false);
    }
    let rounded = pack::quantise(&trainer.rows, step);
    trainer = Trainer::new(rounded);
    report(&lines, &mut trainer, true);
    // The long part of the work is kept whatever comes after: `prose=` goes on from it.
    std::fs::write(settings.path("out"), pack::pack(&trainer.rows, step, &[])).expect("written");
    let examples = prose::examples(&settings.path("data"), &lists, &code, &lines, &words, hold);
    let packed = finish(|after| pack::pack(&trainer.rows, step, after), &words, &lists, &seen, &examples);
    eprintln!("{} rows, {} weights, {} bytes", trainer.rows.hashes.len(), trainer.rows.langs.len(), packed.len());
    std::fs::write(settings.path("out"), packed).expect("written");
}

/// The whole file: `pack` puts what it is given behind the weights.
fn finish(pack: impl Fn(&[u8]) -> Vec<u8>, words: &[corpus::Words], lists: &Path, seen: &[Line], examples: &[none::Example]) -> Vec<u8> {
    let mut after = prose::chinese();
    after.extend(prose::common_words(words, &CODES, lists, seen));
    let blank: Vec<u8> = [after.clone(), vec![0; net::VALUES * 4]].concat();
    after.extend(prose::fit(&pack(&blank), examples));
    let packed = pack(&after);
    prose::judge(&packed, examples);
    packed
}

fn report(lines: &[Line], trainer: &mut Trainer, worst_too: bool) {
    for kind in ["sentences", "word-pairs", "single-words", "declaration"] {
        let (share, tally) = judge(lines, kind, |text| trainer.best(text));
        eprint!("{kind} {share:.4}  ");
        if worst_too {
            let mut worst: Vec<_> = tally.iter().map(|(code, (hits, all))| (*hits as f64 / *all as f64, code)).collect();
            worst.sort_by(|a, b| a.0.total_cmp(&b.0));
            eprintln!("{}", worst.iter().take(20).map(|(share, code)| format!("{code} {share:.2}")).collect::<Vec<_>>().join(" "));
        }
    }
    eprintln!();
}
