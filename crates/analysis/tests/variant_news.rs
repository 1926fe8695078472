//! Which of a pattern's values is news, where entries name no revision.

mod support;

use serde_json::json;
use support::{archive, time};
use timberline_analysis::{Asked, Investigation, PatternOrder, PatternsQuestion, Question, patterns_answer};

#[test]
fn the_later_value_is_news_whatever_the_service_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let line = |idx: u32, service: &str, value: &str| {
        json!({
            "insertId": format!("e{idx}"),
            "timestamp": time(6, idx * 60),
            "severity": "NOTICE",
            "logName": "projects/p/logs/audit",
            "resource": {"type": "cloud_run_revision", "labels": {"project_id": "p", "service_name": service}},
            "textPayload": format!("call of method={value} was let through"),
        })
        .to_string()
    };
    // The service that comes first by name comes later.
    let before = (0..60).map(|idx| line(idx, "zebra", "Replace"));
    let after = (60..120).map(|idx| line(idx, "apple", "SetPolicy"));
    let path = folder.path().join("audit.ndjson");
    std::fs::write(&path, before.chain(after).collect::<Vec<_>>().join("\n")).unwrap();
    let archive = archive(&folder.path().join("archive"), &[path]);
    let investigation = Investigation::new(&archive).unwrap();
    let question = PatternsQuestion {
        question: Question {
            filter: support::filter(""),
            by: Vec::new(),
            zone: jiff::tz::TimeZone::UTC,
            asked: Asked::default(),
        },
        kind: None,
        new_since: None,
        order: PatternOrder::Count,
        limit: None,
        periods: false,
    };
    let answer = patterns_answer(&investigation, &question, Vec::new()).unwrap();
    let variants: Vec<(&str, bool)> = answer
        .patterns
        .iter()
        .flat_map(|pattern| &pattern.variants)
        .map(|variant| (variant.value.as_str(), variant.is_news))
        .collect();
    assert!(variants.contains(&("Replace", false)), "{variants:?}");
    assert!(variants.contains(&("SetPolicy", true)), "{variants:?}");
}
