//! Chat templates: conversations as a model's text, with the spans that answers take up in it.
//!
//! Templates are those of Hugging Face `transformers`: Jinja with `trim_blocks` and `lstrip_blocks`, methods of Python's strings and lists,
//! `raise_exception`, `tojson`, `break` and `continue`. There is no `strftime_now`, since texts must not depend on the day: a template that asks whether it is defined takes its fixed
//! date.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value};
use regex::Regex;
use serde::Serialize;

/// Noncharacters that stand where an answer begins and ends while a template is rendered.
const BEGIN: char = '\u{fdd0}';
const END: char = '\u{fdd1}';

/// Steps a rendering may take; real templates take some dozens a message.
const FUEL: u64 = 10_000_000;

/// A message, as templates see it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'a str,
    /// What is said.
    pub content: &'a str,
}

/// A conversation as text.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What a model is trained on.
    pub text: String,
    /// Bytes of `text` that are answers with what ends them, ascending.
    pub answers: Vec<Range<usize>>,
}

/// A template, with the special tokens that it may name.
pub struct Template {
    environment: Environment<'static>,
    tokens: BTreeMap<String, String>,
    /// It says itself, by `{% generation %}`, what an answer is.
    marked: bool,
}

impl Template {
    /// `chatml`, `llama3`, `plain` or `text_to_text`.
    pub fn built_in(name: &str) -> Option<&'static str> {
        Some(match name {
            "chatml" => include_str!("chatml.jinja"),
            "llama3" => include_str!("llama3.jinja"),
            "plain" => include_str!("plain.jinja"),
            "text_to_text" => include_str!("text_to_text.jinja"),
            _ => return None,
        })
    }

    /// Parses a template; `tokens` are variables such as `bos_token` and `eos_token`. The error is in words.
    pub fn new(source: &str, tokens: BTreeMap<String, String>) -> Result<Template, String> {
        let tag = |name: &str| Regex::new(&format!(r"\{{%([-+]?)\s*{name}\s*([-+]?)%\}}")).map_err(|error| error.to_string());
        // The extension's tags become blocks of plain Jinja, so that the whitespace around them is treated as it would be.
        let (open, close) = (tag("generation")?, tag("endgeneration")?);
        let marked = open.is_match(source);
        let source = open.replace_all(source, format!("{{%$1 if true %}}{BEGIN}{{% endif $2%}}"));
        let source = close.replace_all(&source, format!("{{%$1 if true %}}{END}{{% endif $2%}}"));
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(|error| error.to_string())?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |said: String| -> Result<Value, Error> { Err(Error::new(ErrorKind::InvalidOperation, said)) });
        environment.add_filter("tojson", to_json);
        environment.add_template_owned("chat", source.into_owned()).map_err(|error| error.to_string())?;
        Ok(Template { environment, tokens, marked })
    }

    /// The template and tokens of a `tokenizer_config.json`. Where it has several templates, `default` is taken.
    pub fn from_config(json: &str) -> Result<Template, String> {
        let config: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let template = match config.get("chat_template") {
            Some(serde_json::Value::String(template)) => Some(template.as_str()),
            Some(serde_json::Value::Array(named)) => {
                let default = named.iter().find(|entry| entry.get("name").and_then(serde_json::Value::as_str) == Some("default"));
                default.and_then(|entry| entry.get("template")?.as_str())
            }
            _ => None,
        };
        let token = |value: &serde_json::Value| value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned);
        let tokens = config.as_object().into_iter().flatten();
        let tokens = tokens.filter(|(key, _)| key.ends_with("_token")).filter_map(|(key, value)| Some((key.clone(), token(value)?))).collect();
        Template::new(template.ok_or("it has no `chat_template`")?, tokens)
    }

    /// Renders a conversation; `special` are the texts of special tokens. The error is in words: what the template raised, or why the answers cannot be told.
    ///
    /// Where the template does not mark answers, one is what the text has behind the prompt that the template makes of the turns before. Some templates write earlier turns
    /// anew when later ones come (they leave out what was thought), or end a text as no prompt does; there an answer is what is said in it, with the special token that
    /// ends it.
    pub fn render(&self, messages: &[Message<'_>], special: &[String]) -> Result<Rendered, String> {
        if messages.iter().any(|message| message.content.contains([BEGIN, END])) {
            return Err("it holds a noncharacter, U+FDD0 or U+FDD1".to_owned());
        }
        let text = self.text(messages, false)?;
        if self.marked {
            return Ok(unmarked(&text));
        }
        let mut answers = Vec::new();
        for (at, _) in messages.iter().enumerate().filter(|(_, message)| message.role == "assistant") {
            // What the prompt does not have and the text has is the answer; whitespace behind it is nobody's.
            let (prompt, answered) = (self.text(&messages[..at], true)?, self.text(&messages[..=at], false)?);
            if !answered.starts_with(&prompt) || !text.starts_with(&answered) {
                return self.by_content(messages, text, special);
            }
            answers.push(prompt.len()..prompt.len().max(answered.trim_end().len()));
        }
        Ok(Rendered { text, answers })
    }

    /// Finds answers by marks around what is said in them, within the white space that a template may trim.
    fn by_content(&self, messages: &[Message<'_>], text: String, special: &[String]) -> Result<Rendered, String> {
        let marked: Vec<String> = messages.iter().filter(|message| message.role == "assistant").map(|message| around(message.content)).collect();
        let (mut turns, mut next) = (messages.to_vec(), marked.iter());
        for turn in turns.iter_mut().filter(|turn| turn.role == "assistant") {
            turn.content = next.next().map_or("", String::as_str);
        }
        let Rendered { text: said, mut answers } = unmarked(&self.text(&turns, false)?);
        if said != text || answers.len() != marked.len() {
            return Err("the template writes earlier turns anew when later ones come, so answers have no place in the text".to_owned());
        }
        for span in &mut answers {
            let behind = text[span.end..].trim_start();
            // The longest, where one token begins another.
            if let Some(token) = special.iter().filter(|token| behind.starts_with(token.as_str())).max_by_key(|token| token.len()) {
                span.end = text.len() - behind.len() + token.len();
            }
        }
        Ok(Rendered { text, answers })
    }

    fn text(&self, messages: &[Message<'_>], add_generation_prompt: bool) -> Result<String, String> {
        let mut context: BTreeMap<&str, Value> = self.tokens.iter().map(|(name, token)| (name.as_str(), Value::from(token.as_str()))).collect();
        context.insert("messages", Value::from(Serde(messages)));
        context.insert("add_generation_prompt", add_generation_prompt.into());
        let template = self.environment.get_template("chat").map_err(|error| error.to_string())?;
        template.render(context).map_err(|error| error.to_string())
    }
}

/// What is said, between marks, with the white space at its ends outside; nothing where there is no more than that.
fn around(content: &str) -> String {
    let said = content.trim();
    let start = content.len() - content.trim_start().len();
    if said.is_empty() { String::new() } else { format!("{}{BEGIN}{said}{END}{}", &content[..start], &content[start + said.len()..]) }
}

/// Takes the marks out of a text.
fn unmarked(marked: &str) -> Rendered {
    let (mut text, mut answers, mut begin) = (String::with_capacity(marked.len()), Vec::new(), None);
    for part in marked.split_inclusive([BEGIN, END]) {
        text.push_str(part.trim_end_matches([BEGIN, END]));
        match part.chars().next_back() {
            Some(BEGIN) => begin = Some(text.len()),
            // An end whose beginning the template has left out says nothing.
            Some(END) => answers.extend(begin.take().map(|begin| begin..text.len())),
            _ => {}
        }
    }
    Rendered { text, answers }
}

/// As Python's `json.dumps(ensure_ascii=False)`, which `transformers` uses: a space behind commas and colons, no escapes for HTML.
fn to_json(value: Value) -> Result<Value, Error> {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            out.write_all(if first { b"" } else { b", " })
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            out.write_all(if first { b"" } else { b", " })
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let fault = |error: String| Error::new(ErrorKind::BadSerialization, error);
    let mut json = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Spaced)).map_err(|error| fault(error.to_string()))?;
    String::from_utf8(json).map(Value::from).map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: [Message<'static>; 5] = [
        Message { role: "system", content: "S" },
        Message { role: "user", content: "问 " },
        Message { role: "assistant", content: "答\n" },
        Message { role: "user", content: "q" },
        Message { role: "assistant", content: "a" },
    ];

    fn answers(rendered: &Rendered) -> Vec<&str> {
        rendered.answers.iter().map(|span| &rendered.text[span.clone()]).collect()
    }

    #[test]
    fn built_in_templates_mark_answers_and_their_end() {
        let tokens = BTreeMap::from([("eos_token".to_owned(), "</s>".to_owned())]);
        let render = |name: &str| Template::new(Template::built_in(name).unwrap(), tokens.clone()).unwrap().render(&MESSAGES, &[]).unwrap();
        let chatml = render("chatml");
        let turns = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n问 <|im_end|>\n<|im_start|>assistant\n答\n<|im_end|>\n";
        assert_eq!(chatml.text, format!("{turns}<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"));
        assert_eq!(answers(&chatml), ["答\n<|im_end|>", "a<|im_end|>"]);
        let llama = render("llama3");
        assert!(llama.text.starts_with("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user"));
        assert_eq!(answers(&llama), ["答<|eot_id|>", "a<|eot_id|>"]);
        let plain = render("plain");
        assert_eq!(plain.text, "S\nUser: 问 \nAssistant: 答\n</s>\nUser: q\nAssistant: a</s>\n");
        assert_eq!(answers(&plain), ["答\n</s>", "a</s>"]);
    }

    /// The same form without marks: answers are what the prompt lacks.
    #[test]
    fn answers_are_found_in_templates_without_marks() {
        let plain = Template::built_in("chatml").unwrap().replace("{%- generation -%}", "").replace("{%- endgeneration -%}", "");
        let template = Template::new(&plain, BTreeMap::new()).unwrap();
        assert!(!template.marked);
        let marked = Template::new(Template::built_in("chatml").unwrap(), BTreeMap::new()).unwrap();
        assert_eq!(template.render(&MESSAGES, &[]).unwrap(), marked.render(&MESSAGES, &[]).unwrap());
    }

    #[test]
    fn configurations_give_tokens_pythons_methods_and_their_complaints() {
        let source = "{{ bos_token }}{% for m in messages %}\n  {% if m.role == 'system' %}{{ raise_exception('no ' + m.role) }}{% endif %}\n\
            {{ m['content'].strip() | tojson }}{% generation %}{{ eos_token }}{% endgeneration %}\n{% endfor %}";
        let config = serde_json::json!({"chat_template": [{"name": "default", "template": source}], "bos_token": {"content": "<s>"}, "eos_token": "</s>"});
        let template = Template::from_config(&config.to_string()).unwrap();
        let rendered = template.render(&[Message { role: "user", content: " <é> " }], &[]).unwrap();
        assert_eq!((rendered.text.as_str(), answers(&rendered)), ("<s>\"<é>\"</s>", vec!["</s>"]));
        assert!(template.render(&MESSAGES, &[]).unwrap_err().contains("no system"));
        assert!(Template::from_config("{}").is_err());
        assert!(Template::new("{% for %}", BTreeMap::new()).is_err());
        let last = "{% for m in messages %}{% if loop.last %}{{ m.content }}{% endif %}{% endfor %}";
        assert!(Template::new(last, BTreeMap::new()).unwrap().render(&MESSAGES, &[]).unwrap_err().contains("earlier turns"));
        assert!(template.render(&[Message { role: "user", content: "\u{fdd0}" }], &[]).unwrap_err().contains("noncharacter"));
    }

    /// As templates of models that think: earlier thoughts are left out, the prompt opens a new one, and the text ends as no prompt does.
    #[test]
    fn answers_are_found_by_what_is_said_where_prompts_are_no_help() {
        let source = "{% for m in messages %}{% if m.role == 'assistant' %}[A]{% if loop.last %}<think></think>{% endif %}{{ m.content.split('</think>')[-1] | trim }}[E]\n\
            {% else %}{{ m.content }}[E]\n{% endif %}{% endfor %}{% if add_generation_prompt %}[A]<think>{% else %}[EOS]{% endif %}";
        let template = Template::new(source, BTreeMap::new()).unwrap();
        let special = ["[E]", "[A]", "[EOS]"].map(str::to_owned);
        let rendered = template.render(&MESSAGES, &special).unwrap();
        assert_eq!(rendered.text, "S[E]\n问 [E]\n[A]答[E]\nq[E]\n[A]<think></think>a[E]\n[EOS]");
        assert_eq!(answers(&rendered), ["答[E]", "a[E]"]);
        // What the template takes out of an answer leaves no place for its marks.
        let thought = [MESSAGES[1], Message { role: "assistant", content: "why</think> so" }, MESSAGES[3], MESSAGES[4]];
        assert!(template.render(&thought, &special).unwrap_err().contains("earlier turns"));
    }
}
