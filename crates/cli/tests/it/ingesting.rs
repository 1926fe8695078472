//! `ingest`, and what can be asked about where entries came from.

use crate::{Run, ask, number, run, text, truth};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

fn balances(account: &Value) {
    let [read, kept, duplicates, rejected] =
        ["read", "kept", "duplicates", "rejected"].map(|name| number(&account[name]));
    assert_eq!(read, kept + duplicates + rejected, "{account}");
}

#[test]
fn the_account_is_the_truth() {
    let archive = TempDir::new().unwrap();
    let ingest = run(archive.path(), &["ingest", "data/exports", "--format", "json"]);
    assert_eq!(ingest.code, 3);
    let (account, truth) = (ingest.json(), truth());
    assert_eq!(account["schema"], "timberline/ingest/1");
    balances(&account);
    for (ours, theirs) in
        [("read", "read"), ("kept", "entries"), ("duplicates", "duplicates"), ("rejected", "rejected")]
    {
        assert_eq!(account[ours], truth[theirs], "{ours}");
    }
    let sources = account["sources"].as_array().unwrap();
    let expected = truth["sources"].as_array().unwrap();
    assert_eq!(sources.len(), expected.len());
    for expected in expected {
        let path = format!("data/exports/{}", text(&expected["path"]));
        let source = sources.iter().find(|source| source["path"] == path.as_str()).expect(&path);
        balances(source);
        for name in ["read", "rejected", "cut"] {
            assert_eq!(source[name], expected[name], "{name} of {path}");
        }
    }
    // What the second run says: nothing is new, and that is no failure.
    let again = run(archive.path(), &["ingest", "data/exports", "--format", "json"]);
    assert_eq!((again.code, number(&again.json()["read"])), (0, 0));
    assert_eq!(again.json()["unchanged"].as_array().unwrap().len(), expected_len(&truth));
}

fn expected_len(truth: &Value) -> usize {
    truth["sources"].as_array().unwrap().len()
}

#[test]
fn two_halves_in_any_order_are_the_whole() {
    let (whole, halves) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    run(whole.path(), &["ingest", "data/exports"]);
    for part in ["data/exports/gcloud", "data/exports/fetcher", "data/exports"] {
        let ingest = run(halves.path(), &["ingest", part, "--format", "json"]);
        balances(&ingest.json());
    }
    let question = ["freq", "severity>=ERROR", "--by", "revision,severity", "--format", "json"];
    let (whole, halves) = (run(whole.path(), &question), run(halves.path(), &question));
    assert_eq!(whole.json()["groups"], halves.json()["groups"]);
    assert_eq!(number(&whole.json()["total"]), 167);
}

/// Ingests files of the given content and returns what became of it.
fn ingest_of(files: &[(&str, &str)], more: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let exports = folder.path().join("exports");
    std::fs::create_dir(&exports).unwrap();
    for (name, content) in files {
        std::fs::write(exports.join(name), content).unwrap();
    }
    let mut args = vec!["ingest", exports.to_str().unwrap()];
    args.extend(more);
    run(&folder.path().join("archive"), &args)
}

const ENTRY: &str =
    r#"{"insertId":"a","timestamp":"2025-06-01T00:00:00Z","severity":"ERROR","textPayload":"x"}"#;

#[test]
fn exit_codes_say_how_complete_it_is() {
    let page = ("page.html", "<html><body>Sign in</body></html>");
    let good = ("good.json", ENTRY);
    let cut = format!("[{ENTRY},{{\"insertId\":\"b\",\"timest");
    for (files, code) in [
        (&[good][..], 0),
        (&[("nothing.json", "[]")], 0),
        (&[good, page], 3),
        (&[good, ("empty.json", "")], 3),
        (&[("cut.json", cut.as_str())], 3),
        (&[page], 2),
        (&[("empty.json", "")], 2),
        (&[("other.json", "{\"hello\":1}")], 2),
        (&[], 2),
    ] {
        let ingest = ingest_of(files, &["--format", "json"]);
        assert_eq!(ingest.code, code, "{files:?}: {}{}", ingest.stdout, ingest.stderr);
        balances(&ingest.json());
    }
    let missing = run(Path::new("no-archive-here"), &["ingest", "no-such-file.json", "--format", "json"]);
    assert_eq!((missing.code, text(&missing.json()["refused"][0]["reason"])), (2, "not-found"));
}

