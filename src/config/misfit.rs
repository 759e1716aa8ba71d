//! What serde says of a value that does not fit, in our words.

use super::problem::suggestion;

/// What was wanted and what was found, of a message of serde's; what our own types say stays as it is.
pub(super) fn plainly(said: &str) -> String {
    let after = |start: &str| said.strip_prefix(start)?.rsplit_once(", expected ");
    if let Some((found, wanted)) = after("invalid type: ").or_else(|| after("invalid value: ")) {
        return format!("wanted {}, found {}", kind(wanted), value(found));
    }
    if let Some((length, wanted)) = after("invalid length ") {
        return format!("wanted {}, found a list of {length}", kind(wanted));
    }
    let known = |start: &str| {
        let mut quoted = said.strip_prefix(start)?.split('`').skip(1).step_by(2);
        let typed = quoted.next()?;
        Some((typed, suggestion(typed, quoted.collect::<Vec<_>>())))
    };
    if let Some((typed, help)) = known("unknown variant ") {
        return format!("there is no `{typed}` here: {help}");
    }
    if let Some((typed, help)) = known("unknown field ") {
        return format!("there is no key `{typed}` here: {help}");
    }
    if let Some(name) = said.strip_prefix("missing field ") {
        return format!("the key {name} is missing");
    }
    if said.starts_with("data did not match any variant") {
        return "the value is of no kind that this key takes: its manual says which, `dataprep explain NAME`".to_owned();
    }
    said.to_owned()
}

/// What a type of Rust is called in TOML.
fn kind(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" => "a text".to_owned(),
        "path string" => "a path".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        other if other == "a map" || other.starts_with("struct ") => "a table".to_owned(),
        other => other.strip_prefix("an array of length ").map_or_else(|| other.to_owned(), |length| format!("a list of {length}")),
    }
}

fn value(found: &str) -> String {
    match found {
        "map" => "a table".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => {
            let kinds = ["string ", "integer ", "floating point ", "boolean "];
            kinds.iter().find_map(|kind| found.strip_prefix(kind)).unwrap_or(found).trim_matches('`').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plainly;

    #[test]
    fn types_of_rust_are_not_spoken_of() {
        for (said, wanted) in [
            ("invalid type: string \"seven\", expected u64", "wanted a whole number from 0 on, found \"seven\""),
            ("invalid type: floating point `0.1`, expected struct Bound", "wanted a table, found 0.1"),
            ("invalid type: map, expected a string", "wanted a text, found a table"),
            ("invalid value: integer `-1`, expected usize", "wanted a whole number from 0 on, found -1"),
            ("invalid length 3, expected an array of length 2", "wanted a list of 2, found a list of 3"),
            ("unknown variant `gtp`, expected one of `gpt`, `bert`", "there is no `gtp` here: did you mean `gpt`?"),
            ("unknown variant `dry`, expected `run` or `annotate`", "there is no `dry` here: one of: run, annotate"),
            ("unknown field `txt`, expected `id` or `text`", "there is no key `txt` here: did you mean `text`?"),
            ("missing field `min`", "the key `min` is missing"),
            ("1.5 is not a share: wanted 0 to 1", "1.5 is not a share: wanted 0 to 1"),
        ] {
            assert_eq!(plainly(said), wanted);
        }
    }
}
