//! The threads that share work.

use crate::memory;
use crate::outcome::Failure;

/// What the main thread does while work is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Main {
    /// It is one of the threads that share work: an answer waits for nobody else.
    Works,
    /// It waits for what other threads bring, and must not be counted on.
    Waits,
}

/// Starts as many threads as are to share work. Called before anything is shared out, because they are started once.
pub(crate) fn set_up(n_threads: usize, main: Main) -> Result<(), Failure> {
    memory::expect_threads(n_threads);
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(n_threads).start_handler(|_| memory::set_up_thread());
    let pool = if main == Main::Works { pool.use_current_thread() } else { pool };
    pool.build_global()
        .map_err(|error| Failure::new(format!("cannot start {n_threads} threads")).cause(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_among_as_many_as_were_asked_for() {
        set_up(3, Main::Works).unwrap();
        assert_eq!(rayon::current_num_threads(), 3);
        assert_eq!(rayon::current_thread_index(), Some(0), "the thread that asks is one of them");
        assert!(set_up(4, Main::Waits).is_err(), "they are started once");
    }
}
