//! The lint of fine-tuning data: planted faults are found under their codes, at their lines, and clean data raises nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Folder, dataprep, said};

/// Draws texts: the same for a seed, on any machine.
struct Draw(u64);

impl Draw {
    fn number(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "ba", "ter", "lin", "mo", "ver", "ash", "ken", "ri", "dol", "pe", "sun", "gra", "fi", "tho", "wen", "lu", "car", "ni", "os", "bri", "hal", "du",
            "ske", "mar",
        ];
        let syllables = 2 + self.number(2);
        (0..syllables).map(|_| SYLLABLES[self.number(SYLLABLES.len())]).collect()
    }

    /// A sentence of so many words, in Latin letters or in Chinese ones.
    fn sentence(&mut self, words: usize, chinese: bool) -> String {
        if chinese {
            let said: String = (0..words).filter_map(|_| char::from_u32(0x4e00 + self.number(3000) as u32)).collect();
            return format!("{said}。");
        }
        let said: Vec<String> = (0..words).map(|_| self.word()).collect();
        format!("{} in {}.", said.join(" "), 1900 + self.number(120))
    }

    /// A question and an answer.
    fn exchange(&mut self) -> (String, String) {
        let chinese = self.number(3) == 0;
        let (words, sentences) = (12 + self.number(6), 1 + self.number(3));
        let question = self.sentence(words, chinese);
        let answer: Vec<String> = (0..sentences).map(|_| self.sentence(8, chinese)).collect();
        (question, answer.join("\n"))
    }

    fn row(&mut self) -> Value {
        let (q, a) = self.exchange();
        match self.number(4) {
            0 => json!({ "instruction": q, "input": "", "output": a }),
            1 => json!({ "conversations": [{ "from": "human", "value": q }, { "from": "gpt", "value": a }], "system": "You help." }),
            2 => {
                let (next, then) = self.exchange();
                messages(&[("system", "You help."), ("user", &q), ("assistant", &a), ("user", &next), ("assistant", &then)])
            }
            _ => json!({ "prompt": q, "chosen": a, "rejected": self.exchange().1 }),
        }
    }
}

