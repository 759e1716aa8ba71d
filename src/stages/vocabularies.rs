//! The key `tokenizer`: a vocabulary in a file.

use std::sync::Arc;

use crate::dedup::tokens::Tokens;
use crate::stage::{Complaint, Shop};
use crate::tokenizer::{Pattern, Tokenizer, TokenizerError};

/// Reads a vocabulary. A file that cannot be read is a complaint; one that is no vocabulary is left to the caller.
pub fn read(shop: &mut Shop<'_>, path: &str, pattern: Option<Pattern>) -> Result<Result<Tokenizer, TokenizerError>, Complaint> {
    let bytes = shop.read("tokenizer", path.as_ref())?;
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    Ok(Tokenizer::from_bytes(name, &bytes, pattern))
}

/// The tokens by which a deduplication goes: of a file, or bytes. It needs them before it reads the first document.
pub fn tokens(shop: &mut Shop<'_>, name: &str) -> Result<Arc<Tokens>, Complaint> {
    if name.starts_with("stage:") {
        let message = "a deduplication needs its tokenizer before it reads anything";
        return Err(Complaint::new("tokenizer", message, "name a file; `dataprep learn-tokenizer` makes one"));
    }
    let tokenizer = match name {
        "bytes" => Tokenizer::bytes(),
        path => read(shop, path, None)?.map_err(|error| Complaint::new("tokenizer", error.to_string(), "wanted a tokenizer file or \"bytes\""))?,
    };
    Ok(Arc::new(Tokens::new(tokenizer)))
}
