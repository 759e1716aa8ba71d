//! Data tables, as opposed to those that lay out a page, and how Markdown writes them.

use super::blocks::{Block, Blocks};
use super::render::push_line;
use super::tag::Tag;
use super::tree::NONE;

/// Most columns of a table in Markdown.
const MOST_COLUMNS: usize = 64;

/// Whether a row is one of a data table: few blocks, none of them long. One or two cells that hold several blocks are what the rows of tables
/// for the layout of a page have.
pub fn is_plain_row(page: &Blocks, row: u32) -> bool {
    let Some(area) = page.areas.get(row as usize) else {
        return false;
    };
    let blocks = &page.blocks[area.span.start as usize..area.span.end as usize];
    if blocks.len() > 40 || blocks.iter().any(|b| b.row != row || b.pre || b.counts.units >= 60.0) {
        return false;
    }
    let crowded = blocks.windows(2).any(|pair| pair[0].cell == pair[1].cell);
    !crowded || blocks.last().is_some_and(|last| last.cell != NONE && column(page, last) >= 2)
}

/// The table of the data row that holds a block.
pub fn table_of(page: &Blocks, block: &Block) -> Option<u32> {
    if block.row == NONE || !is_plain_row(page, block.row) {
        return None;
    }
    let mut at = block.row;
    while page.areas[at as usize].tag != Tag::Table {
        if at == 0 {
            return None;
        }
        at = page.areas[at as usize].parent;
    }
    Some(at)
}

/// Column of a block in its row, counting cells without text too.
fn column(page: &Blocks, block: &Block) -> usize {
    let cells = (block.row + 1..block.cell).filter(|&at| {
        let area = &page.areas[at as usize];
        area.parent == block.row && matches!(area.tag, Tag::Cell | Tag::HeadCell)
    });
    cells.take(MOST_COLUMNS).count().min(MOST_COLUMNS - 1)
}

/// Writes the blocks of one table. Markdown knows no table without a header row, so the first row is that.
pub fn markdown_table(out: &mut String, page: &Blocks, blocks: &[&Block]) {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut last = NONE;
    for block in blocks {
        if block.row != last {
            rows.push(Vec::new());
            last = block.row;
        }
        let Some(row) = rows.last_mut() else { return };
        // Where a cell is broken, its text may stand in the row itself.
        let column = if block.cell == NONE { row.len() } else { column(page, block) };
        row.resize(row.len().max(column + 1), String::new());
        let cell = &mut row[column];
        if !cell.is_empty() {
            cell.push(' ');
        }
        push_line(cell, &page.marked(block).replace('|', "\\|"));
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push('|');
        for column in 0..columns {
            out.push(' ');
            out.push_str(row.get(column).map_or("", String::as_str));
            out.push_str(" |");
        }
        if at == 0 {
            out.push_str("\n|");
            (0..columns).for_each(|_| out.push_str(" --- |"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Options, blocks::Style, parse, render::render, walk};

    fn markdown(html: &str) -> String {
        let tree = parse::parse(html, parse::Bounds { bytes: 10_000, nodes: 1000, depth: 100 }).unwrap();
        let page = walk::blocks(&tree, 0, Style { marks: true, links: false });
        render(&page, &vec![true; page.blocks.len()], &Options { format: Format::Markdown, ..Options::default() })
    }

    #[test]
    fn tables_have_a_header_row_and_keep_their_columns() {
        let html = "<p>Before<table><tr><th>Year<th>Sacks<th>Note</tr><tr><td>1901<td><td>a|b<p>c</tr></table><p>After";
        assert_eq!(markdown(html), "Before\n\n| Year | Sacks | Note |\n| --- | --- | --- |\n| 1901 |  | a\\|b c |\n\nAfter");
        let two = "<table><tr><td>1</table><table><tr><td>2</table>";
        assert_eq!(markdown(two), "| 1 |\n| --- |\n\n| 2 |\n| --- |");
    }

    #[test]
    fn rows_that_lay_out_a_page_are_no_table() {
        let html = "<table><tr><td>Ann<td><p>First.<p>Second.</tr><tr><td><h2>Head</h2><p>Text.</tr></table>";
        assert_eq!(markdown(html), "Ann\n\nFirst.\n\nSecond.\n\n## Head\n\nText.");
    }

    #[test]
    fn marks_stand_at_words() {
        assert_eq!(markdown("<p>One <b>two</b> three<em> four</em>.<p><a href=/x><img></a><p><code>five</code>"), "One **two** three *four*.\n\n`five`");
    }

    #[test]
    fn lists_and_headings_are_marked() {
        assert_eq!(markdown("<h2>Head</h2><ol><li>one<li>two<ul><li>in</ul></ol><pre>x\n y</pre>"), "## Head\n\n1. one\n2. two\n  - in\n\n```\nx\n y\n```");
    }
}
