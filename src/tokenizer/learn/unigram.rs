//! Trains a unigram model: many pieces at first, probabilities by expectation and maximization, and round by round the pieces go whose loss costs the
//! likelihood least (Kudo 2018; SentencePiece's `unigram_model_trainer`, whose damped maximization and estimate of the loss are taken over).
//!
//! Unlike there, letters always stay, rounds end at the very size that is wanted, chosen by loss and not by probability, and the probabilities of
//! what is left are estimated once more. Sums are made over fixed parts of the words, so that threads do not change them.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::alphabet::{Alphabet, given};
use super::seeds::{self, Run, Spelt};
use super::words::Words;
use super::{Cuts, Entries, LearnOptions, Learnt, Unigram};
use crate::tokenizer::TokenizerError;
use lattice::{Lattice, Trie};

mod lattice;

/// Parts of the words over which sums are made.
const PARTS: usize = 8;

/// A piece must be expected so often to stay; it counts so often where it must.
const SELDOM: f64 = 0.5;

/// A piece and the logarithm of its probability.
struct Piece {
    letters: Box<[char]>,
    score: f64,
}

pub(super) fn train(words: &Words, alphabet: &Alphabet, unigram: Unigram, options: &LearnOptions) -> Result<Learnt, TokenizerError> {
    let given: Vec<String> = given(options).collect();
    alphabet.must_fit(given.len() + alphabet.letters().count(), options)?;
    let fault = || TokenizerError::Learn { fault: "the words have more than 4,294,967,295 letters: lower `memory`".into() };
    let spelt = Spelt::new(words, alphabet).ok_or_else(fault)?;
    let wanted = options.vocab_size as usize - given.len();
    let longest = options.max_piece_length.unwrap_or(Unigram::MAX_PIECE_LENGTH);
    let mut pieces: Vec<Piece> = seeds(&spelt, alphabet, longest, unigram.seed_size);
    while pieces.len() > wanted {
        for _ in 0..unigram.sub_iterations {
            let expected = expect(&pieces, &spelt);
            maximize(&mut pieces, &expected, wanted);
        }
        let size = (pieces.len() as f64 * unigram.shrinking_factor) as usize;
        prune(&mut pieces, &spelt, size.max(wanted));
    }
    for _ in 0..unigram.sub_iterations {
        let expected = expect(&pieces, &spelt);
        maximize(&mut pieces, &expected, usize::MAX);
    }
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.letters.cmp(&b.letters)));
    let cuts = cut(&pieces, &spelt, words.len(), given.len() as u32);
    let (texts, scores) = entries(&given, options.special_tokens.len(), &pieces);
    Ok(Learnt { pieces: texts, entries: Entries::Scores(scores), cuts })
}

/// Letters, then the best parts of words.
fn seeds(spelt: &Spelt, alphabet: &Alphabet, longest: usize, most: usize) -> Vec<Piece> {
    let letters = alphabet.counts().map(|(letter, count)| (Box::from([letter]), count.max(1)));
    let parts = seeds::find(spelt, longest, most.saturating_sub(alphabet.letters().count()));
    let mut pieces: Vec<Piece> = letters.chain(parts).map(|(letters, score)| Piece { letters, score: score as f64 }).collect();
    let sum: f64 = pieces.iter().map(|piece| piece.score).sum();
    pieces.iter_mut().for_each(|piece| piece.score = (piece.score / sum).ln());
    pieces
}

/// Runs `work` over all runs, part by part, and adds what it puts into the sums, one a piece.
fn over_runs(pieces: &[Piece], spelt: &Spelt, work: impl Fn(&mut Lattice<'_>, &[char], f64, &mut [f64]) + Sync) -> Vec<f64> {
    let trie = Trie::new(pieces.iter().map(|piece| (&piece.letters[..], piece.score)));
    let parts: Vec<&[Run]> = spelt.runs.chunks(spelt.runs.len().div_ceil(PARTS).max(1)).collect();
    let of_part = |runs: &&[Run]| {
        let mut sums = vec![0.0; pieces.len()];
        let mut lattice = Lattice::new(&trie);
        runs.iter().for_each(|run| work(&mut lattice, spelt.letters(run), run.count as f64, &mut sums));
        sums
    };
    let parts: Vec<Vec<f64>> = parts.par_iter().map(of_part).collect();
    let mut sums = vec![0.0; pieces.len()];
    parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(sum, more)| *sum += more));
    sums
}

/// How often each piece is expected in the text.
fn expect(pieces: &[Piece], spelt: &Spelt) -> Vec<f64> {
    over_runs(pieces, spelt, |lattice, letters, count, sums| {
        lattice.fill(letters);
        lattice.expect(count, sums);
    })
}

