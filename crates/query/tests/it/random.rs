//! Random filters from the whole grammar, and entries to ask them of; tests of the index use them as well.

use proptest::prelude::*;

/// A path of any type, most of which the entries below have.
pub(crate) fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("textPayload"),
        Just("severity"),
        Just("timestamp"),
        Just("httpRequest.status"),
        Just("httpRequest.latency"),
        Just("http_request.request_url"),
        Just("labels.a"),
        Just("labels.\"b.c\""),
        Just("jsonPayload"),
        Just("jsonPayload.a"),
        Just("jsonPayload.a.b"),
        Just("jsonPayload.\"x\\\"y\""),
        Just("protoPayload.methodName"),
        Just("protoPayload.METHOD_NAME.a"),
        Just("resource"),
        Just("resource.labels.a"),
        Just("errorGroups.id"),
        Just("traceSampled"),
        Just("message"),
        Just("revision"),
    ]
    .prop_map(str::to_owned)
}

/// A value as a filter writes it.
pub(crate) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[abAB]{1,3}",
        2 => "\"[abAB \\\\n.:*é\u{df}-]{0,4}\"".prop_filter("a backslash must not hide the quote", |s| {
            s.chars().rev().skip(1).take_while(|c| *c == '\\').count() % 2 == 0
        }),
        1 => Just("\"\\x41\\[\\u00e9\"".to_owned()),
        1 => Just("5".to_owned()),
        1 => Just("-1.5".to_owned()),
        1 => Just("NULL_VALUE".to_owned()),
        1 => Just("*".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("ERROR".to_owned()),
        1 => Just("\"1.5s\"".to_owned()),
        1 => Just("\"2025-01-31T12:00:00Z\"".to_owned()),
        1 => Just("\"2025-01-31\"".to_owned()),
        1 => Just("cloud.google.com/x".to_owned()),
        1 => Just("'single'".to_owned()),
    ]
}

/// A pattern with its quotes.
pub(crate) fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![Just("\"a\""), Just("\"(?i)b+\""), Just("\"\\d\\.\""), Just("\"\\\"x\""), Just("\"[a&&b]$\"")]
        .prop_map(str::to_owned)
}

fn list(item: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let group =
        (prop::collection::vec(item.clone(), 1..4), prop_oneof![Just(" OR "), Just(" AND "), Just(" ")])
            .prop_map(|(items, join)| format!("({})", items.join(join)));
    prop_oneof![
        5 => item.clone(),
        2 => group.clone(),
        1 => (item, group).prop_map(|(a, b)| format!("(NOT {a} OR {b})")),
    ]
}

/// A path with a value of its type; what any text fits is most frequent, so that most filters are accepted.
fn typed() -> impl Strategy<Value = (String, String)> {
    let of = |paths: &'static [&'static str], values: &'static [&'static str]| {
        (prop::sample::select(paths), prop::sample::select(values))
            .prop_map(|(path, value)| (path.to_owned(), value.to_owned()))
    };
    prop_oneof![
        2 => of(&["severity"], &["ERROR", "default", "(INFO OR \"500\")", "*"]),
        2 => of(&["timestamp"], &["\"2025-01-31T12:00:00.5Z\"", "\"2025-01-31\"", "\"2025-02-01T00:00:00+02:00\""]),
        2 => of(&["httpRequest.status", "http_request.STATUS"], &["5", "-1", "(0 OR \"5\")", "0"]),
        1 => of(&["httpRequest.latency"], &["2s", "1.5s", "\"1500ms\""]),
        1 => of(&["traceSampled"], &["true", "\"FALSE\""]),
    ]
}

/// Paths that any value fits.
fn text_path() -> impl Strategy<Value = String> {
    path().prop_filter("any text fits", |path| {
        !["severity", "timestamp", "status", "latency", "traceSampled"]
            .iter()
            .any(|typed| path.contains(typed))
    })
}

/// One test.
pub(crate) fn leaf() -> impl Strategy<Value = String> {
    let op = prop_oneof![
        Just("="),
        Just("!="),
        Just(":"),
        Just("<"),
        Just("<="),
        Just(">"),
        Just(">="),
        Just(" = ")
    ];
    prop_oneof![
        8 => (text_path(), op.clone(), list(word().boxed())).prop_map(|(p, o, v)| format!("{p}{o}{v}")),
        4 => (typed(), op.clone())
            .prop_map(|((p, v), o)| if v == "*" { format!("{p}:*") } else { format!("{p}{o}{v}") }),
        2 => (path(), prop_oneof![Just("=~"), Just("!~")], list(pattern().boxed()))
            .prop_map(|(p, o, v)| format!("{p}{o}{v}")),
        2 => word(),
        1 => "[abAB]{1,2}( `[ab ]{1,3}`)?".prop_map(|w| format!("SEARCH(\"{w}\")")),
        1 => (path(), "[abAB]{1,2}").prop_map(|(p, w)| format!("SEARCH({p}, {w})")),
        1 => "[aA](/|%2F)b".prop_map(|w| format!("log_id(\"{w}\")")),
        1 => path().prop_map(|p| format!("sample({p}, 0.5)")),
        1 => path().prop_map(|p| format!("ip_in_net({p}, \"10.0.0.0/8\")")),
        1 => (path(), op, word()).prop_map(|(p, o, w)| format!("cast({p}, STRING){o}{w}")),
        1 => path().prop_map(|p| format!("CAST(REGEXP_EXTRACT({p}, \"(\\\\d)\"), INT64)>3")),
    ]
}

/// A filter with structure; most are accepted.
pub(crate) fn filter() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (
                prop::collection::vec(inner.clone(), 2..4),
                prop_oneof![Just(" AND "), Just(" OR "), Just("\n")]
            )
                .prop_map(|(items, join)| items.join(join)),
            inner.clone().prop_map(|text| format!("({text})")),
            inner.clone().prop_map(|text| format!("NOT ({text})")),
            inner.prop_map(|text| format!("-({text}) -- note\n")),
        ]
    })
}

/// A JSON value that is no container.
pub(crate) fn scalar() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("5".to_owned()),
        Just("-1.50".to_owned()),
        Just("\"1.5s\"".to_owned()),
        Just("\"A\\u0042\\n\"".to_owned()),
        "\"[abAB :.é\u{df}\u{301}]{0,5}\"",
    ]
}

fn json() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(
                (prop_oneof![Just("a"), Just("b"), Just("x\\\"y"), Just("methodName")], inner),
                0..3
            )
            .prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// An entry that such filters often match.
pub(crate) fn entry() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        json().prop_map(|v| format!("\"jsonPayload\":{{\"a\":{v}}}")),
        json().prop_map(|v| format!("\"protoPayload\":{{\"methodName\":{v}}}")),
        json().prop_map(|v| format!("\"textPayload\":{v}")),
        json().prop_map(|v| format!("\"labels\":{{\"a\":{v}}}")),
        json().prop_map(|v| format!("\"httpRequest\":{{\"status\":{v},\"latency\":\"2s\"}}")),
        json().prop_map(|v| format!("\"severity\":{v}")),
        json().prop_map(|v| format!("\"errorGroups\":[{{\"id\":{v}}}]")),
        Just("\"timestamp\":\"2025-01-31T12:00:00.5Z\"".to_owned()),
        Just("\"logName\":\"projects/p/logs/a%2Fb\"".to_owned()),
        json().prop_map(|v| format!("\"resource\":{{\"type\":\"t\",\"labels\":{{\"a\":{v}}}}}")),
    ];
    prop::collection::vec(field, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(",")))
}
