//! Every message of the sources is seen by a test: it stands in a golden row, in another test, or in `golden/unprovoked.txt` with the reason why nothing provokes it.

use std::path::{Path, PathBuf};

/// Where messages are made.
const MAKERS: [&str; 6] = ["Complaint::new(", "Problem::at(", "Problem::nowhere(", "Failure(", "RunError::stop(", "#[error("];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The texts in double quotes of a call whose bracket is open.
fn texts(call: &str) -> Vec<String> {
    let (mut found, mut depth, mut chars) = (Vec::new(), 1, call.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 1 => break,
            ')' | ']' | '}' => depth -= 1,
            // A quote as a character begins no text.
            '\'' => drop(chars.next_if_eq(&'"')),
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match if c == '\\' { chars.next() } else { None } {
                        None => text.push(c),
                        Some('n') => text.push('\n'),
                        Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        Some(escaped) => text.push(escaped),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

/// The longest part of a message in which nothing is filled in.
fn longest(message: &str) -> &str {
    message.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after).trim()).max_by_key(|part| part.len()).unwrap_or_default()
}

/// A source without what its line breaks and escapes are made of.
fn plain(source: &str) -> String {
    source.split("\\\n").map(str::trim_start).collect::<String>().replace("\\\"", "\"").replace("\\\\", "\\")
}

#[test]
fn every_message_is_seen_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut tests) = (Vec::new(), Vec::new());
    files(&root.join("src"), &mut sources);
    files(&root.join("tests/suite"), &mut tests);
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let mut seen: String = tests.iter().filter(|path| !path.ends_with("unprovoked.txt")).map(|path| plain(&read(path)) + "\n").collect();
    let mut messages = Vec::new();
    for path in sources.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let (source, inside) = (read(path), path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs"));
        let (code, test) = if inside { ("", source.as_str()) } else { source.split_once("#[cfg(test)]\nmod ").unwrap_or((&source, "")) };
        seen += &plain(test);
        let calls = MAKERS.iter().flat_map(|maker| code.split(maker).skip(1));
        let lines = calls.flat_map(texts).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        messages.extend(lines.map(|line| longest(&line).to_owned()).filter(|part| part.len() > 7 && part.contains(' ')));
    }
    let excused = read(&root.join("tests/suite/golden/unprovoked.txt"));
    let excused: Vec<&str> = excused.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let unseen: Vec<_> = messages.iter().filter(|part| !seen.contains(*part) && !excused.contains(&part.as_str())).collect();
    assert!(messages.len() > 300 && unseen.is_empty(), "of {} messages, add rows to tests/suite/golden/ for {unseen:#?}", messages.len());
    let idle: Vec<_> = excused.iter().filter(|line| seen.contains(**line) || !messages.iter().any(|part| part == *line)).collect();
    assert!(idle.is_empty(), "golden/unprovoked.txt lists what is seen, or no message: {idle:#?}");
}
