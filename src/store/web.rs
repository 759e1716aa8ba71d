//! Questions to web servers that are not about a file: what their interfaces answer.

use std::io;
use std::sync::OnceLock;

use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, HttpResponse, ReqwestConnector};
use object_store::{ClientConfigKey, ClientOptions, HeaderMap, HeaderValue};

use super::Answer;
use super::client::{ATTEMPTS, Client, TIMEOUT, failed, pause, runtime};

/// How a web server is talked to.
pub fn options(token: Option<&str>) -> object_store::Result<ClientOptions> {
    let options = ClientOptions::new().with_config(ClientConfigKey::Timeout, TIMEOUT).with_allow_http(true);
    let Some(token) = token else { return Ok(options) };
    let value = bearer(token).map_err(|error| object_store::Error::Generic { store: "HTTP", source: Box::new(error) })?;
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value);
    Ok(options.with_default_headers(headers))
}

fn bearer(token: &str) -> io::Result<HeaderValue> {
    let refused = |_| io::Error::new(io::ErrorKind::InvalidInput, "the token holds characters that cannot stand in a header");
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(refused)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What [`super::sign_in`] does.
pub fn sign_in(address: &str, token: &str) -> io::Result<()> {
    bearer(token)?;
    match super::address(address) {
        Some((base, _)) if base.starts_with("http") => Client::sign_in(base, token),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{address}` is no address of a web server"))),
    }
}

/// What [`super::ask`] does.
pub fn ask(url: &str, token: Option<&str>) -> io::Result<Answer> {
    static CLIENT: OnceLock<HttpClient> = OnceLock::new();
    let client = match CLIENT.get() {
        Some(client) => client,
        None => {
            let made = options(None).and_then(|options| ReqwestConnector::default().connect(&options)).map_err(failed)?;
            CLIENT.get_or_init(|| made)
        }
    };
    let token = token.map(bearer).transpose()?;
    runtime()?.block_on(async {
        let mut attempt = 0;
        loop {
            let answer = match client.execute(request(url, token.clone())?).await {
                Ok(answer) => whole(answer).await,
                Err(error) => Err(io::Error::other(causes(&error))),
            };
            attempt += 1;
            match answer {
                Ok(answer) if attempt == ATTEMPTS || !is_busy(answer.status) => return Ok(answer),
                Err(error) if attempt == ATTEMPTS => return Err(error),
                _ => tokio::time::sleep(pause(url, 0, attempt)).await,
            }
        }
    })
}

fn request(url: &str, token: Option<HeaderValue>) -> io::Result<HttpRequest> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.uri_mut() = url.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("`{url}` is no address: {error}")))?;
    if let Some(token) = token {
        request.headers_mut().insert("authorization", token);
    }
    Ok(request)
}

async fn whole(answer: HttpResponse) -> io::Result<Answer> {
    let status = answer.status().as_u16();
    let text = |(name, value): (_, &HeaderValue)| (ToString::to_string(name), String::from_utf8_lossy(value.as_bytes()).into_owned());
    let headers = answer.headers().iter().map(text).collect();
    let body = answer.into_body().bytes().await.map_err(|error| io::Error::other(causes(&error)))?;
    Ok(Answer { status, headers, body })
}

/// What passes with time: too many requests, or a server that fails.
fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// An error with what is behind it: the outermost says only that something has failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        inner = error.source();
    }
    said
}