/// Runs the program inside a folder, with the archive that it takes by itself.
fn run_in(folder: &Path, args: &[&std::ffi::OsStr]) -> Run {
    let mut command = crate::command(folder, &[]);
    let output =
        command.env_remove("TIMBERLINE_ARCHIVE").current_dir(folder).args(args).output().expect("it runs");
    Run {
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        code: output.status.code().expect("the program ends by itself"),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::new().unwrap();
    let odd = OsStr::from_bytes(b"odd\xff.ndjson");
    let other = ENTRY.replace("\"a\"", "\"b\"");
    std::fs::write(folder.path().join("good.ndjson"), ENTRY).unwrap();
    std::fs::write(folder.path().join(odd), &other).unwrap();
    let [ingest, all, json] = ["ingest", "*.ndjson", "--format=json"].map(OsStr::new);
    let by_pattern = run_in(folder.path(), &[ingest, all, json]);
    assert_eq!(by_pattern.code, 0, "{}", by_pattern.stderr);
    let account = by_pattern.json();
    assert_eq!(number(&account["kept"]), 2);
    assert_eq!(account["sources"][1]["path"], "odd\u{fffd}.ndjson");

    std::fs::remove_dir_all(folder.path().join("timberline-archive")).unwrap();
    let gone = OsStr::from_bytes(b"gone\xff.ndjson");
    let typed = run_in(folder.path(), &[ingest, gone, odd, OsStr::new("good.ndjson"), json]);
    assert_eq!(typed.code, 3, "{}", typed.stderr);
    assert_eq!(number(&typed.json()["kept"]), 2);
    assert_eq!(typed.json()["refused"][0]["path"], "gone\u{fffd}.ndjson");
}

#[test]
fn archives_are_no_exports() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("good.json"), ENTRY).unwrap();
    let ingest = |paths: &[&str]| {
        let args = [&["ingest"], paths, &["--format", "json"]].concat();
        run_in(folder.path(), &args.iter().map(std::ffi::OsStr::new).collect::<Vec<_>>())
    };
    for paths in [&["."][..], &["."], &["*"], &["**/*"], &["timberline-archive", "good.json"]] {
        let run = ingest(paths);
        assert_eq!(run.code, 0, "{paths:?}: {}{}", run.stdout, run.stderr);
        let account = run.json();
        assert_eq!(account["refused"], Value::Array(Vec::new()), "{paths:?}");
        let n_sources =
            account["sources"].as_array().unwrap().len() + account["unchanged"].as_array().unwrap().len();
        assert_eq!(n_sources, 1, "{paths:?}: {account}");
    }
    assert_eq!(ingest(&["."]).json()["left_out"], serde_json::json!(["timberline-archive"]));
    let shown = run_in(folder.path(), &["ingest", "."].map(std::ffi::OsStr::new));
    assert_eq!(shown.stdout.matches("timberline-archive").count(), 1, "{}", shown.stdout);
    // Another archive is none, either.
    assert_eq!(ingest(&["good.json", "--archive", "older"]).code, 0);
    assert_eq!(ingest(&["."]).json()["left_out"], serde_json::json!(["older", "timberline-archive"]));
    let alone = ingest(&["older"]);
    assert_eq!(alone.code, 2);
    assert!(
        text(&alone.json()["refused"][0]["detail"]).contains("archive of Timberline"),
        "{}",
        alone.stdout
    );
}

#[test]
fn what_a_folder_without_exports_has_is_said() {
    let refused = ingest_of(&[(".hidden.json", ENTRY)], &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stdout.contains(".hidden.json (its name begins with a dot)"), "{}", refused.stdout);
}

#[test]
fn refusals_are_named_with_what_was_found_instead() {
    let ingest = ingest_of(&[("page.html", "<html><body>Sign in</body></html>"), ("empty.json", "")], &[]);
    for part in ["Not read", "page.html", "web page", "empty.json", "nothing in it"] {
        assert!(ingest.stdout.contains(part), "{part} in {}", ingest.stdout);
    }
}

