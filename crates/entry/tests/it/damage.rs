//! Random exports with random damage: what the damage did not touch is there, and every byte is accounted for.

use crate::source::{Whole, read_bytes_by};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::ops::Range;

/// Damage may take the separators around an entry with it; an entry this near to it counts as touched.
const NEAR: usize = 12;

#[derive(Clone, Copy, Debug)]
enum Form {
    Array,
    PrettyArray,
    Lines,
    PrettyObjects,
    Glued,
    Entries,
    BySeverity,
}

#[derive(Clone, Debug)]
enum Damage {
    Delete(usize),
    Overwrite(Vec<u8>),
    Insert(Vec<u8>),
    CutOff,
}

fn payload() -> impl Strategy<Value = Value> {
    let text = proptest::string::string_regex("[a-z \"\\\\{}\\[\\],:é🔴\n\t]{0,40}").unwrap().boxed();
    prop_oneof![
        text.clone().prop_map(|text| json!({"textPayload": text})),
        (text, any::<i64>()).prop_map(|(text, n)| json!({
            "jsonPayload": {"message": text, "n": n, "list": [{"a": 1, "timestamp": "x"}, [], {}], "none": null},
            "httpRequest": {"requestMethod": "GET", "status": 200},
        })),
        Just(json!({"protoPayload": {"@type": "t", "request": {"spec": {"items": [{"x": [1, 2, [3]]}]}}}})),
    ]
}

fn entries() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(payload(), 1..12).prop_map(|payloads| {
        let entries = payloads.into_iter().enumerate().map(|(idx, mut entry)| {
            entry["insertId"] = json!(format!("e{idx}"));
            entry["timestamp"] = json!("2025-09-16T01:42:58.5Z");
            entry["resource"] = json!({"type": "cloud_run_revision", "labels": {"service_name": "s"}});
            entry
        });
        entries.collect()
    })
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Array),
        Just(Form::PrettyArray),
        Just(Form::Lines),
        Just(Form::PrettyObjects),
        Just(Form::Glued),
        Just(Form::Entries),
        Just(Form::BySeverity),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    let junk = proptest::collection::vec(
        prop_oneof![proptest::sample::select(b"{}[]\"\\,:\n x0".to_vec()), any::<u8>(),],
        1..12,
    );
    prop_oneof![
        (1_usize..200).prop_map(Damage::Delete),
        (1_usize..4).prop_map(Damage::Delete),
        junk.clone().prop_map(Damage::Overwrite),
        junk.prop_map(Damage::Insert),
        Just(Damage::CutOff),
    ]
}

/// Writes the export and says where in it each entry stands.
fn write(entries: &[Value], form: Form) -> (Vec<u8>, Vec<Range<usize>>) {
    let (open, between, close) = match form {
        Form::Array => ("[", ",", "]"),
        Form::PrettyArray => ("[\n  ", ",\n  ", "\n]\n"),
        Form::Lines => ("", "\n", "\n"),
        Form::PrettyObjects => ("", "\n", ""),
        Form::Glued => ("", "", ""),
        Form::Entries => ("{\"entries\":[", ",", "],\"nextPageToken\":\"abc\"}"),
        Form::BySeverity => ("{\"counts\":{\"ERROR\":3},\"logs\":{\"ERROR\":[", ",", "]},\"total\":3}"),
    };
    let mut text = open.as_bytes().to_vec();
    let mut places = Vec::new();
    for (idx, entry) in entries.iter().enumerate() {
        if idx > 0 {
            let is_middle = matches!(form, Form::BySeverity) && idx == entries.len() / 2;
            text.extend_from_slice(if is_middle { b"],\"INFO\":[" } else { between.as_bytes() });
        }
        let start = text.len();
        let is_pretty = matches!(form, Form::PrettyArray | Form::PrettyObjects);
        let written =
            if is_pretty { serde_json::to_string_pretty(entry) } else { serde_json::to_string(entry) };
        let written = written.unwrap();
        let indented =
            if matches!(form, Form::PrettyArray) { written.replace('\n', "\n  ") } else { written };
        text.extend_from_slice(indented.as_bytes());
        places.push(start..text.len());
    }
    text.extend_from_slice(close.as_bytes());
    (text, places)
}

/// Damages the text and returns which part of the original it touched.
fn apply(text: &mut Vec<u8>, at: usize, damage: &Damage) -> Range<usize> {
    match damage {
        Damage::Delete(len) => {
            let end = (at + len).min(text.len());
            text.drain(at..end);
            at..end
        }
        Damage::Overwrite(junk) => {
            let end = (at + junk.len()).min(text.len());
            text.splice(at..end, junk.iter().copied());
            at..end
        }
        Damage::Insert(junk) => {
            text.splice(at..at, junk.iter().copied());
            at..at
        }
        Damage::CutOff => {
            let end = text.len();
            text.truncate(at);
            at..end
        }
    }
}

/// Everything that is in no record and no reject is white space or punctuation between entries.
fn check_accounting(text: &[u8], whole: &Whole, allowed: &[u8]) -> Result<(), TestCaseError> {
    let mut pieces: Vec<(u64, u64)> = whole.entries.iter().map(|got| (got.offset, got.len)).collect();
    pieces.extend(whole.rejects.iter().map(|reject| (reject.offset, reject.len)));
    pieces.sort_unstable();
    let near = |start: usize, end: usize| {
        let shown = start.saturating_sub(200)..(end + 200).min(text.len());
        format!("{start}..{end} in {shown:?} {}", String::from_utf8_lossy(&text[shown.clone()]))
    };
    let mut at = 0;
    for (offset, len) in pieces {
        let offset = usize::try_from(offset).unwrap();
        prop_assert!(offset >= at, "pieces overlap at {}", offset);
        for byte in &text[at..offset] {
            prop_assert!(
                allowed.contains(byte),
                "byte {:?} before {} is lost: {}",
                char::from(*byte),
                offset,
                near(at, offset)
            );
        }
        at = offset + usize::try_from(len).unwrap();
    }
    for byte in &text[at..] {
        prop_assert!(
            allowed.contains(byte),
            "byte {:?} at the end is lost: {}",
            char::from(*byte),
            near(at, text.len())
        );
    }
    Ok(())
}

