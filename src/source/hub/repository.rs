//! The interface of the hub: <https://huggingface.co/docs/hub/api>.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::stage::Complaint;
use crate::store::{self, Answer};

/// A dataset.
pub struct Repository {
    /// Without a slash at its end.
    endpoint: String,
    /// `user/name`.
    name: String,
    token: Option<String>,
}

/// A file of it.
pub struct Entry {
    /// Inside the dataset.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// The hash that the hub keeps of its content.
    pub version: String,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
    lfs: Option<Large>,
}

/// Where the repository itself holds but a pointer.
#[derive(Deserialize)]
struct Large {
    oid: String,
    size: u64,
}

/// Pages of a listing, of a thousand files each.
const PAGES: usize = 100_000;

impl Repository {
    /// The dataset of a name; `token` is a file.
    pub fn new(endpoint: String, name: String, token: Option<&Path>) -> Result<Repository, Complaint> {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(Complaint::new("endpoint", format!("`{endpoint}` is no address of a hub"), "write it as \"https://huggingface.co\""));
        }
        let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !part.starts_with('.');
        if name.split('/').count() > 2 || !name.split('/').all(part) {
            return Err(Complaint::new("repo", format!("`{name}` is no name of a dataset"), "write it as \"user/name\", which is the end of its address"));
        }
        let token = token.map(read_token).transpose()?;
        if let Some(token) = &token {
            let unfit =
                |cause: std::io::Error| Complaint::new("token", format!("the token cannot be used: {cause}"), "the file must hold the token and nothing else");
            store::sign_in(&endpoint, token).map_err(unfit)?;
        }
        Ok(Repository { endpoint, name, token })
    }

    /// Where a file can be read.
    pub fn address(&self, commit: &str, path: &str) -> String {
        format!("{}/datasets/{}/resolve/{commit}/{}", self.endpoint, self.name, escaped(path, |c| !"%?#*[]".contains(c)))
    }

    /// The commit that a revision stands for now.
    pub fn commit(&self, revision: &str) -> Result<String, Complaint> {
        let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit(revision) {
            return Ok(revision.to_owned());
        }
        let named = escaped(revision, |c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let answer = self.ask(&format!("{}/api/datasets/{}/revision/{named}", self.endpoint, self.name), revision)?;
        let Commit { sha } = self.parse(&answer)?;
        if is_commit(&sha) { Ok(sha) } else { Err(self.unclear(format!("`{sha}` is no commit"))) }
    }

    /// All files of a commit, in byte order of their paths.
    pub fn files(&self, commit: &str) -> Result<Vec<Entry>, Complaint> {
        let tree = format!("/api/datasets/{}/tree/{commit}", self.name);
        let mut next = Some(format!("{}{tree}?recursive=true", self.endpoint));
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let Some(page) = next else { break };
            let answer = self.ask(&page, commit)?;
            let nodes: Vec<Node> = self.parse(&answer)?;
            found.extend(nodes.into_iter().filter(|node| node.kind == "file").map(|node| match node.lfs {
                Some(Large { oid, size }) => Entry { path: node.path, size, version: oid },
                None => Entry { path: node.path, size: node.size, version: node.oid },
            }));
            next = answer.headers.get("link").and_then(|link| following(link)).map(|link| {
                // A mirror may name the hub that it mirrors, which neither token nor question is meant for.
                let query = link.split_once('?').map_or("", |(_, query)| query);
                format!("{}{tree}?{query}", self.endpoint)
            });
            if next.as_ref() == Some(&page) {
                return Err(self.unclear("its listing does not end".to_owned()));
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn ask(&self, url: &str, revision: &str) -> Result<Answer, Complaint> {
        let cannot = |cause| Complaint::new("endpoint", format!("cannot read {url}: {cause}"), "check the network, or name a mirror by `endpoint`");
        let answer = store::ask(url, self.token.as_deref()).map_err(cannot)?;
        if answer.status == 200 { Ok(answer) } else { Err(self.refused(&answer, revision)) }
    }

    fn refused(&self, answer: &Answer, revision: &str) -> Complaint {
        let (endpoint, name) = (&self.endpoint, &self.name);
        let with_token = "`token = \"FILE\"` names a file that holds a token, as ~/.cache/huggingface/token";
        let code = answer.headers.get("x-error-code").map_or("", String::as_str);
        match (answer.status, code, &self.token) {
            (_, "RevisionNotFound", _) => Complaint::new(
                "revision",
                format!("dataset `{name}` has no revision `{revision}`"),
                format!("see its branches at {endpoint}/datasets/{name}/tree/main"),
            ),
            (_, "GatedRepo", None) => Complaint::new(
                "repo",
                format!("dataset `{name}` is open only to whom its authors let in"),
                format!("ask at {endpoint}/datasets/{name}; then {with_token}"),
            ),
            (_, "GatedRepo", Some(_)) | (403, ..) => Complaint::new(
                "repo",
                format!("dataset `{name}` is not open to whoever the token is of"),
                format!("ask at {endpoint}/datasets/{name}, or take another token"),
            ),
            // The hub does not tell strangers what there is.
            (401 | 404, _, None) => {
                Complaint::new("repo", format!("{endpoint} shows no dataset `{name}`"), format!("check its name; where it is private, {with_token}"))
            }
            (401, code, Some(_)) if code != "RepoNotFound" => {
                Complaint::new("token", format!("{endpoint} does not take the token"), format!("make a new one at {endpoint}/settings/tokens"))
            }
            (401 | 404, _, Some(_)) => {
                Complaint::new("repo", format!("{endpoint} shows no dataset `{name}`"), "check its name, and that the token is of someone who may read it")
            }
            (429, ..) => Complaint::new(
                "endpoint",
                format!("{endpoint} takes no more questions for now"),
                format!("wait some minutes; those who show a token may ask more: {with_token}"),
            ),
            (status, ..) => {
                Complaint::new("endpoint", format!("{endpoint} has answered with status {status}"), "try again later, or name a mirror by `endpoint`")
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Complaint> {
        serde_json::from_slice(&answer.body).map_err(|error| self.unclear(error.to_string()))
    }

    fn unclear(&self, why: String) -> Complaint {
        Complaint::new(
            "endpoint",
            format!("what {} says of `{}` cannot be read: {why}", self.endpoint, self.name),
            "check that it is a hub, or name another by `endpoint`",
        )
    }
}

fn read_token(path: &Path) -> Result<String, Complaint> {
    let help = "name a file that holds a token, as ~/.cache/huggingface/token, by its whole path";
    let text = std::fs::read_to_string(path).map_err(|cause| Complaint::new("token", format!("cannot read `{}`: {cause}", path.display()), help))?;
    match text.trim() {
        "" => Err(Complaint::new("token", format!("`{}` holds no token", path.display()), help)),
        token => Ok(token.to_owned()),
    }
}

/// The address of the next page in a header `Link` (RFC 8288).
fn following(link: &str) -> Option<&str> {
    let mut rest = link;
    while let Some((address, behind)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let parameters = behind.split('<').next().unwrap_or_default();
        if parameters.split([';', ',']).any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next")) {
            return Some(address);
        }
        rest = behind;
    }
    None
}

/// A text with the bytes of all characters but the plain ones as `%XX`.
fn escaped(text: &str, is_plain: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        assert_eq!(following("<https://h/a?cursor=x%3D>; rel=\"next\""), Some("https://h/a?cursor=x%3D"));
        assert_eq!(following("<https://h/first>; rel=\"prev\", <https://h/b,c>; title=\"x\"; rel=next"), Some("https://h/b,c"));
        assert_eq!(following("<https://h/first>; rel=\"prev\""), None);
        assert_eq!(following("nonsense"), None);
    }

    #[test]
    fn names_and_addresses_are_checked_before_anything_is_asked() {
        let made = |endpoint: &str, name: &str| Repository::new(endpoint.to_owned(), name.to_owned(), None).map_err(|complaint| complaint.key);
        let repository = made("https://h/", "a/b-c.d").unwrap_or_else(|key| panic!("{key}"));
        assert_eq!(repository.address("0", "x y/文[1]?.txt"), "https://h/datasets/a/b-c.d/resolve/0/x y/文%5B1%5D%3F.txt");
        for name in ["", "a/b/c", "https://h/a", "a/", "../a", "a b"] {
            assert_eq!(made("https://h", name).err().as_deref(), Some("repo"), "{name}");
        }
        assert_eq!(made("h", "a/b").err().as_deref(), Some("endpoint"));
        assert_eq!(read_token(Path::new("/nowhere/token")).unwrap_err().key, "token");
    }
}