#[test]
fn repaired_damage_is_located() {
    let entry = |id: &str, said: &str| {
        ENTRY.replace("\"a\"", &format!("\"{id}\"")).replace("\"x\"", &format!("\"{said}\""))
    };
    let folder = TempDir::new().unwrap();
    let (sound, broken) = (entry("a", "x"), entry("b", "x\u{1}y"));
    let files = [
        (
            "comma.json",
            format!("[{sound},\n{},\n]", entry("c", "z")).into_bytes(),
            "trailing-comma",
            (2 * sound.len() + 3, 2 * sound.len() + 4),
            2,
        ),
        (
            "control.ndjson",
            format!("{sound}\n{broken}\n{broken}\n").into_bytes(),
            "raw-control",
            (sound.len() + 1, sound.len() + 1 + broken.len()),
            2,
        ),
        (
            "inside.json",
            entry("d", "x").replace("\"}", "\",}").into_bytes(),
            "trailing-comma",
            (0, sound.len() + 1),
            1,
        ),
        (
            "utf8.json",
            entry("e", "x")
                .replace('x', "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|b| if b == 1 { 0xff } else { b })
                .collect::<Vec<u8>>(),
            "invalid-utf8",
            (0, sound.len()),
            1,
        ),
    ];
    for (name, bytes, reason, range, line) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        let ingest = |archive: &str, format: &str| {
            run(&folder.path().join(archive), &["ingest", path, "--format", format])
        };
        let account = ingest(&format!("{name}.1"), "json");
        assert_eq!(account.code, 3, "{name}: {}", account.stdout);
        let account = account.json();
        balances(&account);
        assert_eq!(
            (number(&account["rejected"]), number(&account["sources"][0]["rejected"])),
            (0, 0),
            "{name}"
        );
        assert!(number(&account["repaired"]) > 0, "{account}");
        let damage = &account["damage"][0];
        assert_eq!((text(&damage["reason"]), &damage["repaired"]), (reason, &Value::Bool(true)), "{name}");
        assert_eq!(damage["first_bytes"], serde_json::json!([range.0, range.1]), "{name}");
        assert_eq!(number(&damage["first_line"]), line, "{name}");
        assert_eq!(number(&damage["count"]), if reason == "raw-control" { 2 } else { 1 }, "{name}");
        let shown = ingest(&format!("{name}.2"), "text").stdout;
        assert!(shown.contains(&format!("bytes {} to {}", range.0, range.1)), "{shown}");
        // What was said once is not said again of what is there.
        assert_eq!(ingest(&format!("{name}.1"), "text").code, 0);
    }
    // Two keys of one name are no damage.
    let twice =
        ingest_of(&[("twice.json", &ENTRY.replace('{', "{\"severity\":\"INFO\","))], &["--format", "json"]);
    assert_eq!((twice.code, number(&twice.json()["repaired"])), (0, 1));
}

#[test]
fn a_wrong_field_map_can_be_corrected() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gen.json");
    let line =
        |n: usize, more: &str| format!("{{\"time\":\"2025-06-01T00:00:0{n}Z\",\"message\":\"{n}\"{more}}}");
    let late = ",\"ts\":\"2026-01-01T00:00:00Z\"";
    let ingest = |archive: &str, map: &str| {
        let args =
            ["ingest", path.to_str().unwrap(), "--dialect", "generic", "--map", map, "--format", "json"];
        run(&folder.path().join(archive), &args)
    };
    // Nothing was kept: the source is read again, and what was rejected is no longer.
    std::fs::write(&path, [line(1, ""), line(2, "")].join("\n")).unwrap();
    assert_eq!(ingest("void", "timestamp=ts").code, 2);
    let again = ingest("void", "timestamp=time");
    assert_eq!((again.code, number(&again.json()["kept"])), (0, 2), "{}", again.stdout);
    let rejects = run(&folder.path().join("void"), &["rejects", "--format", "json"]).json();
    assert_eq!(number(&rejects["total"]), 0);
    let same = ingest("void", "timestamp=time");
    assert_eq!((same.code, same.json()["unchanged"].as_array().unwrap().len()), (0, 1));
    assert_eq!(run(&folder.path().join("void"), &["ingest", path.to_str().unwrap()]).code, 0);
    assert_eq!(run(&folder.path().join("void"), &["verify"]).code, 0);
    // Some entries were kept, and would stay: it says what they are, and the way out.
    std::fs::write(&path, [line(1, ""), line(2, ""), line(3, ""), line(4, late)].join("\n")).unwrap();
    assert_eq!(ingest("some", "timestamp=ts").code, 3);
    let other = ingest("some", "timestamp=time");
    assert_eq!(other.code, 2, "{}", other.stdout);
    let refused = &other.json()["refused"][0];
    assert_eq!(refused["reason"], "other-rules");
    for part in ["timestamp=ts", "1 of its 4 entries", "another archive"] {
        assert!(text(&refused["detail"]).contains(part), "{part} in {refused}");
    }
    assert_eq!(ingest("other", "timestamp=").code, 2);
    // What the service wrote is read as such, whatever is asked for.
    std::fs::write(&path, ENTRY).unwrap();
    assert_eq!(run(&folder.path().join("own"), &["ingest", path.to_str().unwrap()]).code, 0);
    assert_eq!(ingest("own", "timestamp=time").code, 0);
}

