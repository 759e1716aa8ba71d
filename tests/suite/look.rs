//! Looking at finished runs: SQL, the difference of two, and the page in a real browser.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::support::{Folder, refused, said, told};

/// What would run if the page took texts for markup.
const EVIL: &str = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\"> \u{202e}gnp.exe";

/// Fifty sentences of which some words are this document's own.
fn text(own: &str) -> String {
    (0..50).map(|number| format!("The river number {number} runs under a bridge {} of stone. ", if number % 10 == 3 { own } else { "old" })).collect()
}

const PASSAGE: &str =
    "This long notice stands at the end of every page of the town and says in many words that nobody may copy it without being asked to do so. ";

/// Texts of which some are equal, some alike, and some have a passage in common; one is evil.
fn corpus(folder: &Folder) {
    let lines = [
        json!({ "id": "a", "url": "https://a.example/", "text": text("red"), "stars": 3, "语言": "英语" }),
        json!({ "id": "b", "url": "https://b.example/", "text": text("blue"), "stars": 4 }),
        json!({ "id": "c", "text": text("red"), "stars": 5 }),
        json!({ "id": "d", "text": format!("Something about cats that sleep, \"all\" day, at home. {PASSAGE}") }),
        json!({ "id": "e", "text": format!("Another page is on the making of bread in the early morning. {PASSAGE}") }),
        json!({ "id": EVIL, "url": "javascript:alert(1)", "text": EVIL }),
        json!({ "id": "g", "text": format!("我们在河边吃饭。{EVIL}") }),
    ];
    folder.write("in.jsonl", lines.map(|line| format!("{line}\n")).concat());
}

fn pipeline(sink: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n\
         [[stage]]\nuse = \"dedup_exact\"\n[[stage]]\nuse = \"dedup_minhash\"\n[[stage]]\nuse = \"dedup_substring\"\n{sink}"
    )
}

const JSONL: &str = "[[sink]]\nuse = \"jsonl\"\n";

fn run(sink: &str) -> (Folder, String) {
    let folder = Folder::new();
    corpus(&folder);
    folder.report(&pipeline(sink), &[]);
    let run = folder.path("out").display().to_string();
    (folder, run)
}

#[cfg(not(feature = "analysis"))]
#[test]
fn a_build_without_queries_says_so() {
    let (_folder, run) = run(JSONL);
    assert!(refused(&["query", &run, "SELECT 1"]).contains("built without its feature `analysis`"));
}

#[cfg(feature = "analysis")]
#[test]
fn a_run_answers_sql() {
    let (_folder, run) = run(JSONL);
    let rows =
        |sql: &str| -> Vec<serde_json::Value> { told(&["query", &run, sql, "--json"]).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect() };
    assert_eq!(rows("SELECT COUNT(*) AS n FROM documents"), [json!({ "n": 5 })]);
    let sql = "SELECT id, stars, \"语言\" FROM documents WHERE stars IS NOT NULL ORDER BY id";
    assert_eq!(rows(sql), [json!({ "id": "a", "stars": 3, "语言": "英语" })]);
    let lengths = rows("SELECT id, text_bytes, LENGTH(text) AS length FROM documents WHERE id = 'a'");
    assert_eq!(lengths, [json!({ "id": "a", "text_bytes": text("red").len(), "length": text("red").len() })]);
    assert_eq!(
        rows(
            "SELECT d.id, d.stage, d.reason, k.id AS lost_to FROM dropped d JOIN clusters c ON d.other_split = c.split AND d.other_ordinal = c.ordinal \
             JOIN documents k ON k.id = c.id WHERE d.stage = c.stage"
        ),
        [json!({ "id": "b", "stage": "dedup_minhash", "reason": "near_duplicate", "lost_to": "a" })]
    );
    assert_eq!(
        rows("SELECT stage, reason, documents FROM reasons ORDER BY stage LIMIT 1"),
        [json!({ "stage": "dedup_exact", "reason": "exact_duplicate", "documents": 1 })]
    );
    assert_eq!(rows("SELECT SUM(dropped) AS n FROM stages"), [json!({ "n": 2 })]);
    let groups = told(&["query", &run, "SELECT id < 'c' AS early, COUNT(*) AS n FROM documents GROUP BY early", "--csv"]);
    assert_eq!(groups, "early,n\nfalse,3\ntrue,2\n", "groups come in order where none is asked for");
    assert_eq!(rows("SELECT stage, ordinal, other_ordinal FROM pairs"), [json!({ "stage": "dedup_minhash", "ordinal": 1, "other_ordinal": 0 })]);
    let table = told(&["query", &run, "SELECT id, stars FROM documents WHERE stars < 4"]);
    assert_eq!(table, "id  stars\n--  -----\na       3\n", "{table}");
    let csv = told(&["query", &run, "SELECT id, text FROM documents WHERE id = 'd'", "--csv"]);
    assert!(csv.starts_with("id,text\nd,\"Something about cats that sleep, \"\"all\"\" day, at home."), "{csv}");
    let cut = told(&["query", &run, "SELECT id FROM documents", "-n", "2"]);
    assert!(cut.ends_with("and 3 more: -n 0, --json or --csv give all\n"), "{cut}");
    let listed = told(&["query", &run]);
    assert!(listed.contains("documents: ") && listed.contains("  id, url, text, text_bytes, stars, 语言") && !listed.contains("annotations"), "{listed}");
}

