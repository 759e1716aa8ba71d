//! Datasets of a hub: listings in pages, files that lie on other servers, tokens, and branches that move.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use super::bucket::{Request, Tags, give, range, read, send};
use super::support::{Folder, gzip, said, tree};

const FIRST: &str = "111111111111111111111111111111111111111a";
const SECOND: &str = "222222222222222222222222222222222222222b";

/// What the hub holds of the dataset `someone/words`.
#[derive(Default)]
struct State {
    /// Files by commit and path.
    commits: BTreeMap<&'static str, BTreeMap<String, Vec<u8>>>,
    /// The commit of `main`.
    main: &'static str,
    /// Who may read; everybody where it is empty.
    token: String,
    /// A file of which no more than the beginning is given.
    withheld: String,
    /// Status and code of an answer to whatever is asked; none where it is empty.
    answer: (&'static str, &'static str),
    /// The token was shown to the server that holds the bytes.
    leaked: bool,
    /// Files were asked about that the listing had told of.
    doubted: bool,
    /// What was asked of the hub.
    asked: Vec<String>,
}

#[derive(Default)]
struct Hub {
    state: Mutex<State>,
    ended: AtomicBool,
}

impl Hub {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves while `work` runs, the interface and the bytes on ports of their own; it is given the address of the hub.
    fn serve<T>(&self, work: impl FnOnce(&str) -> T) -> T {
        let [hub, bytes] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [at, bytes_at] = [&hub, &bytes].map(|listener| listener.local_addr().expect("an address").to_string());
        std::thread::scope(|scope| {
            let there = bytes_at.clone();
            scope.spawn(move || self.listen(&hub, &|request, out| self.interface(request, &there, out)));
            scope.spawn(move || self.listen(&bytes, &|request, out| self.bytes(request, out)));
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&format!("http://{at}"))));
            self.ended.store(true, Ordering::Relaxed);
            for address in [&at, &bytes_at] {
                let _ = TcpStream::connect(address);
            }
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn listen(&self, listener: &TcpListener, answer: &(dyn Fn(&Request, &mut &TcpStream) -> Option<()> + Sync)) {
        std::thread::scope(|scope| {
            for stream in listener.incoming().flatten() {
                if self.ended.load(Ordering::Relaxed) {
                    break;
                }
                scope.spawn(move || {
                    stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).expect("a timeout");
                    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                    while let Some(request) = read(&mut reader).filter(|_| !self.ended.load(Ordering::Relaxed)) {
                        if answer(&request, &mut &stream).is_none() {
                            break;
                        }
                    }
                });
            }
        });
    }

    fn interface(&self, request: &Request, bytes_at: &str, out: &mut &TcpStream) -> Option<()> {
        let mut state = self.lock();
        state.doubted |= request.method == "HEAD";
        state.asked.push(format!("{}?{}", request.path, request.query));
        let refused = |out: &mut &TcpStream, status: &str, code: &str| send(out, status, &[("X-Error-Code", code.to_owned())], b"{}", false);
        if !state.answer.0.is_empty() {
            return refused(out, state.answer.0, state.answer.1);
        }
        let shown = request.headers.get("authorization").map(String::as_str);
        if shown.is_some_and(|shown| shown == "Bearer wrong") {
            return refused(out, "401 Unauthorized", "");
        }
        let known = state.token.is_empty() || shown == Some(&format!("Bearer {}", state.token));
        let Some(rest) = request.path.strip_prefix("api/datasets/someone/words/").or(request.path.strip_prefix("datasets/someone/words/")).filter(|_| known)
        else {
            return refused(out, if shown.is_some() { "404 Not Found" } else { "401 Unauthorized" }, "RepoNotFound");
        };
        match rest.split_once('/')? {
            ("revision", "main") => send(out, "200 OK", &[], format!("{{\"id\": \"someone/words\", \"sha\": \"{}\"}}", state.main).as_bytes(), false),
            ("tree", commit) => {
                let Some(files) = state.commits.get(commit) else { return refused(out, "404 Not Found", "RevisionNotFound") };
                let from: usize = request.query.split('&').find_map(|part| part.strip_prefix("cursor=")).map_or(0, |cursor| cursor.parse().unwrap_or(0));
                let node = |(path, bytes): (&String, &Vec<u8>)| {
                    // Large files are pointers.
                    let pointer = serde_json::json!({"oid": format!("{:x}", xxhash_rust::xxh3::xxh3_64(bytes)), "size": bytes.len(), "pointerSize": 134});
                    let lfs = if bytes.len() > 1000 { pointer } else { serde_json::Value::Null };
                    serde_json::json!({"type": "file", "path": path, "size": bytes.len(), "oid": "0a", "lfs": lfs})
                };
                let mut nodes: Vec<_> = files.iter().skip(from).take(2).map(node).collect();
                nodes.push(serde_json::json!({"type": "directory", "path": "data", "oid": "0b", "size": 0}));
                // As of a mirror that passes on what another says.
                let next = format!("<https://hub.invalid/api/datasets/someone/words/tree/{commit}?recursive=true&cursor={}>; rel=\"next\"", from + 2);
                let link = if from + 2 < files.len() { vec![("Link", next)] } else { vec![] };
                send(out, "200 OK", &link, serde_json::Value::Array(nodes).to_string().as_bytes(), false)
            }
            ("resolve", file) => send(out, "302 Found", &[("Location", format!("http://{bytes_at}/{file}"))], b"", false),
            _ => refused(out, "404 Not Found", "RevisionNotFound"),
        }
    }

    fn bytes(&self, request: &Request, out: &mut &TcpStream) -> Option<()> {
        let mut state = self.lock();
        state.leaked |= request.headers.contains_key("authorization");
        let (commit, path) = request.path.split_once('/')?;
        if state.withheld == path && range(request).is_some_and(|(start, _)| start > 0) {
            return send(out, "403 Forbidden", &[], b"", false);
        }
        match state.commits.get(commit).and_then(|files| files.get(path)) {
            Some(bytes) => give(request, bytes, out, Tags::Strong, false),
            None => send(out, "404 Not Found", &[], b"", false),
        }
    }
}

