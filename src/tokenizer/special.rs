//! Which of a vocabulary's special tokens plays which role, by the spellings in use.

use std::collections::BTreeMap;

/// Role and spellings, the first that the vocabulary has wins.
const ROLES: [(&str, &[&str]); 7] = [
    ("bos", &["<|begin_of_text|>", "<s>", "<bos>", "<|bos|>", "[BOS]", "<|startoftext|>"]),
    ("cls", &["[CLS]", "<cls>"]),
    ("eos", &["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>", "[EOS]", "<|im_end|>"]),
    ("mask", &["[MASK]", "<mask>"]),
    ("pad", &["[PAD]", "<pad>", "<|pad|>", "<|padding|>"]),
    ("sep", &["[SEP]", "<sep>"]),
    ("unk", &["[UNK]", "<unk>", "<|unk|>"]),
];

pub(super) fn roles(id: impl Fn(&str) -> Option<u32>) -> BTreeMap<String, u32> {
    let found = |spellings: &[&str]| spellings.iter().find_map(|token| id(token));
    ROLES.iter().filter_map(|(role, spellings)| Some(((*role).to_owned(), found(spellings)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_spelling_present_has_the_role() {
        let id = |token: &str| ["</s>", "<s>", "<|im_end|>"].iter().position(|known| *known == token).map(|id| id as u32);
        assert_eq!(roles(id), BTreeMap::from([("bos".to_owned(), 1), ("eos".to_owned(), 0)]));
    }
}
