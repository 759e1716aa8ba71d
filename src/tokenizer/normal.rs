//! Unicode normalization as Hugging Face `tokenizers` applies it: the same crate, so the same version of Unicode.

use unicode_normalization_alignments::UnicodeNormalization;

/// A Unicode normalization form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canonical composition.
    Nfc,
    /// Compatibility composition.
    Nfkc,
}

impl std::str::FromStr for Form {
    type Err = String;

    /// By its name in lower case.
    fn from_str(name: &str) -> Result<Form, String> {
        match name {
            "nfc" => Ok(Form::Nfc),
            "nfkc" => Ok(Form::Nfkc),
            _ => Err(format!("there is no form `{name}`: one of nfc, nfkc")),
        }
    }
}

impl Form {
    /// The name in a tokenizer.json.
    pub(super) fn name(self) -> &'static str {
        match self {
            Form::Nfc => "NFC",
            Form::Nfkc => "NFKC",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Form> {
        [Form::Nfc, Form::Nfkc].into_iter().find(|form| form.name() == name)
    }

    /// The normalized text, in `buffer` unless nothing can change.
    pub(super) fn apply<'a>(self, text: &'a str, buffer: &'a mut String) -> &'a str {
        // Both forms keep ASCII; NFC keeps everything below the combining marks at U+0300, whose lead byte is 0xCC.
        let limit = match self {
            Form::Nfc => 0xcc,
            Form::Nfkc => 0x80,
        };
        if text.bytes().all(|byte| byte < limit) {
            return text;
        }
        buffer.clear();
        match self {
            Form::Nfc => buffer.extend(text.nfc().map(|(c, _)| c)),
            Form::Nfkc => buffer.extend(text.nfkc().map(|(c, _)| c)),
        }
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatibility_goes_further_than_canonical() {
        let mut buffer = String::new();
        assert_eq!(Form::Nfc.apply("e\u{301} Ａ ﬁ ä", &mut buffer), "é Ａ ﬁ ä");
        assert_eq!(Form::Nfkc.apply("e\u{301} Ａ ﬁ ä", &mut buffer), "é A fi ä");
        assert_eq!(Form::Nfc.apply("Straße", &mut buffer), "Straße");
    }
}
