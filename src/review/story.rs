//! The story of one document, stage by stage.

use super::{Document, Error, Folder, Said, excerpt};

/// What became of a document at one stage.
#[derive(Debug, PartialEq)]
pub struct Chapter {
    /// The stage.
    pub stage: String,
    /// What it did.
    pub fate: Fate,
    /// What its rules said, where the run annotates.
    pub rules: Vec<Said>,
}

/// What a stage did with a document.
#[derive(Debug, PartialEq)]
pub enum Fate {
    /// It went on.
    Passed,
    /// In a run that annotates, a rule of it would have dropped the document.
    Failed,
    /// It was dropped; the reason, with numbers.
    Dropped(String),
}

/// A document's story.
#[derive(Debug)]
pub struct Story {
    /// Id and URL.
    pub name: String,
    /// The beginning of its text.
    pub excerpt: String,
    /// The stages that saw it, in order.
    pub chapters: Vec<Chapter>,
}

/// The story of the document with this id or URL.
///
/// # Errors
/// Where no document of that name was written down, and what cannot be read.
pub fn of(folder: &Folder, name: &str) -> Result<Story, Error> {
    let is_it = |document: &Document| [&document.id, &document.url].into_iter().flatten().any(|known| known == name);
    let mut found = None;
    let see = |document: Document, found: &mut Option<Document>| {
        if is_it(&document) {
            *found = Some(document);
        }
        found.is_none()
    };
    folder.dropped(&mut |document| see(document, &mut found))?;
    if found.is_none() {
        folder.kept(&mut |document| see(document, &mut found))?;
    }
    let Some(document) = found else {
        let hint = "a run keeps one dropped document in so many (`run.dropped`), and the kept ones as JSON lines only where a sink writes them";
        return Err(Error::Cannot(format!("no document of this run has the id or URL `{name}`; {hint}")));
    };
    let mut chapters: Vec<Chapter> = folder.stages.iter().map(|stage| chapter(&document, stage)).collect();
    // What stands behind the stage that dropped it never saw it.
    let end = chapters.iter().position(|chapter| matches!(chapter.fate, Fate::Dropped(_)));
    chapters.truncate(end.map_or(chapters.len(), |end| end + 1));
    let name = [&document.id, &document.url].into_iter().flatten().cloned().collect::<Vec<_>>().join("  ");
    Ok(Story { name, excerpt: excerpt(document.text.as_deref(), 200), chapters })
}

fn chapter(document: &Document, stage: &str) -> Chapter {
    let rules: Vec<Said> = document.verdicts.iter().filter(|said| said.stage == stage).cloned().collect();
    let fate = if document.stage.as_deref() == Some(stage) {
        Fate::Dropped(reason(document))
    } else if rules.iter().any(|said| !said.keep) {
        Fate::Failed
    } else {
        Fate::Passed
    };
    Chapter { stage: stage.to_owned(), fate, rules }
}

fn reason(document: &Document) -> String {
    let mut said = document.reason.clone().unwrap_or_default();
    if let Some(value) = document.value {
        said += &format!(": {value:.4}");
        if let Some(threshold) = document.threshold {
            said += &format!(" against {threshold}");
        }
    }
    if let Some(detail) = &document.detail {
        said += &format!(" ({detail})");
    }
    if let Some(other) = &document.other {
        said += &format!(", for the sake of document {} of split {}", other["ordinal"], other["split"]);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::testing::folder;
    use super::*;

    #[test]
    fn a_dropped_document_ends_where_it_was_dropped() {
        let dropped = "{\"id\":\"a\",\"url\":\"http://x.example/\",\"stage\":\"gopher\",\"reason\":\"too_few_words\",\"value\":3.0,\"threshold\":50.0,\"text\":\"So few words\"}\n\
            {\"id\":\"b\",\"stage\":\"dedup\",\"reason\":\"near_duplicate\",\"value\":0.9,\"threshold\":0.75,\"other\":{\"split\":1,\"ordinal\":7},\"text\":\"\"}\n";
        let (_dir, folder) = folder(false, &["url", "gopher", "dedup"], "{\"id\":\"c\",\"text\":\"kept\"}\n", dropped);
        let story = of(&folder, "http://x.example/").unwrap();
        let fates: Vec<_> = story.chapters.iter().map(|chapter| (chapter.stage.as_str(), &chapter.fate)).collect();
        assert_eq!(fates, [("url", &Fate::Passed), ("gopher", &Fate::Dropped("too_few_words: 3.0000 against 50".into()))]);
        assert_eq!((story.name.as_str(), story.excerpt.as_str()), ("a  http://x.example/", "So few words"));
        let said = "near_duplicate: 0.9000 against 0.75, for the sake of document 7 of split 1";
        assert_eq!(of(&folder, "b").unwrap().chapters[2].fate, Fate::Dropped(said.into()));
        assert!(of(&folder, "c").unwrap().chapters.iter().all(|chapter| chapter.fate == Fate::Passed));
        assert!(of(&folder, "d").unwrap_err().to_string().contains("`d`"));
    }

    #[test]
    fn annotations_tell_every_number() {
        let verdict = "{\"stage\":\"gopher\",\"rule\":\"too_few_words\",\"keep\":false,\"value\":3.0,\"threshold\":50.0}";
        let (_dir, folder) = folder(true, &["url", "gopher"], &format!("{{\"id\":\"a\",\"text\":\"t\",\"verdicts\":[{verdict}]}}\n"), "");
        let story = of(&folder, "a").unwrap();
        assert_eq!((&story.chapters[0].fate, &story.chapters[1].fate), (&Fate::Passed, &Fate::Failed));
        assert_eq!(story.chapters[1].rules[0].value, Some(3.0));
    }
}
