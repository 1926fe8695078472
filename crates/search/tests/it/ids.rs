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

/// Ways to ask for a text that may stand inside of an id.
fn ways(part: &str) -> Vec<String> {
    let mut ways = vec![
        format!("\"{part}\""),
        format!("NOT \"{part}\""),
        format!("SEARCH(\"{part}\")"),
        format!("\"{part}\" AND \"row 1\""),
        format!("\"{part}\" OR textPayload:7"),
        format!("NOT (\"{part}\" OR trace:\"00c7\") AND spanId:\"{part}\""),
        format!("timestamp>=\"2025-01-14\" \"{part}\""),
    ];
    for field in ["insertId", "trace", "spanId"] {
        ways.push(format!("{field}:\"{part}\""));
        ways.push(format!("NOT {field}:\"{part}\""));
        ways.push(format!("{field}=~\"{part}\""));
        ways.push(format!("SEARCH({field}, \"{part}\")"));
    }
    ways
}

#[test]
fn parts_of_ids_are_found_and_nothing_else() {
    let parts = [
        "00c7a96e",
        "00C7",
        "c7a96eb5a3aa08",
        "ff00",
        "0af7651916cd43dd8448eb211c80319c",
        "0319c",
        "s/00c7",
        "traces/0A",
        "17",
        "5",
        "1ab2c3",
        "xyz",
        "zz",
        "a0800000000a",
        "projects",
        "deadbeef",
        "a08 ",
        "8 ",
    ];
    let fixture = fixture(600);
    let mut filters: Vec<String> = parts.iter().flat_map(|part| ways(part)).collect();
    let any = |join: &str| parts.map(|part| format!("\"{part}\"")).join(join);
    filters.extend([any(" OR "), any(" "), format!("trace:({})", any(" OR "))]);
    let tally = fixture.check(&filters);
    assert!(tally.asked == filters.len() && tally.hits > filters.len() / 2, "{tally:?}");
}

/// Ids of many rows, asked for by parts of them: only the rings that have them are read, for one and for many at once.
#[test]
fn parts_of_ids_leave_few_rings() {
    // The finalizer of splitmix64: what goes in in a row comes out without one.
    let scattered = |idx: u64| {
        let mut id = idx.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        id = (id ^ id >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        id = (id ^ id >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        id ^ id >> 31
    };
    let lines = (0..5000_u64).map(|idx| {
        let id = scattered(idx);
        format!(
            r#"{{"timestamp":"2025-01-01T00:00:00.{idx:06}Z","insertId":"{idx}","trace":"projects/p/traces/{id:016x}{id:016x}","severity":"{}","textPayload":"row {idx} of step{}"}}"#,
            if idx % 2 == 0 { "INFO" } else { "ERROR" },
            char::from(b'a' + u8::try_from(idx / 2 % 25).unwrap())
        )
    });
    let fixture = Fixture::of_lines(&[lines.collect()]);
    let trace = |idx: u64| format!("{:016x}", scattered(idx));
    let all = || (0..200).map(|idx| format!("\"{}\"", &trace(idx * 25)[2..14]));
    for (text, expected) in [
        (format!("\"{}\"", &trace(77)[2..14]), 1),
        (format!("trace:\"{}\"", trace(78)), 1),
        (format!("\"{}\" severity=ERROR", &trace(77)[2..14]), 1),
        (format!("\"{}\" severity=ERROR", &trace(78)[2..14]), 0),
        (all().collect::<Vec<_>>().join(" OR "), 200),
        (all().take(2).collect::<Vec<_>>().join(" "), 0),
    ] {
        let filter = compile(&text, &Options::default()).unwrap().filter;
        let rows = fixture.by_index(&filter).rows;
        assert_eq!(rows, fixture.by_evaluation(std::slice::from_ref(&filter))[0], "{text}");
        assert_eq!(rows.len(), expected, "{text}");
        let explained = explain(&fixture.archive, &filter).unwrap();
        assert!(explained.tests.iter().any(|test| test.means == Means::Ids), "{text}: {explained:?}");
        assert!(explained.rows.candidates <= expected as u64 * 100, "{text}: {:?}", explained.rows);
    }
    let twice = compile("deadbeef deadbeef OR deadbeef", &Options::default()).unwrap().filter;
    assert_eq!(explain(&fixture.archive, &twice).unwrap().tests.len(), 1);
}
