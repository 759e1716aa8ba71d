use std::io::Read;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome};
use crate::html::{Options, extract};
use crate::text::charset::decode;

/// Print the main text of one HTML page.
#[derive(clap::Args)]
pub struct Extract {
    /// The page, or `-` for standard input.
    file: PathBuf,
}

impl Extract {
    pub(super) fn call(self) -> Outcome {
        let mut bytes = Vec::new();
        let read =
            if self.file.as_os_str() == "-" { std::io::stdin().read_to_end(&mut bytes).map(drop) } else { std::fs::read(&self.file).map(|read| bytes = read) };
        read.map_err(|error| Failure(format!("cannot read {}: {error}", self.file.display())))?;
        let page = decode(&bytes, None);
        match extract(&page.text, &Options::default()) {
            Ok(page) => {
                say!("{}", page.text)?;
                Ok(Done::Fine)
            }
            Err(reject) => Err(Failure(format!("{}: {}", self.file.display(), reject.reason()))),
        }
    }
}