fn table(texts: &[&str]) -> Vec<u8> {
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    let batch = RecordBatch::try_from_iter([("body", texts)]).expect("a table");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("memory");
    writer.into_inner().expect("memory")
}

fn rows(word: &str, count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| format!("{{\"body\": \"{word} number {n} {}\"}}\n", "and more ".repeat(20)).into_bytes()).collect()
}

fn hub() -> Hub {
    let files = |word: &str| {
        let files: [(&str, Vec<u8>); 7] = [
            (".gitattributes", b"*.parquet filter=lfs".to_vec()),
            ("README.md", b"# words".to_vec()),
            ("data/extra [1] \u{6587}.csv", format!("id,body\n1,\"{word},\n1\"\n2\n").into_bytes()),
            ("data/test.jsonl", rows("test", 3)),
            ("data/train-0.parquet", table(&[word, "two"])),
            ("data/train-1.jsonl.gz", gzip(&rows(word, 4))),
            ("data/train-2.jsonl", rows(word, 5000)),
        ];
        files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect()
    };
    let state = State { commits: [(FIRST, files("first")), (SECOND, files("second"))].into(), main: FIRST, ..State::default() };
    Hub { state: Mutex::new(state), ..Hub::default() }
}

const TOML: &str = "[run]\noutput = \"DIR/out\"\npart = \"100 kB\"\n[source]\nuse = \"hub\"\nrepo = \"someone/words\"\nendpoint = \"HUB\"\nfiles = [\"data/train-*\", \"data/extra*.csv\", \"*.md\"]\n\
    fields = { text = \"body\" }\n[[sink]]\nuse = \"jsonl\"\n";

fn run(folder: &Folder, toml: &str, hub: &str, sets: &[&str]) -> Output {
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    folder.run(&toml.replace("HUB", hub), &sets)
}

