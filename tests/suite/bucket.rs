//! A small store on this machine: the part of S3 and of Google's XML interface that a client of objects uses, over HTTP, with faults on demand. It was written
//! after what the real services document; `tests/cluster/servers.py` tries the same against other people's servers.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Objects by `bucket/key`.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Every so many requests one is answered with 503 and the next with half of its body; 0 for never.
    pub faulty: AtomicUsize,
    /// A put that must not overwrite overwrites.
    pub careless: AtomicBool,
    /// Ranges are not known: the whole is given.
    pub rangeless: AtomicBool,
    /// How objects are told from others of their names.
    pub tags: Mutex<Tags>,
    /// An object that is replaced once it was read so often, and what takes its place.
    pub replaced: Mutex<Option<(String, usize, Vec<u8>)>>,
    /// Successful writes whose answer is lost, that many.
    pub silent: AtomicUsize,
    /// Puts of what must be new that are refused as coming at the same time as others, and not taken; that many.
    pub conflicts: AtomicUsize,
    /// A key that so many listings name still, though the object is gone.
    pub ghost: Mutex<Option<(String, usize)>>,
    /// Uploads in parts that are completed without their sender hearing of it, that many.
    pub unheard: AtomicUsize,
    /// Parts of uploads that are not complete, by the number of the upload.
    uploads: Mutex<BTreeMap<String, BTreeMap<usize, Vec<u8>>>>,
    requests: AtomicUsize,
    ended: AtomicBool,
}

/// An account of Google's that is not asked to prove itself.
const ACCOUNT: &str = r#"{"disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}"#;

/// What a server says of an object's content.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Tags {
    /// A tag that it holds a reader to.
    #[default]
    Strong,
    /// The same, and listings name it without its quotes.
    Bare,
    /// A tag that it does not compare.
    Weak,
    None,
}

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Bucket {
    /// Serves while `work` runs; it is given the address.
    pub fn serve<T>(&self, work: impl FnOnce(&str) -> T) -> T {
        self.ended.store(false, Ordering::Relaxed);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for stream in listener.incoming().flatten() {
                    if self.ended.load(Ordering::Relaxed) {
                        break;
                    }
                    scope.spawn(|| self.talk(stream));
                }
            });
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&format!("http://{address}"))));
            self.ended.store(true, Ordering::Relaxed);
            let _ = TcpStream::connect(&address);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The environment in which a client finds this store.
    pub fn environment(address: &str) -> [(&'static str, &str); 6] {
        [
            ("AWS_ENDPOINT_URL", address),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-east-1"),
            ("GOOGLE_BASE_URL", address),
            ("GOOGLE_SERVICE_ACCOUNT_KEY", ACCOUNT),
        ]
    }

    pub fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.lock().insert(name.to_owned(), bytes.into());
    }

    pub fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn talk(&self, stream: TcpStream) {
        stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).expect("a timeout");
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        while !self.ended.load(Ordering::Relaxed) {
            let Some(mut request) = read(&mut reader) else { return };
            if self.rangeless.load(Ordering::Relaxed) {
                request.headers.remove("range");
            }
            if self.answer(&request, &mut &stream).is_none() {
                return;
            }
        }
    }

    /// `None` where the connection is to be closed.
    fn answer(&self, request: &Request, out: &mut impl Write) -> Option<()> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let faulty = self.faulty.load(Ordering::Relaxed);
        if faulty > 0 && number.is_multiple_of(faulty) {
            return send(out, "503 Slow Down", &[], b"", false);
        }
        let torn = faulty > 0 && number % faulty == 1;
        let mut objects = self.lock();
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let asked = |key: &str| request.query.split('&').find_map(|part| part.strip_prefix(key));
        let one_of = |left: &AtomicUsize| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        match request.method.as_str() {
            "GET" if request.query.contains("list-type=2") => {
                let prefix = decoded(asked("prefix=").unwrap_or_default());
                let after = decoded(asked("continuation-token=").or_else(|| asked("start-after=")).unwrap_or_default());
                let bucket = format!("{}/", request.path);
                let of_bucket = objects.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(&bucket)?, bytes)));
                let all: Vec<_> = of_bucket.filter(|(key, _)| key.starts_with(&prefix) && **key > *after).collect();
                let mut xml = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
                // Pages of three, so that more than one is needed.
                let more = all.len() > 3;
                xml += &format!("<IsTruncated>{more}</IsTruncated>");
                if more {
                    xml += &format!("<NextContinuationToken>{}</NextContinuationToken>", all[2].0);
                }
                for (key, bytes) in all.iter().take(3) {
                    let bare = *self.tags.lock().unwrap_or_else(PoisonError::into_inner) == Tags::Bare;
                    let etag = tag(bytes).replace('"', if bare { "" } else { "&quot;" });
                    xml += &format!(
                        "<Contents><Key>{key}</Key><Size>{}</Size><ETag>{etag}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>",
                        bytes.len()
                    );
                }
                if let Some((key, left)) = &mut *self.ghost.lock().unwrap_or_else(PoisonError::into_inner)
                    && *left > 0
                    && !more
                    && key.starts_with(&prefix)
                {
                    *left -= 1;
                    xml += &format!("<Contents><Key>{key}</Key><Size>9</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>");
                }
                xml += "</ListBucketResult>";
                send(out, "200 OK", &[], xml.as_bytes(), torn)
            }
            "GET" | "HEAD" => {
                if request.method == "GET"
                    && let Some((path, left, bytes)) = &mut *self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
                    && *path == request.path
                {
                    if *left == 0 {
                        objects.insert(request.path.clone(), bytes.clone());
                    }
                    *left = left.saturating_sub(1);
                }
                // What follows the head of an answer to HEAD would be taken for the next answer.
                let said: &[u8] = if request.method == "HEAD" { b"" } else { b"<Error><Code>NoSuchKey</Code></Error>" };
                let Some(bytes) = objects.get(&request.path) else { return send(out, "404 Not Found", &[], said, false) };
                give(request, bytes, out, *self.tags.lock().unwrap_or_else(PoisonError::into_inner), torn)
            }
            "PUT" if request.query.contains("partNumber=") => {
                let number = asked("partNumber=").and_then(|number| number.parse().ok())?;
                let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
                uploads.get_mut(asked("uploadId=")?)?.insert(number, request.body.clone());
                send(out, "200 OK", &[("ETag", tag(&request.body))], b"", false)
            }
            "PUT" => {
                let new = header("if-none-match") == Some("*") || header("x-goog-if-generation-match") == Some("0");
                let must_be_new = new && !self.careless.load(Ordering::Relaxed);
                if must_be_new && one_of(&self.conflicts) {
                    return send(out, "409 Conflict", &[], b"<Error><Code>ConditionalRequestConflict</Code></Error>", false);
                }
                if must_be_new && objects.contains_key(&request.path) {
                    return send(out, "412 Precondition Failed", &[], b"", false);
                }
                let etag = tag(&request.body);
                objects.insert(request.path.clone(), request.body.clone());
                if one_of(&self.silent) { None } else { send(out, "200 OK", &[("ETag", etag)], b"", false) }
            }
            // Several at once, named in the body.
            "POST" if request.query.contains("delete") => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                let mut xml = "<?xml version=\"1.0\"?><DeleteResult>".to_owned();
                for key in body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                    objects.remove(&format!("{}/{key}", request.path));
                    xml += &format!("<Deleted><Key>{key}</Key></Deleted>");
                }
                if one_of(&self.silent) { None } else { send(out, "200 OK", &[], format!("{xml}</DeleteResult>").as_bytes(), false) }
            }
            "POST" if request.query.contains("uploads") => {
                self.uploads.lock().unwrap_or_else(PoisonError::into_inner).insert(number.to_string(), BTreeMap::new());
                let xml = format!("<?xml version=\"1.0\"?><InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>");
                send(out, "200 OK", &[], xml.as_bytes(), false)
            }
            "POST" => {
                let Some(parts) = self.uploads.lock().unwrap_or_else(PoisonError::into_inner).remove(asked("uploadId=")?) else {
                    return send(out, "404 Not Found", &[], b"<Error><Code>NoSuchUpload</Code></Error>", false);
                };
                objects.insert(request.path.clone(), parts.into_values().flatten().collect());
                if one_of(&self.unheard) {
                    return None;
                }
                let xml = "<?xml version=\"1.0\"?><CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>";
                send(out, "200 OK", &[], xml.as_bytes(), false)
            }
            "DELETE" if request.query.contains("uploadId=") => send(out, "204 No Content", &[], b"", false),
            "DELETE" => {
                objects.remove(&request.path);
                send(out, "204 No Content", &[], b"", false)
            }
            _ => send(out, "501 Not Implemented", &[], b"", false),
        }
    }
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{:x}\"", xxhash_rust::xxh3::xxh3_64(bytes))
}

