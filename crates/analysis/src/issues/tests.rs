use super::*;

fn issue(fingerprint: &str, state: IssueState, number: Option<u64>) -> Issue {
    let reported = Reported {
        to: "2025-06-01T00:00:00.000000000Z".to_owned(),
        entries: 10,
        last: "2025-05-31T00:00:00.000000000Z".to_owned(),
        state,
        per_hour: 2.0,
        revisions: vec!["r-1".to_owned()],
    };
    Issue {
        fingerprint: fingerprint.to_owned(),
        number,
        name: "it \"breaks\"".to_owned(),
        priority: Priority::P1,
        services: vec!["shop".to_owned()],
        first_reported: "then".to_owned(),
        reported: reported.clone(),
        before: Some(reported),
    }
}

#[test]
fn a_ledger_reads_back() {
    let ledger = Ledger {
        as_of: "now".to_owned(),
        issue: vec![issue("a", IssueState::Open, Some(7)), issue("b", IssueState::Resolved, None)],
    };
    let text = ledger.write();
    assert!(text.contains("number = 7"), "{text}");
    assert_eq!(Ledger::read(&text).unwrap(), ledger);
    assert_eq!(Ledger::read("").unwrap(), Ledger::default());
    assert!(Ledger::read("[[issue]]\nfingerprint = 1\n").unwrap_err().0.contains("fingerprint"));
}

#[test]
fn turning_moves_on_only_for_a_new_report() {
    let ledger = Ledger { as_of: "one".to_owned(), issue: vec![issue("a", IssueState::Open, None)] };
    assert_eq!(ledger.turned("one"), ledger);
    let mut moved = ledger.clone();
    moved.issue[0].reported.entries = 12;
    let turned = moved.turned("two");
    assert_eq!((turned.as_of.as_str(), turned.issue[0].before.as_ref().unwrap().entries), ("two", 12));
}
