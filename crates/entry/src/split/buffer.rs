//! The text that is buffered: read on demand, cut off in front when a batch is complete.

use crate::input::TextInput;
use std::io;

/// The source is read in pieces of this size.
const PIECE: usize = 256 << 10;

/// A window onto the text of a source.
pub(super) struct Buffer {
    input: TextInput,
    bytes: Vec<u8>,
    /// Byte offset of the window in the text.
    base: u64,
    ended: bool,
    /// Lines begun before `line_at`, from 1.
    line: u64,
    line_at: usize,
}

impl Buffer {
    /// `base` is the length of a byte order mark that was skipped.
    pub(super) const fn new(input: TextInput, base: u64) -> Self {
        Self { input, bytes: Vec::new(), base, ended: false, line: 1, line_at: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    pub(super) const fn input(&self) -> &TextInput {
        &self.input
    }

    pub(super) fn into_input(self) -> TextInput {
        self.input
    }

    /// Byte offset in the text of a position in the window.
    pub(super) const fn offset(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Reads on; `false` when there is no more.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.bytes.len();
        while self.bytes.len() == before {
            if !self.input.read_more(PIECE, &mut self.bytes)? {
                self.ended = true;
                break;
            }
        }
        Ok(self.bytes.len() > before)
    }

    /// Reads on until the window has `len` bytes; says whether it does.
    pub(super) fn fill_to(&mut self, len: usize) -> io::Result<bool> {
        while self.bytes.len() < len {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the byte at a position, reading on if need be; `None` behind the end.
    pub(super) fn byte(&mut self, at: usize) -> io::Result<Option<u8>> {
        if at >= self.bytes.len() {
            self.fill_to(at + 1)?;
        }
        Ok(self.bytes.get(at).copied())
    }

    /// Returns the line of a position, from 1. Positions must not go back behind the last one asked for.
    pub(super) fn line(&mut self, at: usize) -> u64 {
        if at > self.line_at {
            self.line += memchr::memchr_iter(b'\n', &self.bytes[self.line_at..at]).count() as u64;
            self.line_at = at;
        }
        self.line
    }

    /// Takes the first `len` bytes out of the window.
    pub(super) fn cut(&mut self, len: usize) -> Vec<u8> {
        self.line(len);
        self.line_at -= len;
        self.base += len as u64;
        let mut rest = Vec::with_capacity((self.bytes.len() - len).max(len) + PIECE);
        rest.extend_from_slice(&self.bytes[len..]);
        self.bytes.truncate(len);
        std::mem::replace(&mut self.bytes, rest)
    }
}
