//! What a model is asked to predict: pure functions from a row of ids to inputs and targets. They never see a tensor.

use std::ops::Range;

use super::data::Row;

/// Inputs of a model and the ids it should predict, one place a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Ids that go in.
    pub inputs: Vec<u32>,
    /// The id to predict at each place, if any.
    pub targets: Vec<Option<u32>>,
    /// Position of each token in its segment.
    pub positions: Vec<u32>,
    /// Places that attend to each other; nothing crosses their borders.
    pub segments: Vec<Range<usize>>,
}

impl Sample {
    /// Puts `other` behind.
    pub fn append(&mut self, other: &Sample) {
        let places = self.inputs.len();
        self.inputs.extend(&other.inputs);
        self.targets.extend(&other.targets);
        self.positions.extend(&other.positions);
        self.segments.extend(other.segments.iter().map(|segment| segment.start + places..segment.end + places));
    }

    /// Number of targets.
    pub fn predicted(&self) -> usize {
        self.targets.iter().flatten().count()
    }
}

/// Causal language modelling: every token predicts its successor in its document.
///
/// Each span of the row is a segment: attention and positions start anew with it, so documents that share a row do not see each other.
pub fn causal(row: &Row) -> Sample {
    let mut sample = Sample { inputs: row.ids.clone(), ..Sample::default() };
    for (span, next) in row.spans.iter().zip(&row.next) {
        let segment = sample.positions.len()..sample.positions.len() + span.len;
        sample.targets.extend(row.ids[segment.clone()].iter().skip(1).copied().map(Some));
        sample.targets.push(*next);
        sample.positions.extend(0..span.len as u32);
        sample.segments.push(segment);
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::super::data::Span;
    use super::*;

    #[test]
    fn causal_targets_stay_in_their_document() {
        let spans = vec![Span { document: 4, start: 2, len: 3 }, Span { document: 9, start: 0, len: 1 }, Span { document: 5, start: 0, len: 2 }];
        let row = Row { spans, ids: vec![10, 11, 12, 20, 30, 31], next: vec![Some(13), None, Some(32)] };
        let sample = causal(&row);
        assert_eq!(sample.targets, [Some(11), Some(12), Some(13), None, Some(31), Some(32)]);
        assert_eq!(sample.positions, [0, 1, 2, 0, 0, 1]);
        assert_eq!(sample.segments, [0..3, 3..4, 4..6]);
        assert_eq!(sample.predicted(), 5);
        let mut two = sample.clone();
        two.append(&sample);
        assert_eq!(two.segments[3..], [6..9, 9..10, 10..12]);
        assert_eq!(two.targets.len(), 12);
    }
}
