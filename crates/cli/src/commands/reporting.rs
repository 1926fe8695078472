//! What `report` and `issues` share: from arguments to the facts of a report.

use super::comparing::investigate;
use crate::args::{self, Reporting};
use crate::outcome::Failure;
use crate::printer::Printer;
use crate::question::Question;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use timberline_analysis::redact::{Redaction, RedactionRules, Redactor};
use timberline_analysis::worklog::{PriorityRules, Worklog, WorklogAsked, WorklogQuestion, worklog};

/// Gathers the facts of a report.
pub(super) fn gather(
    question: &args::Question,
    reporting: &Reporting,
    settings: &Settings,
    printer: &Printer,
) -> Result<Worklog, Failure> {
    let rules = match &reporting.rules {
        Some(path) => PriorityRules::with_defaults(&read(path)?).map_err(|error| {
            Failure::new(format!("the rules in {} cannot be used\n{error}", path.display()))
                .hint("`timberline report --print-rules` shows the form")
        })?,
        None => PriorityRules::default(),
    };
    let mut redactor = redactor(reporting)?;
    investigate(settings, |archive, investigation| {
        let asked = Question::read(question, settings, Some(archive))?;
        asked.warn(printer);
        let question = WorklogQuestion {
            filter: asked.filter.clone(),
            asked: WorklogAsked {
                filter: asked.asked.clone(),
                since: asked.since.map(super::rfc3339),
                until: asked.until.map(super::rfc3339),
                zone: settings.zone_name(),
                arguments: arguments(reporting),
            },
            rules,
            warnings: asked.warnings.iter().map(ToString::to_string).collect(),
        };
        worklog(investigation, &question, &mut redactor)
            .map_err(|error| Failure::archive(&error, &settings.archive))
    })
}

/// Reads a file of rules, or a report.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {}", path.display())).cause(&error))
}

/// Returns the arguments that made a report, as flags again.
pub(super) fn reporting_of(arguments: &[String]) -> Reporting {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after =
        |flag: &str| arguments.windows(2).find(|pair| pair[0] == flag).map(|pair| PathBuf::from(&pair[1]));
    Reporting {
        rules: after("--rules"),
        redact_pii: has("--redact-pii"),
        redaction_rules: after("--redaction-rules"),
        no_redact: has("--no-redact"),
    }
}

fn redactor(reporting: &Reporting) -> Result<Redactor, Failure> {
    let rules = match &reporting.redaction_rules {
        Some(path) => RedactionRules::with_defaults(&read(path)?).map_err(|error| {
            Failure::new(format!("the rules in {} cannot be used", path.display()))
                .cause(&error)
                .hint("`timberline report --print-redaction-rules` shows the form")
        })?,
        None => RedactionRules::default(),
    };
    let redaction = match (reporting.no_redact, reporting.redact_pii) {
        (true, _) => Redaction::Nothing,
        (false, true) => Redaction::SecretsAndPersonal,
        (false, false) => Redaction::Secrets,
    };
    Ok(Redactor::new(rules, redaction))
}

fn arguments(reporting: &Reporting) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut file = |flag: &str, path: &Option<PathBuf>| {
        if let Some(path) = path {
            arguments.extend([flag.to_owned(), path.display().to_string()]);
        }
    };
    file("--rules", &reporting.rules);
    file("--redaction-rules", &reporting.redaction_rules);
    for (flag, is_set) in [("--redact-pii", reporting.redact_pii), ("--no-redact", reporting.no_redact)] {
        if is_set {
            arguments.push(flag.to_owned());
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_flags_again() {
        let reporting = Reporting {
            rules: Some("r.toml".into()),
            redact_pii: true,
            redaction_rules: Some("s.toml".into()),
            no_redact: false,
        };
        let again = reporting_of(&arguments(&reporting));
        assert_eq!(arguments(&again), arguments(&reporting));
        assert!(arguments(&reporting_of(&[])).is_empty());
    }
}
