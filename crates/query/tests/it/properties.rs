//! Random filters on random entries: printing keeps the meaning, and nothing panics.

use crate::common::matches;
use crate::random::{entry, filter, leaf, path, pattern, scalar, word};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use timberline_entry::{Field, LogEntry};
use timberline_query::{Filter, Node, Options, compile, fold, roots_read, time_bounds};

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
