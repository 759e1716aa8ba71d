//! Clients of stores, one for each bucket or server, and what they say about objects.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::runtime::Runtime;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::reader::Reader;

/// An answer that takes longer has failed. What is asked for or sent at once is small enough for slow lines.
const TIMEOUT: &str = "120s";
/// How often a range whose answer broke off is asked for again, besides what the client itself repeats.
const ATTEMPTS: u32 = 6;

const QUERY: &str = "an address with a query (`?`) cannot be read in ranges: name the file alone";

/// The threads on which answers arrive.
pub fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("store").enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| made))
}

/// A bucket, a container or a server.
pub struct Client {
    base: String,
    pub store: Box<dyn ObjectStore>,
    /// What listings and questions have told, so that nothing is asked for twice.
    known: Mutex<BTreeMap<Key, ObjectMeta>>,
}

impl Client {
    /// The client of a base such as `s3://bucket`, made once.
    pub fn of(base: &str) -> io::Result<Arc<Client>> {
        static CLIENTS: Mutex<BTreeMap<String, Arc<Client>>> = Mutex::new(BTreeMap::new());
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(base) {
            return Ok(client.clone());
        }
        let store = connect(base).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, said(&error)))?;
        let client = Arc::new(Client { base: base.to_owned(), store, known: Mutex::default() });
        clients.insert(base.to_owned(), client.clone());
        Ok(client)
    }

    pub fn key(&self, rest: &str) -> io::Result<Key> {
        let key = if self.is_web() { Key::from_url_path(rest) } else { Key::parse(rest) };
        key.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
    }

    pub fn is_web(&self) -> bool {
        self.base.starts_with("http")
    }

    fn remember(&self, meta: ObjectMeta) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(meta.location.clone(), meta);
    }

    fn meta(&self, key: &Key) -> io::Result<ObjectMeta> {
        if let Some(meta) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(meta.clone());
        }
        let meta = runtime()?.block_on(self.store.head(key)).map_err(failed)?;
        self.remember(meta.clone());
        Ok(meta)
    }

    /// The object of a key, as it is now.
    pub fn object(self: &Arc<Self>, key: &Key) -> io::Result<Object> {
        let meta = runtime()?.block_on(self.store.head(key)).map_err(failed)?;
        Ok(Object { client: self.clone(), meta: Arc::new(meta) })
    }

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

/// The store's own builder, with what the environment says.
fn connect(base: &str) -> object_store::Result<Box<dyn ObjectStore>> {
    let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: 10, retry_timeout: Duration::from_secs(180) };
    let options = ClientOptions::new().with_config(ClientConfigKey::Timeout, TIMEOUT).with_allow_http(true);
    Ok(match base.split("://").next().unwrap_or_default() {
        "s3" | "s3a" => {
            let builder = AmazonS3Builder::from_env().with_url(base);
            // Whoever names an endpoint without TLS wants one without TLS.
            let open = builder.get_config_value(&AmazonS3ConfigKey::Endpoint).is_some_and(|endpoint| endpoint.starts_with("http://"));
            let builder = if open { builder.with_allow_http(true) } else { builder };
            Box::new(builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT).with_retry(retry).build()?)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_url(base);
            Box::new(builder.with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT).with_retry(retry).build()?)
        }
        "az" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::from_env().with_url(base);
            Box::new(builder.with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT).with_retry(retry).build()?)
        }
        _ => Box::new(HttpBuilder::new().with_url(base).with_client_options(options).with_retry(retry).build()?),
    })
}

/// An object of a store.
#[derive(Clone)]
pub struct Object {
    client: Arc<Client>,
    meta: Arc<ObjectMeta>,
}

impl Object {
    /// The object at an address; `None` where `path` is no address.
    ///
    /// # Errors
    /// Where there is no such object, or the store does not answer.
    pub fn at(path: &Path) -> io::Result<Option<Object>> {
        let Some((base, rest)) = path.to_str().and_then(super::address) else { return Ok(None) };
        if rest.contains('?') && base.starts_with("http") {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, QUERY));
        }
        let client = Client::of(base)?;
        let meta = client.meta(&client.key(rest)?)?;
        Ok(Some(Object { client, meta: Arc::new(meta) }))
    }

    /// Bytes of it.
    pub fn size(&self) -> u64 {
        self.meta.size
    }

    /// What the store calls this content: its entity tag, else the time of its last change.
    pub fn version(&self) -> String {
        self.meta.e_tag.clone().unwrap_or_else(|| self.meta.last_modified.to_rfc3339())
    }

    /// Reads it from the beginning, ahead of who reads.
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// Its bytes in an unnamed file.
    ///
    /// # Errors
    /// Where it cannot be read, or there is no room for it.
    pub fn copied(&self) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut self.reader(), &mut file)?;
        io::Seek::rewind(&mut file)?;
        Ok(file)
    }

    /// The bytes of a range, which must lie inside.
    ///
    /// # Errors
    /// Where the store fails for long, or the object is another by now.
    pub fn range(&self, range: Range<u64>) -> io::Result<Bytes> {
        runtime()?.block_on(self.fetch(range))
    }

    /// The same, later.
    pub async fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        // A weak tag never matches (RFC 9110, 13.1.1), though the object be the same.
        let tag = self.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
        self.client.fetch(&self.meta.location, range, tag).await
    }
}

