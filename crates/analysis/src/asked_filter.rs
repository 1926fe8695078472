//! What an export lets through that says which filter it was made with.
//!
//! The filter is the dump's own word, so only what is understood beyond doubt counts: conditions that all have to hold, each on
//! the time, on the service, or on the severity alone. A dump made with any other condition proves no absence of anything.

use crate::evidence::Severities;
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, Severity};
use timberline_query::{Compare, Filter, Node, Options, Test, compile, eval};

/// Returns the severities of which a filter lets everything through, time and service aside; `None` when it asks for more
/// than that, or cannot be read.
pub(crate) fn severities(filter: &str) -> Option<Severities> {
    let filter = compile(filter, &Options::default()).ok()?.filter;
    let conditions = match filter.root() {
        Node::And(nodes) => nodes.as_slice(),
        node => std::slice::from_ref(node),
    };
    conditions.iter().try_fold(Severities::ALL, |set, condition| Some(set.and(let_through(condition)?)))
}

/// The severities that one condition lets through.
fn let_through(condition: &Node) -> Option<Severities> {
    let (mut only_scope, mut only_severity) = (true, true);
    condition.each_test(&mut |test| {
        only_scope &= is_scope(test);
        only_severity &= matches!(test, Test::Compare(compare) if compare.path.root == Field::Severity);
    });
    match condition {
        Node::All => Some(Severities::ALL),
        _ if only_scope => Some(Severities::ALL),
        _ if only_severity => {
            let filter = Filter::new(condition.clone());
            let matching = Severity::ALL.into_iter().filter(|severity| matches(&filter, *severity));
            Some(matching.fold(Severities::default(), Severities::with))
        }
        _ => None,
    }
}

/// Says whether a test is about when or about which service, which a dump covers one by one anyway.
fn is_scope(test: &Test) -> bool {
    let Test::Compare(Compare { path, .. }) = test else { return false };
    let keys: Vec<&str> = path.segments.iter().map(|segment| segment.key.as_str()).collect();
    match path.root {
        Field::Timestamp | Field::ReceiveTimestamp => true,
        Field::Resource => {
            matches!(keys[..], ["type"] | ["labels", "service_name" | "project_id" | "location"])
        }
        _ => false,
    }
}

fn matches(filter: &Filter, severity: Severity) -> bool {
    let text = format!("{{\"severity\":\"{}\"}}", severity.name());
    let mut nodes = Vec::new();
    parse(&text, &mut nodes).expect("an entry of one plain member");
    let object = Document::new(&text, &nodes).root().as_object().expect("an object was written");
    eval(filter, &LogEntry::from_object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, expected: Option<&[Severity]>) {
        let expected =
            expected.map(|all| all.iter().fold(Severities::default(), |set, severity| set.with(*severity)));
        assert_eq!(severities(filter), expected, "{filter}");
    }

    #[test]
    fn what_is_understood() {
        use Severity::{Alert, Critical, Emergency, Error, Warning};
        let all = Some(&Severity::ALL[..]);
        check("", all);
        check("resource.type=\"cloud_run_revision\" resource.labels.service_name=shop", all);
        check("timestamp>=\"2025-09-16T00:00:00Z\" AND timestamp<\"2025-09-17T00:00:00Z\"", all);
        check("severity>=ERROR", Some(&[Error, Critical, Alert, Emergency]));
        check("resource.type=\"x\" severity=ERROR", Some(&[Error]));
        check("severity=(ERROR OR WARNING) timestamp>\"2025-09-16T00:00:00Z\"", Some(&[Error, Warning]));
        check("NOT severity>=ERROR severity>=WARNING", Some(&[Warning]));
    }

    #[test]
    fn what_keeps_out_more() {
        for filter in [
            "timeout",
            "severity>=ERROR timeout",
            "severity>=ERROR OR timeout",
            "logName:stdout",
            "resource.labels.revision_name=shop-00042-abc",
            "textPayload=~\"x\"",
            "timestamp>=\"2025-09-16T00:00:00Z\" OR httpRequest:*",
            "service=shop severity",
            "this is ( no filter",
        ] {
            check(filter, None);
        }
    }
}
