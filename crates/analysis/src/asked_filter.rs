//! What an export lets through that says which filter it was made with.
//!
//! The filter is the dump's own word, so only what is understood beyond doubt counts: conditions that all have to hold, each on
//! the time, on the service, or on the severity alone. A dump made with any other condition proves no absence of anything.

use crate::evidence::Severities;
use timberline_entry::json::{Document, parse};
use timberline_entry::{Field, LogEntry, Severity};
use timberline_query::{Compare, Filter, Node, Op, Options, Test, compile, eval};

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
    if matches!(condition, Node::All) || is_time(condition) {
        return Some(Severities::ALL);
    }
    let mut about = None;
    condition.each_test(&mut |test| {
        let scope = Scope::of(test);
        about = Some(if about.is_none_or(|before| before == scope) { scope } else { Scope::Finer });
    });
    match about? {
        Scope::Type | Scope::Service => Some(Severities::ALL),
        Scope::Severity => {
            let filter = Filter::new(condition.clone());
            let matching = Severity::ALL.into_iter().filter(|severity| matches(&filter, *severity));
            Some(matching.fold(Severities::default(), Severities::with))
        }
        Scope::Finer => None,
    }
}

/// Says whether a condition is one end of a window. Any other on the time, an `OR` or `NOT` of ends among them, may leave out
/// what lies between the first and the last entry.
fn is_time(condition: &Node) -> bool {
    let Node::Test(Test::Compare(Compare { path, op, .. })) = condition else { return false };
    path.root == Field::Timestamp && matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge)
}

/// What a test is about. What is covered is said for services and severities one by one, for nothing finer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Type,
    Service,
    Severity,
    /// Anything by which a service's entries may be told apart: its place and project too, or two of the others at once.
    Finer,
}

impl Scope {
    fn of(test: &Test) -> Self {
        let Test::Compare(Compare { path, .. }) = test else { return Self::Finer };
        let keys: Vec<&str> = path.segments.iter().map(|segment| segment.key.as_str()).collect();
        match (path.root, &keys[..]) {
            (Field::Severity, []) => Self::Severity,
            (Field::Resource, ["type"]) => Self::Type,
            (Field::Resource, ["labels", "service_name"]) => Self::Service,
            _ => Self::Finer,
        }
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
        check("resource.labels.service_name=(shop OR cart)", all);
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
            "timestamp<\"2025-09-16T00:00:00Z\" OR timestamp>\"2025-09-17T00:00:00Z\"",
            "NOT (timestamp>=\"2025-09-16T00:00:00Z\" timestamp<\"2025-09-17T00:00:00Z\")",
            "timestamp=\"2025-09-16T00:00:00Z\"",
            "receiveTimestamp>\"2025-09-16T00:00:00Z\"",
            "resource.labels.location=europe-west1",
            "resource.labels.project_id=other",
            "resource.type=cloud_run_revision OR resource.labels.service_name=shop",
            "severity>=ERROR OR resource.labels.service_name=shop",
            "service=shop severity",
            "this is ( no filter",
        ] {
            check(filter, None);
        }
    }
}
