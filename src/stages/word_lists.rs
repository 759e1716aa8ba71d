//! Lists of words and phrases by path, for the stages that look for them.

use std::io::Read;

use super::prelude::*;
use crate::text::listed::unpacked;

/// The entries of lists, plain or gzip, one a line; a line that begins with `#` is a remark.
pub fn read(shop: &mut Shop<'_>, key: &str, files: &OneOrMany) -> std::result::Result<Vec<String>, Complaint> {
    let mut words = Vec::new();
    for name in &files.0 {
        let mut list = String::new();
        let file = shop.open(key, name.as_ref())?;
        let read = unpacked(file).and_then(|mut file| file.read_to_string(&mut list));
        read.map_err(|cause| Complaint::new(key, format!("cannot read `{name}`: {cause}"), "wanted UTF-8 text, plain or gzip"))?;
        words.extend(entries(list.strip_prefix('\u{feff}').unwrap_or(&list)));
    }
    Ok(words)
}

/// The entries of one list.
pub fn entries(list: &str) -> impl Iterator<Item = String> {
    list.lines().map(str::trim).filter(|word| !word.is_empty() && !word.starts_with('#')).map(str::to_owned)
}
