//! A folder of a store that is written to: whole objects, and marks that are made once.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use memmap2::Mmap;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::client::{ATTEMPTS, Client, PATIENCE, failed, pause, runtime};

/// Bytes of one request. A longer file is sent in parts of as many.
const PART: usize = 16 << 20;
/// Parts sent at a time.
const AT_ONCE: usize = 4;

/// A folder (`s3://bucket/a/run`) that files of this machine are copied to.
pub struct Folder {
    client: Arc<Client>,
    top: Key,
}

impl Folder {
    /// The folder at an address; it need not exist.
    ///
    /// # Errors
    /// Where `address` is none of a store that can be written to.
    pub fn at(address: &str) -> io::Result<Folder> {
        let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        let Some((base, rest)) = super::address(address) else { return refused("no address of an object store, as s3://bucket/folder") };
        let client = Client::of(base)?;
        if client.is_web() {
            return refused("a web server cannot be written to: name an object store, as s3://bucket/folder");
        }
        Ok(Folder { top: client.key(rest.trim_end_matches('/'))?, client })
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.top.clone(), |key, part| key.join(part))
    }

    /// All objects below it with their sizes, by name.
    ///
    /// # Errors
    /// Where the store does not answer, as everywhere here.
    pub fn sizes(&self) -> io::Result<BTreeMap<String, u64>> {
        let below = |key: &Key| key.as_ref()[self.top.as_ref().len()..].trim_start_matches('/').to_owned();
        let found = self.client.below(&self.top)?;
        Ok(found.iter().map(|meta| (below(&meta.location), meta.size)).filter(|(name, _)| !name.is_empty()).collect())
    }

    /// Names of all objects below it, in byte order.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.sizes()?.into_keys().collect())
    }

    /// The content of a small object, `None` where there is none.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub fn read(&self, name: &str) -> io::Result<Option<Bytes>> {
        let key = self.key(name);
        // A body that breaks off is asked for again, which clients of some stores leave to who reads it.
        match self.insist(name, may_pass, async || self.client.store.get(&key).await?.bytes().await) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies an object to a file of this machine.
    ///
    /// # Errors
    /// Where the store does not answer, or the file cannot be written.
    pub fn fetch(&self, name: &str, to: &Path) -> io::Result<()> {
        let object = self.client.object(&self.key(name))?;
        let mut file = File::create(to)?;
        io::copy(&mut object.reader(), &mut file)?;
        file.sync_all()
    }

    /// Copies a file of this machine, over what stands under the name.
    ///
    /// # Errors
    /// Where the store does not take it, after it was tried again.
    pub fn send(&self, name: &str, file: &Path) -> io::Result<()> {
        let file = File::open(file)?;
        if file.metadata()?.len() == 0 {
            return self.put(name, Bytes::new());
        }
        // SAFETY: files of a run are not written to again once they stand under their names.
        let bytes = Bytes::from_owner(unsafe { Mmap::map(&file) }?);
        if bytes.len() <= PART {
            return self.put(name, bytes);
        }
        // Of an upload whose end was not heard the store knows nothing any more, and others send the same file at the same time: then it may be whole, and is sent again. What the
        // store says of that differs (404, 403, or 400 where another has committed the blocks).
        let key = self.key(name);
        self.insist(name, |error| !matches!(error, Error::Unauthenticated { .. }), || self.send_parts(&key, bytes.clone()))
    }

    /// Asks until the store has answered, with pauses, where an error may be another next time.
    fn insist<T, F: Future<Output = object_store::Result<T>>>(&self, name: &str, passes: impl Fn(&Error) -> bool, ask: impl Fn() -> F) -> io::Result<T> {
        let began = Instant::now();
        runtime()?.block_on(async {
            let mut attempt = 0;
            loop {
                let error = match ask().await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                attempt += 1;
                if attempt == ATTEMPTS || began.elapsed() > PATIENCE || !passes(&error) {
                    return Err(failed(error));
                }
                tokio::time::sleep(pause(name, 0, attempt)).await;
            }
        })
    }

    async fn send_parts(&self, key: &Key, bytes: Bytes) -> object_store::Result<()> {
        let mut upload = self.client.store.put_multipart(key).await?;
        let parts: Vec<_> = (0..bytes.len()).step_by(PART).map(|at| upload.put_part(bytes.slice(at..(at + PART).min(bytes.len())).into())).collect();
        let sent: object_store::Result<Vec<()>> = futures_util::stream::iter(parts).buffered(AT_ONCE).try_collect().await;
        match sent {
            Ok(_) => upload.complete().await.map(drop),
            Err(error) => {
                // What was sent would stay, and be paid for.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    fn put(&self, name: &str, bytes: impl Into<Bytes>) -> io::Result<()> {
        let payload = PutPayload::from_bytes(bytes.into());
        runtime()?.block_on(self.client.store.put(&self.key(name), payload)).map(drop).map_err(failed)
    }

    /// Makes a small object; `false`, and nothing is done, where one of its name stands. It may be this process's own: the answer to a request can be lost.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub fn create(&self, name: &str, bytes: impl Into<Bytes>) -> io::Result<bool> {
        let (key, bytes) = (self.key(name), bytes.into());
        let ask = async || match self.try_create(&key, bytes.clone()).await {
            Ok(()) => Ok(true),
            // S3 refuses two that come at once by the same error, and may have taken neither.
            Err(error) if stands(&error) => match self.client.store.head(&key).await {
                Ok(_) => Ok(false),
                Err(Error::NotFound { .. }) => Err(error),
                Err(other) => Err(other),
            },
            Err(error) => Err(error),
        };
        self.insist(name, may_pass, ask)
    }

    async fn try_create(&self, key: &Key, bytes: Bytes) -> object_store::Result<()> {
        self.client.store.put_opts(key, PutPayload::from_bytes(bytes), PutMode::Create.into()).await.map(drop)
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let key = self.key(name);
        let ask = async || match self.client.store.delete(&key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        self.insist(name, may_pass, ask)
    }

    /// Whether the store lets an object be made only where there is none, which all that is committed here depends on: some take the condition and overlook it.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub fn creates_once(&self) -> io::Result<bool> {
        // Of its own name, since others may try the same at the same time.
        let probe = format!(".dataprep-probe-{:016x}", RandomState::new().hash_one(std::process::id()));
        // It was not there, so what stands is this process's own: an answer can be lost, and the request repeated.
        self.create(&probe, "one")?;
        let second = self.insist(&probe, may_pass, async || match self.try_create(&self.key(&probe), Bytes::from_static(b"two")).await {
            Err(error) if stands(&error) => Ok(true),
            answer => answer.map(|()| false),
        });
        let found = self.read(&probe);
        self.remove(&probe)?;
        Ok(second? && found?.as_deref() == Some(b"one"))
    }
}

/// Whether a store says by an error that an object of the name stands.
fn stands(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. })
}

/// Whether it is worth while to ask again.
fn may_pass(error: &Error) -> bool {
    !matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. } | Error::NotImplemented { .. } | Error::NotFound { .. })
}