#[cfg(feature = "analysis")]
#[test]
fn a_query_that_names_what_is_not_there_is_told_what_is() {
    let (_folder, run) = run(JSONL);
    let wrong = refused(&["query", &run, "SELECT starz FROM documents"]);
    assert!(wrong.contains("no table of the query has a column `starz`: did you mean `stars`? `documents` has id, url, text, text_bytes, stars, "), "{wrong}");
    let wrong = refused(&["query", &run, "SELECT id FROM document"]);
    assert!(wrong.contains("there is no table `document`: did you mean `documents`?"), "{wrong}");
    for (sql, part) in [
        ("SELEC id", "the query cannot be answered: "),
        ("SELECT id FROM shards", "this run has written no token shards: a sink `shards` does"),
        ("SELECT id FROM annotations", "--set run.mode=annotate"),
    ] {
        let wrong = refused(&["query", &run, sql]);
        assert!(wrong.contains(part), "{sql}: {wrong}");
    }
    // A query reads no file but those of the run.
    let wrong = refused(&["query", &run, "SELECT * FROM read_csv('/etc/passwd')"]);
    assert!(wrong.contains("there is no table `read_csv`: one of: documents, "), "{wrong}");
}

#[cfg(feature = "analysis")]
#[test]
fn parquet_shards_and_annotations_are_tables_too() {
    let (folder, run) = run("[[sink]]\nuse = \"parquet\"\n");
    let sql = "SELECT id, text_bytes > 100 AS long FROM documents WHERE id < 'b' AND id > 'A'";
    assert_eq!(told(&["query", &run, sql, "--csv"]), "id,long\na,true\n", "parquet");
    assert!(told(&["inspect", &run, "--kept", "--json"]).contains("\"id\":\"g\""));
    std::fs::remove_dir_all(folder.path("out")).expect("the run");
    let rules = "[[stage]]\nuse = \"rules\"\nset = \"gopher\"\n[[stage]]\nuse = \"tokenize\"\ntokenizer = \"bytes\"\n[[sink]]\nuse = \"shards\"\nseq_len = 64\n[[sink]]\nuse = \"jsonl\"\n";
    folder.report(&pipeline(rules), &["--set", "run.mode=annotate"]);
    let sql = "SELECT keep, value, threshold FROM annotations WHERE id = 'd' AND rule = 'too_few_words'";
    assert!(told(&["query", &run, sql, "--csv"]).starts_with("keep,value,threshold\nfalse,"));
    let tokens = told(&["query", &run, "SELECT COUNT(*) AS n, SUM(tokens) = SUM(bytes) AS same FROM shards", "--csv"]);
    assert_eq!(tokens, "n,same\n7,true\n");
}

