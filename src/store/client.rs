//! Clients of stores, one for each bucket or server, and what they say about objects.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientConfigKey, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::runtime::Runtime;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::reader::Reader;
use super::web;

/// An answer that takes longer has failed, unless the environment says otherwise (`AWS_TIMEOUT` and its kin). What is asked for or sent at once is small enough for slow lines.
pub const TIMEOUT: &str = "120s";
/// How often a range whose answer broke off is asked for again, besides what the client itself repeats.
pub const ATTEMPTS: u32 = 6;
/// For how long a store that does not answer is asked again.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Bytes of the largest object that is read as a whole where a server gives no ranges.
const WHOLE: u64 = 16 << 20;

const CHANGED: &str = "it has changed since it was first looked at: start again";
pub const QUERY: &str = "an address with a query (`?`) cannot be read in ranges: name the file alone";

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
    pub base: String,
    pub store: Box<dyn ObjectStore>,
    /// What it shows a server that wants to know who asks.
    token: Option<String>,
    /// What listings and questions have told, so that nothing is asked for twice. A plan lists its input anew, and then this is what its input was: an object that is another later is an
    /// error to whoever reads it.
    known: Mutex<BTreeMap<Key, ObjectMeta>>,
}

static CLIENTS: Mutex<BTreeMap<String, Arc<Client>>> = Mutex::new(BTreeMap::new());

impl Client {
    /// The client of a base such as `s3://bucket`, made once.
    pub fn of(base: &str) -> io::Result<Arc<Client>> {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        match clients.get(base) {
            Some(client) => Ok(client.clone()),
            None => Client::make(&mut clients, base, None),
        }
    }

    /// The client of a web server that is shown `token` from now on.
    pub fn sign_in(base: &str, token: &str) -> io::Result<()> {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        match clients.get(base) {
            Some(client) if client.token.as_deref() == Some(token) => Ok(()),
            _ => Client::make(&mut clients, base, Some(token)).map(drop),
        }
    }

    fn make(clients: &mut BTreeMap<String, Arc<Client>>, base: &str, token: Option<&str>) -> io::Result<Arc<Client>> {
        let store = connect(base, token).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, said(&error)))?;
        let client = Arc::new(Client { base: base.to_owned(), store, token: token.map(str::to_owned), known: Mutex::default() });
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

    /// Takes up what is said of an object, and gives it with its tag in quotes: Azure leaves them out where it lists.
    pub fn remember(&self, mut meta: ObjectMeta) -> ObjectMeta {
        if let Some(tag) = meta.e_tag.as_mut().filter(|tag| !tag.ends_with('"')) {
            *tag = format!("\"{tag}\"");
        }
        self.known().insert(meta.location.clone(), meta.clone());
        meta
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Key, ObjectMeta>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object is asked for anew when it is looked at next.
    fn forget(&self, key: &Key) {
        self.known().remove(key);
    }

    /// The same, unless a listing has told of it: no web server names a version.
    pub fn forget_unlisted(&self, key: &Key) {
        let mut known = self.known();
        if known.get(key).is_some_and(|meta| meta.version.is_none()) {
            known.remove(key);
        }
    }

    /// What is known of an object; it is asked for once.
    fn meta(&self, key: &Key) -> io::Result<ObjectMeta> {
        let known = self.known().get(key).cloned();
        known.map_or_else(|| self.meta_now(key), Ok)
    }

    pub fn meta_now(&self, key: &Key) -> io::Result<ObjectMeta> {
        Ok(self.remember(runtime()?.block_on(self.store.head(key)).map_err(failed)?))
    }

    /// The object of a key, as it is now.
    pub fn object(self: &Arc<Self>, key: &Key) -> io::Result<Object> {
        Ok(Object { client: self.clone(), meta: Arc::new(self.meta_now(key)?) })
    }
}

/// The store's own builder, with what the environment says.
fn connect(base: &str, token: Option<&str>) -> object_store::Result<Box<dyn ObjectStore>> {
    let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: 10, retry_timeout: PATIENCE };
    // The builders share no trait. What the environment says of the time goes before ours; whoever names an endpoint without TLS wants one without TLS.
    macro_rules! from_environment {
        ($builder:ident, $key:ident, $endpoint:ident) => {{
            let timeout = $key::Client(ClientConfigKey::Timeout);
            let mut builder = $builder::from_env().with_url(base);
            if builder.get_config_value(&timeout) == $builder::new().get_config_value(&timeout) {
                builder = builder.with_config(timeout, TIMEOUT);
            }
            if builder.get_config_value(&$key::$endpoint).is_some_and(|endpoint| endpoint.starts_with("http://")) {
                builder = builder.with_config($key::Client(ClientConfigKey::AllowHttp), "true");
            }
            Box::new(builder.with_retry(retry).build()?)
        }};
    }
    Ok(match base.split("://").next().unwrap_or_default() {
        "s3" | "s3a" => from_environment!(AmazonS3Builder, AmazonS3ConfigKey, Endpoint),
        "gs" => from_environment!(GoogleCloudStorageBuilder, GoogleConfigKey, BaseUrl),
        "az" | "abfs" | "abfss" => from_environment!(MicrosoftAzureBuilder, AzureConfigKey, Endpoint),
        _ => Box::new(HttpBuilder::new().with_url(base).with_client_options(web::options(token)?).with_retry(retry).build()?),
    })
}

