//! Exceptions compared: one that a general message hides is told, one that is its message is told once.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::{archive, entry, filter};
use timberline_analysis::{
    Asked, DEFAULT_MAX_Q, DiffAnswer, DiffQuestion, Investigation, PatternKind, PatternStatus, Question,
    RegressionsAnswer, Side, State, Variant, Verdict, diff_answer, first_seen, gate_answer,
    regressions_answer,
};
use timberline_archive::Archive;

fn diff(archive: &Archive, base: u32, target: u32) -> DiffAnswer {
    let side = |n: u32| Side::Revision { service: None, revision: format!("shop-{n:05}-abc") };
    let question =
        DiffQuestion { base: side(base), target: side(target), filter: filter(""), asked: Asked::default() };
    diff_answer(&Investigation::new(archive).unwrap(), &question, Vec::new()).unwrap()
}

fn question(text: &str) -> Question {
    Question { filter: filter(text), by: Vec::new(), zone: jiff::tz::TimeZone::UTC, asked: Asked::default() }
}

fn regressions(archive: &Archive, text: &str) -> RegressionsAnswer {
    regressions_answer(&Investigation::new(archive).unwrap(), &question(text), Vec::new()).unwrap()
}

fn trace(module: &str, raised: &str) -> String {
    format!(
        "Traceback (most recent call last):\n  File \"/app/{module}.py\", line 3, in {module}\n    x()\n{raised}"
    )
}

/// Four days of a revision each: a tick a minute for two hours, and in every third minute what `says` gives for the day.
fn days(folder: &Path, says: impl Fn(u32, u32) -> Value) -> Vec<PathBuf> {
    let of_day = |day: u32| {
        let mut lines = Vec::new();
        for minute in 0..120u32 {
            let mut line = |second, severity, payload| {
                lines.push(
                    entry((day, lines.len()), minute * 60 + second, day, severity, payload).to_string(),
                );
            };
            line(1, "INFO", json!({"textPayload": "heartbeat ok"}));
            if minute * 37 % 120 < 40 {
                line(9, "ERROR", says(day, minute));
            }
        }
        let path = folder.join(format!("day-{day}.ndjson"));
        std::fs::write(&path, lines.join("\n")).unwrap();
        path
    };
    (1..=4).map(of_day).collect()
}

/// A handler's one message for whatever was raised.
fn unhandled(trace: &str) -> Value {
    json!({"jsonPayload": {"message": "Unhandled error in request", "stack_trace": trace}})
}

#[test]
fn a_new_exception_behind_an_old_message_is_told() {
    let files = tempfile::tempdir().unwrap();
    let says = |day: u32, _| {
        unhandled(&if day < 3 { trace("old", "KeyError: v") } else { trace("brandnew", "TypeError: v") })
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days(files.path(), says));

    let answer = diff(&archive, 2, 3);
    let told = |status| answer.patterns.iter().filter(move |of| of.status == status).collect::<Vec<_>>();
    let ([new], [gone]) = (&told(PatternStatus::New)[..], &told(PatternStatus::Gone)[..]) else {
        panic!("{:#?}", answer.patterns)
    };
    assert_eq!((new.kind, new.template.as_str()), (PatternKind::Exception, "TypeError: v"));
    assert_eq!((new.base.count, new.target.count, new.target.cells), (0, 40, 40));
    assert_eq!((new.severity, new.first_revision.as_str()), ("ERROR", "shop-00003-abc"));
    assert_eq!((&new.pattern, &new.variant), (&new.id, &None));
    assert_eq!((gone.kind, gone.template.as_str()), (PatternKind::Exception, "KeyError: v"));
    let message = answer.patterns.iter().find(|of| of.template.starts_with("Unhandled")).unwrap();
    assert_eq!((message.kind, message.status), (PatternKind::Message, PatternStatus::Unchanged));
    let json = serde_json::to_value(new).unwrap();
    assert_eq!(json["kind"], "exception");

    let gate = gate_answer(&answer, DEFAULT_MAX_Q);
    assert_eq!(gate.verdict, Verdict::Fail);
    let failing: Vec<_> = gate.failing.iter().map(|of| (&of.id, of.kind)).collect();
    assert_eq!(failing, [(&new.id, PatternKind::Exception)]);
    assert!(gate.markdown.contains("`TypeError: v` (new"), "{}", gate.markdown);

    for text in ["", "severity>=ERROR"] {
        let found = regressions(&archive, text).patterns;
        let told: Vec<_> = found.iter().map(|of| (of.kind, of.template.as_str(), of.state)).collect();
        let expected = [
            (PatternKind::Exception, "TypeError: v", State::New),
            (PatternKind::Exception, "KeyError: v", State::Resolved),
        ];
        assert_eq!(told, expected, "{text:?}");
        assert_eq!((&found[0].id, &found[0].pattern), (&new.id, &new.id));
        assert_eq!(found[0].onset.as_ref().unwrap().revision, "shop-00003-abc");
    }

    // Its id is the one that filters know.
    let first = first_seen(
        &Investigation::new(&archive).unwrap(),
        &question(&format!("exception={:?}", new.id)),
        Vec::new(),
    );
    assert_eq!(first.unwrap().matches, 80);
}

