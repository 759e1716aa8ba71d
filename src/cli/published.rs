use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::Failure;
use crate::store::{Folder, is_address};

/// A run, or token shards, that lie in a store: what speaks of them here, and the sizes of all their files.
pub(super) struct Published {
    pub(super) address: String,
    /// Reports, profiles, manifests and tokenizers.
    pub(super) folder: TempDir,
    pub(super) sizes: BTreeMap<String, u64>,
}

impl Published {
    /// Looks for one at an address; `None` where `place` is none, or holds neither a run nor shards.
    pub(super) fn find(place: &str) -> Result<Option<Published>, Failure> {
        // Web servers cannot be listed.
        if !is_address(place.as_ref()) || place.starts_with("http") {
            return Ok(None);
        }
        let address = place.trim_end_matches('/').to_owned();
        let failed = |error: std::io::Error| Failure(format!("cannot read {address}: {error}"));
        let there = Folder::at(&address).map_err(failed)?;
        let sizes = there.sizes().map_err(failed)?;
        if !sizes.contains_key("run.json") && !sizes.keys().any(|name| name.rsplit('/').next() == Some("manifest.json")) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        for name in sizes.keys().filter(|name| speaks_of_others(name)) {
            let path = folder.path().join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            there.fetch(name, &path).map_err(failed)?;
        }
        Ok(Some(Published { address, folder, sizes }))
    }

    /// The address of a file that is named as if it lay in the folder here.
    pub(super) fn place(&self, path: &Path) -> String {
        let name = path.strip_prefix(self.folder.path()).unwrap_or(path);
        format!("{}/{}", self.address, name.display())
    }
}

fn speaks_of_others(name: &str) -> bool {
    let inside = name.split('/').count() - 1;
    let file = name.rsplit('/').next().unwrap_or_default();
    (inside == 0 && file.ends_with(".json"))
        || (inside <= 3 && file == "manifest.json")
        || name == "validate/validate.json"
        || (name.starts_with("artifacts/") && file == "tokenizer.json")
}