/// Answers a request for a file or a range of it.
pub fn give(request: &Request, bytes: &[u8], out: &mut impl Write, tags: Tags, torn: bool) -> Option<()> {
    if matches!(tags, Tags::Strong | Tags::Bare) && request.headers.get("if-match").is_some_and(|wanted| *wanted != tag(bytes)) {
        return send(out, "412 Precondition Failed", &[], b"", false);
    }
    let mut about = vec![("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT".to_owned())];
    match tags {
        Tags::Strong | Tags::Bare => about.push(("ETag", tag(bytes))),
        Tags::Weak => about.push(("ETag", format!("W/{}", tag(bytes)))),
        Tags::None => {}
    }
    if request.method == "HEAD" {
        let mut head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", bytes.len());
        about.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        return out.write_all(format!("{head}\r\n").as_bytes()).ok();
    }
    let Some((start, end)) = range(request) else { return send(out, "200 OK", &about, bytes, torn) };
    let end = end.min(bytes.len() - 1);
    about.push(("Content-Range", format!("bytes {start}-{end}/{}", bytes.len())));
    send(out, "206 Partial Content", &about, &bytes[start..=end], torn)
}

/// First and last byte of the range that is asked for.
pub fn range(request: &Request) -> Option<(usize, usize)> {
    let (start, end) = request.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

/// Writes an answer, or half of its body.
pub fn send(out: &mut impl Write, status: &str, headers: &[(&str, String)], body: &[u8], torn: bool) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let sent = if torn { body.len() / 2 } else { body.len() };
    // In one piece: a body that is sent after its head waits 40 ms for the head to be acknowledged.
    out.write_all(&[format!("{head}\r\n").as_bytes(), &body[..sent]].concat()).ok()?;
    (!torn).then_some(())
}

pub fn read(from: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(Request { method, path: decoded(path.trim_matches('/')), query: query.to_owned(), headers, body })
}

/// A path, or a value of a query, without its percent signs: Google's client escapes the slashes of keys as well.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).expect("two digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("UTF-8")
}
