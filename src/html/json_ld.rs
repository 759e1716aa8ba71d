//! Facts from JSON-LD: types, headline, author, date and the texts that a page may not show.

use serde_json::Value;

/// Bytes of JSON-LD read on one page.
const LONGEST: usize = 1 << 20;
/// Values visited on one page.
const MOST_VALUES: usize = 20_000;

/// What the JSON-LD blocks of a page say; the first of each kind counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonLd {
    pub types: Vec<String>,
    pub headline: Option<String>,
    pub author: Option<String>,
    pub date: Option<String>,
    pub site_name: Option<String>,
    /// `articleBody` or `text`.
    pub body: Option<String>,
    /// Name and description of a product.
    pub product: Option<(String, String)>,
    /// Bytes and values read so far, for the bounds.
    pub read: usize,
    pub visited: usize,
}

impl JsonLd {
    /// Reads one script's text. What is no JSON is passed over, as browsers and search engines do.
    pub fn read(&mut self, text: &str) {
        self.read += text.len();
        if self.read > LONGEST {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(text.trim().trim_end_matches(';')) else {
            return;
        };
        let mut open = vec![&value];
        while let Some(value) = open.pop() {
            self.visited += 1;
            if self.visited > MOST_VALUES {
                return;
            }
            match value {
                Value::Array(list) => open.extend(list.iter().rev()),
                Value::Object(map) => {
                    self.note(map);
                    for key in ["mainEntity", "mainEntityOfPage", "@graph"] {
                        open.extend(map.get(key));
                    }
                }
                _ => {}
            }
        }
    }

    fn note(&mut self, map: &serde_json::Map<String, Value>) {
        let mut product = false;
        let mut article = false;
        for kind in strings(map.get("@type")) {
            product |= matches!(kind, "Product" | "ProductGroup" | "IndividualProduct");
            article |= kind.ends_with("Article") || kind.ends_with("Posting");
            if self.types.len() < 40 {
                self.types.push(kind.to_owned());
            }
        }
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::trim).filter(|s| !s.is_empty());
        fill(&mut self.headline, text("headline"));
        if article {
            fill(&mut self.author, map.get("author").and_then(name_of));
            fill(&mut self.date, text("datePublished"));
            fill(&mut self.site_name, map.get("publisher").and_then(name_of));
        }
        fill(&mut self.body, text("articleBody"));
        if product && self.product.is_none() {
            self.product = Some((text("name").unwrap_or("").to_owned(), text("description").unwrap_or("").to_owned()));
        }
    }
}

fn fill(slot: &mut Option<String>, value: Option<&str>) {
    if slot.is_none() {
        *slot = value.map(str::to_owned);
    }
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(s)) => vec![s],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn name_of(value: &Value) -> Option<&str> {
    let one = match value {
        Value::Array(list) => list.first()?,
        other => other,
    };
    one.as_str().or_else(|| one.get("name")?.as_str()).map(str::trim).filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_graphs_and_ignores_what_is_no_json() {
        let mut ld = JsonLd::default();
        ld.read("{ not json");
        ld.read(r#"{"@graph":[{"@type":["NewsArticle"],"headline":"H","author":[{"name":"A. B."}],"datePublished":"2024-01-02"},{"@type":"Product","name":"N","description":"D"}]}"#);
        assert_eq!(ld.types, ["NewsArticle", "Product"]);
        assert_eq!((ld.headline.as_deref(), ld.author.as_deref(), ld.date.as_deref()), (Some("H"), Some("A. B."), Some("2024-01-02")));
        assert_eq!(ld.product, Some(("N".into(), "D".into())));
    }

    #[test]
    fn deep_json_is_passed_over() {
        let mut ld = JsonLd::default();
        ld.read(&"[".repeat(100_000));
        assert_eq!(ld, JsonLd { read: 100_000, ..JsonLd::default() });
    }
}
