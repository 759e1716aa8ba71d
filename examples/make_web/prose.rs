//! The page as its author wrote it: the small text form under `fixtures/prose/`.

use std::{error::Error, fs, path::Path};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Article,
    Forum,
    Product,
    Docs,
}

#[derive(Clone)]
pub enum Block {
    Paragraph(String),
    Heading(String),
    Code(Vec<String>),
    Post { author: String, paragraphs: Vec<String> },
    Specs(Vec<(String, String)>),
    Links(Vec<(String, String)>),
    Rows(Vec<Vec<String>>),
}

#[derive(Clone)]
pub struct Page {
    /// Name of the file without its suffix; empty for pages that the generator makes up.
    pub stem: String,
    pub kind: Kind,
    pub lang: String,
    pub title: String,
    pub host: String,
    pub path: String,
    pub blocks: Vec<Block>,
}

impl Page {
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host, self.path)
    }

    /// The running text: paragraphs and posts, without title, headings, code and specifications.
    pub fn paragraphs(&self) -> impl Iterator<Item = &String> {
        self.blocks.iter().flat_map(|block| match block {
            Block::Paragraph(text) => std::slice::from_ref(text),
            Block::Post { paragraphs, .. } => paragraphs,
            _ => &[],
        })
    }

    pub fn paragraphs_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.blocks.iter_mut().flat_map(|block| match block {
            Block::Paragraph(text) => std::slice::from_mut(text),
            Block::Post { paragraphs, .. } => paragraphs,
            _ => &mut [],
        })
    }

    pub fn text(&self) -> String {
        self.paragraphs().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// Every page of a folder (not of the folders in it), by name.
pub fn read_folder(folder: &Path) -> Result<Vec<Page>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|problem| format!("{}: {problem}", folder.display()))?;
    let mut paths: Vec<_> = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|suffix| suffix == "md"));
    paths.sort();
    paths.iter().map(|path| read(path).map_err(|problem| format!("{}: {problem}", path.display()).into())).collect()
}

/// The lines of a plain text file.
pub fn read_lines(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|problem| format!("{}: {problem}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<Page, Box<dyn Error>> {
    let whole = fs::read_to_string(path)?;
    let (head, body) = whole.split_once("\n---\n").ok_or("no line `---` after the head")?;
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned).ok_or_else(|| format!("no field `{name}`"))
    };
    let kind = match field("kind")?.as_str() {
        "article" => Kind::Article,
        "forum" => Kind::Forum,
        "product" => Kind::Product,
        "docs" => Kind::Docs,
        other => return Err(format!("unknown kind `{other}`").into()),
    };
    let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("name is not UTF-8")?.to_owned();
    let (lang, title, host, path) = (field("lang")?, field("title")?, field("host")?, field("path")?);
    Ok(Page { stem, kind, lang, title, host, path, blocks: blocks(body, kind)? })
}

fn blocks(body: &str, kind: Kind) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut out = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        if line == "```" {
            out.push(Block::Code(lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect()));
        } else if let Some(heading) = line.strip_prefix("## ") {
            out.push(Block::Heading(heading.to_owned()));
        } else if let Some(spec) = line.strip_prefix("- ") {
            let (key, value) = spec.split_once(": ").ok_or("a specification without `: `")?;
            let row = (key.to_owned(), value.to_owned());
            match out.last_mut() {
                Some(Block::Specs(rows)) => rows.push(row),
                _ => out.push(Block::Specs(vec![row])),
            }
        } else if let Some((author, text)) = line.strip_prefix('@').and_then(|post| post.split_once(": ")) {
            out.push(Block::Post { author: author.to_owned(), paragraphs: vec![text.to_owned()] });
        } else {
            match out.last_mut() {
                Some(Block::Post { paragraphs, .. }) if kind == Kind::Forum => paragraphs.push(line.to_owned()),
                _ => out.push(Block::Paragraph(line.to_owned())),
            }
        }
    }
    Ok(out)
}
