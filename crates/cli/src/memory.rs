//! How the allocator of the system is set up: an answer takes milliseconds, and a third of that would be the kernel handing
//! out pages, four kilobytes at a time.
//!
//! ```text
//! heap of a thread   ░░░ room that is left out ░░░│ huge page │ huge page │ …        16 MiB at once
//!                                          a multiple of 2 MiB
//! ```
//!
//! The heap grows in few steps, in huge pages, and what is freed stays close together, so that memory is used again before
//! more of it is asked for. Figures are in `benches/TRIED.md`.

/// Sets up the allocator and the heap of the main thread. Where the C library is not glibc, its own defaults stand.
///
/// Called first of all.
pub(crate) fn set_up() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::set_up();
}

/// Says how many threads will work. Called before there are other threads.
#[cfg_attr(not(all(target_os = "linux", target_env = "gnu")), expect(unused_variables))]
pub(crate) fn expect_threads(n_threads: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::expect_threads(n_threads);
}

/// Sets up the heap of a thread that just started.
pub(crate) fn set_up_thread() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::take_huge_pages();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library has no other way to be told")]
mod glibc {
    use libc::{
        M_ARENA_MAX, M_MMAP_THRESHOLD, M_TOP_PAD, M_TRIM_THRESHOLD, MADV_HUGEPAGE, c_int, c_void, madvise,
    };
    use std::hint::black_box;
    use std::ptr::without_provenance_mut;

    /// The heap grows by so many bytes at least: a short answer asks the kernel once or twice.
    const GROWTH: usize = 16 << 20;
    /// So many unused bytes at the end of the heap are given back.
    const UNUSED: usize = 16 << 20;
    /// From this size on, memory has pages of its own, which are given back when it is freed. Buffers of columns stay
    /// below it and come from pages that were touched before.
    const LARGE: usize = 4 << 20;
    /// Heaps beside one for each processor. More of them let fewer threads wait, and hold more that others cannot use.
    const SPARE_ARENAS: usize = 2;
    /// The size of a huge page of most processors. Where it is another, the advice is worth less.
    const HUGE_PAGE: usize = 2 << 20;
    /// What the allocator writes behind a piece of memory must not touch the first huge page, which would then be made of
    /// small ones.
    const BETWEEN: usize = 256;

    pub(super) fn set_up() {
        set(M_TOP_PAD, GROWTH);
        set(M_TRIM_THRESHOLD, UNUSED);
        set(M_MMAP_THRESHOLD, LARGE);
        take_huge_pages();
    }

    pub(super) fn expect_threads(n_threads: usize) {
        set(M_ARENA_MAX, n_threads + SPARE_ARENAS);
    }

    /// A parameter that is refused keeps its default, with which all works as well, only slower.
    fn set(parameter: c_int, value: usize) {
        // SAFETY: `mallopt` changes numbers inside the allocator under its own lock.
        unsafe { libc::mallopt(parameter, c_int::try_from(value).unwrap_or(c_int::MAX)) };
    }

    /// Lets the calling thread's heap begin with the next huge page, and asks for such pages from there on.
    pub(super) fn take_huge_pages() {
        // Memory of this size comes from the end of the heap.
        let probe = Vec::<u8>::with_capacity(BETWEEN);
        let end = probe.as_ptr().addr() + BETWEEN;
        let start = (end + BETWEEN).next_multiple_of(HUGE_PAGE);
        // The room before the first huge page is never touched, so it costs nothing; it stays taken. Who compiles this must
        // not find out that nobody uses it.
        std::mem::forget(black_box(Vec::<u8>::with_capacity(start - end - BETWEEN)));
        // SAFETY: which pages the kernel takes changes nothing about what is in memory, whoever it belongs to. Where nothing
        // is mapped or huge pages are off, the advice is refused.
        unsafe { madvise(without_provenance_mut::<c_void>(start), GROWTH - HUGE_PAGE, MADV_HUGEPAGE) };
    }
}
