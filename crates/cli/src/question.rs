//! From a filter and the flags beside it to what is asked of the archive.

use crate::args;
use crate::outcome::Failure;
use crate::printer::Printer;
use crate::settings::Settings;
use std::collections::BTreeSet;
use std::sync::Arc;
use timberline_archive::Archive;
use timberline_entry::json::{Document, Value, parse};
use timberline_entry::{Field, Severity, Timestamp};
use timberline_query::{
    Compare, DerivedCompare, DerivedField, Filter, Needle, Node, Op, Operand, Options, Path, Segment, Test,
    Warning, compile, root_type,
};
use timberline_search::{Direction, Names, RowView, in_time_order};

/// What is asked.
pub(crate) struct Question {
    /// The filter as it was typed.
    pub(crate) text: String,
    /// Start, nanoseconds since the Unix epoch.
    pub(crate) since: Option<i64>,
    /// End, exclusive.
    pub(crate) until: Option<i64>,
    /// The filter as answers repeat it: as it was typed, or with the flags beside it, times excepted.
    pub(crate) asked: String,
    /// The filter with all flags ANDed onto it.
    pub(crate) filter: Filter,
    /// What is odd about the text.
    pub(crate) warnings: Vec<Warning>,
}

impl Question {
    /// Reads filter and flags. Fields of the archive serve as hints when the filter is wrong.
    pub(crate) fn read(
        args: &args::Question,
        settings: &Settings,
        archive: Option<&Archive>,
    ) -> Result<Self, Failure> {
        let compiled = compile(&args.filter, &Options::default()).or_else(|error| {
            let Some(archive) = archive else { return Err(error) };
            compile(&args.filter, &Options { known_fields: known_fields(archive), ..Options::default() })
        });
        let compiled = compiled.map_err(|error| wrong_filter(&error.render(&args.filter)))?;
        let moment = |text: &Option<String>| text.as_deref().map(|text| settings.moment(text)).transpose();
        let (since, until) = (moment(&args.since)?, moment(&args.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(Failure::new("--since is not before --until").hint("nothing lies between them"));
        }
        let mut nodes = vec![compiled.filter.root().clone()];
        nodes.extend(one_of(DerivedField::Service, &args.service));
        nodes.extend(one_of(DerivedField::Revision, &args.revision));
        if let Some(name) = &args.severity {
            nodes.push(at_least(name)?);
        }
        let asked = match nodes.len() {
            1 => args.filter.clone(),
            _ => Filter::new(Node::and(nodes.clone())).to_string(),
        };
        nodes.extend(since.map(|ns| time(Op::Ge, ns)));
        nodes.extend(until.map(|ns| time(Op::Lt, ns)));
        let filter = Filter::new(Node::and(nodes));
        Ok(Self { text: args.filter.clone(), since, until, asked, filter, warnings: compiled.warnings })
    }

    /// Says on stderr what is odd about the filter.
    pub(crate) fn warn(&self, printer: &Printer) {
        for warning in &self.warnings {
            printer.warning(&warning.render(&self.text));
        }
    }

    /// After nothing was found: says which fields of the filter no entry has, and whether a text is there only in messages that
    /// were repaired. Cost: reads the shapes of all segments; for a text beyond ASCII, as a search for it in messages.
    pub(crate) fn doubt(&self, archive: &Archive, printer: &Printer) {
        let options = Options { known_fields: known_fields(archive), ..Options::default() };
        if let Ok(compiled) = compile(&self.text, &options) {
            for warning in compiled.warnings.iter().filter(|warning| !self.warnings.contains(warning)) {
                printer.warning(&warning.render(&self.text));
            }
        }
        let mut texts = BTreeSet::new();
        let repaired = put_to_message(self.filter.root(), &mut texts);
        if !texts.is_empty() && finds_anything(archive, &Filter::new(repaired)) {
            let tests: Vec<String> = texts.iter().map(|text| format!("message:\"{text}\"")).collect();
            printer.note(&format!(
                "a filter looks at the text as it was exported; there are entries in which it was garbled (UTF-8 read as cp1252), \
                 which are shown repaired: {} finds them",
                tests.join(" and ")
            ));
        }
    }
}

/// Puts texts beyond ASCII to the message, which is repaired, instead of what was exported. Says which texts these are.
fn put_to_message(node: &Node, texts: &mut BTreeSet<String>) -> Node {
    let mut each = |nodes: &[Node]| nodes.iter().map(|node| put_to_message(node, texts)).collect();
    let text = match node {
        Node::And(nodes) => return Node::And(each(nodes)),
        Node::Or(nodes) => return Node::Or(each(nodes)),
        Node::Test(Test::Global(global)) => &global.text,
        Node::Test(Test::Compare(compare)) if matches!(compare.op, Op::Has | Op::Eq) => &compare.text,
        _ => return node.clone(),
    };
    if text.is_ascii() {
        return node.clone();
    }
    texts.insert(text.clone());
    let (value, text) = (Operand::Text(Needle::new(text)), text.clone());
    Node::Test(Test::Derived(DerivedCompare { name: DerivedField::Message, op: Op::Has, value, text }))
}

/// Says whether an entry matches. It serves for a hint: what cannot be read finds nothing.
fn finds_anything(archive: &Archive, filter: &Filter) -> bool {
    let mut found = false;
    let mut look = |_: &RowView<'_>| {
        found = true;
        Ok(false)
    };
    let fields = BTreeSet::new();
    let Ok(names) = Names::read(archive) else { return false };
    let looked = in_time_order(archive, &names, filter, Direction::Newest, Some(1), &fields, &mut look);
    looked.is_ok() && found
}