#[test]
fn a_dataset_is_read_through_pages_and_redirects_as_its_files_would_be() {
    let (folder, hub) = (Folder::new(), hub());
    hub.serve(|address| {
        let output = run(&folder, TOML, address, &[]);
        assert!(output.status.success(), "{}", said(&output));
    });
    let texts: Vec<String> = folder.docs().iter().map(|doc| doc["text"].as_str().expect("a text").to_owned()).collect();
    assert_eq!((texts.len(), texts[0].as_str(), texts[1].as_str()), (2 + 4 + 5000 + 1 + 1, "first", "two"));
    assert!(texts[2].starts_with("first number 0 ") && texts[5005].starts_with("first number 4999 "), "{} {}", texts[2], texts[5005]);
    assert_eq!(texts[5006..], ["first,\n1", "# words"]);
    let report = folder.json("out/report.json");
    assert_eq!(report["source"]["faults"], serde_json::json!({"ragged_row": 1}));
    assert_eq!(report["source"]["listed"][0]["detail"], "line 4: 1 fields, where the header has 2", "{report}");
    let asked = hub.lock().asked.clone();
    let pages = asked.iter().filter(|asked| asked.starts_with("api/datasets/someone/words/tree/")).count();
    assert!(!hub.lock().doubted);
    assert!(pages == 4 && asked.iter().all(|asked| !asked.starts_with("datasets/") || asked.contains(FIRST)), "{asked:?}");
}

