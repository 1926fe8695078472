//! Random filters on random entries: printing keeps the meaning, and nothing panics.

use crate::common::matches;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use timberline_entry::{Field, LogEntry};
use timberline_query::{Filter, Node, Options, compile, fold, roots_read, time_bounds};

fn path() -> impl Strategy<Value = String> {
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

fn word() -> impl Strategy<Value = String> {
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

fn pattern() -> impl Strategy<Value = String> {
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

fn leaf() -> impl Strategy<Value = String> {
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

fn filter() -> impl Strategy<Value = String> {
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

/// Leaves by root and keys, and entries with a value in their place.
const PLACES: [(Field, &[&str], &str); 10] = [
    (Field::TextPayload, &[], r#"{"textPayload":$,"labels":{"a":"b"}}"#),
    (Field::JsonPayload, &["a"], r#"{"jsonPayload":{"a":$,"b":"a"}}"#),
    (Field::JsonPayload, &["a", "b"], r#"{"jsonPayload":{"a":[{"b":$},{"c":1}]},"severity":"ERROR"}"#),
    (Field::ProtoPayload, &["methodName"], r#"{"protoPayload":{"methodName":$}}"#),
    (
        Field::ProtoPayload,
        &["methodName", "value", "a"],
        r#"{"protoPayload":{"methodName":{"@type":"t","value":{"a":$}}}}"#,
    ),
    (Field::Labels, &["a"], r#"{"labels":{"a":$,"b.c":"a"}}"#),
    (Field::HttpRequest, &["status"], r#"{"httpRequest":{"status":$}}"#),
    (Field::Severity, &[], r#"{"severity":$}"#),
    (Field::Resource, &["labels", "a"], r#"{"resource":{"type":"a","labels":{"a":$}}}"#),
    (Field::ErrorGroups, &["id"], r#"{"errorGroups":[{"id":"a"},{"id":$}]}"#),
];

fn scalar() -> impl Strategy<Value = String> + Clone {
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

fn entry() -> impl Strategy<Value = String> {
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

/// The properties below pass over refused filters; most must not be.
#[test]
fn most_random_filters_are_accepted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let texts: Vec<String> = (0..500).map(|_| filter().new_tree(&mut runner).unwrap().current()).collect();
    let accepted = texts.iter().filter(|text| compile(text, &Options::default()).is_ok()).count();
    assert!(
        accepted > 350,
        "only {accepted} of 500; such as {:?}",
        texts.iter().find_map(|text| { compile(text, &Options::default()).err().map(|error| (text, error)) })
    );
    let entries: Vec<String> = (0..500).map(|_| entry().new_tree(&mut runner).unwrap().current()).collect();
    let matched = texts.iter().zip(&entries).filter(|(text, entry)| {
        compile(text, &Options::default()).is_ok_and(|compiled| matches(&compiled.filter, entry))
    });
    let matched = matched.count();
    assert!((accepted / 10..accepted * 9 / 10).contains(&matched), "{matched} of {accepted} match");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn printing_keeps_the_filter_and_its_answers(text in filter(), entry in entry()) {
        let Ok(compiled) = compile(&text, &Options::default()) else { return Ok(()) };
        let printed = compiled.filter.to_string();
        let again = compile(&printed, &Options::default())
            .map_err(|error| TestCaseError::fail(format!("{text}\n{}", error.render(&printed))))?;
        prop_assert_eq!(&again.filter, &compiled.filter, "{} printed as {}", text, printed);
        prop_assert!(again.warnings.iter().all(|warning| !warning.to_string().contains("binds tighter")));
        prop_assert_eq!(matches(&again.filter, &entry), matches(&compiled.filter, &entry));
    }

    #[test]
    fn conjunction_and_negation_are_what_they_say(a in filter(), b in filter(), entry in entry()) {
        let options = Options::default();
        let (Ok(a), Ok(b)) = (compile(&a, &options), compile(&b, &options)) else { return Ok(()) };
        let (yes_a, yes_b) = (matches(&a.filter, &entry), matches(&b.filter, &entry));
        prop_assert_eq!(matches(&Filter::and(a.filter.clone(), b.filter), &entry), yes_a && yes_b);
        let opposite = Filter::new(Node::Not(Box::new(a.filter.root().clone())));
        prop_assert_eq!(matches(&opposite, &entry), !yes_a);
    }

    #[test]
    fn only_the_roots_named_are_read(text in filter(), entry in entry()) {
        let Ok(compiled) = compile(&text, &Options::default()) else { return Ok(()) };
        let roots = roots_read(&compiled.filter);
        let mut nodes = Vec::new();
        timberline_entry::json::parse(&entry, &mut nodes).unwrap();
        let document = timberline_entry::json::Document::new(&entry, &nodes);
        let full = LogEntry::from_object(document.root().as_object().unwrap());
        let mut part = LogEntry::empty();
        for root in roots {
            if let Some(value) = full.exported(root) {
                part.set(root, value);
            }
        }
        let filter = &compiled.filter;
        prop_assert_eq!(timberline_query::eval(filter, &part), timberline_query::eval(filter, &full));
    }

    #[test]
    fn a_leaf_that_no_test_touches_plays_no_part(
        text in filter(), place in 0_usize..PLACES.len(), one in scalar(), other in scalar(),
    ) {
        let Ok(compiled) = compile(&text, &Options::default()) else { return Ok(()) };
        let (root, keys, shape) = PLACES[place];
        let mut touched = false;
        compiled.filter.root().each_test(&mut |test| touched |= test.touches(root, keys));
        let answer = |value: &str| matches(&compiled.filter, &shape.replace('$', value));
        prop_assert!(touched || answer(&one) == answer(&other), "{} at {:?} {:?}", text, root, keys);
    }

    #[test]
    fn nothing_outside_the_bounds_matches(text in filter(), entry in entry()) {
        let Ok(compiled) = compile(&text, &Options::default()) else { return Ok(()) };
        if !entry.contains("\"timestamp\"") || !matches(&compiled.filter, &entry) {
            return Ok(());
        }
        let time = 1_738_324_800_500_000_000;
        let (first, last) = time_bounds(&compiled.filter);
        prop_assert!(first.is_none_or(|first| first <= time) && last.is_none_or(|last| time <= last));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", entry in entry()) {
        if let Ok(compiled) = compile(&text, &Options::default()) {
            matches(&compiled.filter, &entry);
        }
    }

    #[test]
    fn no_likely_text_makes_it_panic(
        parts in prop::collection::vec(
            prop_oneof![
                leaf(), word(), path(), pattern(),
                prop_oneof![
                    Just("("), Just(")"), Just(","), Just("."), Just("-"), Just("--"), Just("\""), Just("'"),
                    Just("="), Just("!"), Just("~"), Just(":"), Just(" OR "), Just(" AND "), Just("NOT "), Just("\\"),
                    Just("\n"), Just("cast("), Just("SEARCH("), Just("`"), Just("é"), Just("\u{201c}"), Just("[")
                ].prop_map(str::to_owned),
            ],
            0..12,
        ),
        entry in entry(),
    ) {
        let text = parts.concat();
        match compile(&text, &Options::default()) {
            Ok(compiled) => {
                let rendered = compiled.warnings.iter().map(|warning| warning.render(&text)).collect::<String>();
                prop_assert!(rendered.is_empty() || rendered.contains('^'));
                matches(&compiled.filter, &entry);
            }
            Err(error) => {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                prop_assert!(text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end));
                prop_assert!(error.render(&text).contains('^'));
            }
        }
    }

    #[test]
    fn patterns_do_not_panic_and_require_what_they_say(source in "[a-c0\\\\dQEw|(){}?*+.^$\\[\\]&~,<>-]{0,12}", text in "[a-c0d<>{}&~ .-]{0,10}") {
        let Ok(regex) = timberline_query::Regex::new(&source) else { return Ok(()) };
        if let Some(literals) = regex.required_literals() {
            prop_assert!(literals.iter().all(|literal| !literal.is_empty()));
            prop_assert!(!regex.is_match(&text) || literals.iter().any(|literal| text.contains(literal)));
        }
    }

    #[test]
    fn folding_is_stable(text in "\\PC{0,20}") {
        let folded = fold(&text).into_owned();
        prop_assert_eq!(fold(&folded), folded.as_str());
    }
}
