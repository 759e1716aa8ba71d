//! Trains and judges the small classifiers of `src/linear/`. A line of its files is a group, the labels and a text, parted by tabs: a label is `1` (holds), `0` or
//! `?` (not known), one a name, and the text's `\`, tab and line end are `\\`, `\t` and `\n`.
//!
//! `training_categories train NAME,NAME,... BITS EPOCHS DECAY FILE OUT` writes a model; `training_categories score MODEL FILE` prints a line of group, labels and
//! scores for each text of a file. `benches/training/categories/` makes the files and reads the scores.

use dataprep::linear::{
    Model, Scratch,
    train::{Example, Settings, train},
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["train", names, bits, epochs, decay, file, out] => {
            let lines = read(file)?;
            let examples: Vec<Example<'_>> =
                lines.iter().map(|(_, labels, text)| Example { text, holds: labels.chars().map(|c| (c != '?').then_some(c == '1')).collect() }).collect();
            let settings = Settings { bits: bits.parse()?, epochs: epochs.parse()?, rate: 0.3, decay: decay.parse()?, seed: 1 };
            Ok(std::fs::write(out, train(&names.split(',').collect::<Vec<_>>(), &examples, &settings))?)
        }
        ["score", model, file] => {
            let model = Model::load(&std::fs::read(model)?)?;
            let mut scratch = Scratch::default();
            for (group, labels, text) in read(file)? {
                let scores = model.scores(&text, &mut scratch).unwrap_or_default();
                let scores: Vec<String> = scores.iter().map(|score| format!("{score:.5}")).collect();
                println!("{group}\t{labels}\t{}", scores.join("\t"));
            }
            Ok(())
        }
        _ => Err("training_categories train NAME,... BITS EPOCHS DECAY FILE OUT | training_categories score MODEL FILE".into()),
    }
}

fn read(path: &str) -> Result<Vec<(String, String, String)>, Failure> {
    let mut lines = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        let (Some(group), Some(labels), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("no group, labels and text: {line}").into());
        };
        lines.push((group, labels, plain(&text)));
    }
    Ok(lines)
}

fn plain(text: &str) -> String {
    let mut signs = text.chars();
    std::iter::from_fn(|| {
        let sign = signs.next()?;
        Some(if sign != '\\' {
            sign
        } else {
            match signs.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                _ => '\\',
            }
        })
    })
    .collect()
}