#[test]
fn a_private_dataset_wants_a_token_which_only_the_hub_sees() {
    let (folder, hub) = (Folder::new(), hub());
    hub.lock().token = "secret".to_owned();
    for (name, token) in [("token", "secret\n"), ("wrong", "wrong"), ("other", "of another"), ("empty", " \n"), ("torn", "a\nb")] {
        folder.write(name, token);
    }
    let sets = |name: &str| format!("source.token={}", folder.path(name).display());
    hub.serve(|address| {
        let refused = |sets: &[&str]| {
            let output = run(&folder, TOML, address, sets);
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            said(&output)
        };
        let alone = refused(&[]);
        assert!(alone.contains("shows no dataset `someone/words`") && alone.contains("check its name; where it is private, `token = \"FILE\"`"), "{alone}");
        let holds_none = format!("{}` holds no token", folder.path("empty").display());
        for (name, wanted, help) in [
            ("wrong", "does not take the token", "make a new one at"),
            ("other", "shows no dataset", "check its name, and that the token is of someone who may read it"),
            ("empty", holds_none.as_str(), "name a file that holds a token"),
            ("torn", "the token cannot be used: ", "the file must hold the token and nothing else"),
            ("none", "cannot read `", "name a file that holds a token"),
        ] {
            let said = refused(&[&sets(name)]);
            assert!(said.contains(wanted) && said.contains(help) && !said.contains("of another"), "{name}: {said}");
        }
        hub.lock().answer = ("403 Forbidden", "GatedRepo");
        let gated = refused(&[&sets("token")]);
        assert!(gated.contains("dataset `someone/words` is not open to whoever the token is of") && gated.contains(", or take another token"), "{gated}");
        hub.lock().answer = ("", "");
        let output = run(&folder, TOML, address, &[&sets("token")]);
        assert!(output.status.success() && folder.docs().len() == 5008, "{}", said(&output));
        // Who reads does not change what is read.
        std::fs::rename(folder.path("token"), folder.path("moved")).expect("a file");
        let output = run(&folder, TOML, address, &[&sets("moved")]);
        assert!(output.status.success(), "{}", said(&output));
    });
    assert!(!hub.lock().leaked);
    let kept = ["run.json", "pipeline.json", "report.json"].map(|name| std::fs::read_to_string(folder.path("out").join(name)).expect("a file"));
    assert!(kept.iter().all(|text| !text.contains("secret")));
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let (folder, hub) = (Folder::new(), hub());
    hub.serve(|address| {
        let refused = |set: &str, wanted: &str, help: &str| {
            let output = run(&folder, TOML, address, &[set]);
            let said = said(&output);
            assert!(output.status.code() == Some(2) && said.contains(wanted) && said.contains(help), "{set}: {said}");
        };
        for (set, wanted, help) in [
            ("source.repo=someone/nothing", "shows no dataset `someone/nothing`", "check its name; where it is private,"),
            ("source.repo=https://a.example/b", "`https://a.example/b` is no name of a dataset", "write it as \"user/name\", which is the end of its address"),
            ("source.revision=v9", "dataset `someone/words` has no revision `v9`", "see its branches at"),
            ("source.revision=333333333333333333333333333333333333333c", "has no revision `333333333333333333333333333333333333333c`", "see its branches at"),
            ("source.files=train/*.parquet", "the dataset has no file that matches `train/*.parquet`", "it holds `data/"),
            ("source.files=train[", "`train[` is no glob: ", "write one as \"data/train-*.parquet\""),
            ("source.files=[]", "no file is named", "it holds `data/"),
            ("source.files=.git*", "`.gitattributes` is no file that can be read", "name files by `files` that end in .parquet, "),
            ("source.fields.url=link", "has no column `link`", ""),
            ("source.endpoint=hub", "`hub` is no address of a hub", "write it as \"https://huggingface.co\""),
            ("source.endpoint=http://127.0.0.1:1", "cannot read http://127.0.0.1:1/api/", "check the network, or name a mirror by `endpoint`"),
        ] {
            refused(set, wanted, help);
        }
        for (answer, wanted, help) in [
            (("403 Forbidden", "GatedRepo"), "dataset `someone/words` is open only to whom its authors let in", "ask at "),
            (("429 Too Many Requests", ""), " takes no more questions for now", "wait some minutes; those who show a token may ask more: "),
            (("418 Teapot", ""), " has answered with status 418", "try again later, or name a mirror by `endpoint`"),
            (("200 OK", ""), "says of `someone/words` cannot be read: ", "check that it is a hub, or name another by `endpoint`"),
        ] {
            hub.lock().answer = answer;
            refused("run.seed=0", wanted, help);
        }
        hub.lock().answer = ("", "");
        let output = run(&folder, TOML, address, &["source.files=train/*.parquet"]);
        assert!(said(&output).contains("it holds `data/extra [1] \u{6587}.csv`, `data/test.jsonl`"), "{}", said(&output));
        // Bytes that are refused are no damage of the file.
        hub.lock().withheld = "data/train-0.parquet".to_owned();
        let output = run(&folder, TOML, address, &[]);
        assert!(output.status.code() == Some(2) && said(&output).contains("refuses access"), "{}", said(&output));
    });
    assert!(!folder.path("out/manifest.json").exists());
}

#[test]
fn a_run_goes_on_with_the_commit_that_it_began_with() {
    let (folder, fresh, hub) = (Folder::new(), Folder::new(), hub());
    hub.serve(|address| {
        let output = run(&fresh, TOML, address, &[&format!("source.revision={FIRST}")]);
        assert!(output.status.success(), "{}", said(&output));
        hub.lock().withheld = "data/train-2.jsonl".to_owned();
        let output = run(&folder, TOML, address, &[]);
        assert!(output.status.code() == Some(2) && said(&output).contains("refuses access"), "{}", said(&output));
        assert!(folder.path("out/journal").is_dir() && !folder.path("out/manifest.json").exists());
        hub.lock().withheld.clear();
        hub.lock().main = SECOND;
        let output = run(&folder, TOML, address, &[]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(tree(&folder.path("out/docs")), tree(&fresh.path("out/docs")));
        assert_eq!(folder.json("out/run.json")["pinned"]["revision"], FIRST);
        // And so does a finished one, but not another.
        let output = run(&folder, TOML, address, &[]);
        assert!(output.status.success(), "{}", said(&output));
        let other = folder.path("other").display().to_string();
        let output = run(&folder, TOML, address, &[&format!("run.output={other}")]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(folder.json("other/run.json")["pinned"]["revision"], SECOND);
    });
}
