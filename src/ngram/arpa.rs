//! ARPA text: the exchange form of back-off models, base-10 logarithms between tabs.

use super::build::Builder;
use super::{MAX_ORDER, NgramError};

/// Shorter than any line of an n-gram: a digit, a tab, a character a word, spaces between, a line feed.
const fn least_line(order: usize) -> u64 {
    2 + 2 * order as u64
}

/// Lines with their numbers.
struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(line)
    }

    /// The next line that is not blank.
    fn next_filled(&mut self) -> Option<&'a [u8]> {
        loop {
            let line = self.next()?.trim_ascii();
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    fn fault(&self, fault: impl Into<String>) -> NgramError {
        NgramError::Arpa { line: self.number, fault: fault.into() }
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().take(60).collect()
}

/// The counts of the header, from `\data\` to the blank line.
fn counts(lines: &mut Lines<'_>) -> Result<Vec<u64>, NgramError> {
    loop {
        match lines.next_filled() {
            Some(b"\\data\\") => break,
            Some(line) if line.starts_with(b"#") => {}
            Some([0x1f, 0x8b, ..]) => return Err(NgramError::Kind("a gzip file; decompress it first, as models are mapped".to_owned())),
            Some(line) if line.starts_with(b"blmt") || line == b"iARPA" => {
                return Err(NgramError::Kind("a model of IRSTLM's own form; convert it with `compile-lm --text=yes IN OUT.arpa`".to_owned()));
            }
            Some(line) => return Err(lines.fault(format!("`{}` where \\data\\ was expected: neither KenLM's binary form nor ARPA text", shown(line)))),
            None => return Err(lines.fault("no \\data\\: neither KenLM's binary form nor ARPA text")),
        }
    }
    let mut counts = Vec::new();
    loop {
        let line = lines.next().ok_or_else(|| lines.fault("the text ends within its header"))?.trim_ascii();
        if line.is_empty() {
            break;
        }
        let entry = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix("ngram ")?.split_once('='));
        let numbers = entry.and_then(|(order, count)| Some((order.trim().parse::<usize>().ok()?, count.trim().parse::<u64>().ok()?)));
        match numbers {
            Some((order, count)) if order == counts.len() + 1 => {
                if count > lines.rest.len() as u64 / least_line(order) + 1 {
                    return Err(lines.fault(format!("{count} {order}-grams are announced, more than the file has room for")));
                }
                counts.push(count);
            }
            _ => return Err(lines.fault(format!("`{}` where `ngram {}=COUNT` was expected", shown(line), counts.len() + 1))),
        }
        if counts.len() > MAX_ORDER {
            return Err(NgramError::Order(counts.len() as u64));
        }
    }
    Ok(counts)
}

/// A line of an n-gram: its probability, its words put into `words`, its back-off weight or 0.
fn row<'a>(line: &'a [u8], order: usize, words: &mut Vec<&'a [u8]>) -> Result<(f32, f32), String> {
    let mut parts = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|part| !part.is_empty());
    let number = |part: Option<&[u8]>| part.and_then(|part| std::str::from_utf8(part).ok()?.parse::<f32>().ok()).filter(|number| number.is_finite());
    let prob = number(parts.next()).ok_or_else(|| format!("`{}` does not begin with a number", shown(line)))?;
    if prob > 0.0 {
        return Err(format!("a probability above 1 (its logarithm is {prob})"));
    }
    words.clear();
    words.extend(parts.by_ref().take(order));
    let backoff = match parts.next() {
        None => 0.0,
        part => number(part).ok_or_else(|| format!("`{}` ends in no number, or has more than {order} words", shown(line)))?,
    };
    if words.len() < order || parts.next().is_some() {
        return Err(format!("`{}` is no {order}-gram", shown(line)));
    }
    Ok((prob, backoff))
}

/// The same model as a file of KenLM's probing form.
pub(super) fn to_binary(text: &[u8]) -> Result<Vec<u8>, NgramError> {
    let mut lines = Lines { rest: text, number: 0 };
    let counts = counts(&mut lines)?;
    let mut builder = Builder::new(&counts, |size| Ok(vec![0; size]))?;
    let (mut words, mut ids) = (Vec::new(), Vec::new());
    for (index, count) in counts.iter().enumerate() {
        let order = index + 1;
        if lines.next_filled() != Some(format!("\\{order}-grams:").as_bytes()) {
            return Err(lines.fault(format!("\\{order}-grams: was expected here")));
        }
        for _ in 0..*count {
            let line = lines.next().ok_or_else(|| lines.fault(format!("the text ends before all {count} {order}-grams")))?;
            let (prob, backoff) = row(line, order, &mut words).map_err(|fault| lines.fault(fault))?;
            if order == 1 {
                builder.unigram(words[0], prob, backoff).map_err(|fault| lines.fault(fault))?;
                continue;
            }
            if order == counts.len() && backoff != 0.0 {
                return Err(lines.fault("a back-off weight of one of the longest n-grams"));
            }
            ids.clear();
            for word in words.iter().rev() {
                let id = builder.index(word);
                if id == 0 && !matches!(*word, b"<unk>" | b"<UNK>") {
                    return Err(lines.fault(format!("the word `{}` is not among the 1-grams", shown(word))));
                }
                ids.push(id);
            }
            builder.ngram(&ids, prob, backoff).map_err(|fault| lines.fault(fault))?;
        }
    }
    match lines.next_filled() {
        Some(b"\\end\\") => {
            let (mut file, words) = builder.finish();
            file.extend_from_slice(&words);
            Ok(file)
        }
        _ => Err(lines.fault("\\end\\ was expected here: more n-grams than announced, or a text that was cut off")),
    }
}
