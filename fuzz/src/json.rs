//! The JSON reader beside `serde_json`.

use serde_json::Value as Theirs;
use timberline_entry::json::{Document, FaultKind, Repairs, Value, canonical, parse};

/// What `serde_json` reads is read with the same value. What it does not read is refused, unless it is one of the things that
/// are tolerated on purpose. And the canonical text stands for the value.
pub(crate) fn as_serde_json_reads_it(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut nodes = Vec::new();
    let ours = parse(text, &mut nodes);
    let theirs: Result<Theirs, _> = serde_json::from_str(text);
    match (ours, &theirs) {
        (Ok(repairs), Ok(theirs)) => {
            assert_eq!(repairs, Repairs::default(), "nothing to repair in {text:?}");
            let ours = Document::new(text, &nodes).root();
            assert!(is_same(ours, theirs), "{text:?} is {}, not {theirs}", canonical(ours));
        }
        (Err(fault), Ok(_)) => assert_eq!(fault.kind, FaultKind::TooDeep, "{text:?}: {fault}"),
        (Ok(repairs), Err(error)) => {
            // Their depth is 128, numbers beyond a float and lone surrogates are errors there.
            let is_tolerated = repairs != Repairs::default()
                || error.to_string().contains("recursion limit")
                || error.to_string().contains("number out of range")
                || error.to_string().contains("surrogate")
                || error.to_string().contains("hex escape");
            assert!(is_tolerated, "{text:?}: {error}");
        }
        (Err(_), Err(_)) => return,
    }
    if ours.is_ok() {
        let written = canonical(Document::new(text, &nodes).root());
        let mut again = Vec::new();
        let repairs =
            parse(&written, &mut again).unwrap_or_else(|fault| panic!("wrote {written:?}: {fault}"));
        assert_eq!(repairs, Repairs::default(), "what was written needs no repair: {written:?}");
        assert_eq!(canonical(Document::new(&written, &again).root()), written);
    }
}

fn is_same(ours: Value<'_>, theirs: &Theirs) -> bool {
    match (ours, theirs) {
        (Value::Null, Theirs::Null) => true,
        (Value::Bool(a), Theirs::Bool(b)) => a == *b,
        (Value::Number(a), Theirs::Number(b)) => {
            serde_json::from_str::<serde_json::Number>(a).is_ok_and(|a| a == *b)
        }
        (Value::String(a), Theirs::String(b)) => a.value() == b.as_str() && a.is(b),
        (Value::Array(a), Theirs::Array(b)) => {
            a.iter().count() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Theirs::Object(b)) => {
            // A key that is there twice has its last value.
            b.iter().all(|(key, b)| a.get(key).is_some_and(|a| is_same(a, b)))
                && a.iter().all(|(key, _)| b.contains_key(&*key.value()))
        }
        _ => false,
    }
}