/// The failure of a filter that cannot be read, with the place drawn.
pub(crate) fn wrong_filter(drawn: &str) -> Failure {
    Failure::new(format!("the filter cannot be read\n{drawn}"))
}

fn time(op: Op, ns: i64) -> Node {
    let kind = root_type(Field::Timestamp);
    let text = Timestamp::from_nanos(ns).to_string();
    let path = Path { root: Field::Timestamp, segments: Arc::new([]), kind };
    Node::Test(Test::Compare(Compare { path, op, value: Operand::Timestamp(ns), text }))
}

fn one_of(name: DerivedField, values: &[String]) -> Option<Node> {
    let test = |value: &String| {
        let (value, text) = (Operand::Text(Needle::new(value)), value.clone());
        Node::Test(Test::Derived(DerivedCompare { name, op: Op::Eq, value, text }))
    };
    (!values.is_empty()).then(|| Node::or(values.iter().map(test).collect()))
}

fn at_least(name: &str) -> Result<Node, Failure> {
    let severity = Severity::read(Value::plain(name.trim())).ok_or_else(|| {
        let names: Vec<&str> = Severity::ALL.iter().map(|severity| severity.name()).collect();
        Failure::new(format!("--severity: there is no severity '{name}'")).hint(names.join(", "))
    })?;
    let path = Path { root: Field::Severity, segments: Arc::new([]), kind: root_type(Field::Severity) };
    let value = Operand::Severity(severity.number().into());
    Ok(Node::Test(Test::Compare(Compare { path, op: Op::Ge, value, text: severity.name().to_owned() })))
}

/// Returns the fields of an archive's entries as filters write them, from the templates of its entries.
///
/// Hints are all they serve for, so templates that cannot be read add nothing here; the question itself will say so.
fn known_fields(archive: &Archive) -> Vec<String> {
    let mut fields = BTreeSet::new();
    let mut nodes = Vec::new();
    let Ok(shapes) = archive.shapes() else { return Vec::new() };
    for templates in shapes.fields().iter().filter_map(|field| shapes.templates(*field).ok()) {
        for idx in 0..templates.len() {
            nodes.clear();
            let json = templates.json(idx);
            if parse(&json, &mut nodes).is_err() {
                continue;
            }
            let Some(root) = Document::new(&json, &nodes).root().as_object() else { continue };
            for (key, value) in root.iter() {
                if let Some(root) = Field::from_name(&key.value()) {
                    collect(root, &mut Vec::new(), value, &mut fields);
                }
            }
        }
    }
    fields.into_iter().collect()
}

fn collect(root: Field, keys: &mut Vec<Segment>, value: Value<'_>, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter() {
                keys.push(Segment { key: key.value().into_owned() });
                collect(root, keys, value, fields);
                keys.pop();
            }
        }
        Value::Array(array) => array.iter().for_each(|element| collect(root, keys, element, fields)),
        _ => {
            let path = Path { root, segments: keys.as_slice().into(), kind: root_type(root) };
            fields.insert(path.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Global;
    use crate::settings::Environment;

    fn check(args: &args::Question, expected: &str) {
        let settings = Settings::new(&Global::default(), &Environment::default()).unwrap();
        let question = Question::read(args, &settings, None).unwrap();
        assert_eq!(question.filter.to_string(), expected);
        assert_eq!(
            compile(expected, &Options::default()).unwrap().filter,
            question.filter,
            "the text means the same"
        );
    }

    #[test]
    fn flags_are_anded_onto_the_filter() {
        check(&args::Question::default(), "");
        check(
            &args::Question {
                filter: "a OR b".to_owned(),
                since: Some("2025-06-01".to_owned()),
                until: Some("2025-06-02T00:00:00Z".to_owned()),
                service: vec!["x".to_owned(), "y\"z".to_owned()],
                revision: vec!["r".to_owned()],
                severity: Some("warn".to_owned()),
            },
            "(\"a\" OR \"b\") AND (service=\"x\" OR service=\"y\\\"z\") AND revision=\"r\" \
             AND severity>=\"WARNING\" AND timestamp>=\"2025-06-01T00:00:00.000000000Z\" \
             AND timestamp<\"2025-06-02T00:00:00.000000000Z\"",
        );
    }

    #[test]
    fn what_cannot_be_asked() {
        let settings = Settings::new(&Global::default(), &Environment::default()).unwrap();
        let refused = |args: args::Question| Question::read(&args, &settings, None).is_err();
        let text = |text: &str| Some(text.to_owned());
        assert!(refused(args::Question { filter: "severity>=WARN".to_owned(), ..args::Question::default() }));
        assert!(refused(args::Question { severity: text("loud"), ..args::Question::default() }));
        assert!(refused(args::Question { since: text("soonish"), ..args::Question::default() }));
        assert!(refused(args::Question {
            since: text("1h"),
            until: text("2h"),
            ..args::Question::default()
        }));
    }
}
