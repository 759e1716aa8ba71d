//! Examples of every verb's use, which stand below its help; a test parses each of them.

use clap::Command;

/// Verb (with its sub-verb), and commands as they are typed.
const EXAMPLES: [(&str, &[&str]); 40] = [
    ("run", &["dataprep run pipelines/quickstart.toml", "dataprep run web.toml --threads 8 --set stage.language.min_score=0.7"]),
    ("plan", &["dataprep plan web.toml", "dataprep plan web.toml --set run.output=/data/web"]),
    ("doctor", &["dataprep doctor --store s3://bucket/runs"]),
    ("tasks", &["dataprep tasks web.toml"]),
    ("task", &["dataprep task out/web map-0/3", "dataprep task out/web reduce-0-1/0 --threads 4"]),
    ("work", &["dataprep work web.toml --threads 8"]),
    ("status", &["dataprep status out/web"]),
    ("gc", &["dataprep gc out/web"]),
    ("slurm", &["dataprep slurm web.toml --tasks 100 --threads 4 --sbatch=--partition=cpu"]),
    ("diff", &["dataprep diff out/web out/web-stricter"]),
    ("vectors", &["dataprep vectors out/web/shards --tokenizer tokenizer.json --near bridge"]),
    ("few-shot", &["dataprep few-shot out/gpt --tokenizer tokenizer.json --examples train.jsonl --questions test.jsonl"]),
    ("explain", &["dataprep explain rules", "dataprep explain DP301"]),
    ("stages", &["dataprep stages", "dataprep stages --markdown"]),
    ("trace", &["dataprep trace https://example.org/page out/web"]),
    ("clusters", &["dataprep clusters out/web -n 3"]),
    ("report", &["dataprep report out/web", "dataprep report out/web --lang zh -o web.html"]),
    ("inspect", &["dataprep inspect out/web", "dataprep inspect out/web --stage gopher --reason too_few_words -n 5"]),
    ("extract", &["dataprep extract page.html", "dataprep extract page.html --markdown"]),
    ("to-warc", &["dataprep to-warc pages.tsv pages.warc.gz"]),
    ("shards verify", &["dataprep shards verify out/web", "dataprep shards verify out/web --quick"]),
    ("shards stats", &["dataprep shards stats out/web"]),
    ("shards show", &["dataprep shards show out/web --row 0", "dataprep shards show out/web --document 17"]),
    ("shards pack", &["dataprep shards pack out/web --seq-len 8192 --how best_fit"]),
    ("shards merge", &["dataprep shards merge out/web=0.7 out/books=0.3 --tokens 1000000000 --out out/mix"]),
    ("shards export", &["dataprep shards export out/web --to megatron --out out/megatron"]),
    ("where", &["dataprep where out/web --sample 12345"]),
    ("forget", &["dataprep forget out/web --host example.org --dry-run", "dataprep forget out/web --host example.org"]),
    ("build-list", &["dataprep build-list blocked.txt.gz -o blocked.list"]),
    ("build-index", &["dataprep build-index mmlu.jsonl gsm8k.jsonl -o evals.index --ngram 13"]),
    ("train", &["dataprep train out/web/shards --preset gpt --out out/gpt", "dataprep train out/web/shards --preset bert --out out/bert --special mask=103"]),
    ("train-classifier", &["dataprep train-classifier --good books.jsonl.zst --bad crawl.parquet --out quality.bin"]),
    ("train-lm", &["dataprep train-lm --text wiki/a.jsonl.zst wiki/b.jsonl.zst --out en.bin"]),
    ("learn-tokenizer", &["dataprep learn-tokenizer texts/a.jsonl.zst texts/b.jsonl.zst --out tokenizer.json --vocab-size 32000"]),
    ("fit-thresholds", &["dataprep fit-thresholds clean.jsonl --set multilingual -o thresholds.toml"]),
    ("validate", &["dataprep validate web.toml", "dataprep validate --arm a=a.jsonl --arm b=b.jsonl --heldout held.jsonl --out out/verdict"]),
    ("completions", &["dataprep completions bash > ~/.local/share/bash-completion/completions/dataprep", "dataprep completions zsh > ~/.zfunc/_dataprep"]),
    ("man", &["dataprep man > dataprep.1", "dataprep man --out ~/.local/share/man/man1"]),
    ("whatif", &["dataprep whatif out/web --set stage.gopher.disable=too_few_words"]),
    ("profile", &["dataprep profile corpus.parquet --field content"]),
];

/// A command with the examples below its help.
pub(super) fn with_examples(mut command: Command) -> Command {
    for (verb, examples) in EXAMPLES {
        command = match verb.split_once(' ') {
            Some((verb, inner)) => command.mut_subcommand(verb, |command| command.mut_subcommand(inner, |command| add(command, examples))),
            None => command.mut_subcommand(verb, |command| add(command, examples)),
        };
    }
    command
}

fn add(command: Command, examples: &[&str]) -> Command {
    let before = command.get_after_help().map(|help| format!("{help}\n\n")).unwrap_or_default();
    command.after_help(format!("{before}Examples:\n  {}", examples.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, command};
    use clap::{Command, Parser};

    /// The commands that a help shows, each without the remark behind it and without what it is piped into.
    fn shown(command: &Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let typed = |line: &str| {
            let line = line.trim().trim_start_matches("Example: ");
            line.starts_with("dataprep ").then(|| line.split("   ").next().unwrap_or_default().split(" > ").next().unwrap_or_default().to_owned())
        };
        help.lines().filter_map(typed).collect()
    }

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Vec<String>)>) {
        for verb in command.get_subcommands() {
            let path = format!("{path} {}", verb.get_name());
            if verb.has_subcommands() {
                leaves(verb, &path, found);
            } else {
                found.push((path, shown(verb)));
            }
        }
    }

    #[test]
    fn every_verb_has_an_example_of_its_own_that_parses() {
        let mut found = Vec::new();
        leaves(&command(), "dataprep", &mut found);
        assert!(found.len() > 30, "{}", found.len());
        for (verb, examples) in found {
            assert!(examples.iter().any(|example| example.starts_with(&verb)), "`{verb} --help` shows no example: add one to src/cli/examples.rs");
            for example in examples {
                // What stands between double quotes is one word.
                let words = example.split('"').enumerate().flat_map(|(at, piece)| match at % 2 {
                    1 => vec![piece],
                    _ => piece.split_whitespace().map(|word| word.trim_matches('\'')).collect(),
                });
                if let Err(error) = Cli::try_parse_from(words) {
                    panic!("`{example}`, shown by `{verb} --help`, does not parse: {error}");
                }
            }
        }
    }
}