#[test]
fn standard_input_and_field_maps() {
    let archive = TempDir::new().unwrap();
    let args = [
        "ingest",
        "-",
        "--dialect",
        "generic",
        "--map",
        "timestamp=when,service=app,message=what",
        "--format",
        "json",
    ];
    let mut child =
        crate::command(archive.path(), &args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let line = "{\"when\":\"2025-06-01T00:00:00Z\",\"app\":\"shop\",\"what\":\"sold out\"}\n";
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let found =
        run(archive.path(), &["search", "service=shop", "--fields", "message,source", "--format", "ndjson"]);
    assert_eq!(found.stdout, "{\"message\":\"sold out\",\"source\":{\"path\":\"-\",\"line\":1}}\n");
}

#[test]
fn revisions_by_a_configured_path() {
    let folder = TempDir::new().unwrap();
    let (archive, export) = (folder.path().join("archive"), folder.path().join("export.json"));
    let line = |n: usize, version: &str| {
        format!(
            r#"{{"insertId":"{n}","timestamp":"2025-06-01T00:00:0{n}Z","severity":"ERROR","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"shop","revision_name":"shop-0000{n}-abc"}}}},"labels":{{"app/version":"{version}"}},"textPayload":"sold out"}}"#
        )
    };
    std::fs::write(&export, [line(1, "v7"), line(2, "v7"), line(3, "v8")].join("\n")).unwrap();
    let field = "labels.\"app/version\"";
    let export = export.to_str().unwrap();
    assert_eq!(run(&archive, &["ingest", export, "--revision-field", field]).code, 0);
    let counts = |filter: &str| -> Vec<(String, u64)> {
        let found = run(&archive, &["freq", filter, "--by", "revision", "--format", "json"]).json();
        let groups = found["groups"].as_array().unwrap().iter();
        groups.map(|group| (text(&group["key"]["revision"]).to_owned(), number(&group["count"]))).collect()
    };
    let mut all = counts("");
    all.sort();
    assert_eq!(all, [("v7".to_owned(), 2), ("v8".to_owned(), 1)]);
    // The label of the resource is asked for what it says, not for the revision.
    assert_eq!(counts("resource.labels.revision_name=\"shop-00003-abc\""), [("v8".to_owned(), 1)]);
    assert_eq!(counts("revision=v7"), [("v7".to_owned(), 2)]);

    let refused = run(&archive, &["ingest", export, "--revision-field", "jsonPayload.image"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("reindex --revision-field"), "{}", refused.stderr);
    assert_eq!(run(&archive, &["verify"]).code, 0);
    assert_eq!(run(&archive, &["reindex", "--revision-field", ""]).code, 0);
    assert_eq!(counts("").len(), 3);
    assert_eq!(run(&archive, &["verify"]).code, 0);
}

#[test]
fn wrong_flags_are_refused() {
    for args in [
        &["ingest", "data", "--dialect", "yaml"][..],
        &["ingest", "data", "--map", "colour=red"],
        &["ingest", "data", "--memory", "lots"],
        &["ingest"],
        &["ingest", "data", "--tz", "Mars/Olympus"],
        &["dance"],
    ] {
        let refused = run(Path::new("no-archive-here"), args);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{args:?}");
        assert!(refused.stderr.contains("error:"), "{}", refused.stderr);
    }
}

#[test]
fn sources_and_rejects_are_kept() {
    let sources = ask(&["sources", "--format", "json"]).json();
    assert_eq!(sources["schema"], "timberline/sources/1");
    let kept: u64 = sources["sources"].as_array().unwrap().iter().map(|source| number(&source["kept"])).sum();
    assert_eq!(kept, number(&truth()["entries"]));
    sources["sources"].as_array().unwrap().iter().for_each(balances);
    assert_eq!(ask(&["sources", "--format", "ndjson"]).json_lines().len(), expected_len(&truth()));

    let rejects = ask(&["rejects", "--format", "json"]).json();
    assert_eq!((text(&rejects["schema"]), number(&rejects["total"])), ("timberline/rejects/1", 1));
    assert_eq!(rejects["rejects"][0]["reason"], "cut-off");
    assert!(text(&rejects["rejects"][0]["path"]).ends_with("storefront-2025-05-27-damaged.json"));
}

#[test]
fn inspect_tells_without_an_archive() {
    let here = Path::new("no-archive-here");
    let inspection = run(here, &["inspect", "data/exports/fetcher", "--format", "json"]);
    assert_eq!(inspection.code, 0);
    let file = &inspection.json()["files"][1];
    assert_eq!((text(&file["dialect"]), number(&file["entries"])), ("client-library", 57));
    assert_eq!(file["places"]["logs_by_severity.INFO"], 35);
    assert_eq!(run(here, &["inspect", "data/exports/gcloud/storefront-2025-05-27-damaged.json"]).code, 3);
    assert_eq!(run(here, &["inspect", "README.md"]).code, 2);
}