/// Probabilities from expected counts, under a prior that starves the rare (Liang and Klein 2007). Pieces that are hardly expected go, the rarest
/// first, but for letters, and not more than leaves `fewest`.
fn maximize(pieces: &mut Vec<Piece>, expected: &[f64], fewest: usize) {
    let mut seldom: Vec<usize> = (0..pieces.len()).filter(|id| expected[*id] < SELDOM && pieces[*id].letters.len() > 1).collect();
    seldom.sort_by(|a, b| expected[*a].total_cmp(&expected[*b]).then(b.cmp(a)));
    seldom.truncate(pieces.len().saturating_sub(fewest));
    pieces.iter_mut().zip(expected).for_each(|(piece, count)| piece.score = count.max(SELDOM));
    seldom.iter().for_each(|id| pieces[*id].score = 0.0);
    pieces.retain(|piece| piece.score > 0.0);
    let sum = digamma(pieces.iter().map(|piece| piece.score).sum());
    pieces.iter_mut().for_each(|piece| piece.score = digamma(piece.score) - sum);
}

/// Keeps letters and, up to `size`, the pieces whose loss would cost most if the text were cut by their second-best spelling.
fn prune(pieces: &mut Vec<Piece>, spelt: &Spelt, size: usize) {
    let counts = over_runs(pieces, spelt, |lattice, letters, count, sums| {
        lattice.fill(letters);
        lattice.best(None, |id| sums[id as usize] += count);
    });
    let sum: f64 = counts.iter().sum();
    let trie = Trie::new(pieces.iter().map(|piece| (&piece.letters[..], piece.score)));
    let mut lattice = Lattice::new(&trie);
    let mut losses = Vec::new();
    for (id, piece) in (0u32..).zip(pieces.iter()) {
        let count = counts[id as usize];
        if piece.letters.len() == 1 {
            continue;
        }
        if count == 0.0 {
            // In no best cut: it stays only where there is room.
            losses.push((f64::NEG_INFINITY, id));
            continue;
        }
        let mut others: Vec<u32> = Vec::new();
        lattice.fill(&piece.letters);
        lattice.best(Some(id), |id| others.push(id));
        let sum_after = (sum + count * (others.len() as f64 - 1.0)).ln();
        let after: f64 = others.iter().map(|other| (counts[*other as usize] + count).ln() - sum_after).sum();
        losses.push((count * (count.ln() - sum.ln() - after), id));
    }
    losses.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let letters = pieces.iter().filter(|piece| piece.letters.len() == 1).count();
    losses.truncate(size.saturating_sub(letters));
    let mut stays: Vec<bool> = pieces.iter().map(|piece| piece.letters.len() == 1).collect();
    losses.iter().for_each(|(_, id)| stays[*id as usize] = true);
    let mut stays = stays.into_iter();
    pieces.retain(|_| stays.next().unwrap_or(false));
}

/// The best cut of each word; the first piece has the id `first`.
fn cut(pieces: &[Piece], spelt: &Spelt, words: usize, first: u32) -> Cuts {
    let trie = Trie::new(pieces.iter().map(|piece| (&piece.letters[..], piece.score)));
    let mut lattice = Lattice::new(&trie);
    let mut cuts = Cuts::default();
    let mut runs = spelt.runs.iter().peekable();
    for word in 0..words as u32 {
        let mut ids = Vec::new();
        while let Some(run) = runs.next_if(|run| run.word == word) {
            lattice.fill(spelt.letters(run));
            lattice.best(None, |id| ids.push(first + id));
        }
        cuts.push(ids);
    }
    cuts
}

/// Texts and scores by id. Special tokens have 0, as SentencePiece gives them; bytes so little that no text which spells one out is taken for it.
fn entries(given: &[String], special: usize, pieces: &[Piece]) -> (Vec<String>, Vec<f64>) {
    let least = pieces.last().map_or(0.0, |piece| piece.score);
    let scores = (0..given.len()).map(|i| if i < special { 0.0 } else { least * 7.0 });
    let texts = pieces.iter().map(|piece| piece.letters.iter().collect());
    (given.iter().cloned().chain(texts).collect(), scores.chain(pieces.iter().map(|piece| piece.score)).collect())
}

/// The derivative of ln Γ for x > 0: the recurrence up to 7, then the asymptotic series around x - 1/2.
fn digamma(mut x: f64) -> f64 {
    let mut result = 0.0;
    while x < 7.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    let y = x - 0.5;
    let square = 1.0 / (y * y);
    result + y.ln() + square * (1.0 / 24.0 - square * (7.0 / 960.0 - square * (31.0 / 8064.0 - square * (127.0 / 30720.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_is_what_tables_say() {
        for (x, value) in [(1.0, -0.577_215_664_901_532_9), (0.5, -1.963_510_026_021_423), (10.0, 2.251_752_589_066_721), (1e6, 13.815_510_057_964_19)] {
            assert!((digamma(x) - value).abs() < 1e-9, "{x}: {}", digamma(x));
        }
    }
}
