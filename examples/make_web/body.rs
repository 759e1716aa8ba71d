//! The text of a page as HTML: paragraphs, posts, code, tables and lists, in the manner of the host.

use crate::{
    dice::Dice,
    layout::{Skin, escape},
    prose::{Block, Kind, Page},
};

pub fn render(page: &Page, skin: &Skin, dice: &mut Dice) -> String {
    let mut out = String::new();
    if page.kind == Kind::Docs && skin.marks == 2 {
        out += &contents(page, skin, dice);
    }
    let mut posts = String::new();
    for (at, block) in page.blocks.iter().enumerate() {
        match block {
            Block::Paragraph(text) => out += &paragraph(text, page, skin, at),
            Block::Heading(text) => out += &format!("<h2 id=\"s{at}\">{}</h2>\n", escape(text)),
            Block::Code(lines) => out += &code(lines, skin),
            Block::Post { author, paragraphs } => {
                let text: String = paragraphs.iter().map(|text| format!("<p>{}</p>\n", escape(text))).collect();
                posts += &post(author, &text, skin, dice, at);
            }
            Block::Specs(rows) => out += &specs(rows, skin),
            Block::Links(links) => out += &link_list(links, skin),
            Block::Rows(rows) => out += &table(rows),
        }
    }
    if !posts.is_empty() {
        out += &match skin.marks {
            0 => format!("<div class=\"thread\">\n{posts}</div>\n"),
            1 => format!("<table class=\"thread\" width=\"100%\">\n{posts}</table>\n"),
            _ => format!("<ol class=\"posts\">\n{posts}</ol>\n"),
        };
    }
    out
}

/// One paragraph, now and then with a link or a stressed word in it.
fn paragraph(text: &str, page: &Page, skin: &Skin, at: usize) -> String {
    let mut dice = Dice::new(&format!("inline {} {} {at}", page.host, page.path));
    let mut words: Vec<String> = escape(text).split(' ').map(str::to_owned).collect();
    if words.len() > 12 && dice.below(3) == 0 {
        let at = dice.below(words.len());
        if words[at].len() > 3 && words[at].chars().all(char::is_alphabetic) {
            words[at] = match dice.below(3) {
                0 => format!("<em>{}</em>", words[at]),
                1 => format!("<b>{}</b>", words[at]),
                _ => format!("<a href=\"/w/{}\">{}</a>", dice.below(999), words[at]),
            };
        }
    }
    let text = words.join(" ");
    match (skin.frame, skin.marks) {
        (2, _) => format!("<div class=\"t3\">{text}</div>\n"),
        (3, 1) => format!("{text}<br><br>\n"),
        (3, _) => format!("<p align=\"justify\">{text}</p>\n"),
        _ => format!("<p>{text}</p>\n"),
    }
}

fn post(author: &str, text: &str, skin: &Skin, dice: &mut Dice, at: usize) -> String {
    let phrases = skin.phrases;
    let author = escape(author);
    let rank = dice.pick(phrases.member);
    let time = format!("{:02}:{:02}", dice.between(6, 23), dice.below(60));
    // Times and counts make every such line differ, as in real forums: equal lines would fall to the rules for repetition.
    let likes = format!("{} {}", phrases.like, at * 3 + dice.below(3));
    let buttons: String = phrases.reply.iter().copied().chain([likes.as_str()]).map(|label| format!("<a href=\"#p{at}\">{label}</a> ")).collect();
    match skin.marks {
        0 => format!(
            "<div class=\"post\" id=\"p{at}\"><div class=\"author\"><b>{author}</b> <i>{rank}</i> {time}</div>\n<div class=\"postbody\">\n{text}</div><div class=\"actions\">{buttons}</div></div>\n"
        ),
        1 => format!(
            "<tr><td class=\"author\" width=\"120\"><b>{author}</b> {time} <i>{rank}</i></td><td class=\"message\">\n{text}<small>{buttons}</small></td></tr>\n"
        ),
        _ => format!(
            "<li class=\"comment\"><header><cite>{author}</cite> <span class=\"when\">{time}</span></header>\n<div class=\"comment-body\">\n{text}</div><footer>{buttons}</footer></li>\n"
        ),
    }
}

fn code(lines: &[String], skin: &Skin) -> String {
    let text = escape(&lines.join("\n"));
    match skin.marks {
        0 => format!("<pre><code>{text}</code></pre>\n"),
        1 => format!("<pre class=\"shell\">{text}</pre>\n"),
        _ => format!("<div class=\"highlight\"><pre>{text}\n</pre></div>\n"),
    }
}

fn specs(rows: &[(String, String)], skin: &Skin) -> String {
    let rows = rows.iter().map(|(key, value)| (escape(key), escape(value)));
    match skin.marks {
        0 => format!("<table class=\"specs\">\n{}</table>\n", rows.map(|(k, v)| format!("<tr><th>{k}</th><td>{v}</td></tr>\n")).collect::<String>()),
        1 => format!("<p class=\"data\">{}</p>\n", rows.map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join("<br>\n")),
        _ => format!("<ul class=\"specs\">\n{}</ul>\n", rows.map(|(k, v)| format!("<li><b>{k}:</b> {v}</li>\n")).collect::<String>()),
    }
}

fn contents(page: &Page, skin: &Skin, dice: &mut Dice) -> String {
    let headings = page.blocks.iter().enumerate().filter_map(|(at, block)| match block {
        Block::Heading(text) => Some(format!("<li><a href=\"#s{at}\">{}</a></li>", escape(text))),
        _ => None,
    });
    format!("<nav class=\"toc\"><b>{}</b><ul>{}</ul></nav>\n", dice.pick(skin.phrases.contents), headings.collect::<String>())
}

fn link_list(links: &[(String, String)], skin: &Skin) -> String {
    let links = links.iter().map(|(text, url)| format!("<a href=\"{}\">{}</a>", escape(url), escape(text)));
    match skin.marks {
        0 => format!("<dl>\n{}</dl>\n", links.map(|link| format!("<dt>{link}</dt>\n")).collect::<String>()),
        1 => format!("<p>{}</p>\n", links.collect::<Vec<_>>().join(" | ")),
        _ => links.map(|link| format!("<div>{link}</div>\n")).collect(),
    }
}

fn table(rows: &[Vec<String>]) -> String {
    let cells = |row: &Vec<String>| row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>();
    format!("<table border=\"1\">\n{}</table>\n", rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect::<String>())
}
