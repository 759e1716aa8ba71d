//! What a user's mistake gets: file, line, caret, and what to do; all mistakes of a wave at once.

use super::support::{Folder, said};

/// A pipeline around stages, with a source that gives texts.
fn around(stages: &str) -> String {
    format!(
        "[run]\noutput = \"DIR/out\"\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\nfields = {{ text = \"text\" }}\n{stages}[[sink]]\nuse = \"jsonl\"\n"
    )
}

fn refused(toml: &str, arguments: &[&str]) -> String {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"a\"}\n");
    let output = folder.run(toml, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!folder.path("out").exists(), "nothing is written before the plan stands");
    said(&output).replace(&folder.path("").display().to_string(), "DIR/")
}

#[test]
fn an_unknown_key_has_a_caret_and_the_nearest_name() {
    let shown = refused(&around("[[stage]]\nuse = \"rules\"\nsett = \"gopher\"\n"), &[]);
    let wanted = "error: stage `rules` has no key `sett`\n --> DIR/p.toml:9:1\n  |\n9 | sett = \"gopher\"\n  | ^^^^ did you mean `set`?\n";
    assert!(shown.replace("  -->", " -->").contains(wanted), "{shown}");
}

#[test]
fn all_mistakes_are_shown_together() {
    let stages = "[[stage]]\nuse = \"languge\"\n[[stage]]\nuse = \"sample\"\nshare = 1.5\n[[stage]]\nuse = \"sample\"\nshare = \"x\"\n[[stage]]\nuse = \"rules\"\nname = \"r\"\nset = \"gofer\"\n";
    let shown = refused(&around(stages), &[]);
    for part in [
        "there is no stage `languge`",
        "did you mean `language`?",
        "two stages are named `sample`",
        "1.5 is not a share: wanted 0 to 1",
        "`share` of stage `sample` does not fit",
        "gofer",
    ] {
        // Names clash before values are looked at; both waves are complete in themselves.
        let second = refused(&around(&stages.replacen("use = \"sample\"", "use = \"sample\"\nname = \"other\"", 1)), &[]);
        assert!(shown.contains(part) || second.contains(part), "{part} is missing from\n{shown}\n{second}");
    }
}

#[test]
fn a_need_that_nothing_meets_is_named_with_the_remedy() {
    let toml = around("[[stage]]\nuse = \"language\"\n").replace("text = \"text\"", "html = \"page\", text = \"\"");
    let shown = refused(&toml, &[]);
    assert!(shown.contains("stage `language` needs `text`, which nothing before it gives") && shown.contains("put `extract` before it"), "{shown}");
}

#[test]
fn missing_files_bad_bounds_and_two_outputs_are_refused() {
    for (toml, parts) in [
        (around("").replace("in.jsonl", "none-*.jsonl"), vec!["none-*.jsonl", "path"]),
        (around("[[stage]]\nuse = \"tokenize\"\ntokenizer = \"DIR/none.json\"\n"), vec!["none.json"]),
        (around("[[stage]]\nuse = \"rules\"\nset = \"gopher\"\nbounds.too_few_wrods.min = 3\n"), vec!["too_few_wrods", "too_few_words"]),
        (around("[[stage]]\nuse = \"tokenize\"\ntokenizer = \"stage:bpe\"\n"), vec!["no stage named `bpe` comes before"]),
        (around("[[sink]]\nuse = \"jsonl\"\nname = \"again\"\n"), vec!["two sinks write to `docs/`"]),
        (around("[[sink]]\nuse = \"shards\"\nseq_len = 8\n"), vec!["sink `shards` needs `tokens`", "put `tokenize` before it"]),
        (around("").replace("[[sink]]\nuse = \"jsonl\"\n", ""), vec!["the pipeline has no sink"]),
        (around("[[stage]]\nshare = 1\n"), vec!["this stage does not say what it is"]),
        (around("[[stage]]\nuse = \"sample\"\n"), vec!["stage `sample` lacks the key `share`"]),
        ("[run\n".to_owned(), vec!["this is not TOML"]),
        (around("[expect]\nkept = { min = 0.1 }\n\"nostage/reason\" = { max = 0.1 }\n"), vec!["`[expect]` knows nothing of `nostage/reason`"]),
        (around("[train]\nstepz = 3\n"), vec!["`[train]` has no key `stepz`", "did you mean `steps`?"]),
    ] {
        let shown = refused(&toml, &[]);
        for part in parts {
            assert!(shown.contains(part), "{part} is missing from\n{shown}");
        }
        assert!(shown.contains(" --> ") && shown.contains('^'), "no caret in\n{shown}");
    }
}

#[test]
fn a_function_of_python_needs_the_package() {
    let shown = refused(&around("[[stage]]\nuse = \"python\"\ncall = \"my_filters:judge\"\n"), &[]);
    assert!(shown.contains("stage `python` needs the Python package") && shown.contains("pip install dataprep"), "{shown}");
    assert!(shown.contains("DIR/p.toml:7:1"), "{shown}");
}

#[test]
fn settings_from_the_command_line_point_at_themselves() {
    let toml = around("[[stage]]\nuse = \"sample\"\nshare = 0.5\n");
    let shown = refused(&toml, &["--set", "stage.sample.share=2"]);
    assert!(shown.contains("--> --set stage.sample.share=2:1:20"), "{shown}");
    let shown = refused(&toml, &["--set", "stage.sampel.share=2"]);
    assert!(shown.contains("`--set` finds no stage `sampel`"), "{shown}");
}

#[test]
fn an_expectation_that_is_not_met_is_a_caret_and_exit_code_1() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"text\":\"a\"}\n{\"text\":\"a\"}\n");
    let toml = around("[[stage]]\nuse = \"dedup_exact\"\n") + "[expect]\nkept = { min = 0.9 }\n\"dedup_exact/exact_duplicate\" = { max = 0.6 }\n";
    let output = folder.run(&toml, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("`kept` is 0.5000") && !said(&output).contains("exact_duplicate"), "{}", said(&output));
}
