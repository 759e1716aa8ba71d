//! Objectives that cut spans out of a text and ask for them behind it: span corruption (T5) and autoregressive blank infilling (GLM).

use super::super::data::Row;
use super::super::random::Random;
use super::{Objective, SHORTEST, Sample, Task, spans};

/// Share of the tokens that are cut out.
const SHARE: f64 = 0.15;

/// Mean tokens of a span.
const MEAN: f64 = 3.0;

/// Tokens to cut out of `tokens`.
fn noise(tokens: usize) -> usize {
    ((tokens as f64 * SHARE).round() as usize).clamp(1, tokens.saturating_sub(1).max(1))
}

/// `total` in `parts` random parts of at least one each; `parts` is at most `total`.
fn partition(total: usize, parts: usize, random: &mut Random) -> Vec<usize> {
    let mut cuts: Vec<usize> = (1..total).collect();
    random.shuffle(&mut cuts);
    cuts.truncate(parts - 1);
    cuts.push(total);
    cuts.sort_unstable();
    let mut before = 0;
    cuts.into_iter().map(|cut| cut - std::mem::replace(&mut before, cut)).collect()
}

/// A number of a Poisson distribution with mean [`MEAN`] (Knuth's product of uniform numbers).
fn poisson(random: &mut Random) -> usize {
    let (mut number, mut product) = (0, random.unit());
    while product > (-MEAN).exp() {
        product *= random.unit();
        number += 1;
    }
    number
}

impl Task {
    /// Spans that are cut out of `tokens`; of [`Objective::BlankInfilling`] the most.
    pub(super) fn blanks(&self, tokens: usize) -> usize {
        let noise = noise(tokens);
        ((noise as f64 / MEAN).round() as usize).clamp(1, tokens.saturating_sub(noise).max(1))
    }

    /// Places that a segment of `tokens` takes: those of its prefix where an encoder takes it, else all.
    pub(super) fn places(&self, tokens: usize) -> usize {
        let (noise, blanks) = (noise(tokens), self.blanks(tokens));
        let prefix = tokens - noise + blanks;
        match self.objective {
            // Behind the text and behind the spans stands an `eos`.
            Objective::SpanCorruption if self.encoder => prefix + 1,
            Objective::SpanCorruption => prefix + noise + blanks + 2,
            _ if self.encoder => prefix,
            _ => prefix + noise + blanks,
        }
    }

    /// Kept and cut out stretches take turns; a sentinel stands for each that is cut out, and before it behind the text.
    pub(super) fn span_corruption(&self, row: &Row, random: &mut Random) -> Sample {
        let (sentinel, eos) = (self.token("sentinel"), self.token("eos"));
        let mut sample = Sample::default();
        for (ids, ..) in spans(row) {
            if ids.len() < SHORTEST {
                sample.push_pair(ids, self.token("start"), &[]);
                continue;
            }
            let (noise, blanks) = (noise(ids.len()), self.blanks(ids.len()));
            let kept = partition(ids.len() - noise, blanks, random);
            let cut = partition(noise, blanks, random);
            let (mut source, mut target, mut rest) = (Vec::new(), Vec::new(), ids);
            for ((kept, cut), number) in kept.into_iter().zip(cut).zip(0..) {
                source.extend(&rest[..kept]);
                source.push(sentinel - number);
                target.push(sentinel - number);
                target.extend(&rest[kept..kept + cut]);
                rest = &rest[kept + cut..];
            }
            source.push(eos);
            target.push(eos);
            sample.push_pair(&source, self.token("start"), &target);
        }
        sample
    }

    /// A mask stands for each span; behind the text come the spans in a random order, each behind a `start`, at the position of its mask and with positions of its
    /// own from 1 on, and ends in an `eos`.
    pub(super) fn blank_infilling(&self, row: &Row, random: &mut Random) -> Sample {
        let (mask, start, eos) = (self.token("mask"), self.token("start"), self.token("eos"));
        let mut sample = Sample::default();
        for (ids, ..) in spans(row) {
            if ids.len() < SHORTEST {
                sample.push_pair(ids, start, &[]);
                continue;
            }
            let (mut left, most) = (noise(ids.len()), self.blanks(ids.len()));
            let mut lengths = Vec::new();
            let kept_tokens = ids.len() - left;
            while left > 0 {
                // The last that may be takes all that is left.
                let length = if lengths.len() + 1 == most { left } else { poisson(random).clamp(1, left) };
                lengths.push(length);
                left -= length;
            }
            let gaps = partition(kept_tokens, lengths.len(), random);
            let (mut prefix, mut blanks, mut rest) = (Vec::new(), Vec::new(), ids);
            for (gap, length) in gaps.into_iter().zip(lengths) {
                prefix.extend(&rest[..gap]);
                blanks.push((prefix.len(), &rest[gap..gap + length]));
                prefix.push(mask);
                rest = &rest[gap + length..];
            }
            random.shuffle(&mut blanks);
            let first = sample.inputs.len();
            let spoken = blanks.iter().flat_map(|(_, span)| [start].into_iter().chain(span.iter().copied()));
            let asked = blanks.iter().flat_map(|(_, span)| span.iter().copied().chain([eos]).map(Some));
            sample.push(prefix.iter().copied().chain(spoken), std::iter::repeat_n(None, prefix.len()).chain(asked), prefix.len());
            let mut at = first + prefix.len();
            for (place, span) in blanks {
                let here = at..at + span.len() + 1;
                at = here.end;
                sample.positions[here.clone()].fill(place as u32);
                sample.kinds[here].iter_mut().zip(1..).for_each(|(kind, number)| *kind = number);
            }
        }
        sample
    }
}