#[test]
fn the_difference_of_two_runs_is_told() {
    let (folder, first) = run(JSONL);
    let second = folder.path("second").display().to_string();
    let set = format!("run.output={second}");
    folder.report(&pipeline(JSONL), &["--set", &set, "--set", "stage.dedup_minhash.threshold=0.99"]);
    let shown = told(&["diff", &first, &second]);
    for part in [
        "  stage.dedup_minhash\n    - dedup_minhash {}\n    + dedup_minhash {\"threshold\"=0.99;}",
        "  documents_kept ",
        "  dedup_minhash/near_duplicate ",
        "  1 dedup_minhash/near_duplicate -> kept\n    b (",
        "  5 kept in both, 0 of them with another text",
    ] {
        assert!(shown.contains(part), "{part} is missing from\n{shown}");
    }
    let found: serde_json::Value = serde_json::from_str(&told(&["diff", &second, &first, "--json"])).expect("JSON");
    let moved = &found["documents"]["moves"][0];
    assert_eq!((&moved["first"], &moved["second"]["dropped"], &moved["count"]), (&json!("kept"), &json!(["dedup_minhash", "near_duplicate"]), &json!(1)));
    let same = told(&["diff", &first, &first]);
    assert!(same.contains("settings\n  are equal\ncounts\n  are equal\n") && !same.contains("->"), "{same}");
}

/// The page after its script has run, as Chromium has it, and what stood in its console; none where there is no Chromium.
fn rendered(folder: &Folder, page: &Path, hash: &str) -> Option<(String, String)> {
    let address = format!("file://{}#{hash}", page.display());
    let profile = format!("--user-data-dir={}", folder.path("browser").display());
    let options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"];
    let output = Command::new("chromium").args(options).args([&profile, &address]).output().ok()?;
    assert!(output.status.success(), "{}", said(&output));
    let console: Vec<String> = said(&output).lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n")))
}

#[test]
fn the_page_works_in_a_browser() {
    let (folder, run) = run(JSONL);
    let page = folder.path("out/report.html");
    let Some((whole, console)) = rendered(&folder, &page, "") else { return println!("no chromium on this machine: the page was not opened") };
    assert_eq!(console, "", "the browser's console is quiet");
    let name = Path::new(&run).file_name().expect("a name").to_string_lossy().into_owned();
    assert!(whole.contains(&format!("<title>{name} – ")), "no text of the data has run");
    assert!(!whole.contains("<img"), "no text of the data is markup");
    assert!(whole.contains("<p id=\"found\" role=\"status\">7 shown of 7</p>"), "all documents are listed");
    assert!(whole.contains("<svg") && whole.contains("fill=\"var(--bar)\""), "charts are drawn");
    // Only one of two near-duplicates says what is marked.
    assert!(whole.contains("<ins>red</ins>") && whole.contains("<del>blue</del>"), "differences are marked");
    assert!(whole.contains("in the early morning<del>. This long notice stands"), "a cut is shown in its place");
    let shown =
        |hash: &str| rendered(&folder, &page, hash).map(|(dom, console)| (dom.matches("<details><summary><bdi>").count(), dom, console)).expect("a browser");
    let (all, ..) = shown("");
    let (few, dom, console) = shown("side=dropped&reason=near_duplicate");
    assert!(dom.contains("role=\"status\">1 shown of 1</p>") && console.is_empty(), "{console}");
    assert_eq!(all - few, 6);
    assert!(shown("text=%E6%B2%B3%E8%BE%B9").1.contains("role=\"status\">1 shown of 1</p>"), "texts are searched, in Chinese too");
    assert!(shown("text=of%20stone&side=kept").1.contains("role=\"status\">1 shown of 1</p>"), "filters are joined");
    assert!(shown("reason=nothing&side=kept").1.contains("role=\"status\">5 shown of 5</p>"), "a value that is not there is none");
    told(&["report", &run, "--lang", "zh"]);
    let (dom, _, console) = (shown("").1, (), shown("").2);
    assert!(dom.contains("<html lang=\"zh-Hans\">") && dom.contains("7 篇显示，共 7") && console.is_empty(), "{console}");
}
