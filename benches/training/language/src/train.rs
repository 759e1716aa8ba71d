//! Fits the weights: multinomial logistic regression over sparse rows, with AdaGrad (Duchi et al. 2011).

use dataprep::language::grams::{Letters, hashes, signs};
use dataprep::language::languages::{CODES, candidates};
use dataprep::language::scale;
use dataprep::language::script::{Script, count, dominant, without_latin};

use crate::corpus::{Line, Words, number};
use crate::random::Random;
use crate::select::Rows;

/// From the hash of an n-gram to its row.
pub struct Index {
    slots: Vec<u32>,
}

impl Index {
    pub fn new(hashes: &[u32]) -> Index {
        let mut slots = vec![0; (hashes.len() * 2).next_power_of_two()];
        for (row, hash) in hashes.iter().enumerate() {
            let mut at = *hash as usize & (slots.len() - 1);
            while slots[at] != 0 {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = row as u32 + 1;
        }
        Index { slots }
    }

    pub fn get(&self, hashes: &[u32], hash: u32) -> Option<u32> {
        let mut at = hash as usize & (self.slots.len() - 1);
        loop {
            let row = self.slots[at].checked_sub(1)?;
            if hashes[row as usize] == hash {
                return Some(row);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

pub struct Trainer {
    pub rows: Rows,
    index: Index,
    squares: Vec<f32>,
    letters: Letters,
    stream: Vec<u32>,
    found: Vec<u32>,
    scale: f32,
    pub rate: f32,
    masks: Vec<u128>,
    script: Script,
}

impl Trainer {
    pub fn new(rows: Rows) -> Trainer {
        let index = Index::new(&rows.hashes);
        let squares = vec![1e-2; rows.langs.len()];
        let masks = (0..dataprep::language::script::SCRIPTS).map(|at| candidates(Script::from_number(at))).collect();
        Trainer {
            rows,
            index,
            squares,
            letters: Letters::default(),
            stream: Vec::new(),
            found: Vec::new(),
            scale: 1.0,
            rate: 0.1,
            masks,
            script: Script::Other,
        }
    }

    /// Weighs the languages of the text's script; none where the script decides.
    pub fn probabilities(&mut self, text: &str, out: &mut [f32; 128]) -> Option<u128> {
        signs(&self.letters, text, &mut self.stream);
        self.script = dominant(count(&self.letters, text)).unwrap_or(Script::Other);
        let script = self.script;
        let mask = self.masks[script as usize];
        if mask == 0 {
            return None;
        }
        without_latin(&mut self.stream, script);
        self.found.clear();
        let mut n = 0;
        hashes(&self.stream, |hash, _| {
            n += 1;
            self.found.extend(self.index.get(&self.rows.hashes, hash));
        });
        self.scale = scale(n);
        let mut sums = [0f32; 128];
        for row in &self.found {
            let (start, end) = (self.rows.starts[*row as usize] as usize, self.rows.starts[*row as usize + 1] as usize);
            for (lang, weight) in self.rows.langs[start..end].iter().zip(&self.rows.weights[start..end]) {
                sums[*lang as usize & 127] += weight;
            }
        }
        let of = |at: usize| mask >> at & 1 == 1;
        let most = (0..128).filter(|at| of(*at)).map(|at| sums[at] * self.scale).fold(f32::MIN, f32::max);
        let mut total = 0.0;
        for at in 0..128 {
            out[at] = if of(at) { (sums[at] * self.scale - most).exp() } else { 0.0 };
            total += out[at];
        }
        out.iter_mut().for_each(|p| *p /= total);
        Some(mask)
    }

    pub fn learn(&mut self, text: &str, lang: u8) -> f32 {
        let mut p = [0f32; 128];
        let Some(mask) = self.probabilities(text, &mut p) else { return 0.0 };
        if mask >> lang & 1 == 0 {
            return 0.0;
        }
        let loss = -p[lang as usize].max(1e-9).ln();
        p[lang as usize] -= 1.0;
        for row in &self.found {
            let (start, end) = (self.rows.starts[*row as usize] as usize, self.rows.starts[*row as usize + 1] as usize);
            for at in start..end {
                let slope = p[self.rows.langs[at] as usize & 127] * self.scale;
                self.squares[at] += slope * slope;
                self.rows.weights[at] -= self.rate * slope / self.squares[at].sqrt();
            }
        }
        loss
    }

    /// The language of `text`, by its script alone where that decides.
    pub fn best(&mut self, text: &str) -> &'static str {
        let mut p = [0f32; 128];
        if self.probabilities(text, &mut p).is_none() {
            return self.script.only().unwrap_or("und");
        }
        (0..CODES.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).map_or("und", |at| CODES[at])
    }
}

/// Learns from `steps` made texts and, every `every`th, a line.
pub fn train(trainer: &mut Trainer, words: &[Words], lines: &[Line], steps: usize, every: usize, random: &mut Random) {
    let known: Vec<usize> = (0..words.len()).filter(|at| !words[*at].words.is_empty()).collect();
    let mut by: Vec<Vec<&Line>> = vec![Vec::new(); 128];
    for line in lines.iter().filter(|line| !line.held) {
        if let Some(at) = number(&line.code) {
            by[at as usize].push(line);
        }
    }
    let (mut text, mut loss) = (String::new(), 0.0);
    let first = trainer.rate;
    for step in 0..steps {
        trainer.rate = first * (1.0 - 0.9 * step as f32 / steps as f32);
        let lang = known[random.below(known.len())];
        if every > 0 && step % every == 0 && !by[lang].is_empty() {
            let line = by[lang][random.below(by[lang].len())];
            loss += trainer.learn(&line.text, lang as u8);
        } else {
            let n = match random.below(10) {
                0..=4 => 1,
                5..=7 => 2,
                8 => 3 + random.below(4),
                _ => 6 + random.below(12),
            };
            text.clear();
            let flat = random.below(3) > 0;
            for _ in 0..n {
                text.push_str(words[lang].draw(random, flat));
                text.push(' ');
            }
            loss += trainer.learn(&text, lang as u8);
        }
        if (step + 1) % 500_000 == 0 {
            eprintln!("{} loss {:.4}", step + 1, loss / 500_000.0);
            loss = 0.0;
        }
    }
}
