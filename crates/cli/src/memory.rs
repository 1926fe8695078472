//! How the allocator of the system is set up: an answer takes milliseconds, and half of that is the kernel zeroing pages
//! that are touched for the first time.
//!
//! What is set here makes the heap grow in few steps and keeps what is freed close together, so that memory is used again
//! before more of it is asked for. Figures are in `benches/TRIED.md`.

/// Sets up the allocator. Where the C library is not glibc, its own defaults stand.
///
/// Called first of all, before there are threads.
pub(crate) fn set_up() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::set_up();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TOP_PAD, M_TRIM_THRESHOLD, c_int};
    use std::thread::available_parallelism;

    /// The heap grows by so many bytes at least: a short answer asks the kernel once or twice.
    const GROWTH: c_int = 16 << 20;
    /// So many unused bytes at the end of the heap are given back.
    const UNUSED: c_int = 16 << 20;
    /// From this size on, memory has pages of its own, which are given back when it is freed. Buffers of columns stay
    /// below it and come from pages that were touched before.
    const LARGE: c_int = 4 << 20;
    /// Heaps beside one for each processor. More of them let fewer threads wait, and hold more that others cannot use.
    const SPARE_ARENAS: usize = 2;

    pub(super) fn set_up() {
        let n_arenas = available_parallelism().map_or(1, usize::from) + SPARE_ARENAS;
        set(M_TOP_PAD, GROWTH);
        set(M_TRIM_THRESHOLD, UNUSED);
        set(M_MMAP_THRESHOLD, LARGE);
        set(M_ARENA_MAX, c_int::try_from(n_arenas).unwrap_or(c_int::MAX));
    }

    /// A parameter that is refused keeps its default, with which all works as well, only slower.
    #[expect(unsafe_code, reason = "the C library has no other way to be told")]
    fn set(parameter: c_int, value: c_int) {
        // SAFETY: `mallopt` changes numbers inside the allocator under its own lock.
        unsafe { libc::mallopt(parameter, value) };
    }
}
