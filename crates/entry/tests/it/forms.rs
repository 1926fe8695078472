//! The same entries in every form in which exports come.

use crate::source::{read_bytes, read_bytes_by};
use std::io::Write as _;
use timberline_entry::{RejectReason as R, RepairKind};

fn entry(id: &str) -> String {
    format!(
        r#"{{"insertId":"{id}","labels":{{"a":"}}{{"}},"severity":"INFO","textPayload":"x \"y\" \\","timestamp":"2025-09-16T01:42:58.5Z"}}"#
    )
}

fn pretty(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn check(bytes: &[u8], ids: &[&str], reasons: &[R]) {
    let whole = read_bytes(bytes).unwrap();
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(whole.ids(), ids, "{shown}");
    assert_eq!(whole.reasons(), reasons, "{shown}\n{:?}", whole.rejects);
    for budget in [1, 100, 300] {
        let by_budget = read_bytes_by(bytes, budget).unwrap();
        assert_eq!(by_budget.entries, whole.entries, "budget {budget}: {shown}");
        assert_eq!(by_budget.rejects, whole.rejects, "budget {budget}: {shown}");
    }
}

#[test]
fn containers() {
    let (a, b, c) = (&entry("a"), &entry("b"), &entry("c"));
    let forms = [
        format!("[{a},{b},{c}]"),
        pretty(&format!("[{a},{b},{c}]")),
        format!("{a}\n{b}\n{c}\n"),
        format!("{a}\r\n{b}\r\n{c}"),
        format!("{a}{b}{c}"),
        format!("{}\n{}\n{}", pretty(a), pretty(b), pretty(c)),
        format!(r#"{{"entries":[{a},{b},{c}],"nextPageToken":"x"}}"#),
        pretty(&format!(r#"{{"entries":[{a},{b},{c}],"nextPageToken":"x"}}"#)),
        format!(r#"{{"entries":[{a}]}}{{"entries":[{b},{c}]}}"#),
        format!(r#"{{"logs":{{"ERROR":[{a}],"INFO":[{b},{c}]}},"counts":{{"ERROR":1}}}}"#),
        format!(r#"[[{a},{b}],[{c}]]"#),
        format!(r#"[{{"entries":[{a},{b}]}},{{"entries":[{c}]}}]"#),
        format!(r#"{{"x":{{"y":[{{"z":[{a},{b},{c}]}}]}}}}"#),
        format!("[{a},{b}][{c}]"),
        format!("[{a},{b},{c},]"),
        format!("[{a} {b},,{c}]"),
        format!("\u{feff}[{a},{b},{c}]"),
        format!("{a}\n\u{feff}{b}\n{c}"),
        format!("[{a},{b},{c}"),
        format!("{a},\n{b},\n{c},"),
    ];
    for form in forms {
        check(form.as_bytes(), &["a", "b", "c"], &[]);
    }
    check(b"[]", &[], &[]);
    check(b"{\"entries\":[]}", &[], &[]);
    check(b"{\"nextPageToken\":\"x\"}", &[], &[]);
}

#[test]
fn places() {
    let (a, b) = (&entry("a"), &entry("b"));
    let text = format!("{{\"logs\":{{\"ERROR\":[\n{a},\n{b}],\"INFO\":[{a}]}}}}");
    let whole = read_bytes(text.as_bytes()).unwrap();
    let lines: Vec<u64> = whole.entries.iter().map(|got| got.line).collect();
    assert_eq!(lines, [2, 3, 3]);
    let contexts: Vec<(&str, u64)> =
        whole.facts.contexts.iter().map(|context| (&*context.path, context.records)).collect();
    assert!(contexts.contains(&("logs.ERROR", 2)), "{contexts:?}");
    assert!(contexts.contains(&("logs.INFO", 1)), "{contexts:?}");
    for got in &whole.entries {
        let start = usize::try_from(got.offset).unwrap();
        let written = &text[start..start + usize::try_from(got.len).unwrap()];
        assert_eq!(serde_json::from_str::<serde_json::Value>(written).unwrap(), got.json);
    }
}

#[test]
fn encodings() {
    let text = format!("[{},{}]", entry("→a"), entry("🔴"));
    let le: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let be: Vec<u8> =
        [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    check(&le, &["→a", "🔴"], &[]);
    check(&be, &["→a", "🔴"], &[]);
    let broken = [b"[", entry("a\u{1}").as_bytes(), b",", entry("b").as_bytes(), b"]"].concat();
    let broken: Vec<u8> = broken.into_iter().map(|b| if b == 1 { 0xff } else { b }).collect();
    check(&broken, &["a\u{fffd}", "b"], &[]);
    assert_eq!(read_bytes(&broken).unwrap().repairs.count(RepairKind::InvalidUtf8), 1);
}

#[test]
fn compressions() {
    let text = format!("[{},{}]", entry("a"), entry("b"));
    let (first, second) = text.as_bytes().split_at(100);
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let xz = |bytes: &[u8]| {
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    type Compress<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let compressors: [Compress; 4] = [&gzip, &bzip2, &zstd, &xz];
    for compress in compressors {
        check(&compress(text.as_bytes()), &["a", "b"], &[]);
        check(&[compress(first), compress(second)].concat(), &["a", "b"], &[]);
    }
    let cut = gzip(text.as_bytes());
    check(&cut[..cut.len() - 4], &["a", "b"], &[R::CompressedEndsEarly]);
    let long: String = (0..3000)
        .map(|n| entry(&format!("{n:x}{:x}", (n as u32).wrapping_mul(2_654_435_761))) + "\n")
        .collect();
    // Blocks of bzip2 and chunks of xz are larger than this text; cut inside the first one, nothing comes out of it.
    for compress in [&bzip2 as Compress, &xz] {
        let cut = compress(long.as_bytes());
        let refusal = read_bytes(&cut[..cut.len() / 2]).unwrap_err();
        assert_eq!(refusal.reason, R::CompressedEndsEarly, "{refusal}");
    }
    for compress in [&gzip as Compress, &zstd] {
        let mut cut = compress(long.as_bytes());
        cut.truncate(cut.len() * 9 / 10);
        let whole = read_bytes(&cut).unwrap();
        assert_eq!(whole.reasons().last(), Some(&R::CompressedEndsEarly));
        assert!(whole.rejects.len() <= 2);
    }
}

#[test]
fn damage() {
    let (a, b, c) = (&entry("a"), &entry("b"), &entry("c"));
    // In each form, the middle entry is damaged in one way.
    let damages: [(&str, String); 9] = [
        ("a brace lost", b.replacen("}{\"}", "}{\"", 1)),
        ("a closing quote lost", b.replacen("\"b\"", "\"b", 1)),
        ("an opening quote lost", b.replacen("\"b\"", "b\"", 1)),
        ("a colon lost", b.replacen(":", "", 1)),
        ("cut inside a string", b[..40].to_owned()),
        ("cut behind a key", b[..b.find(":\"INFO").unwrap()].to_owned()),
        ("an opening brace lost", b.replacen("{\"a\":", "\"a\":", 1)),
        ("a brace too many", b.replacen("}{\"}", "}{\"}}", 1)),
        ("its own brace lost", b[1..].to_owned()),
    ];
    for (what, damaged) in damages {
        println!("{what}");
        for (open, between, close) in
            [("[", ",", "]"), ("[\n  ", ",\n  ", "\n]"), ("", "\n", "\n"), ("", "", "")]
        {
            let text = format!("{open}{a}{between}{damaged}{between}{c}{close}");
            let whole = read_bytes(text.as_bytes()).unwrap();
            assert_eq!(whole.ids(), ["a", "c"], "{what}: {text} {:?}", whole.rejects);
            assert!(!whole.rejects.is_empty(), "{what}");
            check(text.as_bytes(), &["a", "c"], &whole.reasons());
        }
    }
}

#[test]
fn ends_that_are_missing() {
    let (a, b) = (&entry("a"), &entry("b"));
    for form in [format!("[{a},{b}]"), pretty(&format!("[{a},{b}]")), format!("{a}\n{b}")] {
        let end = form.rfind("labels").unwrap();
        check(&form.as_bytes()[..end], &["a"], &[R::CutOff]);
    }
    check(format!("{{\"entries\":[{a},{{\"insertId\":").as_bytes(), &["a"], &[R::CutOff]);
    check(b"[{\"insertId\":", &[], &[R::CutOff]);
}

#[test]
fn what_is_no_entry() {
    let a = &entry("a");
    check(format!("[{a},1,2,null,\"x\",{a}]").as_bytes(), &["a", "a"], &[R::NotAnEntry; 4]);
    check(format!("[{a},{{\"x\":1}},{a}]").as_bytes(), &["a", "a"], &[R::NotAnEntry]);
    check(format!("Listing entries: [default]\n[{a}]").as_bytes(), &["a"], &[R::StrayText]);
    check(format!("{a}\nhello\n{a}\nbye").as_bytes(), &["a", "a"], &[R::StrayText, R::StrayText]);
    check(b"just text\nand more", &[], &[R::NotJson]);
    check(b"[2025-09-16 01:40] INFO hello", &[], &[R::NotJson]);
    check(br#"[{"insertId":"a","textPayload":"b"}]"#, &[], &[R::NoTimestamp]);
    check(br#"[{"insertId":"a","timestamp":"soon"}]"#, &[], &[R::BadTimestamp]);
    check(br#"[{"insertId":"a","receiveTimestamp":"2025-09-16T01:42:58Z"}]"#, &["a"], &[]);
}

#[test]
fn refusals() {
    let check = |bytes: &[u8], reason: R, detail: &str| {
        let refusal = read_bytes(bytes).unwrap_err();
        assert_eq!(refusal.reason, reason);
        assert!(refusal.detail.contains(detail), "{refusal}");
    };
    check(b"", R::Empty, "no bytes");
    check(b" \n\n", R::Empty, "white space");
    check(b"---\ninsertId: abc\ntimestamp: x\n", R::NotJson, "--format=json");
    check(b"\x89PNG\r\n\x1a\n", R::NotJson, "PNG");
    check(b"<!DOCTYPE html>", R::NotJson, "web page");
}

/// A flipped byte of compressed data is never taken for nothing: all entries are there, or the damage is said.
#[test]
fn one_damaged_byte_of_compressed_data_is_always_said() {
    let lines: Vec<String> = (0..4000)
        .map(|n| entry(&format!("e{n:04}-{:x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))))
        .collect();
    let text = lines.join("\n");
    let all = read_bytes(text.as_bytes()).unwrap();
    let packed: [(&str, Vec<u8>); 4] = [
        ("gzip", {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }),
        ("bzip2", {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }),
        ("zstd", {
            let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }),
        ("xz", {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }),
    ];
    for (name, packed) in packed {
        let (mut n_refused, mut n_partly, mut n_unharmed) = (0, 0, 0);
        for step in 0..60 {
            let mut damaged = packed.clone();
            let at = 6 + step * (packed.len() - 6) / 60;
            damaged[at] ^= 1 << (step % 8);
            let Ok(whole) = read_bytes(&damaged) else {
                n_refused += 1;
                continue;
            };
            let is_said = whole
                .reasons()
                .iter()
                .any(|reason| matches!(reason, R::CompressedDamaged | R::CompressedEndsEarly));
            if is_said {
                n_partly += 1;
            } else {
                assert_eq!(whole.ids(), all.ids(), "{name}: byte {at} flipped, and nothing said");
                n_unharmed += 1;
            }
        }
        println!(
            "{name}: {n_partly} read as far as it went, {n_refused} refused, {n_unharmed} of no account"
        );
        assert!(n_partly > 0 && n_unharmed < 6, "{name}: {n_partly} {n_refused} {n_unharmed}");
    }
}

#[test]
fn documents_have_places_of_their_own() {
    let (a, b, c) = (&entry("a"), &entry("b"), &entry("c"));
    let places = |text: String| -> Vec<(String, u64, bool)> {
        let contexts = read_bytes(text.as_bytes()).unwrap().facts.contexts.into_iter();
        let with_entries = contexts.filter(|context| context.records > 0);
        with_entries.map(|context| (context.path, context.records, context.is_bare)).collect()
    };
    let place = |path: &str, records, is_bare| (path.to_owned(), records, is_bare);
    assert_eq!(
        places(format!("[{a},{b}]\n[{c}]\n{{\"logs\":[{a}]}}")),
        [place("", 2, false), place("#2", 1, false), place("#3.logs", 1, false)]
    );
    assert_eq!(places(format!("{a}\n{b}\n{c}")), [place("", 3, true)]);
    assert_eq!(places(format!("{a}\n[{b}]\n{c}")), [place("", 2, true), place("#2", 1, false)]);
}

#[test]
fn lines_of_a_stream_have_one_place() {
    let line = |time: u32| {
        format!(
            "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"timeUnixNano\":\"175798434900000000{time}\",\"body\":{{\"stringValue\":\"x\"}}}}]}}]}}]}}"
        )
    };
    let whole = read_bytes(format!("{}\n{}\n{}", line(1), line(2), line(3)).as_bytes()).unwrap();
    let places: Vec<u64> = whole.facts.contexts.iter().map(|c| c.records).filter(|n| *n > 0).collect();
    assert_eq!(places, [3], "{:?}", whole.facts.contexts);
}
