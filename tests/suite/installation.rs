//! From a release to the first check: the package, the installer and the action's script, with a release that lies in a folder.

use std::path::Path;
use std::process::{Command, Output};

use super::support::{Folder, dataprep, said};

const TARGET: &str = "x86_64-unknown-linux-musl";

/// A script of the repository, run by `sh` in a folder.
fn script(name: &str, folder: &Folder, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut command = Command::new("sh");
    command.arg(path).args(arguments).current_dir(folder.path(""));
    command.env("DATAPREP_SYSTEM", "Linux x86_64").env_remove("GITHUB_STEP_SUMMARY").envs(environment.iter().copied()).output().expect("sh")
}

fn has(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Packs the binary under test as the release workflow does.
fn release(folder: &Folder) -> String {
    let packed = script(".ci/package", folder, &[env!("CARGO_BIN_EXE_dataprep"), TARGET], &[]);
    assert!(packed.status.success(), "{}", said(&packed));
    let archive = format!("dataprep-{TARGET}.tar.gz");
    let listed = Command::new("tar").args(["-tzf", &archive]).current_dir(folder.path("")).output().expect("tar");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in ["dataprep\n", "man/dataprep.1\n", "man/dataprep-check.1\n", "man/dataprep-shards-merge.1\n", "completions/dataprep.fish\n", "LICENSE\n"] {
        assert!(listed.contains(name), "{name} is missing from\n{listed}");
    }
    let sums = Command::new("sha256sum").arg(&archive).current_dir(folder.path("")).output().expect("sha256sum");
    folder.write("SHA256SUMS", sums.stdout);
    format!("file://{}", folder.path("").display())
}

#[test]
fn a_release_is_installed_and_checks_in_ci() {
    if !has("curl") || !has("sha256sum") || !has("tar") {
        // Bare machines have no curl; CI's have all three.
        return;
    }
    let folder = Folder::new();
    let from = release(&folder);
    let from = from.trim_end_matches('/');
    let installed = script("install.sh", &folder, &["--to", "bin", "--from", from], &[]);
    assert!(installed.status.success(), "{}", said(&installed));
    let told = String::from_utf8_lossy(&installed.stdout).into_owned();
    assert_eq!(told, format!("installed dataprep {} in bin\n", env!("CARGO_PKG_VERSION")));

    let refused = |arguments: &[&str], environment: &[(&str, &str)], part: &str| {
        let output = script("install.sh", &folder, arguments, environment);
        assert!(output.status.code() == Some(2) && said(&output).contains(part) && said(&output).contains("\n  help: "), "{part}: {}", said(&output));
    };
    refused(&["--to", "other", "--from", &format!("{from}/none")], &[], "cannot download");
    refused(&["--to", "other"], &[("DATAPREP_REPOSITORY", "")], "nobody has said where dataprep is kept");
    refused(&["--two", "other"], &[], "there is no option --two");
    refused(&["--from", from], &[("DATAPREP_SYSTEM", "Plan9 mips")], "no binary is released for Plan9 mips");
    folder.write("SHA256SUMS", format!("{}  dataprep-{TARGET}.tar.gz\n", "0".repeat(64)));
    refused(&["--to", "other", "--from", from], &[], "is not what the release lists");
    folder.write("SHA256SUMS", "");
    refused(&["--to", "other", "--from", from], &[], "does not list");
    assert!(!folder.path("other").exists(), "nothing of it is installed");

    // The action's script over the binary that was installed.
    let path = format!("{}:{}", folder.path("bin").display(), std::env::var_os("PATH").unwrap_or_default().to_string_lossy());
    let texts: String = (0..200).map(|at| format!("{{\"text\": \"This is text number {at}, which nobody else has.\"}}\n")).collect();
    folder.write("my texts.jsonl", &texts);
    folder.write("checks.toml", "[[check]]\nname = \"long\"\nmetric = \"characters/p50\"\nmin = 1000\n");
    let act = |inputs: &[(&str, &str)]| script(".ci/action", &folder, &[], &[&[("PATH", path.as_str())], inputs].concat());
    let sound = act(&[("INPUT_DATA", "my texts.jsonl\n")]);
    assert!(sound.status.success(), "{}", said(&sound));
    let failed = act(&[("INPUT_DATA", "my texts.jsonl"), ("INPUT_CHECKS", "checks.toml"), ("INPUT_JUNIT", "checks.xml")]);
    let told = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(failed.status.code() == Some(1) && told.contains("::error file=checks.toml,line=4,title=long (characters/p50)::"), "{told}{}", said(&failed));
    assert!(folder.path("checks.xml").is_file());
    folder.write("train.jsonl", "{\"instruction\": \"q\", \"output\": \"\"}\n");
    let linted = act(&[("INPUT_DATA", "train.jsonl"), ("INPUT_VERB", "lint"), ("INPUT_SARIF", "lint.sarif"), ("INPUT_STRICT", "true")]);
    let told = String::from_utf8_lossy(&linted.stdout).into_owned();
    assert!(linted.status.code() == Some(1) && told.starts_with("::error file=train.jsonl,line=1,title=DP105 empty_answer::"), "{told}");
    assert!(folder.path("lint.sarif").is_file());
    assert_eq!(act(&[]).status.code(), Some(2), "nothing to check");
    assert_eq!(act(&[("INPUT_DATA", "my texts.jsonl"), ("INPUT_VERB", "rm")]).status.code(), Some(2));
}

#[test]
fn the_files_of_a_release_name_each_other_rightly() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file");
    let (workflow, installer, action, runner) = (read(".github/workflows/release.yml"), read("install.sh"), read("action.yml"), read(".ci/action"));
    for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "aarch64-apple-darwin", "x86_64-apple-darwin"] {
        assert!(workflow.contains(&format!("target: {target},")) && installer.contains(&format!("target={target} ;;")), "{target}");
    }
    let inputs: Vec<&str> = action.lines().filter_map(|line| line.trim().strip_prefix("INPUT_")?.split(':').next()).collect();
    assert!(inputs.len() == 8 && inputs.iter().all(|input| runner.contains(&format!("INPUT_{input}"))), "{inputs:?}");
    assert!(inputs.iter().all(|input| action.contains(&format!("\n  {}:\n", input.to_lowercase()))), "{inputs:?}");
}

#[test]
fn completions_and_manual_pages_come_from_the_command_line() {
    for (shell, part) in [
        ("bash", "complete -F _dataprep"),
        ("zsh", "#compdef dataprep"),
        ("fish", "complete -c dataprep"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion"),
    ] {
        let script = String::from_utf8_lossy(&dataprep(&["completions", shell], &[]).stdout).into_owned();
        for word in [part, "learn-tokenizer", "lint"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let page = String::from_utf8_lossy(&dataprep(&["man"], &[]).stdout).into_owned();
    for part in [".TH dataprep 1", ".SH SYNOPSIS", "Run a pipeline, or go on with one that was stopped"] {
        assert!(page.contains(part), "{part} is missing from\n{page}");
    }
}
