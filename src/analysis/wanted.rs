//! Which columns a query needs.

use std::collections::BTreeSet;

/// The columns that are read. What is not needed may be among them, what is needed always is.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// None: their names alone are asked for.
    Names,
    /// Those that a query names, by its words; quoted names may hold anything and are sought in the whole query.
    Named(BTreeSet<String>, String),
    /// All, since the query has a wildcard.
    All,
}

impl Wanted {
    /// Of a query.
    pub fn of(sql: &str) -> Wanted {
        let words: Vec<&str> = tokens(sql);
        let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
        // A star after one of these stands for columns; after a name or a number it multiplies, and in `COUNT(*)` it counts.
        let wildcard = words.windows(2).any(|pair| pair[1] == "*" && [",", ".", "SELECT", "DISTINCT", "ALL"].iter().any(|before| is(pair[0], before)));
        let hidden = words.iter().any(|word| is(word, "NATURAL") || is(word, "COLUMNS")) || !words.iter().any(|word| is(word, "SELECT"));
        if wildcard || hidden { Wanted::All } else { Wanted::Named(words.into_iter().map(str::to_owned).collect(), sql.to_owned()) }
    }

    /// Whether a column is read.
    pub fn has(&self, column: &str) -> bool {
        match self {
            Wanted::Names => false,
            Wanted::All => true,
            Wanted::Named(words, sql) => words.contains(column) || (!column.chars().all(is_part) && sql.contains(column)),
        }
    }
}

/// Whether the rows of a query come in no order of their own: it groups them and does not say how they are to be sorted.
pub fn is_unordered(sql: &str) -> bool {
    let words = tokens(sql);
    let has = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    ["GROUP", "DISTINCT", "UNION", "INTERSECT", "EXCEPT"].into_iter().any(has) && !has("ORDER")
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words and single signs, without the spaces between them.
fn tokens(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_part(first) { rest.find(|c| !is_part(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_where_the_query_may_need_it() {
        let wanted = Wanted::of("SELECT lang, COUNT( * ) AS n, SUM(a*b), \"my score\" FROM documents AS d GROUP BY lang");
        for (column, read) in [("lang", true), ("a", true), ("b", true), ("my score", true), ("text", false), ("n", true), ("语言", false)] {
            assert_eq!(wanted.has(column), read, "{column}");
        }
        assert!(!Wanted::of("SELECT text_bytes FROM documents").has("text"));
        assert!(Wanted::of("SELECT 语言 FROM documents").has("语言"));
        for sql in ["SELECT * FROM documents", "select d.* from documents d", "SELECT id, * FROM d", "SELECT DISTINCT * FROM d", "FROM documents"] {
            assert_eq!(Wanted::of(sql), Wanted::All, "{sql}");
        }
        assert!(!Wanted::Names.has("id"));
    }
}
