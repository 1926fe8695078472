//! Zstd frames: unpacked with one context a thread.

use std::cell::RefCell;
use std::io;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

/// More bytes than one of a zstd frame can become: a block of a frame has four bytes at least and makes 128 KiB at most.
///
/// Source: RFC 8878, sections 3.1.1.2.2 and 3.1.1.2.4.
pub(crate) const MOST_UNPACKED: usize = (128 << 10) / 4;

thread_local! {
    /// A context is larger than most of what is unpacked, so each thread makes one.
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("a decompressor without a dictionary"));
}

/// Returns what a frame holds, which are `len` bytes.
///
/// # Errors
/// `InvalidData` when the frame holds more or fewer, or is damaged.
pub(crate) fn unpack(frame: &[u8], len: usize) -> io::Result<Vec<u8>> {
    let invalid = |detail: &str| io::Error::new(io::ErrorKind::InvalidData, detail);
    // Room is made by what a file says, so one of a few bytes must not say that it holds gigabytes.
    if len / MOST_UNPACKED > frame.len() {
        return Err(invalid("the length makes no sense"));
    }
    let content = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(frame, len))?;
    if content.len() == len {
        Ok(content)
    } else {
        Err(invalid("the frame holds fewer bytes than the file says"))
    }
}

/// As [`unpack`], for a frame that says itself how much it holds, or leaves it open.
///
/// # Errors
/// `InvalidData` when the frame is damaged.
pub(crate) fn unpack_whole(frame: &[u8]) -> io::Result<Vec<u8>> {
    match get_frame_content_size(frame) {
        Ok(Some(len)) => unpack(frame, usize::try_from(len).unwrap_or(usize::MAX)),
        _ => zstd::stream::decode_all(frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_was_packed_comes_back_and_nothing_else() {
        let text = b"retry 3 of 5 ".repeat(1000);
        let frame = zstd::bulk::compress(&text, 3).unwrap();
        assert_eq!(unpack(&frame, text.len()).unwrap(), text);
        assert_eq!(unpack_whole(&frame).unwrap(), text);
        for len in [0, text.len() - 1, text.len() + 1, usize::MAX] {
            assert!(unpack(&frame, len).is_err(), "{len}");
        }
        assert!(unpack_whole(&frame[..frame.len() - 1]).is_err());
        assert!(unpack_whole(b"no frame").is_err());
        let mut stream = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        stream.write_all(&text).unwrap();
        assert_eq!(unpack_whole(&stream.finish().unwrap()).unwrap(), text, "a frame without its length");
    }
}
