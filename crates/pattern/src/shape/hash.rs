//! The hash behind a fingerprint.

use super::Fingerprint;
use crate::mask::MASK_VERSION;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Hashes tokens as XXH3-64 of the mask version (four bytes, little endian) and of each token with a closing mark.
///
/// The marks are control characters that count as white space, so no token can contain them.
pub(super) struct TokenHasher {
    buffer: [u8; 512],
    n_buffered: usize,
    /// Present once the tokens outgrow the buffer; one-shot hashing is several times faster and gives the same number.
    stream: Option<Box<Xxh3>>,
}

const TOKEN_END: u8 = 0x1f;
const VALUE: [u8; 2] = [0x1e, TOKEN_END];

impl TokenHasher {
    pub(super) fn new() -> Self {
        let mut buffer = [0; 512];
        buffer[..4].copy_from_slice(&MASK_VERSION.to_le_bytes());
        Self { buffer, n_buffered: 4, stream: None }
    }

    #[inline]
    pub(super) fn value(&mut self) {
        self.write(&VALUE);
    }

    #[inline]
    pub(super) fn token(&mut self, token: &str) {
        self.write(token.as_bytes());
        self.write(&[TOKEN_END]);
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if let Some(room) = self.buffer.get_mut(self.n_buffered..self.n_buffered + bytes.len())
            && self.stream.is_none()
        {
            room.copy_from_slice(bytes);
            self.n_buffered += bytes.len();
        } else {
            self.write_long(bytes);
        }
    }

    #[cold]
    fn write_long(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_or_insert_with(|| {
            let mut stream = Box::new(Xxh3::new());
            stream.update(&self.buffer[..self.n_buffered]);
            stream
        });
        stream.update(bytes);
    }

    pub(super) fn finish(self) -> Fingerprint {
        Fingerprint(match self.stream {
            Some(stream) => stream.digest(),
            None => xxh3_64(&self.buffer[..self.n_buffered]),
        })
    }
}
