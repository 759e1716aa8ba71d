//! What a conversation becomes: sequences of tokens, each with its loss mask.

use std::ops::Range;

use super::{Chat, LOSS, Longer, Tools};
use crate::chat::{Message, Template};
use crate::doc::{Member, Piece, Role, Tokens, Turn};
use crate::stage::Drop;
use crate::tokenizer::EncodeScratch;

/// One sequence.
#[derive(Default)]
struct Sequence {
    ids: Vec<u32>,
    mask: Vec<u8>,
}

/// Makes sequences for one conversation.
pub(super) struct Sequences<'a> {
    pub chat: &'a Chat,
    pub tools: &'a Tools,
    pub template: &'a Template,
    pub scratch: &'a mut EncodeScratch,
}

impl Sequences<'_> {
    /// The tokens of a conversation or of a pair, or why there are none.
    pub fn of(&mut self, turns: &[Turn<'_>]) -> Result<Tokens, Drop> {
        if let [prompt @ .., chosen, rejected] = turns
            && (chosen.role, rejected.role) == (Role::Chosen, Role::Rejected)
        {
            return self.pair(prompt, *chosen, *rejected);
        }
        let whole = self.sequence(turns, false)?;
        let max = self.chat.max_tokens;
        if whole.ids.len() <= max {
            return Ok(Tokens { ids: whole.ids, mask: whole.mask, pieces: Vec::new() });
        }
        match self.chat.longer {
            Longer::Drop => Err(self.too_long(whole.ids.len())),
            Longer::Cut | Longer::CutOrKeep => self.stretches(turns),
        }
    }

    /// Both members, whose last answer alone counts.
    fn pair(&mut self, prompt: &[Turn<'_>], chosen: Turn<'_>, rejected: Turn<'_>) -> Result<Tokens, Drop> {
        if chosen.content == rejected.content {
            return Err(Drop::plain(self.chat.reasons.equal_answers));
        }
        let mut tokens = Tokens::default();
        for (answer, member) in [(chosen, Member::Chosen), (rejected, Member::Rejected)] {
            let turns = [prompt, &[answer]].concat();
            let sequence = self.sequence(&turns, true)?;
            add(&mut tokens, sequence, &turns, member);
        }
        // Both lie in one training row.
        let length = tokens.ids.len();
        if length > self.chat.max_tokens && self.chat.longer != Longer::CutOrKeep { Err(self.too_long(length)) } else { Ok(tokens) }
    }

    /// A long conversation as stretches of whole exchanges, as many in each as fit, each begun by the system's turn.
    fn stretches(&mut self, turns: &[Turn<'_>]) -> Result<Tokens, Drop> {
        let max = self.chat.max_tokens;
        let first = turns.iter().take_while(|turn| turn.role == Role::System).count();
        let (system, said) = turns.split_at(first);
        // An exchange begins with a question behind an answer.
        let begins = |at: usize| said[at].role != Role::Assistant && said[at - 1].role == Role::Assistant;
        let mut ends: Vec<usize> = (1..said.len()).filter(|at| begins(*at)).collect();
        ends.push(said.len());
        let (mut tokens, mut start, mut fitting) = (Tokens::default(), 0, None::<(usize, Sequence)>);
        let mut at = 0;
        while at < ends.len() {
            let turns = |range: Range<usize>| [system, &said[range]].concat();
            let sequence = self.sequence(&turns(start..ends[at]), false)?;
            let length = sequence.ids.len();
            if length <= max {
                fitting = Some((ends[at], sequence));
                at += 1;
            } else if let Some((end, sequence)) = fitting.take() {
                // The exchange that did not fit begins the next stretch, and is tried again there.
                add(&mut tokens, sequence, &turns(start..end), Member::Stretch);
                start = end;
            } else if self.chat.longer == Longer::CutOrKeep {
                add(&mut tokens, sequence, &turns(start..ends[at]), Member::Stretch);
                start = ends[at];
                at += 1;
            } else {
                return Err(self.too_long(length));
            }
        }
        if let Some((end, sequence)) = fitting {
            add(&mut tokens, sequence, &[system, &said[start..end]].concat(), Member::Stretch);
        }
        Ok(tokens)
    }

    /// The tokens of some turns; answers count in the loss, or the last alone.
    fn sequence(&mut self, turns: &[Turn<'_>], last_alone: bool) -> Result<Sequence, Drop> {
        let role = |role: Role| if matches!(role, Role::Chosen | Role::Rejected) { Role::Assistant } else { role };
        let messages: Vec<Message<'_>> = turns.iter().map(|turn| Message { role: role(turn.role).name(), content: turn.content }).collect();
        let mut rendered = self.template.render(&messages, &self.tools.names).map_err(|said| Drop::plain(self.chat.reasons.template_failed).detail(said))?;
        if last_alone {
            let earlier = rendered.answers.len().saturating_sub(1);
            rendered.answers.drain(..earlier);
        }
        let (mut ids, mut inside) = (Vec::with_capacity(rendered.text.len() / 3), Vec::new());
        let encoded = self.tools.tokenizer.encode_spans(&rendered.text, &rendered.answers, &mut ids, &mut inside, self.scratch);
        encoded.map_err(|error| Drop::plain(self.chat.reasons.not_encodable).detail(error.to_string()))?;
        let mask = inside.into_iter().map(|inside| if inside { LOSS } else { 0 }).collect();
        Ok(Sequence { ids, mask })
    }

    fn too_long(&self, length: usize) -> Drop {
        Drop::measured(self.chat.reasons.too_long, length as f64, self.chat.max_tokens as f64)
    }
}

fn add(tokens: &mut Tokens, sequence: Sequence, turns: &[Turn<'_>], member: Member) {
    tokens.ids.extend(sequence.ids);
    tokens.mask.extend(sequence.mask);
    let bytes = turns.iter().map(|turn| turn.content.len() as u64).sum();
    tokens.pieces.push(Piece { end: tokens.ids.len(), bytes, member });
}
