//! Which objects there are.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use object_store::path::Path as Key;
use object_store::{Error, ObjectMeta, ObjectStore};

use super::client::{ATTEMPTS, Client, QUERY, failed, pause, runtime};

impl Client {
    /// Every object below `prefix`, as they come.
    pub fn below(&self, prefix: &Key) -> io::Result<Vec<ObjectMeta>> {
        let mut found: Vec<ObjectMeta> = Vec::new();
        runtime()?.block_on(async {
            let mut attempt = 0;
            loop {
                let known = found.len();
                // The client repeats a request that is refused, but not one whose answer breaks off: then it goes on behind what has come.
                let mut list = match found.last() {
                    Some(last) => self.store.list_with_offset(Some(prefix), &last.location.clone()),
                    None => self.store.list(Some(prefix)),
                };
                let error = loop {
                    match list.next().await {
                        Some(Ok(meta)) => found.push(meta),
                        Some(Err(error)) => break error,
                        None => return Ok(()),
                    }
                };
                attempt = if found.len() > known { 1 } else { attempt + 1 };
                if attempt == ATTEMPTS || matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) {
                    return Err(failed(error));
                }
                tokio::time::sleep(pause(prefix.as_ref(), found.len() as u64, attempt)).await;
            }
        })?;
        Ok(found)
    }
}

/// What [`super::know`] does.
pub fn know(path: &Path, size: u64, version: &str) -> io::Result<()> {
    let Some((base, rest)) = path.to_str().and_then(super::address) else { return Ok(()) };
    let client = Client::of(base)?;
    let location = client.key(rest)?;
    client.remember(ObjectMeta { location, last_modified: Default::default(), size, e_tag: None, version: Some(version.to_owned()) });
    Ok(())
}

/// What [`super::list`] gives.
pub fn list(address: &str) -> io::Result<Vec<PathBuf>> {
    let Some((base, rest)) = super::address(address) else { return Ok(Vec::new()) };
    let client = Client::of(base)?;
    let glob = rest.find(['*', '[', '?']);
    if client.is_web() {
        let refused = if rest.contains('?') { QUERY } else { "a web server cannot be listed: name every file" };
        if glob.is_some() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, refused));
        }
        client.forget_unlisted(&client.key(rest)?);
        return Ok(vec![address.into()]);
    }
    let mut found = match glob {
        Some(at) => {
            let options = glob::MatchOptions { require_literal_separator: true, require_literal_leading_dot: true, ..Default::default() };
            let pattern = glob::Pattern::new(rest).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.msg))?;
            let folder = rest[..at].rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut found = client.below(&client.key(folder)?)?;
            found.retain(|meta| pattern.matches_with(meta.location.as_ref(), options));
            found
        }
        None => {
            let key = client.key(rest)?;
            // What ends in a slash is no object, and there are servers that fail where it is asked for.
            let object = if rest.ends_with('/') { Err(io::ErrorKind::NotFound.into()) } else { client.meta_now(&key) };
            match object {
                Ok(meta) => vec![meta],
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let hidden = |part: &str| part.starts_with('.');
                    let mut found = client.below(&key)?;
                    found.retain(|meta| !meta.location.as_ref()[key.as_ref().len()..].split('/').any(hidden));
                    found
                }
                Err(error) => return Err(error),
            }
        }
    };
    // What marks a folder, as consoles make it (`in/`), is listed as an empty object that nobody can read.
    let mut markers = Vec::new();
    for meta in found.iter().filter(|meta| meta.size == 0) {
        match client.meta_now(&meta.location) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => markers.push(meta.location.clone()),
            answer => drop(answer?),
        }
    }
    found.retain(|meta| !markers.contains(&meta.location));
    let mut paths: Vec<PathBuf> = found.iter().map(|meta| PathBuf::from(format!("{base}/{}", meta.location))).collect();
    paths.sort();
    for meta in found {
        client.remember(meta);
    }
    Ok(paths)
}
