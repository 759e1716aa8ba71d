//! What a sink says of its files.

use serde::{Deserialize, Serialize};

/// A file that a sink has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Relative to a folder that the place says where it stands.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// xxh3-128 of the content, in 32 hexadecimal digits.
    pub xxh3: String,
}

impl Written {
    /// The same file, named from the folder that holds `folder`.
    pub fn below(self, folder: &str) -> Written {
        Written { name: format!("{folder}/{}", self.name), ..self }
    }
}
