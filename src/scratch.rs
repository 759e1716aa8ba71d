//! Per-worker memory: what is remembered about the current text, and buffers that stages reuse from document to document.
//!
//! Nothing here may change an answer: a stage gives the same verdict with a new `Scratch` as with one that has seen a million documents.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use crate::doc::{Doc, DocId, Finding};
use crate::text::Facts;

/// One worker's memory.
#[derive(Default)]
pub struct Scratch {
    facts: Facts,
    facts_of: Option<(DocId, u128, u32)>,
    buffers: HashMap<TypeId, Box<dyn Any + Send>>,
    findings: Option<Vec<Finding>>,
}

impl Scratch {
    /// Facts about the document's current text (words, lines, n-grams, ...), each computed at most once for a revision.
    pub fn facts(&mut self, doc: &Doc) -> &mut Facts {
        let now = Some((doc.id(), doc.key(), doc.revision()));
        if self.facts_of != now {
            self.facts.reset();
            self.facts_of = now;
        }
        &mut self.facts
    }

    /// A buffer of the stage's own type, kept between documents.
    pub fn buffer<T: Default + Send + 'static>(&mut self) -> &mut T {
        let boxed = self.buffers.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        boxed.downcast_mut().unwrap_or_else(|| unreachable!("the entry's key is its type"))
    }

    /// True where every rule is to be evaluated and reported (annotate mode), not only the first that fails.
    pub fn audits(&self) -> bool {
        self.findings.is_some()
    }

    /// Reports what one rule said, with what was measured against what, whether it drops the document or not; kept only in annotate mode.
    pub fn report(&mut self, rule: &str, keep: bool, value: Option<f64>, threshold: Option<f64>) {
        if let Some(findings) = &mut self.findings {
            findings.push(Finding::new(rule, keep, value, threshold));
        }
    }

    /// The same for several findings.
    pub fn report_all(&mut self, found: impl IntoIterator<Item = Finding>) {
        if let Some(findings) = &mut self.findings {
            findings.extend(found);
        }
    }

    /// Starts or ends the keeping of findings.
    pub(crate) fn audit(&mut self, on: bool) {
        self.findings = on.then(Vec::new);
    }

    /// Takes the findings of one stage over one document.
    pub(crate) fn take_findings(&mut self) -> Vec<Finding> {
        self.findings.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_kept_by_type() {
        let mut scratch = Scratch::default();
        scratch.buffer::<Vec<u8>>().push(1);
        scratch.buffer::<String>().push('a');
        assert_eq!((scratch.buffer::<Vec<u8>>().len(), scratch.buffer::<String>().as_str()), (1, "a"));
    }
}
