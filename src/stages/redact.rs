//! Replace personal data and secrets in texts: mail and internet addresses, telephone, bank, card and citizen numbers, keys and tokens.
//!
//! A number counts only where its check digit holds, an internet address only where it is a public one. What stands in its place depends
//! on what stood there and on the document alone: the same address gets the same substitute within a document, and neither the order of
//! documents nor the number of threads changes anything. Substitutes are addresses and numbers that are reserved for examples (RFC 2606,
//! RFC 5737, RFC 3849, 555-01xx); what has none becomes a marker, `<iban>`.
//!
//! ```toml
//! [[stage]]
//! use = "redact"
//! kinds = ["email", "ip", "secret"]
//! max = 20                                   # a page with more is a list of people: drop it
//! ```
//!
//! The tag `redacted` counts what was replaced. The only reason is `too_much_private_data`.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::prelude::*;
use crate::text::private::{Kind, Secrets, find};

/// What to replace, and by what.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redact {
    /// Any of "email", "ip", "phone", "iban", "card", "id_number" (Chinese citizen numbers), "secret". Default: all.
    kinds: OneOrMany,
    /// "example": what is reserved for examples, where there is such; "marker": `<email>`, `<ip>`. Default "example".
    replace: Substitute,
    /// Drop documents that hold more. Default: none is dropped.
    max: Option<usize>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Substitute {
    #[default]
    Example,
    Marker,
}

impl Default for Redact {
    fn default() -> Redact {
        Redact { kinds: OneOrMany(Kind::ALL.map(|kind| kind.name().to_owned()).into()), replace: Substitute::Example, max: None }
    }
}

const REASON: &str = "too_much_private_data";

impl Recipe for Redact {
    const NAME: &'static str = "redact";

    fn spec(&self) -> Spec {
        let spec = Spec::new().needs("text").gives("redacted");
        if self.max.is_some() { spec.reason(REASON) } else { spec }
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let mut kinds = Vec::new();
        for name in &self.kinds.0 {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                let known = Kind::ALL.map(Kind::name).join(", ");
                return Err(Complaint::new("kinds", format!("there is no kind `{name}` of private data"), format!("one or more of: {known}")).into());
            };
            kinds.push(kind);
        }
        if kinds.is_empty() {
            return Err(Complaint::new("kinds", "nothing is to be replaced", "name one kind or more, or leave the stage out").into());
        }
        let max = self.max.map(|max| (max, shop.reason(REASON)));
        Ok(Built::stage(Redactor { kinds, replace: self.replace, max, secrets: Secrets::new(), count: shop.tag("redacted")? }))
    }
}

struct Redactor {
    kinds: Vec<Kind>,
    replace: Substitute,
    max: Option<(usize, Reason)>,
    secrets: Secrets,
    count: Tag<i64>,
}

impl Stage for Redactor {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let text = doc.text();
        let found = find(text, &self.kinds, &self.secrets);
        if let Some((max, reason)) = self.max.filter(|(max, _)| found.len() > *max) {
            return Ok(Verdict::keep_if(false, reason, found.len() as f64, max as f64));
        }
        if !found.is_empty() {
            let mut clean = String::with_capacity(text.len());
            let mut at = 0;
            for one in &found {
                clean.push_str(&text[at..one.span.start]);
                clean.push_str(&self.substitute(one.kind, &text[one.span.clone()], doc.key()));
                at = one.span.end;
            }
            clean.push_str(&text[at..]);
            doc.set_text(clean);
        }
        doc.set_tag(self.count, found.len() as i64);
        Ok(Verdict::Keep)
    }
}

impl Redactor {
    fn substitute(&self, kind: Kind, found: &str, key: u128) -> String {
        let hash = xxh3_64_with_seed(found.as_bytes(), key as u64 ^ (key >> 64) as u64);
        match (self.replace, kind) {
            (Substitute::Example, Kind::Email) => format!("user{}@example.{}", hash % 1000, ["com", "net", "org"][(hash >> 32) as usize % 3]),
            (Substitute::Example, Kind::Ip) if found.contains(':') => format!("2001:db8::{:x}", hash & 0xffff),
            (Substitute::Example, Kind::Ip) => format!("{}.{}", ["192.0.2", "198.51.100", "203.0.113"][(hash >> 32) as usize % 3], 1 + hash % 254),
            (Substitute::Example, Kind::Phone) => format!("+1-202-555-01{:02}", hash % 100),
            _ => format!("<{}>", kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made};
    use super::*;

    const TEXT: &str = "Write to a.b@mail.example.de or c@mail.example.de, again a.b@mail.example.de, from 93.184.216.34 (+49 30 1234567).";

    fn redacted(toml: &str, id: &str) -> String {
        let mut doc = Doc::new(Some(id.into()), None, None, Some(TEXT.into()));
        assert_eq!(made::<Redact>(toml).dropped(&mut doc), None);
        doc.text().to_owned()
    }

    #[test]
    fn substitutes_depend_on_what_was_there_and_on_the_document() {
        let text = redacted("", "one");
        let words: Vec<&str> = text.split([' ', ',']).collect();
        assert!(words[2].starts_with("user") && words[2].contains("@example."), "{text}");
        assert!(words[2] != words[4] && text.matches(words[2]).count() == 2, "{text}");
        assert!(!text.contains("93.184") && text.contains("(+1-202-555-01"), "{text}");
        assert_eq!(redacted("", "one"), text);
        assert_ne!(redacted("", "two"), text);
        assert_eq!(made::<Redact>("").dropped(&mut Doc::from_text(text)), None);
    }

    #[test]
    fn kinds_and_markers_are_chosen() {
        let marked = "Write to <email> or <email>, again <email>, from 93.184.216.34 (+49 30 1234567).";
        assert_eq!(redacted("kinds = \"email\"\nreplace = \"marker\"", "one"), marked);
        assert_eq!(complaints::<Redact>("kinds = [\"mail\"]"), ["kinds"]);
        assert_eq!(complaints::<Redact>("kinds = []"), ["kinds"]);
    }

    #[test]
    fn too_many_are_a_reason() {
        let stage = made::<Redact>("max = 4");
        let (reason, drop) = stage.dropped(&mut Doc::from_text(TEXT)).unwrap();
        assert_eq!((reason.as_str(), drop.value, drop.threshold), (REASON, Some(5.0), Some(4.0)));
        let mut clean = Doc::from_text("nothing here");
        assert_eq!((stage.dropped(&mut clean), clean.revision()), (None, 0));
        assert_eq!(clean.tag(stage.tags.clone().declare::<i64>("redacted").unwrap()), Some(0));
    }
}
