//! `report.html`: one page that shows a finished run, opens offline, and lets one look at the documents.
//!
//! Everything stands in the page: style, script, data, charts. Each chart has its numbers in a table beside it. Texts of the web are data in it and never markup: they lie in a block of JSON whose `<` are escaped,
//! the script only ever sets `textContent`, and the page's own policy lets no other script run.

mod chart;
mod histogram;
mod labels;
mod learning;
mod near;
mod numbers;
mod samples;

use std::path::Path;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use labels::Language;

use super::{Error, Folder, unreadable};
use crate::profile::Profile;
use histogram::{Histogram, Measured};
use learning::Curves;
use near::Near;
use numbers::{funnel, shares, times};

/// Name of the page in the folder of a run.
pub const PAGE: &str = "report.html";

/// The page over a run, in a language.
///
/// # Errors
/// Where a file of the run cannot be read.
pub fn page(folder: &Folder, language: Language) -> Result<String, Error> {
    let report: Value = read(&folder.path.join("report.json"))?;
    let profile: Option<Profile> = optional(&folder.path.join("profile.json"))?;
    let timing: Option<Vec<Value>> = optional(&folder.path.join("timing.json"))?;
    let validation: Option<Value> = optional(&folder.path.join("validate").join("validate.json"))?;
    let training: Option<Value> = optional(&folder.path.join("train").join("metrics.json"))?;
    let mut measured = Measured::default();
    let documents = samples::gather(folder, &mut measured)?;
    let histograms = profile.as_ref().map(Histogram::all).unwrap_or_default();
    let name = folder.path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A run of an older version lacks what came later.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.add_template("page", include_str!("page/page.html")).map_err(failed)?;
    let template = environment.get_template("page").map_err(failed)?;
    let rendered = template.render(Serde(Shown {
        name,
        t: labels::texts(language),
        tag: language.tag(),
        funnel: funnel(&report),
        languages: shares(&report["languages"]),
        damage: profile.as_ref().map(numbers::damage),
        fields: profile.as_ref().map(numbers::fields),
        histograms,
        rules: measured.histograms(),
        near: Near::read(folder)?,
        shards: learning::shards(&folder.path),
        tokens: profile.as_ref().and_then(|profile| profile.tokens.as_ref()).map(numbers::Tokens::of),
        times: timing.as_deref().map(|timing| times(timing, &report)),
        curves: validation.as_ref().and_then(Curves::of_arms),
        differences: validation.as_ref().map(learning::differences),
        training: training.as_ref().and_then(Curves::of_training),
        validation,
        style: include_str!("page/page.css"),
        script: include_str!("page/page.js"),
        data: embedded(&documents),
        words: embedded(&labels::texts(language)),
        report,
    }));
    rendered.map_err(failed)
}

/// What the template is filled with.
#[derive(Serialize)]
struct Shown {
    name: String,
    t: Value,
    tag: &'static str,
    report: Value,
    funnel: Vec<numbers::Stage>,
    languages: Vec<numbers::Part>,
    damage: Option<Vec<numbers::Part>>,
    fields: Option<Vec<numbers::Field>>,
    histograms: Vec<Histogram>,
    rules: Vec<Histogram>,
    near: Near,
    shards: Vec<learning::Set>,
    tokens: Option<numbers::Tokens>,
    times: Option<Vec<numbers::Time>>,
    validation: Option<Value>,
    curves: Option<Curves>,
    differences: Option<String>,
    training: Option<Curves>,
    style: &'static str,
    script: &'static str,
    data: String,
    words: String,
}

/// JSON as it may stand inside <script>, which only these characters could end, or begin a comment in.
fn embedded(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn failed(error: minijinja::Error) -> Error {
    Error::Cannot(format!("the page cannot be made: {error:#}"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|cause| unreadable(path, cause))?;
    serde_json::from_slice(&bytes).map_err(|cause| unreadable(path, cause))
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    if path.is_file() { read(path).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn texts_of_the_web_are_never_markup() {
        let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \u{202e}gnp.exe & <!--";
        let line = serde_json::json!({ "id": evil, "url": "javascript:alert(3)", "text": evil, "lang": evil });
        let drop = serde_json::json!({ "id": "d", "text": evil, "stage": evil, "reason": evil, "value": 1.0, "threshold": 2.0 });
        let (_dir, folder) = testing::folder(false, &["<b>stage</b>"], &format!("{line}\n"), &format!("{drop}\n"));
        for language in [Language::English, Language::Chinese] {
            let page = page(&folder, language).unwrap();
            assert!(!page.contains("<img") && !page.contains("<b>stage") && !page.contains("\u{202e}") && !page.contains("<!--"), "{page}");
            assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
            assert!(page.contains("\\u003cimg src=x onerror=alert(2)\\u003e ⟨U+202E⟩gnp.exe \\u0026 "));
            assert!(page.contains("&lt;b&gt;stage&lt;&#x2f;b&gt;") || page.contains("&lt;b&gt;stage&lt;/b&gt;"));
        }
    }

    #[test]
    fn a_page_fetches_nothing() {
        let (_dir, folder) = testing::folder(false, &["a"], "{\"id\":\"1\",\"text\":\"t\"}\n", "");
        let page = page(&folder, Language::English).unwrap();
        assert!(page.contains("default-src 'none'"));
        for word in [" src=", "href=\"http", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
