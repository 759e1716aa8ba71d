//! From chosen blocks to text or Markdown.

use super::blocks::{Block, Blocks};
use super::tree::NONE;
use super::{Format, Options};

/// Writes the chosen blocks. In text, each block is a line; list items begin with `- `, cells of a row are parted by ` | `.
pub fn render(page: &Blocks, chosen: &[bool], options: &Options) -> String {
    let markdown = options.format == Format::Markdown;
    let mut out = String::new();
    let mut last: Option<&Block> = None;
    for (block, _) in page.blocks.iter().zip(chosen).filter(|(_, c)| **c) {
        let text = page.text_of(block);
        let same_row = last.is_some_and(|l| block.row != NONE && l.row == block.row);
        if same_row && is_plain_row(page, block.row) {
            out.push_str(" | ");
            push_line(&mut out, text);
            last = Some(block);
            continue;
        }
        if let Some(last) = last {
            close_row(&mut out, page, last, markdown);
            out.push('\n');
            let tight = block.list_depth > 0 && last.list_depth > 0 || block.row != NONE && last.row != NONE && is_plain_row(page, block.row);
            if markdown && !tight {
                out.push('\n');
            }
        }
        if block.pre {
            if markdown {
                out.push_str("```\n");
                out.push_str(text);
                out.push_str("\n```");
            } else {
                out.push_str(text);
            }
        } else {
            open(&mut out, page, block, markdown);
            if markdown && block.row != NONE && is_plain_row(page, block.row) {
                push_line(&mut out, text);
            } else {
                out.push_str(text);
            }
        }
        last = Some(block);
    }
    if let Some(last) = last {
        close_row(&mut out, page, last, markdown);
    }
    out
}

/// A cell's text on one line.
fn push_line(out: &mut String, text: &str) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(line);
    }
}

fn open(out: &mut String, page: &Blocks, block: &Block, markdown: bool) {
    if markdown && block.row != NONE && is_plain_row(page, block.row) {
        out.push_str("| ");
        return;
    }
    if markdown && block.heading > 0 {
        (0..block.heading).for_each(|_| out.push('#'));
        out.push(' ');
    } else if block.opens_item && block.heading == 0 {
        if markdown {
            (1..block.list_depth).for_each(|_| out.push_str("  "));
        }
        if block.item_number > 0 {
            out.push_str(&block.item_number.to_string());
            out.push_str(". ");
        } else {
            out.push_str("- ");
        }
    }
}

fn close_row(out: &mut String, page: &Blocks, block: &Block, markdown: bool) {
    if markdown && block.row != NONE && is_plain_row(page, block.row) {
        out.push_str(" |");
    }
}

/// Whether a row is one of a data table: one short block a cell. Cells of several blocks are what tables for the layout of a page have.
fn is_plain_row(page: &Blocks, row: u32) -> bool {
    let Some(area) = page.areas.get(row as usize) else {
        return false;
    };
    let blocks = &page.blocks[area.span.start as usize..area.span.end as usize];
    blocks.len() <= 40 && blocks.iter().all(|b| b.row == row && !b.pre && b.counts.units < 60.0) && blocks.windows(2).all(|pair| pair[0].cell != pair[1].cell)
}
