//! Every sample trace beside the repository, with what a person reads in it.
//!
//! The samples lie outside the repository, at `../shared/data/tracebacks`; without them the test says so and passes.

#![expect(clippy::print_stderr, reason = "a skipped comparison should say so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use timberline_pattern::fingerprint::exception_key;
use timberline_pattern::shape::Fingerprint;
use timberline_pattern::trace::{Frame, Joiner, find};

/// Checked by hand against the files. Both members of `python311_group` are one bug, so its root cause is theirs;
/// those of `node_aggregate` are two, and the frame is that of the first.
///
/// File, language, type of the outermost exception, type of the root, the root's top frame of the program's own code.
const EXPECTED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "java17_chain",
        "java",
        "java.lang.IllegalStateException",
        "java.lang.NumberFormatException",
        "App$Conf.port",
    ),
    (
        "java17_lambda",
        "java",
        "java.lang.UnsupportedOperationException",
        "java.lang.UnsupportedOperationException",
        "App.lambda$lambda",
    ),
    ("java17_npe", "java", "java.lang.NullPointerException", "java.lang.NullPointerException", "App.npe"),
    ("java17_rec", "java", "java.lang.ArithmeticException", "java.lang.ArithmeticException", "App.rec"),
    (
        "java17_reflect",
        "java",
        "java.lang.reflect.InvocationTargetException",
        "java.lang.NullPointerException",
        "App.npe",
    ),
    (
        "java17_stackoverflow",
        "java",
        "java.lang.StackOverflowError",
        "java.lang.StackOverflowError",
        "App.so",
    ),
    (
        "java17_suppressed",
        "java",
        "java.lang.RuntimeException",
        "java.lang.RuntimeException",
        "App.suppressed",
    ),
    (
        "java17_thread",
        "java",
        "java.lang.IllegalArgumentException",
        "java.lang.IllegalArgumentException",
        "App.lambda$thread",
    ),
    ("node_aggregate", "node", "AggregateError", "AggregateError", "a.<anonymous>"),
    ("node_asyncstack", "node", "TypeError", "TypeError", "a.inner"),
    ("node_cause", "node", "AppError", "TypeError", "a.inner"),
    ("node_multiline", "node", "Error", "Error", "a.<anonymous>"),
    ("node_reject", "node", "Error", "Error", "a.<anonymous>"),
    ("perl_confess", "perl", "die", "die", "main.f"),
    ("python311_async", "python", "TimeoutError", "TimeoutError", "chain.co"),
    ("python311_group", "python", "ExceptionGroup", "FileNotFoundError", "chain.load"),
    ("python311_handling", "python", "ValueError", "ValueError", "chain.handling"),
    ("python311_note", "python", "ValueError", "ValueError", "chain.note"),
    ("python311_outer", "python", "RuntimeError", "FileNotFoundError", "chain.load"),
    ("python311_plainname", "python", "KeyboardInterrupt", "KeyboardInterrupt", "chain.<module>"),
    ("python311_recursion", "python", "ValueError", "ValueError", "chain.rec"),
    ("python311_stopiter", "python", "StopIteration", "StopIteration", "chain.<module>"),
    ("python311_syntax", "python", "SyntaxError", "SyntaxError", "chain.<module>"),
    ("rust_bt0_unwrap", "rust", "panic", "panic", "p"),
    ("rust_bt1_assert", "rust", "panic", "panic", "p::main"),
    ("rust_bt1_err", "rust", "panic", "panic", "p::main"),
    ("rust_bt1_expect", "rust", "panic", "panic", "p::main"),
    ("rust_bt1_index", "rust", "panic", "panic", "p::idx"),
    ("rust_bt1_multiline", "rust", "panic", "panic", "p::main"),
    ("rust_bt1_thread", "rust", "panic", "panic", "p::main::{closure}"),
    ("rust_bt1_unwrap", "rust", "panic", "panic", "<p::S as p::T>::go::{closure}"),
    ("rust_full_unwrap", "rust", "panic", "panic", "<p::S as p::T>::go::{closure}"),
];

/// Something thrown that is no error has neither type nor frames; its text is a message like any other.
const WITHOUT_TRACE: &str = "node_nonerror";

fn samples() -> Option<BTreeMap<String, String>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tracebacks"));
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    };
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.ok()?.path();
        Some((path.file_stem()?.to_str()?.to_owned(), std::fs::read_to_string(&path).ok()?))
    };
    Some(files.filter_map(read).collect())
}

#[test]
fn every_sample_is_read_as_a_person_reads_it() {
    let Some(samples) = samples() else { return };
    assert_eq!(samples.len(), EXPECTED.len() + 1, "a sample without expectation");
    assert_eq!(find(&samples[WITHOUT_TRACE]), []);
    for &(name, language, outermost, root, top) in EXPECTED {
        let traces = find(&samples[name]);
        assert_eq!(traces.len(), 1, "{name}: {traces:#?}");
        let trace = &traces[0];
        let found_top = trace.top_in_app_frame().map(Frame::name).unwrap_or_default();
        assert_eq!(
            (trace.language.as_str(), &*trace.outermost().type_name, &*trace.root().type_name, &*found_top),
            (language, outermost, root, top),
            "{name}"
        );
    }
}

