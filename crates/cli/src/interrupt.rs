//! What an interrupt does while an ingest is under way.
//!
//! It asks the ingest to stop, which it does between two batches. An ingest that waits, for standard input that says nothing or
//! for a disk that is slow, cannot answer; a moment later the program ends without it. That is safe at any time: what is not
//! committed is as if it never was, and the next ingest deletes what is left of it.

use crate::outcome::{Code, Failure, report};
use crate::settings::Settings;
use indicatif::ProgressBar;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Set when the person wants to stop.
pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

/// How long an ingest may take to stop by itself: much longer than a batch takes.
const GRACE: Duration = Duration::from_secs(1);

/// Listens from now on. The bar is taken off the screen when the program has to end without the ingest.
pub(crate) fn listen(settings: &Settings, bar: ProgressBar) -> Result<(), Failure> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let stderr = settings.stderr;
    ctrlc::set_handler(move || {
        if !STOP.swap(true, Ordering::Relaxed) {
            // Interrupts that come meanwhile wait as well; they could not make it any faster.
            std::thread::sleep(GRACE);
        }
        bar.finish_and_clear();
        report(&Failure::interrupted("interrupted; the archive is as its last commit left it"), stderr);
        #[expect(clippy::exit, reason = "the main thread waits for something that may never come")]
        std::process::exit(Code::Interrupted as i32);
    })
    .map_err(|error| Failure::new("cannot listen for interrupts").cause(&error))
}