/// Damage at the very beginning of an array that leaves an object with members.
fn a_beginning() -> impl Strategy<Value = Damage> {
    proptest::collection::vec(proptest::sample::select(b"{{{\"\"\",::\\0}[]".to_vec()), 0..10)
        .prop_map(|junk| Damage::Overwrite([b"{\"".as_slice(), &junk].concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_damage_did_not_touch_is_there(
        entries in entries(),
        form in form(),
        (place, damage) in prop_oneof![
            9 => (0.0_f64..1.0, damage()),
            1 => (Just(0.0), a_beginning()),
        ],
    ) {
        let (mut text, places) = write(&entries, form);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place inside a short text")]
        let at = (place * text.len() as f64) as usize;
        let touched = apply(&mut text, at, &damage);
        let shown = String::from_utf8_lossy(&text).into_owned();
        let Ok(whole) = read_bytes_by(&text, 1 << 20) else { return Ok(()) };
        let is_safe = |place: &Range<usize>| place.end + NEAR < touched.start || place.start > touched.end + NEAR;
        // Damage can leave valid JSON in which one entry has others inside; no reader can tell.
        let is_inside_another = |entry: &Value| {
            let id = entry["insertId"].as_str().unwrap();
            whole.entries.iter().any(|got| {
                got.json["insertId"] != id && got.json.to_string().contains(&format!("\"insertId\":\"{id}\""))
            })
        };
        let safe: Vec<&Value> = places
            .iter()
            .zip(&entries)
            .filter(|(place, entry)| is_safe(place) && !is_inside_another(entry))
            .map(|(_, entry)| entry)
            .collect();
        let got: Vec<&Value> =
            whole.entries.iter().map(|got| &got.json).filter(|got| safe.contains(got)).collect();
        let ids = |entries: &[&Value]| entries.iter().map(|entry| entry["insertId"].clone()).collect::<Vec<_>>();
        let near = String::from_utf8_lossy(&text[at.saturating_sub(300)..(at + 300).min(text.len())]);
        let rejected: Vec<_> =
            whole.rejects.iter().map(|reject| (reject.offset, reject.len, reject.reason)).collect();
        prop_assert_eq!(ids(&got), ids(&safe), "{:?} at {}: {} {:?}", damage, at, near, rejected);
        prop_assert_eq!(got, safe);
        let is_bare = !matches!(form, Form::Entries | Form::BySeverity);
        // Damage can make a wrapper of an entry; then its members are the wrapper's.
        if is_bare && whole.facts.wrappers == 0 {
            check_accounting(&text, &whole, b" \n\r\t,[]{}")?;
        }
        for budget in [1, 200] {
            let again = read_bytes_by(&text, budget).unwrap();
            prop_assert_eq!(&again.entries, &whole.entries, "budget {}: {}", budget, shown);
            prop_assert_eq!(&again.rejects, &whole.rejects, "budget {}: {}", budget, shown);
        }
    }

    #[test]
    fn nothing_panics(text in proptest::collection::vec(
        prop_oneof![
            proptest::sample::select(vec![
                "{", "}", "[", "]", "\"", ",", ":", "\n", " ", "\\", "1", "null", "\"entries\"", "\"insertId\":\"a\"",
                "\"timestamp\":\"2025-09-16T01:42:58.5Z\"", "{\"insertId\":\"a\",\"timestamp\":1}", "\u{feff}", "é",
            ]).prop_map(|piece| piece.as_bytes().to_vec()),
            any::<u8>().prop_map(|byte| vec![byte]),
        ],
        0..60,
    )) {
        let text = text.concat();
        if let Ok(whole) = read_bytes_by(&text, 1 << 20) {
            let again = read_bytes_by(&text, 1).unwrap();
            prop_assert_eq!(again.entries, whole.entries);
            prop_assert_eq!(again.rejects, whole.rejects);
        }
    }
}

#[test]
fn an_entry_that_damage_made_an_element_of_the_one_before_is_found() {
    let first =
        r#"{"jsonPayload":{"list":[{"a":1,"timestam2025-09-16T01:42:58.5Z","resource":{"labels":{"s":"x"}}}"#;
    let second = r#"{"textPayload":"here","insertId":"b","timestamp":"2025-09-16T01:42:58.5Z"}"#;
    let known = r#"{"jsonPayload":{"message":"m"},"insertId":"a","timestamp":"2025-09-16T01:42:58.5Z"}"#;
    // The object in which the array stands closes what the damage left open.
    let text = format!("{{\"logs\":{{\"ERROR\":[{known}],\"INFO\":[{first},{second}]}},\"total\":2}}");
    let whole = read_bytes_by(text.as_bytes(), 1 << 20).unwrap();
    assert_eq!(whole.ids(), ["a", "b"]);
    assert_eq!(whole.rejects.iter().map(|reject| reject.len).collect::<Vec<_>>(), [first.len() as u64]);
}
