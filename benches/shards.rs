//! From documents to token shards, and what packing makes of them: `cargo bench --bench shards -- TOKENIZER DOCS.jsonl [FIELD]`.
//!
//! One thread; megabytes of text a second of processor time, which other processes do not lengthen much, and of the clock. datatrove's writer is measured by
//! `peers_ds_write.py` over the same file with the same vocabulary. Packing wants lengths of web documents: give it extracted pages.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use dataprep::plan::Pipeline;
use dataprep::run::{Options, Unwatched, run};
use dataprep::shard::export::{Format, write};
use dataprep::shard::pack::{Method, PackOptions, plan};
use dataprep::shard::{ShardReader, Shards, Share};

#[path = "common/process.rs"]
mod process;

/// Says how long a piece of work took.
fn timed<T>(what: &str, megabytes: f64, work: impl FnOnce() -> T) -> T {
    let (clock, before) = (Instant::now(), process::seconds());
    let done = work();
    let (wall, used) = (clock.elapsed().as_secs_f64(), process::seconds() - before);
    println!("{what:<46} {:>8.1} MB/s of one core, {:>8.1} MB/s by the clock, {used:.2} s", megabytes / used, megabytes / wall);
    done
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [tokenizer, docs, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: cargo bench --bench shards -- TOKENIZER DOCS.jsonl [FIELD]");
        return;
    };
    let field = rest.first().map_or("text", String::as_str);
    let dir = tempfile::tempdir().expect("a folder");
    let output = dir.path().join("out");
    let toml = format!(
        "[run]\noutput = {output:?}\n[source]\nuse = \"jsonl\"\npath = {docs:?}\nfields = {{ text = {field:?} }}\n\
         [[stage]]\nuse = \"tokenize\"\ntokenizer = {tokenizer:?}\n[[sink]]\nuse = \"shards\"\nseq_len = 2048\n"
    );
    let plan_of_run = Pipeline::parse("bench", &toml, &[]).and_then(|pipeline| pipeline.plan()).unwrap_or_else(|error| panic!("{error}"));
    let options = Options { threads: 1, stop: &AtomicBool::new(false), watch: &Unwatched };
    let (clock, before) = (Instant::now(), process::seconds());
    let report = run(plan_of_run, &options).unwrap_or_else(|error| panic!("{error}")).report;
    let (wall, used) = (clock.elapsed().as_secs_f64(), process::seconds() - before);
    let (text, tokens) = (report.documents.bytes_written as f64 / 1e6, report.documents.tokens_written as f64 / 1e6);
    println!("{} documents, {text:.1} MB of text, {tokens:.2} M tokens", report.documents.written);
    println!(
        "documents to shards, text: {:.1} MB/s of one core ({:.2} M tokens/s), {:.1} MB/s by the clock, {used:.2} s",
        text / used,
        tokens / used,
        text / wall
    );

    let set = output.join("shards");
    let shards = Shards::open(&set).expect("shards");
    let payload = shards.manifest().parts.iter().map(|part| part.payload.bytes as f64 / 1e6).sum::<f64>();
    let faults = timed("verify, payload", payload, || shards.manifest().verify(&set, false));
    assert!(faults.is_ok(), "{faults:?}");
    timed("read in the seeded order, payload", payload, || read(&set));
    for (name, format) in Format::ALL {
        if name == "nanogpt" && shards.manifest().dtype.width() == 4 {
            continue;
        }
        let to = dir.path().join(name);
        std::fs::create_dir(&to).expect("a folder");
        timed(&format!("export to {name}, payload"), payload, || write(&shards, &to, format, None)).expect("an export");
    }
    let lengths: Vec<u32> = shards.lengths().collect();
    println!("\nrows of  packing        rows  tokens lost  cut needlessly   padding  documents cut  pieces a row   seconds");
    for seq_len in [512, 2048, 8192] {
        for (name, method) in [("best_fit", Method::BestFit), ("concat", Method::Concat), ("one_per_row", Method::OnePerRow)] {
            let options = PackOptions { seq_len, method, seed: 7, window: PackOptions::WINDOW };
            let clock = Instant::now();
            let mut held = 0;
            let stats = plan(lengths.as_slice(), &options, &mut |row| {
                held += row.iter().map(|span| u64::from(span.length)).sum::<u64>();
                Ok(())
            })
            .expect("rows");
            println!(
                "{seq_len:>7}  {name:<11} {:>7} {:>12} {:>15} {:>8.4} % {:>12.2} % {:>13.2} {:>9.3}",
                stats.rows,
                shards.tokens() - held,
                stats.needless_cuts,
                100.0 * stats.padding_share(),
                100.0 * stats.truncated_share(),
                stats.documents_per_row(),
                clock.elapsed().as_secs_f64()
            );
        }
    }
}

/// One epoch.
fn read(set: &Path) -> u64 {
    let reader = ShardReader::open(set, 2048, None).expect("a pack list");
    let samples = reader.stream(0, Share::ALL).expect("a share").take(reader.rows() as usize);
    samples.map(|sample| sample.expect("a sample").ids.len() as u64).sum()
}