/// An object of a store.
#[derive(Clone)]
pub struct Object {
    client: Arc<Client>,
    meta: Arc<ObjectMeta>,
}

impl Object {
    /// The object at an address, as it was when it was first looked at; `None` where `path` is no address.
    ///
    /// # Errors
    /// Where there is no such object, or the store does not answer.
    pub fn at(path: &Path) -> io::Result<Option<Object>> {
        Self::find(path, Client::meta)
    }

    /// The same, as it is now.
    ///
    /// # Errors
    /// As of [`Object::at`].
    pub fn now(path: &Path) -> io::Result<Option<Object>> {
        Self::find(path, Client::meta_now)
    }

    fn find(path: &Path, ask: impl FnOnce(&Client, &Key) -> io::Result<ObjectMeta>) -> io::Result<Option<Object>> {
        let Some((base, rest)) = path.to_str().and_then(super::address) else { return Ok(None) };
        if rest.contains('?') && base.starts_with("http") {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, QUERY));
        }
        let client = Client::of(base)?;
        let meta = ask(&client, &client.key(rest)?)?;
        Ok(Some(Object { client, meta: Arc::new(meta) }))
    }

    /// Bytes of it.
    pub fn size(&self) -> u64 {
        self.meta.size
    }

    /// What the store calls this content: its entity tag, else its version, else the time of its last change.
    pub fn version(&self) -> String {
        let named = self.meta.e_tag.clone().or_else(|| self.meta.version.clone());
        named.unwrap_or_else(|| self.meta.last_modified.to_rfc3339())
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
        self.client.fetch(&self.meta.location, range, Some(&self.meta)).await
    }
}

impl Client {
    /// A range of an object, which must still be `known` where that is given. A range that the object does not hold is an error.
    async fn fetch(&self, key: &Key, range: Range<u64>, known: Option<&ObjectMeta>) -> io::Result<Bytes> {
        let wanted = range.end - range.start;
        // A weak tag never matches (RFC 9110, 13.1.1), though the object be the same.
        let tag = known.and_then(|known| known.e_tag.clone()).filter(|tag| !tag.starts_with("W/"));
        let mut attempt = 0;
        let mut options = GetOptions { range: Some(range.clone().into()), if_match: tag, ..GetOptions::default() };
        loop {
            let answer = match self.store.get_opts(key, options.clone()).await {
                Ok(answer) if known.is_some_and(|known| is_another(known, &answer.meta)) => {
                    self.forget(key);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, CHANGED));
                }
                Ok(answer) if options.range.is_none() => answer.bytes().await.map(|whole| cut(&whole, &range)),
                Ok(answer) => answer.bytes().await,
                // Not every server of small files knows ranges.
                Err(Error::NotSupported { .. }) if options.range.is_some() && known.is_some_and(|known| (range.end..=WHOLE).contains(&known.size)) => {
                    options.range = None;
                    continue;
                }
                Err(error) => Err(error),
            };
            let error = match answer {
                Ok(bytes) if bytes.len() as u64 == wanted => return Ok(bytes),
                Ok(bytes) => io::Error::new(io::ErrorKind::UnexpectedEof, format!("the store gave {} bytes where {wanted} were asked for", bytes.len())),
                Err(error @ (Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. } | Error::Precondition { .. })) => {
                    self.forget(key);
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

/// A range of a whole object; nothing where it is shorter than was said.
fn cut(whole: &Bytes, range: &Range<u64>) -> Bytes {
    if (whole.len() as u64) < range.end { Bytes::new() } else { whole.slice(range.start as usize..range.end as usize) }
}

/// Whether what answers is not the object that was known. Not every server is asked for a version, and not every one minds.
fn is_another(known: &ObjectMeta, found: &ObjectMeta) -> bool {
    let bare = |meta: &ObjectMeta| meta.e_tag.as_deref().map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned());
    let named_otherwise = match (bare(known), bare(found)) {
        (Some(known), Some(found)) => known != found,
        // Of a version that the server has named elsewhere, the time says nothing.
        (None, None) => known.version.is_none() && known.last_modified != found.last_modified,
        _ => false,
    };
    known.size != found.size || named_otherwise
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
pub fn pause(key: &str, at: u64, attempt: u32) -> Duration {
    let most = 200u64 << attempt;
    Duration::from_millis(most / 2 + xxh3_64_with_seed(key.as_bytes(), at ^ u64::from(attempt)) % (most / 2))
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
        Error::Precondition { .. } => CHANGED.to_owned(),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            format!(
                "the store refuses access: check the credentials (AWS_*, GOOGLE_*, AZURE_*; of a hub `token`), or set AWS_SKIP_SIGNATURE=true for a public bucket ({error})"
            )
        }
        error if error.to_string().contains("169.254.169.254") => {
            "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket; of Google GOOGLE_APPLICATION_CREDENTIALS, of Azure \
             AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
                .to_owned()
        }
        error => error.to_string(),
    }
}
