//! Entries that are too large, too deep, or too many: one is lost at most, and memory stays bounded.

use crate::source::read_bytes;
use timberline_entry::RejectReason as R;
use timberline_entry::split::MAX_ENTRY_BYTES;

fn entry(id: &str, payload: &str) -> String {
    format!(r#"{{"insertId":"{id}","jsonPayload":{{"x":{payload}}},"timestamp":"2025-09-16T01:42:58Z"}}"#)
}

fn check(text: &str, ids: &[&str], reasons: &[R]) {
    let whole = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(
        (whole.ids(), whole.reasons()),
        (ids.iter().map(|id| (*id).to_owned()).collect(), reasons.to_vec())
    );
}

#[test]
fn too_deep() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let (a, b) = (entry("a", "1"), entry("b", "2"));
    check(&format!("[{a},{},{b}]", entry("deep", &deep)), &["a", "b"], &[R::TooDeep]);
    check(&format!("{a}\n{}\n{b}", entry("deep", &deep)), &["a", "b"], &[R::TooDeep]);
    check(&format!("{a}\n{}", "[".repeat(1_000_000)), &["a"], &[R::TooDeep]);
    check(&format!("{a}\n{}{b}", "[".repeat(1_000)), &["a", "b"], &[R::TooDeep]);
    check(&format!("{a}\n{}{b}", "[".repeat(100)), &["a", "b"], &[]);
    check(&format!("{a}\n{}", "{\"x\":".repeat(100_000)), &["a"], &[R::TooDeep]);
}

#[test]
fn too_large() {
    let (a, b) = (entry("a", "1"), entry("b", "2"));
    let text = format!("\"{}\"", "y".repeat(MAX_ENTRY_BYTES));
    let numbers = format!("[{}1]", "1,".repeat(MAX_ENTRY_BYTES));
    for large in [&text, &numbers] {
        let large = entry("large", large);
        let text = format!("[{a},{large},{b}]");
        let whole = read_bytes(text.as_bytes()).unwrap();
        assert_eq!(whole.ids(), ["a", "b"]);
        assert_eq!(whole.reasons(), [R::TooLarge]);
        assert_eq!(whole.rejects[0].offset, 1 + a.len() as u64 + 1);
        assert_eq!(whole.rejects[0].len, large.len() as u64);
        check(&format!("{a}\n{large}\n{b}\n"), &["a", "b"], &[R::TooLarge]);
        check(&format!("{{\"entries\":[{large},{b}]}}"), &["b"], &[R::TooLarge]);
        check(&format!("[{a},{}", &large[..large.len() - 50]), &["a"], &[R::TooLarge]);
    }
    let just_so = entry("just-so", &format!("\"{}\"", "y".repeat(MAX_ENTRY_BYTES - 1000)));
    check(&format!("[{a},{just_so},{b}]"), &["a", "just-so", "b"], &[]);
}

#[test]
fn wrappers_of_any_size() {
    let metadata: Vec<String> = (0..200_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let entries: Vec<String> =
        (0..20_000).map(|_| entry("e", "\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"")).collect();
    let text = format!(
        "{{\"about\":[{}],\"x\":{{\"logs\":{{\"A\":[{}],\"B\":[{}]}}}},\"n\":1}}",
        metadata.join(","),
        entries.join(","),
        entries.join(",\n"),
    );
    let whole = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(whole.entries.len(), 40_000);
    assert_eq!(whole.rejects, []);
    let places: Vec<(&str, u64)> =
        whole.facts.contexts.iter().filter(|c| c.records > 0).map(|c| (&*c.path, c.records)).collect();
    assert_eq!(places, [("x.logs.A", 20_000), ("x.logs.B", 20_000)]);
}

#[test]
fn many_and_far_apart() {
    let tiny = "{\"insertId\":\"a\",\"timestamp\":1}\n".repeat(100_000);
    assert_eq!(read_bytes(tiny.as_bytes()).unwrap().entries.len(), 100_000);
    let gap = " \n".repeat(4 << 20);
    check(&format!("[{gap}{}{gap},{gap}{}{gap}]", entry("a", "1"), entry("b", "2")), &["a", "b"], &[]);
    let zeros = "\0".repeat(4 << 20);
    check(&format!("{}\n{zeros}{}", entry("a", "1"), entry("b", "2")), &["a", "b"], &[R::StrayText]);
}
