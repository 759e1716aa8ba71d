//! The READMEs are true: the table of stages is the generated one, the pipeline shown can be planned, and the paths they name exist.

use std::process::Command;

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_table_of_stages_is_the_generated_one() {
    for (name, language) in [("README.md", "en"), ("README.zh.md", "zh")] {
        let output = Command::new(env!("CARGO_BIN_EXE_dataprep")).args(["stages", "--markdown", "--lang", language]).output().expect("the binary runs");
        let table = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(read(name).contains(table.trim()), "{name} lacks this table (`dataprep stages --markdown --lang {language}`):\n{table}");
    }
}

#[test]
fn what_the_readmes_name_exists() {
    for name in ["README.md", "README.zh.md", "ARCHITECTURE.md"] {
        let text = read(name);
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.trim_end_matches('/');
            let named =
                ["src/", "pipelines/", "filters/", "fixtures/", "tests/", "benches/", "examples/", ".ci/"].iter().any(|folder| path.starts_with(folder));
            if named && !path.contains(['*', ' ', '<']) {
                let there = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists();
                assert!(there, "{name} names `{path}`, which is not there");
            }
        }
    }
}

#[test]
fn the_first_pipeline_of_the_readme_can_be_planned() {
    let folder = super::support::Folder::new();
    folder.write("my-texts.jsonl", "{\"text\":\"a\"}\n");
    for name in ["README.md", "README.zh.md"] {
        let text = read(name);
        let toml = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_else(|| panic!("{name} shows no pipeline"));
        let file = folder.write("mine.toml", toml);
        let output = Command::new(env!("CARGO_BIN_EXE_dataprep"))
            .args(["plan", &file.display().to_string()])
            .current_dir(folder.path(""))
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What stands in the first block of `kind` that holds `word`.
fn block(name: &str, kind: &str, word: &str) -> String {
    let text = read(name);
    let start = format!("```{kind}\n");
    let blocks = text.split(&start).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains(word)).map(str::to_owned).next().unwrap_or_else(|| panic!("{name} shows no {kind} with {word}"))
}

#[test]
fn the_rule_set_of_the_readmes_drops_what_it_says() {
    for name in ["README.md", "README.zh.md"] {
        let folder = super::support::Folder::new();
        folder.write("shouting.toml", block(name, "toml", "[[rule]]"));
        folder.write("in.jsonl", "{\"text\":\"QUIET WORDS\"}\n{\"text\":\"Quiet words\"}\n");
        let pipeline = "[run]\noutput = \"DIR/out\"\ndropped = 1.0\n[source]\nuse = \"jsonl\"\npath = \"DIR/in.jsonl\"\n\
            [[stage]]\nuse = \"rules\"\nset = \"DIR/shouting.toml\"\n[[sink]]\nuse = \"jsonl\"\n";
        folder.report(pipeline, &[]);
        let dropped = super::support::lines(&folder.path("out/dropped"));
        assert_eq!((folder.docs().len(), dropped.len()), (1, 1), "{name}");
        assert_eq!((dropped[0]["reason"].as_str(), dropped[0]["threshold"].as_f64()), (Some("shouting"), Some(0.3)), "{name}");
    }
}

#[test]
fn the_measure_of_the_readmes_is_one_of_ours() {
    for name in ["README.md", "README.zh.md"] {
        assert!(read("src/measures/characters.rs").contains(&block(name, "rust", "uppercase_share")), "{name} shows another function");
        let entry = "measure(\"uppercase_char_share\", characters::uppercase_share)";
        assert!(read(name).contains(entry) && read("src/measures/mod.rs").contains(entry), "{name} shows another line of the table");
    }
}
