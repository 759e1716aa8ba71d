//! A temporary folder, the real binary, and pipelines over small inputs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Cargo as a user calls it: what it tells a test of its package makes the build script of `ring` run again, and all that needs `ring` be built again.
pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|told| name.to_string_lossy().starts_with(told)) {
            command.env_remove(name);
        }
    }
    command
}

/// A folder that goes away with the test.
pub struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        Folder { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder");
        }
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Writes `p.toml`, with `DIR` in it replaced by this folder, and runs it.
    pub fn run(&self, toml: &str, arguments: &[&str]) -> Output {
        let file = self.write("p.toml", toml.replace("DIR", &self.dir.path().display().to_string()));
        dataprep(&["run", &file.display().to_string(), "--quiet"], arguments)
    }

    /// The same, which must end well; gives the report.
    pub fn report(&self, toml: &str, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(toml, arguments);
        assert!(output.status.success(), "{}", said(&output));
        self.json("out/report.json")
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))).expect("JSON")
    }

    /// The documents of `out/docs/`, in order.
    pub fn docs(&self) -> Vec<serde_json::Value> {
        lines(&self.path("out/docs"))
    }
}

/// The JSON lines of all zstd files of a folder, in order of their names.
pub fn lines(folder: &Path) -> Vec<serde_json::Value> {
    let mut files: Vec<_> = std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = zstd::decode_all(std::fs::File::open(&file).expect("a part")).expect("zstd");
        all.extend(String::from_utf8(text).expect("UTF-8").lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")));
    }
    all
}

/// The binary under test.
pub fn dataprep(arguments: &[&str], more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dataprep")).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(more).output().expect("the binary runs")
}

/// Standard output of a call that must end well.
pub fn told(arguments: &[&str]) -> String {
    let output = dataprep(arguments, &[]);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error of a call that must end with exit code 2.
pub fn refused(arguments: &[&str]) -> String {
    let output = dataprep(arguments, &[]);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    said(&output)
}

/// What a process printed on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A hash of every file below a folder, names included.
pub fn tree(folder: &Path) -> u128 {
    fn walk(folder: &Path, names: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, names) } else { names.push(path) }
        }
    }
    let mut names = Vec::new();
    walk(folder, &mut names);
    names.sort();
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for name in names {
        hash.update(name.strip_prefix(folder).expect("inside").to_string_lossy().as_bytes());
        hash.update(&std::fs::read(&name).expect("a file"));
    }
    hash.digest128()
}

/// The folder of real data, where it is there.
pub fn real_data() -> Option<PathBuf> {
    std::env::var_os("DATAPREP_DATA").map(PathBuf::from)
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A tar archive of files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let mut block = [0u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = b'0';
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes.extend(block);
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// A WARC response record, uncompressed.
pub fn warc_record(number: usize, url: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
    let length = head.len() + body.len();
    let mut record = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n\
         WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n{head}"
    )
    .into_bytes();
    record.extend_from_slice(body);
    record.extend_from_slice(b"\r\n\r\n");
    record
}

/// An HTML page around paragraphs.
pub fn page(title: &str, paragraphs: &[&str]) -> String {
    let body: String = paragraphs.iter().map(|text| format!("<p>{text}</p>\n")).collect();
    format!("<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body><article><h1>{title}</h1>\n{body}</article></body></html>")
}

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Random(pub u64);

impl Random {
    /// A number under `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) % bound.max(1) as u64) as usize
    }
}

/// Texts among which are copies, near copies and sentences of others, each sentence followed by one of `joints`.
pub fn repetitive_texts(seed: u64, documents: usize, joints: &[&str]) -> Vec<String> {
    let mut lots = Random(seed);
    let sentence = |lots: &mut Random| (0..8 + lots.below(9)).map(|_| format!("word{}", lots.below(2000))).collect::<Vec<_>>().join(" ") + ".";
    let shared: Vec<String> = (0..40).map(|_| sentence(&mut lots)).collect();
    let mut texts: Vec<String> = Vec::new();
    for number in 0..documents {
        let text = match number % 8 {
            6 => texts[lots.below(number)].clone(),
            7 => texts[lots.below(number)].clone() + " altered",
            _ => (0..6 + lots.below(6))
                .map(|_| if lots.below(4) == 0 { shared[lots.below(40)].clone() } else { sentence(&mut lots) } + joints[lots.below(joints.len())])
                .collect(),
        };
        texts.push(text);
    }
    texts
}

/// So many rounds, or as many as fit into the seconds of the environment variable DATAPREP_FUZZ_SECONDS.
pub fn trials(rounds: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var_os("DATAPREP_FUZZ_SECONDS").and_then(|s| s.to_str()?.parse().ok());
    let until = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    (0..).take_while(move |round| until.map_or(*round < rounds, |end| Instant::now() < end))
}
