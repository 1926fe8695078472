//! Equality of ids, however they are spelled in the export and in the filter.

use crate::fixture::Fixture;
use timberline_query::{Options, compile};
use timberline_search::{Means, explain};

/// Ids as they come: hex, hex in capitals, other alphabets, escaped, no strings at all, and behind prefixes.
const IDS: [&str; 19] = [
    r#""6774a0800000000a00c7a96e""#,
    r#""6774A0800000000a00c7a96e""#,
    r#""projects/p/traces/0af7651916cd43dd8448eb211c80319c""#,
    r#""0af7651916cd43dd8448eb211c80319c""#,
    r#""ff0af7651916cd43dd8448eb211c80319c""#,
    r#""00c7a96eb5a3aa08""#,
    r#""00c7a96eb5a3aa09""#,
    r#""00C7A96EB5A3AA08""#,
    r#""1ab2c3dxyz""#,
    r#""\u0030\u0030c7a96eb5a3aa08""#,
    r#""ﬀ00""#,
    r#""""#,
    "17",
    "null",
    r#"["00c7a96eb5a3aa08","5"]"#,
    r#"{"a":"00c7a96eb5a3aa08"}"#,
    r#""projects/P/traces/00c7a96eb5a3aa08""#,
    r#""projects/p/traces/00c7a96eb5a3aa08""#,
    r#""projects/p/traces/00C7a96eb5a3aa08""#,
];

const ASKED: [&str; 16] = [
    "6774a0800000000a00c7a96e",
    "6774a0800000000A00C7A96E",
    "6774a0800000000b00c7a96e",
    "projects/P/traces/0af7651916cd43dd8448eb211c80319c",
    "0af7651916cd43dd8448eb211c80319c",
    "00c7a96eb5a3aa08",
    "00C7A96EB5A3AA08",
    "00c7a96eb5a3aa09",
    "00c7a96eb5a3aa0a",
    "00c7",
    "1AB2C3dxyz",
    "ff00",
    "17",
    "",
    "projects/p/traces/00c7a96eb5a3aa08",
    "PROJECTS/P/TRACES/00c7a96eb5a3AA08",
];

fn fixture(n_entries: usize) -> Fixture {
    let line = |idx: usize| {
        let id = |step: usize| IDS[idx / step % IDS.len()];
        let time = format!("2025-01-{:02}T00:00:00.{:06}Z", 1 + idx % 28, idx);
        let (trace, span) = (id(IDS.len()), id(3));
        format!(
            r#"{{"timestamp":"{time}","insertId":{},"trace":{trace},"spanId":{span},"textPayload":"row {idx}"}}"#,
            id(1)
        )
    };
    Fixture::of_lines(&[(0..n_entries).map(line).collect()])
}

#[test]
fn any_spelling_is_found_and_nothing_else() {
    let fixture = fixture(600);
    let mut filters = Vec::new();
    for field in ["insertId", "trace", "spanId"] {
        for id in ASKED {
            for op in ["=", "!=", ":"] {
                filters.push(format!("{field}{op}\"{id}\""));
            }
            filters.push(format!("NOT {field}=\"{id}\""));
            filters.push(format!("{field}=\"{id}\" AND textPayload:7"));
            filters.push(format!("{field}=(\"{id}\" OR \"1ab2c3dxyz\" OR \"zz\")"));
            filters.push(format!("insertId=\"{id}\" OR spanId=\"{id}\""));
        }
    }
    let tally = fixture.check(&filters);
    assert!(tally.asked == filters.len() && tally.hits > filters.len() / 2, "{tally:?}");
}

#[test]
fn an_id_in_hex_leaves_one_ring() {
    let lines = (0..5000).map(|idx| {
        format!(
            r#"{{"timestamp":"2025-01-01T00:00:00.{idx:06}Z","insertId":"{idx:024x}","textPayload":"row {idx} of {}"}}"#,
            idx % 7
        )
    });
    let fixture = Fixture::of_lines(&[lines.collect()]);
    for (id, expected) in [(77, 1), (4999, 1), (5000, 0)] {
        let filter = compile(&format!("insertId=\"{id:024X}\""), &Options::default()).unwrap().filter;
        let explained = explain(&fixture.archive, &filter).unwrap();
        assert_eq!(explained.tests[0].means, Means::Ids);
        assert_eq!((explained.rings.certain, explained.rings.candidates), (0, expected), "{id}");
        assert_eq!(fixture.by_index(&filter).rows.len(), usize::try_from(expected).unwrap());
    }
}
