//! From chosen blocks to text or Markdown.

use super::blocks::{Block, Blocks};
use super::table::{is_plain_row, markdown_table, table_of};
use super::tree::NONE;
use super::{Format, Options};

/// Writes the chosen blocks. In text, each block is a line; list items begin with `- `, cells of a row are parted by ` | `.
pub fn render(page: &Blocks, chosen: &[bool], options: &Options) -> String {
    let kept: Vec<&Block> = page.blocks.iter().zip(chosen).filter(|(_, c)| **c).map(|(b, _)| b).collect();
    match options.format {
        Format::Text => text(page, &kept),
        Format::Markdown => markdown(page, &kept),
    }
}

fn text(page: &Blocks, kept: &[&Block]) -> String {
    let mut out = String::new();
    let mut last: Option<&Block> = None;
    for &block in kept {
        let text = &*page.marked(block);
        match last {
            Some(l) if block.row != NONE && l.row == block.row && is_plain_row(page, block.row) => {
                out.push_str(if l.cell == block.cell { " " } else { " | " });
                push_line(&mut out, text);
            }
            _ => {
                if last.is_some() {
                    out.push('\n');
                }
                if block.opens_item && block.heading == 0 && !block.pre {
                    push_bullet(&mut out, block);
                }
                out.push_str(text);
            }
        }
        last = Some(block);
    }
    out
}

fn markdown(page: &Blocks, kept: &[&Block]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(&block) = kept.get(at) {
        if at > 0 {
            out.push('\n');
            if block.list_depth == 0 || kept[at - 1].list_depth == 0 {
                out.push('\n');
            }
        }
        let table = table_of(page, block);
        let rows = kept[at..].iter().take_while(|b| table.is_some() && table_of(page, b) == table).count();
        if rows > 0 {
            markdown_table(&mut out, page, &kept[at..at + rows]);
            at += rows;
            continue;
        }
        let text = &*page.marked(block);
        if block.pre {
            let fence = "`".repeat(longest_run(text).max(2) + 1);
            out.extend([&fence, block.language.as_deref().unwrap_or(""), "\n", text, "\n", &fence]);
        } else {
            if block.heading > 0 {
                (0..block.heading).for_each(|_| out.push('#'));
                out.push(' ');
            } else if block.opens_item {
                (1..block.list_depth).for_each(|_| out.push_str("  "));
                push_bullet(&mut out, block);
            }
            out.push_str(text);
        }
        at += 1;
    }
    out
}

fn push_bullet(out: &mut String, block: &Block) {
    if block.item_number > 0 {
        out.push_str(&block.item_number.to_string());
        out.push_str(". ");
    } else {
        out.push_str("- ");
    }
}

/// A cell's text on one line.
pub fn push_line(out: &mut String, text: &str) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(line);
    }
}

/// Most backticks in a row: a fence needs more.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
