//! The threads that share work.

use crate::memory;
use crate::outcome::Failure;

/// Starts as many threads as are to share work. Called before anything is shared out, because they are started once.
pub(crate) fn set_up(n_threads: usize) -> Result<(), Failure> {
    memory::expect_threads(n_threads);
    rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .start_handler(|_| memory::set_up_thread())
        .build_global()
        .map_err(|error| Failure::new(format!("cannot start {n_threads} threads")).cause(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_among_as_many_as_were_asked_for() {
        set_up(3).unwrap();
        assert_eq!(rayon::current_num_threads(), 3);
        assert!(set_up(4).is_err(), "they are started once");
    }
}