#[test]
fn samples_of_one_bug_share_a_key_and_no_others_do() {
    let Some(samples) = samples() else { return };
    let mut names_of_key: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (name, ..) in EXPECTED {
        names_of_key.entry(exception_key(&find(&samples[*name])[0])).or_default().push(name);
    }
    let mut shared: Vec<Vec<&str>> = names_of_key.into_values().filter(|names| names.len() > 1).collect();
    shared.sort();
    // A group whose members are one bug is that bug; a full backtrace is the short one with more of the runtime.
    assert_eq!(shared, [["python311_group", "python311_outer"], ["rust_bt1_unwrap", "rust_full_unwrap"]]);
}

#[test]
fn other_places_lines_and_addresses_keep_the_key() {
    let Some(samples) = samples() else { return };
    for (name, ..) in EXPECTED {
        let text = &samples[*name];
        let mut other = text
            .replace("/srv/app/", "/home/build/3f2a9c1b/")
            .replace("(2903", "(77")
            .replace("pool-1-thread-3", "pool-9-thread-12");
        other = other
            .replace("0x5580b22", "0x7f10c33")
            .replace("59807616e1fa2540724bfbac14d7976d7e4a3860", "0123456789abcdef0123456789abcdef01234567");
        for (from, to) in [("line ", "line 1"), (".java:", ".java:7"), (".js:", ".js:4"), (".rs:", ".rs:2")] {
            other = other.replace(from, to);
        }
        assert_ne!(&other, text, "{name}");
        assert_eq!(exception_key(&find(&other)[0]), exception_key(&find(text)[0]), "{name}\n{other}");
    }
}

/// The keys of what a log's entries tell of: of each by itself, unless it is part of a trace over several.
fn keys_of_entries(entries: &[&str], step_ns: i64) -> Vec<Fingerprint> {
    let mut joiner = Joiner::default();
    let mut joined = Vec::new();
    for (number, text) in (0..).zip(entries) {
        let time_ns = i64::try_from(number).expect("few entries") * step_ns;
        joined.extend(joiner.feed("one", time_ns, number, text));
    }
    joined.extend(joiner.finish());
    let part_of: BTreeSet<u64> = joined.iter().flat_map(|joined| joined.entries.iter().copied()).collect();
    let alone = (0..).zip(entries).filter(|(number, _)| !part_of.contains(number)).map(|(_, text)| *text);
    let texts = joined.iter().map(|joined| joined.text.as_str()).chain(alone);
    texts.flat_map(find).map(|trace| exception_key(&trace)).collect()
}

#[test]
fn every_sample_has_the_same_keys_line_by_line() {
    let Some(samples) = samples() else { return };
    for (name, text) in &samples {
        let whole = keys_of_entries(&[text], 1);
        let lines: Vec<&str> = text.lines().collect();
        for step_ns in [0, 1_000, 300_000_000] {
            assert_eq!(keys_of_entries(&lines, step_ns), whole, "{name}, lines {step_ns} ns apart");
        }
        let without_empty: Vec<&str> = lines.iter().copied().filter(|line| !line.is_empty()).collect();
        assert_eq!(keys_of_entries(&without_empty, 1_000), whole, "{name}, empty lines lost");
        for n_lines in [2, 3] {
            let parts: Vec<String> = lines.chunks(n_lines).map(|lines| lines.join("\n")).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            assert_eq!(keys_of_entries(&parts, 1_000), whole, "{name}, {n_lines} lines an entry");
        }
    }
}

#[test]
fn samples_one_behind_another_are_kept_apart() {
    let Some(samples) = samples() else { return };
    for (first_name, first) in &samples {
        for (second_name, second) in &samples {
            let between = ["GET /health 200", "request 7 done"];
            let lines: Vec<&str> =
                first.lines().chain(between).chain(second.lines()).chain(between).collect();
            let expected: Vec<Fingerprint> = [first, second]
                .iter()
                .flat_map(|text| find(text))
                .map(|trace| exception_key(&trace))
                .collect();
            assert_eq!(keys_of_entries(&lines, 1_000), expected, "{first_name}, then {second_name}");
        }
    }
}

#[test]
fn every_sample_on_one_line_has_the_same_keys() {
    let Some(samples) = samples() else { return };
    let keys = |text: &str| find(text).iter().map(exception_key).collect::<Vec<_>>();
    for (name, text) in &samples {
        // Where the message is all that names it, a word before it makes another message.
        let prefixes = if name.starts_with("perl") { &[""][..] } else { &["", "error: "] };
        for prefix in prefixes {
            let text = text.trim();
            let written_out = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
            let line = format!("{prefix}{written_out}");
            assert_eq!(keys(&line), keys(text), "{name}: {line}");
        }
    }
}