impl Client {
    /// A range of an object, of a certain version where one is named. A range that the object does not hold is an error.
    async fn fetch(&self, key: &Key, range: Range<u64>, version: Option<String>) -> io::Result<Bytes> {
        let wanted = range.end - range.start;
        let mut attempt = 0;
        loop {
            let options = GetOptions { range: Some(range.clone().into()), if_match: version.clone(), ..GetOptions::default() };
            let answer = match self.store.get_opts(key, options).await {
                Ok(answer) => answer.bytes().await,
                Err(error) => Err(error),
            };
            let error = match answer {
                Ok(bytes) if bytes.len() as u64 == wanted => return Ok(bytes),
                Ok(bytes) => io::Error::new(io::ErrorKind::UnexpectedEof, format!("the store gave {} bytes where {wanted} were asked for", bytes.len())),
                Err(error @ (Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. } | Error::Precondition { .. })) => {
                    return Err(failed(error));
                }
                Err(error) => failed(error),
            };
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(pause(key.as_ref(), range.start, attempt)).await;
        }
    }
}

/// What [`super::stretches`] gives, of objects alone.
pub fn stretches(wanted: &[(PathBuf, Range<u64>)]) -> Vec<io::Result<Bytes>> {
    const AT_ONCE: usize = 8;
    let fetch = |(path, range): &(PathBuf, Range<u64>)| {
        let place = path.to_str().and_then(super::address).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput));
        let found = place.and_then(|(base, rest)| Client::of(base).and_then(|client| Ok((client.key(rest)?, client))));
        let range = range.clone();
        async move {
            let (key, client) = found?;
            client.fetch(&key, range, None).await
        }
    };
    match runtime() {
        Ok(runtime) => runtime.block_on(futures_util::stream::iter(wanted.iter().map(fetch).collect::<Vec<_>>()).buffered(AT_ONCE).collect()),
        Err(error) => wanted.iter().map(|_| Err(io::Error::new(error.kind(), error.to_string()))).collect(),
    }
}

/// A pause that doubles, spread by name and place, so that many readers do not come back at once.
fn pause(key: &str, at: u64, attempt: u32) -> Duration {
    let most = 200u64 << attempt;
    Duration::from_millis(most / 2 + xxh3_64_with_seed(key.as_bytes(), at ^ u64::from(attempt)) % (most / 2))
}

/// What [`super::list`] gives.
pub fn list(address: &str) -> io::Result<Vec<PathBuf>> {
    let Some((base, rest)) = super::address(address) else { return Ok(Vec::new()) };
    let client = Client::of(base)?;
    let glob = rest.find(['*', '[', '?']);
    if client.is_web() {
        let refused = if rest.contains('?') { QUERY } else { "a web server cannot be listed: name every file" };
        return if glob.is_some() { Err(io::Error::new(io::ErrorKind::Unsupported, refused)) } else { Ok(vec![address.into()]) };
    }
    let found = match glob {
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
            match client.meta(&key) {
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
    let mut paths: Vec<PathBuf> = found.iter().map(|meta| PathBuf::from(format!("{base}/{}", meta.location))).collect();
    paths.sort();
    found.into_iter().for_each(|meta| client.remember(meta));
    Ok(paths)
}

pub fn failed(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        Error::Precondition { .. } => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, said(&error))
}

/// What went wrong, and what to do about it.
fn said(error: &Error) -> String {
    match error {
        Error::NotFound { .. } => "the store has no such object".to_owned(),
        Error::Precondition { .. } => "it has changed since it was first looked at: start again".to_owned(),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            format!("the store refuses access: check the credentials (AWS_*, GOOGLE_*, AZURE_*), or set AWS_SKIP_SIGNATURE=true for a public bucket ({error})")
        }
        error if error.to_string().contains("169.254.169.254") => {
            "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket".to_owned()
        }
        error => error.to_string(),
    }
}
