use super::*;
use crate::compile;

fn refused(text: &str, expected: &str) {
    match compile(text, &Options::default()) {
        Ok(compiled) => panic!("{text} was read as {}", compiled.filter),
        Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
    }
}

#[test]
fn what_does_not_exist() {
    refused(
        "thud=1",
        "log entries have no field 'thud' (fields of your own stand below jsonPayload or labels, text in quotes)",
    );
    refused("textPayload.thud=1", "'textPayload' has no field 'thud'");
    refused("operation.thud=1", "'operation' has no field 'thud' (it has id, producer, first, last)");
    refused("severty=ERROR", "log entries have no field 'severty' (did you mean severity?)");
    refused("serach(\"a\")", "there is no function 'serach' (did you mean SEARCH?)");
}

#[test]
fn values_of_the_wrong_type() {
    refused(
        "severity=\"HIGH\"",
        "the value 'HIGH' is of incorrect type: severity is one of DEFAULT, DEBUG, INFO, NOTICE, WARNING, ERROR, \
         CRITICAL, ALERT, EMERGENCY",
    );
    let wrong = |text: &str, hint: Option<&str>| {
        let error = compile(text, &Options::default()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::WrongType { .. }), "{text}: {error}");
        assert_eq!(error.hint.as_deref(), hint, "{text}");
    };
    wrong("severity=warn", Some("did you mean WARNING?"));
    wrong("severity=ERRROR", Some("did you mean ERROR?"));
    wrong("httpRequest.latency>2", Some("did you mean \"2s\"?"));
    wrong("httpRequest.status=abc", None);
    wrong("httpRequest.status=99999999999", None);
    wrong("traceSampled=1", None);
    wrong("timestamp>\"2020-01-27T 8:05:00Z\"", Some("did you mean \"2020-01-27T08:05:00Z\"?"));
    wrong("timestamp>\"2020-01-27 08:05:00Z\"", Some("did you mean \"2020-01-27T08:05:00Z\"?"));
    wrong("timestamp>yesterday", None);
    wrong("cast(labels.a, INT64)>x", None);
}

#[test]
fn functions() {
    for (text, kind) in [
        ("log_id()", "arguments"),
        ("log_id(a, b)", "arguments"),
        ("log_id((a))", "arguments"),
        ("log_id(f(a))", "arguments"),
        ("log_id(a)=b", "misplaced"),
        ("cast(trace, STRING)", "misplaced"),
        ("cast(trace, TEXT)=a", "arguments"),
        ("cast(timestamp, STRING, ZONE(UTC))=a", "arguments"),
        ("cast(timestamp, STRING, TIMEZONE(\"Mars\"))=a", "zone"),
        ("regexp_extract(trace, \"a\")=b", "arguments"),
        ("regexp_extract(trace, \"(a)(b)\")=b", "arguments"),
        ("regexp_extract(trace, \"(\")=b", "regex"),
        ("sample(insertId, 0)", "fraction"),
        ("sample(insertId, 1.01)", "fraction"),
        ("sample(insertId, NaN)", "fraction"),
        ("ip_in_net(jsonPayload.ip, \"300.1.1.1/8\")", "subnet"),
        ("SEARCH(\"\")", "empty"),
        ("SEARCH(\"`a\")", "backtick"),
        ("SEARCH(textPayload, a, b)", "arguments"),
        ("SEARCH(thud, \"a\")", "undefined"),
    ] {
        let error = compile(text, &Options::default()).unwrap_err();
        let found = match error.kind {
            ErrorKind::Arguments { .. } => "arguments",
            ErrorKind::MisplacedFunction(_) => "misplaced",
            ErrorKind::TimeZone(_) => "zone",
            ErrorKind::Regex(_) => "regex",
            ErrorKind::Fraction(_) => "fraction",
            ErrorKind::Subnet(_) => "subnet",
            ErrorKind::EmptySearch => "empty",
            ErrorKind::OpenBacktick => "backtick",
            ErrorKind::UndefinedField(_) => "undefined",
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(found, kind, "{text}");
    }
}

#[test]
fn patterns() {
    refused("textPayload=~foo", "a regular expression stands in double quotes (write \"foo\")");
    refused("textPayload=~\"(\"", "invalid regular expression: unclosed group");
    refused("textPayload=~(\"a\" OR \"(?=b)\")", "invalid regular expression: look-around is not supported");
}

#[test]
fn warnings() {
    let check = |text: &str, expected: &[&str]| {
        let options =
            Options { known_fields: vec!["jsonPayload.error.type".to_owned()], ..Options::default() };
        let warnings = compile(text, &options).unwrap().warnings;
        assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
    };
    check(
        "severity!=(\"ERROR\" OR \"INFO\")",
        &["differs from one or from the other: true for nearly everything (write NOT field=(… OR …))"],
    );
    check(
        "httpRequest.status=~\"^5\"",
        &[
            "httpRequest.status is not text: a regular expression never matches it (write cast(httpRequest.status, STRING))",
        ],
    );
    check(
        "timestamp=\"2024-05-01\"",
        &["a date alone is midnight UTC, one instant and not the day \
         (the day is timestamp>=\"2024-05-01\" AND timestamp<… the next day)"],
    );
    check(
        "labels.a.b=c",
        &[
            "labels have no fields below them (a key with dots stands in quotes: \"a.b\")",
            "no entry has a field 'labels.a.b'",
        ],
    );
    check(
        "textPayload=\"a\\[b\"",
        &["unknown escape '\\[' is kept as it is written (write \\\\[ for a backslash)"],
    );
    check("textPayload=~\"a\\[b\"", &[]);
    check(
        "jsonPayload.error.typ=a",
        &["no entry has a field 'jsonPayload.error.typ' (did you mean jsonPayload.error.type?)"],
    );
    check(
        "jsonPayload.a=1 OR jsonPayload.a=2 OR jsonPayload.a=(3 OR 4) OR labels.a=1",
        &["no entry has a field 'jsonPayload.a'", "no entry has a field 'labels.a'"],
    );
    check("jsonPayload.error:a jsonPayload.error.type=b", &[]);
    check(
        "sample(insertId, 1)",
        &["sample() selects a stable share of the entries, but not the same ones as the service"],
    );
}
