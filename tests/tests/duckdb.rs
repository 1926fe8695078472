//! Another engine reads the archive's Parquet and agrees on counts per revision.
//!
//! DuckDB comes from PyPI into a virtual environment below the build folder, once. Without a network the test says so
//! and is skipped; that is the only reason for which it is.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking and say why they are skipped"
)]

mod common;

use jiff::tz::TimeZone;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use timberline_analysis::{Asked, GroupBy, Investigation, Question, frequency};
use timberline_archive::{Archive, Column};
use timberline_query::{Options, compile};

const VERSION: &str = "duckdb>=1.3";

/// Returns a Python interpreter that has DuckDB; `None` when it cannot be installed for want of a network.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("duckdb-venv");
    let python = folder.join("bin/python");
    let has_duckdb = |python: &Path| {
        Command::new(python)
            .args(["-c", "import duckdb"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if has_duckdb(&python) {
        return Some(python);
    }
    let made =
        Command::new("python3").args(["-m", "venv"]).arg(&folder).output().expect("python3 is installed");
    assert!(made.status.success(), "python3 -m venv: {}", text(&made));
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", VERSION])
        .output()
        .expect("the virtual environment has an interpreter");
    if installed.status.success() {
        assert!(has_duckdb(&python), "pip installed {VERSION}, and it cannot be imported");
        return Some(python);
    }
    let message = text(&installed);
    let offline =
        ["NewConnectionError", "Temporary failure in name resolution", "Network is unreachable", "timed out"]
            .iter()
            .any(|sign| message.contains(sign));
    assert!(offline, "pip install {VERSION}: {message}");
    println!("skipped: no network to install {VERSION} from");
    None
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a query that returns one JSON value.
fn duckdb(python: &Path, archive: &Path, sql: &str) -> Value {
    let script = "import duckdb, json, sys\n\
                  rows = duckdb.connect().execute(sys.argv[1]).fetchall()\n\
                  print(json.dumps(rows, default=str))";
    let sql = sql.replace(
        "ENTRIES",
        &format!("read_parquet('{}/entries/**/*.parquet', hive_partitioning = true)", archive.display()),
    );
    let output = Command::new(python).args(["-c", script, &sql]).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(python: &Path, exports: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let archive = common::archive_of(folder.path(), exports);
    let investigation = Investigation::new(&archive).unwrap();
    let per_revision = |filter: &str| -> Value {
        let question = Question {
            filter: compile(filter, &Options::default()).unwrap().filter,
            by: vec![GroupBy::Revision],
            zone: TimeZone::UTC,
            asked: Asked::default(),
        };
        let answer = frequency(&investigation, &question, false, Vec::new()).unwrap();
        let mut rows: Vec<(String, u64)> =
            answer.groups.iter().map(|group| (group.key["revision"].clone(), group.count.unwrap())).collect();
        rows.sort();
        assert!(!rows.is_empty(), "{filter}");
        serde_json::to_value(rows).unwrap()
    };
    let by_revision = |condition: &str| {
        let sql = format!(
            "SELECT revision, count(*) FROM ENTRIES WHERE {condition} GROUP BY revision ORDER BY revision"
        );
        duckdb(python, folder.path(), &sql)
    };
    assert_eq!(by_revision("true"), per_revision(""));
    assert_eq!(
        by_revision("severity IN ('ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY')"),
        per_revision("severity>=ERROR")
    );
    assert_eq!(by_revision("http_status >= 400"), per_revision("httpRequest.status>=400"));
    assert_eq!(by_revision("lower(text_payload) LIKE '%the%'"), per_revision("textPayload:the"));
    // The folder says the month, as any engine that knows hive partitions reads it.
    let months =
        duckdb(python, folder.path(), "SELECT month, count(*) FROM ENTRIES GROUP BY month ORDER BY month");
    let sum: u64 = months.as_array().unwrap().iter().map(|row| row[1].as_u64().unwrap()).sum();
    assert_eq!(sum, archive.manifest().entries());
    let columns = duckdb(python, folder.path(), "SELECT column_name FROM (DESCRIBE SELECT * FROM ENTRIES)");
    let columns: Vec<&str> = columns.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    for column in
        ["timestamp", "service", "revision", "severity", "insert_id", "json_payload", "source_line", "month"]
    {
        assert!(columns.contains(&column), "{column} is not in {columns:?}");
    }
    ids_are_those_of_the_entries(python, folder.path(), &archive);
}

/// The expression of FORMAT.md for packed ids gives the ids that the entries were exported with.
fn ids_are_those_of_the_entries(python: &Path, folder: &Path, archive: &Archive) {
    const IDS: [Column; 3] = [Column::InsertId, Column::Trace, Column::SpanId];
    let page = include_str!("../../FORMAT.md");
    let (_, section) = page.split_once("### Packed ids").unwrap();
    let (_, sql) = section.split_once("```sql\n").unwrap();
    let (sql, _) = sql.split_once(";\n```").unwrap();
    let sql = sql.replace("timberline-archive", &folder.display().to_string());
    let mut found: Vec<Vec<Option<String>>> = serde_json::from_value(duckdb(python, folder, &sql)).unwrap();
    found.sort();
    let mut expected = Vec::new();
    for segment in archive.segments() {
        segment
            .for_all_rows(&IDS, |row| {
                expected.push(IDS.map(|column| row.cells.get(column).text().map(str::to_owned)).to_vec());
                true
            })
            .unwrap();
    }
    expected.sort();
    assert_eq!(found, expected);
    let packed = duckdb(python, folder, "SELECT count(insert_id_tail), count(insert_id) FROM ENTRIES");
    let packed = [packed[0][0].as_u64().unwrap(), packed[0][1].as_u64().unwrap()];
    assert!(packed[0] > packed[1], "{packed:?}");
}

#[test]
fn duckdb_reads_the_archive_and_agrees() {
    let Some(python) = python() else { return };
    check(&python, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/exports"));
    if let Some(real) = common::real() {
        check(&python, &real);
    }
}
