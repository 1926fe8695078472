//! What the program needs to know, made of flags and environment, and validated.
//!
//! | Variable | Meaning |
//! | --- | --- |
//! | `TIMBERLINE_ARCHIVE` | the archive's folder, where `--archive` does not say |
//! | `NO_COLOR` | with anything in it: no colour, where `--color` does not say |
//! | `TERM` | `dumb`: no colour and no progress bar |
//! | `LC_ALL`, `LC_CTYPE`, `LANG` | the first that is set: whether the terminal can draw more than ASCII |

mod memory;
mod moment;

use crate::args::{ColorChoice, Format, Global};
use crate::outcome::Failure;
use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use timberline_archive::ingest;
use timberline_report::escape::Charset;
use timberline_report::terminal::{Color, Terminal, Width};

/// Where the archive is when nobody says.
pub(crate) const DEFAULT_ARCHIVE: &str = "timberline-archive";

/// What was asked for, with every default filled in.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) archive: PathBuf,
    /// The archive as far as `--archive` names one.
    pub(crate) named_archive: Option<PathBuf>,
    pub(crate) format: Format,
    /// The zone in which times are shown, and in which times without one are read.
    pub(crate) zone: TimeZone,
    /// A file with an order of revisions.
    pub(crate) revision_order: Option<PathBuf>,
    /// Worker threads; at least 1.
    pub(crate) threads: usize,
    /// Memory of an ingest, in bytes.
    pub(crate) memory: usize,
    /// How stdout is written to.
    pub(crate) terminal: Terminal,
    pub(crate) stderr: Stderr,
    pub(crate) verbosity: Verbosity,
    /// The moment to which relative times refer. Nothing else depends on the clock.
    pub(crate) now: Timestamp,
}

/// How much is said on stderr, and how much of long lists is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    Normal,
    /// Lists in full.
    Verbose,
}

/// How stderr is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr {
    pub(crate) is_terminal: bool,
    pub(crate) color: Color,
    pub(crate) charset: Charset,
}

/// The environment, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    archive: Option<OsString>,
    no_color: bool,
    is_dumb: bool,
    locale: Option<String>,
}

impl Environment {
    /// Reads the environment of this process.
    pub(crate) fn read() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        Self {
            archive: set("TIMBERLINE_ARCHIVE"),
            no_color: set("NO_COLOR").is_some(),
            is_dumb: set("TERM").is_some_and(|term| term == "dumb"),
            locale: locale.map(|locale| locale.to_string_lossy().into_owned()),
        }
    }

    /// What the terminal can draw. A locale that is not set says nothing, and terminals of today draw Unicode.
    fn charset(&self) -> Charset {
        let Some(locale) = &self.locale else { return Charset::Unicode };
        let locale = locale.to_ascii_lowercase();
        let is_unicode = locale.contains("utf-8") || locale.contains("utf8");
        let says_otherwise = locale.contains('.') || locale == "c" || locale == "posix";
        if says_otherwise && !is_unicode { Charset::Ascii } else { Charset::Unicode }
    }
}

impl Settings {
    /// Fills in what flags leave open.
    pub(crate) fn new(flags: &Global, environment: &Environment) -> Result<Self, Failure> {
        let zone = match &flags.tz {
            Some(name) => moment::zone(name)?,
            None => TimeZone::UTC,
        };
        let threads = match flags.threads {
            Some(0) => return Err(Failure::new("--threads must be at least 1")),
            Some(threads) => threads,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let memory = match &flags.memory {
            Some(text) => memory::bytes(text)?,
            None => ingest::Options::DEFAULT_MEMORY,
        };
        let archive = flags.archive.clone().or_else(|| environment.archive.clone().map(PathBuf::from));
        let color = |is_terminal: bool| match flags.color {
            ColorChoice::Always => Color::Always,
            ColorChoice::Never => Color::Never,
            ColorChoice::Auto if is_terminal && !environment.no_color && !environment.is_dumb => {
                Color::Always
            }
            ColorChoice::Auto => Color::Never,
        };
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let stderr_is_terminal = std::io::stderr().is_terminal();
        let charset = |is_terminal: bool| if is_terminal { environment.charset() } else { Charset::Unicode };
        let width = match terminal_size::terminal_size() {
            Some((terminal_size::Width(columns), _)) if stdout_is_terminal => Width::Columns(columns.into()),
            _ => Width::Unlimited,
        };
        Ok(Self {
            archive: archive.unwrap_or_else(|| PathBuf::from(DEFAULT_ARCHIVE)),
            named_archive: flags.archive.clone(),
            format: flags.format,
            zone,
            threads,
            memory,
            revision_order: flags.revision_order.clone(),
            terminal: Terminal {
                width,
                color: color(stdout_is_terminal),
                charset: charset(stdout_is_terminal),
            },
            stderr: Stderr {
                is_terminal: stderr_is_terminal && !environment.is_dumb,
                color: color(stderr_is_terminal),
                charset: charset(stderr_is_terminal),
            },
            verbosity: match (flags.quiet, flags.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, true) => Verbosity::Verbose,
                (false, false) => Verbosity::Normal,
            },
            now: Timestamp::now(),
        })
    }

