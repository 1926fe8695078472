//! The program as people meet it: arguments in; stdout, stderr and exit code out.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests, too")]

mod ages;
mod asking;
mod documents;
mod ending;
mod hostile;
mod ingesting;
mod memory;
mod searching;
mod worklog;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

/// What a run of the program gave.
struct Run {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The top folder of the project, in which every run happens.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program with an environment that says nothing.
fn command(archive: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timberline"));
    for name in ["NO_COLOR", "TERM", "LC_ALL", "LC_CTYPE", "LANG"] {
        command.env_remove(name);
    }
    command.current_dir(root()).env("TIMBERLINE_ARCHIVE", archive).args(args).stdin(Stdio::null());
    command
}

fn run(archive: &Path, args: &[&str]) -> Run {
    let output = command(archive, args).output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().expect("the program ends by itself"),
    }
}

/// Asks the archive of the sample exports, which is made once.
fn ask(args: &[&str]) -> Run {
    static ARCHIVE: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = TempDir::new().unwrap();
        let ingest = run(folder.path(), &["ingest", "data/exports"]);
        assert_eq!(ingest.code, 3, "one entry of the samples is cut off: {}", ingest.stderr);
        folder
    });
    run(ARCHIVE.path(), args)
}

/// What is true about the sample exports, counted by their generator.
fn truth() -> Value {
    serde_json::from_slice(&std::fs::read(root().join("data/truth.json")).unwrap()).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
