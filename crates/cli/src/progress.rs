//! A progress bar for ingest and verify. On stderr, only on a terminal, and only when there is something to wait for.

use crate::settings::{Settings, Verbosity};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use timberline_archive::ingest::Reporter;
use timberline_archive::verify;
use timberline_report::escape::{self, Charset, Lines};
use timberline_report::units;

/// Nothing is drawn before: most ingests of a few files are done by then.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often the bar is drawn at most, per second.
const DRAWS_PER_SECOND: u8 = 10;

/// How long an ingest took to read, and to write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stages {
    pub(crate) reading: Duration,
    pub(crate) writing: Duration,
}

/// Draws how far an ingest or a verification is, and takes the time.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_wanted: bool,
    is_shown: AtomicBool,
    writing_since: OnceLock<Instant>,
    settings: Settings,
}

impl Progress {
    pub(crate) fn new(settings: &Settings) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let is_wanted = settings.stderr.is_terminal && settings.verbosity > Verbosity::Quiet;
        Self {
            bar,
            started: Instant::now(),
            is_wanted,
            is_shown: AtomicBool::new(false),
            writing_since: OnceLock::new(),
            settings: settings.clone(),
        }
    }

    /// Returns a handle by which another thread can take the bar off the screen.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Returns how long the stages took, up to now.
    pub(crate) fn stages(&self) -> Stages {
        let now = Instant::now();
        let writing_since = self.writing_since.get().copied().unwrap_or(now);
        Stages { reading: writing_since - self.started, writing: now - writing_since }
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&self, bytes: u64) {
        self.bar.set_length(bytes);
        let template = "{elapsed:>4} {wide_bar} {binary_bytes} of {binary_total_bytes}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let is_ascii = self.settings.stderr.charset == Charset::Ascii;
            self.bar.set_style(style.progress_chars(if is_ascii { "=> " } else { "━╸ " }));
        }
        self.show_when_due();
    }

    fn name(&self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.bar.set_message(escape::terminal(name, Lines::One, self.settings.stderr.charset).into_owned());
        self.show_when_due();
    }

    fn show_when_due(&self) {
        let is_due = self.is_wanted && self.started.elapsed() >= PATIENCE;
        if is_due && !self.is_shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
            // Writing reports nothing until it is done; the clock beside the bar shows that it goes on.
            self.bar.enable_steady_tick(Duration::from_secs(1) / u32::from(DRAWS_PER_SECOND));
        }
    }
}

impl Reporter for Progress {
    fn planned(&self, _: usize, bytes: u64) {
        self.begin(bytes);
    }

    fn source_started(&self, path: &str) {
        self.name(path);
    }

    fn bytes_read(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.show_when_due();
    }

    fn writing(&self) {
        self.writing_since.get_or_init(Instant::now);
        self.bar.set_message("writing");
        self.show_when_due();
    }
}

impl verify::Reporter for Progress {
    fn planned(&self, _: usize, bytes: u64) {
        self.begin(bytes);
    }

    fn file_checked(&self, path: &str, bytes: u64) {
        self.bar.inc(bytes);
        self.name(path);
    }

    fn segment_started(&self, segment: &str, rows: u64) {
        self.bar.set_message(format!("{} entries of segment {segment}", units::count(rows)));
        self.show_when_due();
    }
}