#[test]
fn an_exception_that_is_its_message_is_told_and_tested_once() {
    // With a message of its own, and with some entries of the message that tell of no exception.
    for has_others in [false, true] {
        let files = tempfile::tempdir().unwrap();
        let says = |day: u32, minute: u32| match (day, has_others && minute == 3) {
            (3.., false) => {
                json!({"jsonPayload": {"message": "cannot pay", "stack_trace": trace("pay", "TypeError: v")}})
            }
            (3.., true) => json!({"jsonPayload": {"message": "cannot pay"}}),
            _ => json!({"textPayload": "slow ledger"}),
        };
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &days(files.path(), says));
        let answer = diff(&archive, 2, 3);
        assert!(answer.patterns.iter().all(|of| of.kind == PatternKind::Message), "{:#?}", answer.patterns);
        let pay = answer.patterns.iter().find(|of| of.template == "cannot pay").unwrap();
        assert_eq!((pay.status, pay.target.count), (PatternStatus::New, 40));
        // Three tests: of the ticks, of what is new and of what is gone; these two are alike.
        let (p, q) = (pay.p.unwrap(), pay.q.unwrap());
        assert!((q - p * 3.0 / 2.0).abs() < 1e-15, "{p} {q}");
        assert_eq!(gate_answer(&answer, DEFAULT_MAX_Q).failing.len(), 1);

        let answer = regressions(&archive, "severity>=ERROR");
        let told: Vec<_> = answer.patterns.iter().map(|of| (of.kind, of.template.as_str())).collect();
        assert_eq!(told, [(PatternKind::Message, "cannot pay"), (PatternKind::Message, "slow ledger")]);
        assert_eq!(answer.tested, 2);
    }
}

#[test]
fn a_new_value_of_an_old_exception_is_told() {
    let files = tempfile::tempdir().unwrap();
    let says = |day: u32, minute: u32| {
        let key = if day >= 3 && minute.is_multiple_of(2) { "ledger_id" } else { "user_name" };
        unhandled(&trace("cart", &format!("KeyError: '{key}'")))
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), &days(files.path(), says));
    let answer = diff(&archive, 2, 3);
    let new: Vec<_> = answer.patterns.iter().filter(|of| of.status == PatternStatus::New).collect();
    let [value] = new[..] else { panic!("{:#?}", answer.patterns) };
    assert_eq!(value.kind, PatternKind::Exception);
    assert_eq!(value.variant, Some(Variant { hole: 0, value: "'ledger_id'".to_owned() }));
    assert_eq!((value.base.count, value.first_revision.as_str()), (0, "shop-00003-abc"));
    assert!(value.target.count > 10 && value.pattern != value.id && value.template.starts_with("KeyError"));
    let gate = gate_answer(&answer, DEFAULT_MAX_Q);
    assert_eq!(gate.failing.iter().map(|of| &of.id).collect::<Vec<_>>(), [&value.id]);
    let found = regressions(&archive, "").patterns;
    assert!(found.iter().any(|of| of.id == value.id && of.state == State::New), "{found:#?}");
}