    /// Returns the zone's name as `--tz` takes it.
    pub(crate) fn zone_name(&self) -> String {
        let fixed = || {
            let minutes = self.zone.to_offset(self.now).seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        };
        self.zone.iana_name().map_or_else(fixed, str::to_owned)
    }

    /// Reads a point in time as a person types it, nanoseconds since the Unix epoch.
    pub(crate) fn moment(&self, text: &str) -> Result<i64, Failure> {
        moment::parse(text, self.now, &self.zone)
    }

    /// The same settings for another archive.
    pub(crate) fn with_archive(&self, archive: &Path) -> Self {
        Self { archive: archive.to_owned(), ..self.clone() }
    }
}

impl Stderr {
    /// No colour, before anything is known.
    pub(crate) const fn plain() -> Self {
        Self { is_terminal: false, color: Color::Never, charset: Charset::Unicode }
    }

    pub(crate) const fn error_style(self) -> Style {
        AnsiColor::Red.on_default().bold()
    }

    pub(crate) const fn warning_style(self) -> Style {
        AnsiColor::Yellow.on_default().bold()
    }

    pub(crate) fn paint(self, text: &str, style: Style) -> String {
        match self.color {
            Color::Never => text.to_owned(),
            Color::Always => format!("{style}{text}{style:#}"),
        }
    }

    /// Writes text that is safe already. Nobody is left to tell when stderr itself fails.
    pub(crate) fn write(self, text: &str) {
        std::io::stderr().lock().write_all(text.as_bytes()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charset(locale: Option<&str>) -> Charset {
        Environment { locale: locale.map(str::to_owned), ..Environment::default() }.charset()
    }

    #[test]
    fn only_a_locale_that_says_so_is_ascii() {
        assert_eq!(charset(None), Charset::Unicode);
        assert_eq!(charset(Some("de_DE.UTF-8")), Charset::Unicode);
        assert_eq!(charset(Some("en_US")), Charset::Unicode);
        assert_eq!(charset(Some("C.utf8")), Charset::Unicode);
        assert_eq!(charset(Some("POSIX")), Charset::Ascii);
        assert_eq!(charset(Some("de_DE.ISO-8859-1")), Charset::Ascii);
    }

    #[test]
    fn flags_win_over_the_environment() {
        let environment = Environment { archive: Some("from-environment".into()), ..Environment::default() };
        let flags = Global::default();
        assert_eq!(Settings::new(&flags, &environment).unwrap().archive, Path::new("from-environment"));
        assert_eq!(
            Settings::new(&flags, &Environment::default()).unwrap().archive,
            Path::new(DEFAULT_ARCHIVE)
        );
        let flags = Global { archive: Some("from-flag".into()), ..flags };
        assert_eq!(Settings::new(&flags, &environment).unwrap().archive, Path::new("from-flag"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let environment = Environment::default();
        let zone = Global { tz: Some("Mars/Olympus".to_owned()), ..Global::default() };
        assert!(Settings::new(&zone, &environment).is_err());
        let threads = Global { threads: Some(0), ..Global::default() };
        assert!(Settings::new(&threads, &environment).is_err());
        let memory = Global { memory: Some("lots".to_owned()), ..Global::default() };
        assert!(Settings::new(&memory, &environment).is_err());
    }
}
