//! A recipe's manual, read from its own source file: the header, then every key with its doc comment.

use std::fmt;

/// What `dataprep explain` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manual {
    /// The recipe's name.
    pub name: String,
    /// The header comment, Markdown.
    pub header: String,
    /// (key, type as written in Rust, doc comment).
    pub keys: Vec<(String, String, String)>,
    /// What stands above the keys.
    pub(super) title: &'static str,
}

impl Manual {
    pub(super) fn read(name: &str, source: &str, fields: &[&str]) -> Manual {
        let header: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let mut keys = Vec::new();
        let mut comment: Vec<&str> = Vec::new();
        let mut wanted = fields.iter();
        let mut next = wanted.next();
        for line in source.lines().map(str::trim) {
            let Some(field) = next else { break };
            if let Some(text) = line.strip_prefix("///") {
                comment.push(text.trim());
            } else if line.starts_with("#[") {
                // An attribute between the comment and the field.
            } else if let Some(kind) = line.trim_start_matches("pub ").trim_start_matches("r#").strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")) {
                keys.push(((*field).to_owned(), kind.trim_end_matches(',').to_owned(), comment.join(" ")));
                comment.clear();
                next = wanted.next();
            } else {
                comment.clear();
            }
        }
        Manual { name: name.to_owned(), header: header.join("\n").trim().to_owned(), keys, title: "Keys:" }
    }

    /// The first sentence of the header.
    pub fn summary(&self) -> &str {
        self.header.lines().next().unwrap_or_default()
    }

    /// The TOML example of the header, if it has one.
    pub fn example(&self) -> Option<&str> {
        let (_, rest) = self.header.split_once("```toml\n")?;
        Some(rest.split_once("```")?.0)
    }
}

impl fmt::Display for Manual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n{}", self.name, self.header)?;
        if !self.keys.is_empty() {
            writeln!(f, "\n{}", self.title)?;
        }
        for (key, kind, text) in &self.keys {
            writeln!(f, "  {key}: {kind}\n      {text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_keys_are_found() {
        let source = "//! Does a thing.\n//!\n//! ```toml\n//! use = \"x\"\n//! ```\n\nstruct X {\n    /// How many.\n    #[serde(default)]\n    count: usize,\n    /// Where,\n    /// exactly.\n    path: PathBuf,\n}\n";
        let manual = Manual::read("x", source, &["count", "path"]);
        assert_eq!(manual.summary(), "Does a thing.");
        assert_eq!(manual.example(), Some("use = \"x\"\n"));
        assert_eq!(manual.keys[1], ("path".to_owned(), "PathBuf".to_owned(), "Where, exactly.".to_owned()));
        assert!(manual.to_string().contains("count: usize\n      How many."));
    }
}
