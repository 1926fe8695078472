//! What the platform writes of instances and containers.

use timberline_entry::{Field, LogEntry};

/// Something that happened to an instance or its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlatformEvent {
    /// An instance is started, for a reason such as `AUTOSCALING`; without one the text is empty.
    InstanceStart(String),
    /// A container came up.
    Start,
    /// A probe of a starting container failed, or an instance did not come up.
    FailedStart,
    /// A container ended: `exit(3)`, `signal 9`.
    Exit(String),
    /// A memory limit was exceeded.
    OutOfMemory,
    /// An instance is shut down.
    Shutdown,
}

impl PlatformEvent {
    /// Reads an entry. Exports of other tools leave the log's name out, so its lack is no reason to ignore an entry: the message
    /// alone must say it.
    pub(crate) fn of(entry: &LogEntry<'_>) -> Option<Self> {
        let event = Self::of_text(&entry.text(Field::TextPayload)?.value())?;
        let is_other = entry.text(Field::LogName).is_some_and(|log| !log.value().contains("varlog"));
        (!is_other).then_some(event)
    }

    /// Reads a message of the platform. What it says of the reason of an exit (an uncaught signal) comes beside one of these
    /// and would count twice.
    ///
    /// Source: messages of Cloud Run in exports, and <https://docs.cloud.google.com/run/docs/troubleshooting>.
    fn of_text(text: &str) -> Option<Self> {
        let is_probe = text.starts_with("Default STARTUP ") || text.starts_with("STARTUP ");
        if is_probe && text.contains("probe succeeded") {
            return Some(Self::Start);
        }
        if is_probe && text.contains("probe failed")
            || text.starts_with("The instance failed to start")
            || text.starts_with("Container failed to start")
        {
            return Some(Self::FailedStart);
        }
        if let Some(rest) = text.strip_prefix("Container called exit(") {
            return Some(Self::Exit(format!("exit({})", rest.split(')').next().unwrap_or_default())));
        }
        if let Some(rest) = text.strip_prefix("Container terminated on signal") {
            let digits = rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
            return Some(Self::Exit(format!("signal {}", digits.collect::<String>())));
        }
        if let Some(rest) = text.strip_prefix("Starting new instance.") {
            let reason = rest.strip_prefix(" Reason: ").and_then(|reason| reason.split([' ', '.']).next());
            return Some(Self::InstanceStart(reason.unwrap_or_default().to_owned()));
        }
        if text.starts_with("Shutting down ") && text.contains("instance") {
            return Some(Self::Shutdown);
        }
        (text.starts_with("Memory limit of ") && text.contains(" exceeded with "))
            .then_some(Self::OutOfMemory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_entry::json::{Document, parse};

    #[test]
    fn messages_of_the_platform() {
        let check = |text: &str, expected: Option<PlatformEvent>| {
            assert_eq!(PlatformEvent::of_text(text), expected, "{text}");
        };
        check(
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"a-1\" on port 8080.",
            Some(PlatformEvent::Start),
        );
        check(
            "STARTUP HTTP probe succeeded after 2 attempts for container \"a\"",
            Some(PlatformEvent::Start),
        );
        check(
            "STARTUP HTTP probe failed 3 times consecutively for container \"a\"",
            Some(PlatformEvent::FailedStart),
        );
        check(
            "Starting new instance. Reason: AUTOSCALING - Instance started due to",
            Some(PlatformEvent::InstanceStart("AUTOSCALING".to_owned())),
        );
        check("Starting new instance.", Some(PlatformEvent::InstanceStart(String::new())));
        check("Container called exit(3).", Some(PlatformEvent::Exit("exit(3)".to_owned())));
        check("Container terminated on signal 9.", Some(PlatformEvent::Exit("signal 9".to_owned())));
        check("Uncaught signal: 6, pid=1, tid=1, fault_addr=0.", None);
        check("Memory limit of 512 MiB exceeded with 530 MiB used.", Some(PlatformEvent::OutOfMemory));
        check("Shutting down user disabled instance", Some(PlatformEvent::Shutdown));
        check("Connecting to instance at db.internal", None);
        check("our container is fine", None);
    }

    #[test]
    fn another_log_is_not_the_platform() {
        let check = |log: &str, expected: Option<PlatformEvent>| {
            let text = format!(r#"{{"textPayload":"Container called exit(1)."{log}}}"#);
            let mut nodes = Vec::new();
            parse(&text, &mut nodes).unwrap();
            let object = Document::new(&text, &nodes).root().as_object().unwrap();
            assert_eq!(PlatformEvent::of(&LogEntry::from_object(object)), expected, "{log}");
        };
        let exit = || Some(PlatformEvent::Exit("exit(1)".to_owned()));
        check("", exit());
        check(r#","logName":"projects/p/logs/run.googleapis.com%2Fvarlog%2Fsystem""#, exit());
        check(r#","logName":"projects/p/logs/run.googleapis.com%2Fstdout""#, None);
    }
}
