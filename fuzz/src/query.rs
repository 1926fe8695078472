//! Filters of any text: refused with a place, or printed as a filter that means the same.

use timberline_entry::LogEntry;
use timberline_entry::json::{Document, parse};
use timberline_query::{Filter, Options, compile, eval, time_bounds};

const ENTRIES: &[&str] = &[
    "{}",
    r#"{"insertId":"a1","timestamp":"2025-09-16T01:42:58.5Z","severity":"ERROR","textPayload":"Connection reset by peer"}"#,
    r#"{"severity":"INFO","jsonPayload":{"message":"user 42 logged in","user":{"id":42,"tags":["a","b c"]},"ok":true,"none":null,"ratio":0.5}}"#,
    r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://x.example/a?b=1","status":503,"latency":"0.25s","remoteIp":"10.1.2.3"}}"#,
    r#"{"resource":{"type":"cloud_run_revision","labels":{"service_name":"shop","revision_name":"shop-00001-abc"}},"labels":{"k8s-pod/app":"x","a.b":"c"}}"#,
    r#"{"protoPayload":{"@type":"t","status":{"code":7},"authenticationInfo":{"principalEmail":"a@b.c"}},"operation":{"first":true,"id":"o"}}"#,
    r#"{"textPayload":"Straße İstanbul ﬁne \u0000 \ud83d\udd34 ..","trace":"projects/p/traces/0123456789abcdef","spanId":"01","traceSampled":false}"#,
];

pub(crate) fn printed_and_read_again(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for options in [
        Options::default(),
        Options { lenient: false, keys: true, known_fields: vec!["jsonPayload.user.id".to_owned()] },
    ] {
        let compiled = match compile(text, &options) {
            Ok(compiled) => compiled,
            Err(error) => {
                assert!(!error.render(text).is_empty());
                continue;
            }
        };
        for warning in &compiled.warnings {
            assert!(!warning.render(text).is_empty());
        }
        time_bounds(&compiled.filter);
        let printed = compiled.filter.to_string();
        let again = compile(&printed, &options)
            .unwrap_or_else(|error| panic!("{text:?} printed as\n{}", error.render(&printed)));
        assert!(again.filter == compiled.filter, "{text:?} printed as {printed:?}");
        assert_eq!(again.filter.to_string(), printed);
        for entry in ENTRIES {
            assert_eq!(
                matches(&again.filter, entry),
                matches(&compiled.filter, entry),
                "{text:?} on {entry}"
            );
        }
    }
}

fn matches(filter: &Filter, entry: &str) -> bool {
    let mut nodes = Vec::new();
    parse(entry, &mut nodes).expect("the entries are JSON");
    let object = Document::new(entry, &nodes).root().as_object().expect("the entries are objects");
    eval(filter, &LogEntry::from_object(object))
}