fn messages(turns: &[(&str, &str)]) -> Value {
    json!({ "messages": turns.iter().map(|(role, content)| json!({ "role": role, "content": content })).collect::<Vec<_>>() })
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// A tokenizer with the marks of ChatML, learned from a draw.
fn tokenizer(folder: &Folder) -> String {
    let mut draw = Draw(7);
    let texts: String = (0..200).map(|_| format!("{}\n", json!({ "text": draw.exchange().1 }))).collect();
    let (texts, out) = (folder.write("texts.jsonl", texts), folder.path("tokenizer.json").display().to_string());
    let special = ["--vocab-size", "320", "--special-tokens", "<unk>", "<|im_start|>", "<|im_end|>"];
    let learned = dataprep(&["learn-tokenizer", &texts.display().to_string(), "--out", &out], &special);
    assert!(learned.status.success(), "{}", said(&learned));
    out
}

/// Codes and lines of what is found in the file `name`.
fn found(report: &Value, name: &str) -> BTreeSet<(u64, String)> {
    let rules = report["rules"].as_array().expect("rules");
    let findings = |rule: &Value| {
        let code = rule["code"].as_str().expect("a code").to_owned();
        let findings = rule["findings"].as_array().expect("findings").clone();
        findings.into_iter().map(move |one| {
            assert!(one["file"].as_str().expect("a file").ends_with(name) && !one["message"].as_str().expect("a message").is_empty(), "{one}");
            (one["line"].as_u64().expect("a line"), code.clone())
        })
    };
    rules.iter().flat_map(findings).collect()
}

#[test]
fn planted_faults_are_found_under_their_codes_and_nothing_else_is() {
    let folder = Folder::new();
    let tokenizer = tokenizer(&folder);
    let mut draw = Draw(11);
    let (q, a) = draw.exchange();
    let pair = || (Draw(99).sentence(14, false), "Yes, it was so.".to_owned(), "No, it never was.".to_owned());
    let (p, good, bad) = pair();
    let asked: Vec<String> = (0..20).map(|at| draw.sentence(16, at % 4 == 0)).collect();
    // One word of sixteen is another.
    let edited = asked[1].split(' ').enumerate().map(|(at, word)| if at == 7 { "indeed" } else { word }).collect::<Vec<_>>().join(" ");
    let long = draw.sentence(900, false);
    let answered = |answer: &str, draw: &mut Draw| json!({ "instruction": draw.sentence(14, false), "output": answer });
    let faults: Vec<(&str, String)> = vec![
        ("DP101", "{\"messages\": [".to_owned()),
        ("DP101", json!({ "text": "no conversation" }).to_string()),
        ("DP102", messages(&[("user", &q), ("tool", "{}"), ("assistant", &a)]).to_string()),
        ("DP103", messages(&[("user", &q), ("user", "Well?"), ("assistant", &a)]).to_string()),
        ("DP103", messages(&[("assistant", &a), ("user", &q), ("assistant", &a)]).to_string()),
        ("DP104", messages(&[("system", "You help."), ("user", &q)]).to_string()),
        ("DP104", messages(&[("user", &q), ("assistant", &a), ("user", "And then?")]).to_string()),
        ("DP105", json!({ "instruction": q, "output": "" }).to_string()),
        ("DP105", messages(&[("user", &q), ("assistant", " \n\u{3000}")]).to_string()),
        ("DP106", json!({ "instruction": " ", "output": a }).to_string()),
        ("DP107", json!({ "prompt": q, "chosen": a }).to_string()),
        ("DP108", json!({ "prompt": q, "chosen": a, "rejected": a }).to_string()),
        ("DP109", json!({ "chosen": format!("\n\nHuman: {q}\n\nAssistant: {a}"), "rejected": format!("\n\nHuman: {a}\n\nAssistant: no") }).to_string()),
        ("DP201", answered("That is all.<|im_end|>\n<|im_start|>user", &mut draw).to_string()),
        ("DP202", answered("It is \u{fdd0} then.", &mut draw).to_string()),
        ("DP203", json!({ "instruction": long, "output": "Yes." }).to_string()),
        ("DP204", answered(&long, &mut draw).to_string()),
        ("DP303", json!({ "prompt": p, "chosen": bad, "rejected": good }).to_string()),
        ("DP304", json!({ "instruction": asked[0], "output": a }).to_string()),
        ("DP304", json!({ "instruction": edited, "output": a }).to_string()),
        ("DP304", messages(&[("user", "Hello."), ("assistant", "Good day."), ("user", &asked[4]), ("assistant", &a)]).to_string()),
        ("DP401", answered("Write to k.meier@nordpost-verlag.de about it.", &mut draw).to_string()),
        ("DP401", answered("请拨打13812345678联系。", &mut draw).to_string()),
        ("DP401", answered("The account is DE89 3704 0044 0532 0130 00.", &mut draw).to_string()),
        (
            "DP401",
            json!({ "prompt": draw.sentence(14, false), "chosen": "I cannot say.", "rejected": "It is ghp_0123456789abcdefghijABCDEFGHIJ012345." }).to_string(),
        ),
    ];
    // Beside them: rows that are sound by themselves.
    let beside = vec![
        ("", json!({ "prompt": p, "chosen": good, "rejected": bad }).to_string()),
        ("", json!({ "instruction": "What stands behind the mill?", "output": "A bridge." }).to_string()),
        ("DP301", messages(&[("user", "What stands  behind the mill?"), ("assistant", "Nothing at all.")]).to_string()),
        (
            "DP302",
            json!({ "conversations": [{ "from": "human", "value": "What stands behind the mill?" }, { "from": "gpt", "value": "A bridge.\n" }] }).to_string(),
        ),
        // What is reserved for examples is nobody's.
        ("", answered("Write to anna@example.org or call +1-202-555-0123.", &mut draw).to_string()),
    ];
    let (mut train, mut wanted) = (String::new(), BTreeSet::new());
    for (number, (code, row)) in beside.into_iter().chain(faults).enumerate() {
        if !code.is_empty() {
            wanted.insert((2 * number as u64 + 1, code.to_owned()));
        }
        train += &format!("{row}\n{}\n", draw.row());
    }
    let train = folder.write("train.jsonl", train).display().to_string();
    let eval = folder.write("eval.jsonl", asked.iter().map(|question| format!("{}\n", json!({ "question": question }))).collect::<String>());
    let [sarif, junit] = ["lint.sarif", "lint.xml"].map(|name| folder.path(name).display().to_string());
    let arguments = ["lint", &train, "--eval", &eval.display().to_string(), "--tokenizer", &tokenizer, "--template", "chatml", "--seq-len", "2000"];
    let output = dataprep(&arguments, &["--json", "--sarif", &sarif, "--junit", &junit]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found(&report, "train.jsonl"), wanted);
    assert!(
        report["rules"].as_array().expect("rules").iter().all(|rule| rule["applied"] == true && rule["count"].as_u64() > Some(0)),
        "every rule finds something"
    );

    let sarif = folder.json("lint.sarif");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let place = |one: &Value| {
        let region = &one["locations"][0]["physicalLocation"]["region"];
        (region["startLine"].as_u64().expect("a line"), one["ruleId"].as_str().expect("a rule").to_owned())
    };
    assert_eq!(results.iter().map(place).collect::<BTreeSet<_>>(), wanted);
    assert!(
        results.iter().all(|one| sarif["runs"][0]["tool"]["driver"]["rules"][one["ruleIndex"].as_u64().expect("a number") as usize]["id"] == one["ruleId"])
    );
    let xml = std::fs::read_to_string(folder.path("lint.xml")).expect("JUnit");
    assert!(xml.contains("tests=\"18\"") && xml.contains("failures=\"16\"") && xml.contains("train.jsonl:45: chosen and rejected stand"), "{xml}");

    let told = dataprep(&arguments, &["--github", "--list", "1"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.lines().count(), 18, "{told}");
    assert!(told.contains("::warning file=") && told.contains(",line=5,title=DP301 conflicting_answers::the same turns are answered otherwise at"), "{told}");
    assert!(!told.contains("meier"), "private data is not repeated");
}

#[test]
fn clean_draws_raise_nothing() {
    let folder = Folder::new();
    let tokenizer = tokenizer(&folder);
    for seed in 0..20 {
        let mut draw = Draw(1000 + seed);
        let [train, eval] = [60, 20].map(|rows| (0..rows).map(|_| draw.row()).collect::<Vec<_>>());
        let train = folder.write("train.jsonl", lines(&train)).display().to_string();
        let eval = folder.write("eval.jsonl", lines(&eval)).display().to_string();
        let output = dataprep(&["lint", &train, "--eval", &eval, "--tokenizer", &tokenizer, "--template", "chatml", "--seq-len", "4000", "--strict"], &[]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.ends_with("train.jsonl: 60 rows, 0 errors, 0 warnings\n"), "draw {seed}: {told}{}", said(&output));
    }
}

#[test]
fn warnings_fail_where_they_are_to_and_rules_can_be_left_out() {
    let folder = Folder::new();
    let row = |answer: &str| json!({ "instruction": "What stands behind the mill?", "output": answer });
    let train = folder.write("train.jsonl", lines(&[row("A bridge."), row("Nothing.")])).display().to_string();
    let code = |more: &[&str]| dataprep(&["lint", &train], more).status.code();
    assert_eq!([code(&[]), code(&["--strict"]), code(&["--strict", "--ignore", "DP301,DP302"])], [Some(0), Some(1), Some(0)]);
    let told = String::from_utf8_lossy(&dataprep(&["lint", &train], &[]).stdout).into_owned();
    for part in [
        "warning: DP301 conflicting_answers, 1 found\n  ",
        "train.jsonl:2: the same turns are answered otherwise at ",
        "train.jsonl:1\n  help: keep the better answer",
        "2 rows, 0 errors, 1 warnings\nnot looked for: DP201, DP202, DP203 (give --tokenizer and --template)\n",
    ] {
        assert!(told.contains(part), "{part} is missing from\n{told}");
    }
    for (arguments, part) in [
        (vec!["--ignore", "DP30"], "--ignore: there is no rule `DP30`\n  help: did you mean `DP301`?"),
        (vec!["--tokenizer", "none.json", "--template", "chatml"], "--tokenizer: cannot read none.json"),
        (vec!["--eval", &train.replace("train", "none")], "no file matches"),
        (vec!["--tokenizer", "none.json"], "--template <NAME>"),
    ] {
        let output = dataprep(&["lint", &train], &arguments);
        assert!(output.status.code() == Some(2) && said(&output).contains(part), "{arguments:?}: {}", said(&output));
    }
    let empty = folder.write("empty.jsonl", "").display().to_string();
    let output = dataprep(&["lint", &empty], &[]);
    assert!(output.status.code() == Some(1), "an empty file is an unreadable row: {}", said(&output));
}

#[test]
fn every_rule_is_in_the_manual() {
    let told = String::from_utf8_lossy(&dataprep(&["lint", "--rules"], &[]).stdout).into_owned();
    for rule in &dataprep::lint::RULES {
        assert!(told.contains(&format!("{} {} ({})\n  {}\n  help: {}", rule.code, rule.name, rule.level.name(), rule.what, rule.help)), "{}", rule.code);
    }
}

#[test]
fn delimited_files_are_read_by_lint_profile_and_check() {
    let folder = Folder::new();
    let mut draw = Draw(5);
    let mut rows = "instruction,output\n\"Say it,\nplease.\",\"As you like.\"\nno second field\n".to_owned();
    (0..30).for_each(|_| rows += &format!("\"{}\",\"{}\"\n", draw.sentence(14, false), draw.sentence(8, false)));
    let train = folder.write("train.csv", rows).display().to_string();
    let found = dataprep(&["lint", &train], &[]);
    let shown = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.status.code() == Some(1) && shown.contains("train.csv:4") && shown.contains("DP101"), "{shown}{}", said(&found));
    let texts = folder.write("texts.tsv", "url\tbody\nhttps://a.example/\tone text\nhttps://b.example/\tanother\nx\n").display().to_string();
    let profile = dataprep(&["profile", &texts, "--field", "body"], &[]);
    let shown = String::from_utf8_lossy(&profile.stdout).into_owned();
    assert!(shown.starts_with("documents   2,") && said(&profile).contains("not read: 1 ragged_row"), "{shown}{}", said(&profile));
    let check = dataprep(&["check", &texts, "--field", "body", "--metrics"], &[]);
    assert!(check.status.success() && String::from_utf8_lossy(&check.stdout).contains("field/url"), "{check:?}");
}
