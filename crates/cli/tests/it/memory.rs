//! One budget holds, whatever the input: ingests of several times the budget under a limit that the system enforces.
//!
//! The limit is on private writable memory (`RLIMIT_DATA`): heap, stacks of threads and their buffers, whether they are resident
//! or not; a program that goes beyond is refused memory and dies. Mapped files do not count, the system takes them back at
//! will. What the program needs beside its budget (stacks, the allocator's first arena, tables of the index writer) does
//! not grow with the input, so the limit is the budget and a constant.

use crate::{Run, command, run};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// How many MiB the larger exports have; the default is quick.
const SIZE: &str = "TIMBERLINE_TEST_MEMORY_MIB";
/// The least budget that the program accepts.
const BUDGET_MIB: u64 = 64;
/// What the program has beside its budget.
const CONSTANT_MIB: u64 = 320;

fn size() -> u64 {
    std::env::var(SIZE).ok().and_then(|n| n.parse().ok()).unwrap_or(2 * BUDGET_MIB) << 20
}

/// Runs the program under the limit; `None`, with a note, where the system has no `prlimit`.
fn limited(archive: &Path, args: &[&str]) -> Option<Run> {
    let plain = command(archive, args);
    let mut command = Command::new("prlimit");
    command.arg(format!("--data={}", (BUDGET_MIB + CONSTANT_MIB) << 20)).arg(plain.get_program());
    command.args(plain.get_args()).arg("--memory").arg(format!("{BUDGET_MIB}MiB"));
    command.current_dir(crate::root()).env("TIMBERLINE_ARCHIVE", archive).stdin(std::process::Stdio::null());
    match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: there is no prlimit");
            None
        }
        output => {
            let output = output.unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code().unwrap_or_else(|| panic!("out of memory: {stderr}"));
            Some(Run { stdout: String::from_utf8(output.stdout).unwrap(), stderr, code })
        }
    }
}

fn write(folder: &Path, name: &str, write: impl FnOnce(&mut BufWriter<std::fs::File>)) -> PathBuf {
    let path = folder.join(name);
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    write(&mut file);
    file.flush().unwrap();
    path
}

/// Ingests under the limit and returns the account; nothing is left beside the archive's own files.
fn ingest(folder: &TempDir, path: &Path) -> Option<serde_json::Value> {
    let archive = folder.path().join("archive");
    let ran = limited(&archive, &["ingest", path.to_str().unwrap(), "--format", "json", "--stats"])?;
    let account = ran.json();
    let count = |name: &str| account[name].as_u64().unwrap();
    assert_eq!(count("read"), count("kept") + count("duplicates") + count("rejected"), "{}", ran.stderr);
    let limit = (BUDGET_MIB + CONSTANT_MIB) << 20;
    assert!(account["stats"]["peak_resident_bytes"].as_u64().unwrap() < limit, "{account}");
    println!("{}: {}", path.display(), account["stats"]);
    Some(account)
}

#[test]
fn several_times_the_budget() {
    let folder = TempDir::new().unwrap();
    let mut n_entries = 0;
    let path = write(folder.path(), "large.ndjson", |file| {
        let (mut bytes, mut random) = (0, 1_u64);
        while bytes < size() {
            // SplitMix64: ids and numbers that no compression makes small.
            random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let second = n_entries * 37 % (30 * 86_400);
            let line = format!(
                "{{\"insertId\":\"{mixed:016x}\",\"timestamp\":\"2025-09-{:02}T{:02}:{:02}:{:02}.{:06}Z\",\"severity\":\"INFO\",\"resource\":{{\"type\":\"cloud_run_revision\",\"labels\":{{\"service_name\":\"shop\",\"revision_name\":\"shop-{:05}-abc\"}}}},\"textPayload\":\"request {n_entries} of user {:x} took {} ms\"}}\n",
                second / 86_400 + 1,
                second / 3600 % 24,
                second / 60 % 60,
                second % 60,
                mixed % 1_000_000,
                second / 86_400,
                mixed >> 20,
                mixed % 997,
            );
            file.write_all(line.as_bytes()).unwrap();
            bytes += line.len() as u64;
            n_entries += 1;
        }
    });
    let Some(account) = ingest(&folder, &path) else { return };
    assert_eq!(account["kept"], n_entries);
    assert!(account["stats"]["spilled_runs"].as_u64().unwrap() > 1, "{}", account["stats"]);
    let status = run(&folder.path().join("archive"), &["status", "--format", "json"]).json();
    assert_eq!(status["entries"], n_entries);
}

