//! Tells panics of the decoders that we use from our own.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Returned,
    DecoderPanicked,
}

static IS_TOLERANT: AtomicBool = AtomicBool::new(false);
static DECODER_PANICKED: AtomicBool = AtomicBool::new(false);

/// Runs some work; a panic inside Tantivy, Parquet or what they use ends it, any other panic is passed on.
pub(super) fn tolerating_decoders(work: impl FnOnce()) -> Outcome {
    static HOOK: Once = Once::new();
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if IS_TOLERANT.load(Ordering::SeqCst) && is_of_decoder(info) {
                DECODER_PANICKED.store(true, Ordering::SeqCst);
            } else {
                before(info);
            }
        }));
    });
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    DECODER_PANICKED.store(false, Ordering::SeqCst);
    IS_TOLERANT.store(true, Ordering::SeqCst);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_TOLERANT.store(false, Ordering::SeqCst);
    match result {
        Ok(()) => Outcome::Returned,
        Err(_) if DECODER_PANICKED.load(Ordering::SeqCst) => Outcome::DecoderPanicked,
        Err(panic) => resume_unwind(panic),
    }
}

/// Says whether the code that panicked is from the registry. Code of the standard library is whoever's called it.
fn is_of_decoder(info: &PanicHookInfo<'_>) -> bool {
    let is_registry = |text: &str| text.contains("/registry/src/");
    match info.location().map(std::panic::Location::file) {
        Some(file) if is_registry(file) => true,
        Some(file) if file.starts_with("/rustc/") || file.contains("/library/") => {
            let trace = Backtrace::force_capture().to_string();
            let caller = trace.lines().find(|line| is_registry(line) || line.contains("crates/"));
            caller.is_some_and(is_registry)
        }
        _ => false,
    }
}
