//! What a Cloud Storage sink writes: one entry a line, one file for each log and hour.

use crate::generate::entry::{Entry, Log};
use crate::generate::time::{civil, push_digits};

/// What stands between the parts of a time in a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// As the bucket has it: `08:00:00_08:59:59_S0.json`.
    Colon,
    /// As copies have it where file names must not contain colons: `08_00_00_08_59_59_S0.json`.
    Underscore,
}

/// Returns the path of the main shard that holds an instant of a log: `LOGID/YYYY/MM/DD/HH:00:00_HH:59:59_S0.json`.
#[must_use]
pub fn path(log: Log, at_us: i64, separator: Separator) -> String {
    let at = civil(at_us);
    let mark = match separator {
        Separator::Colon => ':',
        Separator::Underscore => '_',
    };
    let mut out = String::from(log.id());
    for (number, width) in [(at.year, 4), (at.month, 2), (at.day, 2)] {
        out.push('/');
        push_digits(&mut out, number, width);
    }
    out.push('/');
    for (end, text) in [("00", '_'), ("59", '_')] {
        push_digits(&mut out, at.hour, 2);
        out.push(mark);
        out.push_str(end);
        out.push(mark);
        out.push_str(end);
        out.push(text);
    }
    out.push_str("S0.json");
    out
}

/// Returns entries one a line, each line ended by a line feed.
#[must_use]
pub fn ndjson<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let mut out = String::new();
    for entry in entries {
        entry.push_json(&mut out);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::START_US;
    use crate::generate::time::HOUR_US;

    #[test]
    fn paths_follow_the_layout_of_the_bucket() {
        let at_us = START_US + 8 * HOUR_US + 59;
        assert_eq!(
            path(Log::System, at_us, Separator::Colon),
            "run.googleapis.com/varlog/system/2025/05/20/08:00:00_08:59:59_S0.json"
        );
        assert_eq!(
            path(Log::Stdout, at_us, Separator::Underscore),
            "run.googleapis.com/stdout/2025/05/20/08_00_00_08_59_59_S0.json"
        );
    }
}
