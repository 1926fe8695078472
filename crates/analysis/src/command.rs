//! The `gcloud logging read` command that would fetch a stretch of a service's entries.
//!
//! Names come from log entries and are hostile until shown otherwise: they are quoted for the query language first, and the
//! whole filter for the shell then, so that a service called `$(rm -rf ~)` is a service called that and nothing more.

use crate::evidence::{Severities, rfc3339};
use timberline_entry::Severity;

/// Whose entries a command is to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Project, if any entry says.
    pub(crate) project: Option<String>,
    /// Type of the monitored resource, if any entry says.
    pub(crate) resource_type: Option<String>,
    /// The resource's label that names the service.
    pub(crate) service_label: Option<String>,
    /// The service.
    pub(crate) service: String,
}

impl Place {
    /// Returns the command for the entries between two times, both included.
    ///
    /// `severities` restricts it to some severities; oldest first, so that a limit or an interruption loses the end that a
    /// second run continues from.
    pub(crate) fn command(&self, from_ns: Option<i64>, to_ns: Option<i64>, severities: Severities) -> String {
        let mut terms = Vec::new();
        if let Some(kind) = &self.resource_type {
            terms.push(format!("resource.type={}", in_language(kind)));
        }
        if let Some(label) = &self.service_label {
            terms.push(format!("resource.labels.{label}={}", in_language(&self.service)));
        }
        if severities != Severities::ALL {
            let names: Vec<&str> =
                Severity::ALL.into_iter().filter(|s| severities.contains(*s)).map(Severity::name).collect();
            terms.push(format!("severity=({})", names.join(" OR ")));
        }
        if let Some(from) = from_ns {
            terms.push(format!("timestamp>=\"{}\"", rfc3339(from)));
        }
        if let Some(to) = to_ns {
            terms.push(format!("timestamp<=\"{}\"", rfc3339(to)));
        }
        let project =
            self.project.as_ref().map_or(String::new(), |name| format!(" --project={}", shell_word(name)));
        format!("gcloud logging read {}{project} --order=asc --format=json", shell_word(&terms.join(" AND ")))
    }
}

/// Quotes a text for the query language. Control characters become escapes, so that the command stays one line.
fn in_language(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes a text as one word of a POSIX shell; plain words stay as they are.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '=' | '+' | ',' | '@')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(project: &str, service: &str) -> Place {
        Place {
            project: Some(project.to_owned()),
            resource_type: Some("cloud_run_revision".to_owned()),
            service_label: Some("service_name".to_owned()),
            service: service.to_owned(),
        }
    }

    #[test]
    fn a_command_names_service_and_time() {
        assert_eq!(
            place("timber-demo", "payments").command(Some(0), Some(1_500_000_000), Severities::ALL),
            "gcloud logging read 'resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"payments\" AND \
             timestamp>=\"1970-01-01T00:00:00.000000000Z\" AND timestamp<=\"1970-01-01T00:00:01.500000000Z\"' \
             --project=timber-demo --order=asc --format=json"
        );
        let errors = place("p", "s").command(None, None, Severities::at_least(Severity::Alert));
        assert!(errors.contains("severity=(ALERT OR EMERGENCY)"), "{errors}");
    }

    #[test]
    fn a_hostile_name_stays_inside_its_quotes() {
        let hostile = "it's $(rm -rf ~)\n\"; `id` \\";
        let command = place("p; id", hostile).command(None, None, Severities::ALL);
        // What a POSIX shell makes of the command: quotes off, everything else literal inside them.
        let mut words = vec![String::new()];
        let mut chars = command.chars();
        while let Some(c) = chars.next() {
            match c {
                ' ' => words.push(String::new()),
                '\'' => words.last_mut().unwrap().extend(chars.by_ref().take_while(|c| *c != '\'')),
                '\\' => words.last_mut().unwrap().extend(chars.next()),
                c => {
                    assert!(!"$`;\n~\"".contains(c), "{c:?} outside of quotes in {command}");
                    words.last_mut().unwrap().push(c);
                }
            }
        }
        assert_eq!(words[4], "--project=p; id");
        let filter = timberline_query::compile(&words[3], &timberline_query::Options::default()).unwrap();
        assert!(filter.warnings.is_empty());
        let mut texts = Vec::new();
        filter.filter.root().each_test(&mut |test| {
            if let timberline_query::Test::Compare(compare) = test {
                texts.push(compare.text.clone());
            }
        });
        assert_eq!(texts, ["cloud_run_revision", hostile]);
    }
}