#[test]
fn one_entry_of_200_megabytes_among_others() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "one.json", |file| {
        file.write_all(
            b"[{\"insertId\":\"a\",\"timestamp\":\"2025-09-16T01:42:58Z\",\"severity\":\"INFO\"},\n",
        )
        .unwrap();
        file.write_all(b"{\"insertId\":\"large\",\"timestamp\":\"2025-09-16T01:42:58Z\",\"textPayload\":\"")
            .unwrap();
        for _ in 0..200 {
            file.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        file.write_all(
            b"\"},\n{\"insertId\":\"b\",\"timestamp\":\"2025-09-16T01:42:59Z\",\"severity\":\"INFO\"}]",
        )
        .unwrap();
    });
    let Some(account) = ingest(&folder, &path) else { return };
    assert_eq!((&account["kept"], &account["rejected"]), (&2.into(), &1.into()));
    assert_eq!(account["damage"][0]["reason"], "too-large");
}

#[test]
fn brackets_that_are_never_closed() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "open.json", |file| {
        file.write_all(
            b"{\"insertId\":\"a\",\"timestamp\":\"2025-09-16T01:42:58Z\",\"severity\":\"INFO\"}\n",
        )
        .unwrap();
        for _ in 0..300 {
            file.write_all(&[b'['; 1 << 20]).unwrap();
        }
    });
    let Some(account) = ingest(&folder, &path) else { return };
    assert_eq!(account["kept"], 1);
    assert_eq!(account["sources"][0]["cut"], "broken");
}

#[test]
fn a_million_tiny_entries_and_rubbish_between_them() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "tiny.ndjson", |file| {
        for n in 0..1_000_000 {
            let rubbish = if n % 1000 == 0 { "oops\n" } else { "" };
            writeln!(file, "{rubbish}{{\"insertId\":\"{n:x}\",\"timestamp\":{}}}", 1_758_000_000 + n / 50)
                .unwrap();
        }
    });
    let Some(account) = ingest(&folder, &path) else { return };
    assert_eq!((&account["kept"], &account["rejected"]), (&1_000_000.into(), &1000.into()));
}

#[test]
fn millions_of_broken_lines() {
    const N_BROKEN: u64 = 3_000_000;
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "broken.ndjson", |file| {
        for n in 0..N_BROKEN {
            if n % 1000 == 0 {
                writeln!(file, "{{\"insertId\":\"{n:x}\",\"timestamp\":{}}}", 1_758_000_000 + n / 50)
                    .unwrap();
            }
            // By turns an entry without a time and one whose JSON is broken.
            let end = if n % 2 == 0 { "" } else { ":" };
            writeln!(file, "{{\"insertId\":\"{n:x}\",\"textPayload\":\"x\"{end}}}").unwrap();
        }
    });
    let Some(account) = ingest(&folder, &path) else { return };
    assert_eq!((&account["kept"], &account["rejected"]), (&(N_BROKEN / 1000).into(), &N_BROKEN.into()));
    let rejects = run(&folder.path().join("archive"), &["rejects", "--format", "json"]).json();
    assert_eq!(rejects["total"], N_BROKEN);
    let records = rejects["rejects"].as_array().unwrap();
    assert_eq!(records.len(), 2 * 1001);
    let rest: Vec<u64> =
        records.iter().filter_map(|reject| reject["count"].as_u64().filter(|n| *n > 1)).collect();
    assert_eq!(rest, [N_BROKEN / 2 - 1000; 2]);
    let text = run(&folder.path().join("archive"), &["rejects", "--limit", "0"]).stdout;
    assert!(text.contains("and 1,498,999 more like it up to byte"), "{}", &text[text.len() - 500..]);
}
