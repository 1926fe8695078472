//! How many threads questions are answered with.

use crate::outcome::Failure;

/// Keeps to as many threads as were asked for; without a number the libraries take one per core. Called before anything is shared out,
/// because the threads that share work are started once.
pub(crate) fn set_up(asked: Option<usize>) -> Result<(), Failure> {
    let Some(n_threads) = asked else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .build_global()
        .map_err(|error| Failure::new(format!("cannot start {n_threads} threads")).cause(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_among_as_many_as_were_asked_for() {
        set_up(None).unwrap();
        set_up(Some(3)).unwrap();
        assert_eq!(rayon::current_num_threads(), 3);
    }
}
