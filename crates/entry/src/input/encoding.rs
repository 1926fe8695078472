//! Decoding to UTF-8, told by the byte order mark, or by the zero bytes that UTF-16 puts into ASCII.

use super::stored::Stored;
use crate::reject::RejectReason;
use std::fmt;
use std::io::{self, Read};

/// How the text of a source is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }

    /// Returns the encoding and how many bytes its mark takes.
    pub(crate) const fn of(first: &[u8]) -> (Self, usize) {
        match first {
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8Bom, 3),
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            [b'[' | b'{', 0, ..] => (Self::Utf16Le, 0),
            [0, b'[' | b'{', ..] => (Self::Utf16Be, 0),
            _ => (Self::Utf8, 0),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Decompressed, decoded text. Whether it is valid UTF-8 is checked later, once per batch.
pub(crate) struct TextInput {
    stored: Stored,
    decompressed: Box<dyn Read + Send>,
    encoding: Encoding,
    /// What was read in order to tell compression and encoding, and is still to be handed out.
    head: Vec<u8>,
    utf16: Utf16,
    ended: bool,
    /// Why the decompressor stopped before the end.
    pub(crate) damage: Option<(RejectReason, String)>,
}

impl TextInput {
    pub(crate) fn new(
        stored: Stored,
        decompressed: Box<dyn Read + Send>,
        encoding: Encoding,
        head: Vec<u8>,
    ) -> Self {
        let utf16 = Utf16 { big_endian: encoding == Encoding::Utf16Be, ..Utf16::default() };
        Self { stored, decompressed, encoding, head, utf16, ended: false, damage: None }
    }

    /// Appends about `len` bytes of text; returns `false` when the source has ended.
    pub(crate) fn read_more(&mut self, len: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if matches!(self.encoding, Encoding::Utf8 | Encoding::Utf8Bom) {
            return self.read_bytes(len, out);
        }
        let mut raw = std::mem::take(&mut self.utf16.raw);
        let more = self.read_bytes(len, &mut raw);
        self.utf16.raw = raw;
        self.utf16.decode(!matches!(more, Ok(true)), out);
        more
    }

    /// Returns the totals of the stored bytes.
    pub(crate) fn finish(self) -> io::Result<(u64, u128)> {
        self.stored.finish()
    }

    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored.bytes_read()
    }

    fn read_bytes(&mut self, len: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        if !self.head.is_empty() {
            out.append(&mut self.head);
            return Ok(true);
        }
        match (&mut self.decompressed).take(len as u64).read_to_end(out) {
            Ok(0) => {
                self.ended = true;
                Ok(false)
            }
            Ok(_) => Ok(true),
            Err(error) if self.stored.failed() => Err(error),
            // What was decompressed before the damage is in `out` already.
            Err(error) => {
                self.ended = true;
                let reason = damage_reason(&error);
                self.damage = Some((reason, error.to_string()));
                Ok(false)
            }
        }
    }
}

/// Tells a decompressor's end of input from its other complaints.
pub(crate) fn damage_reason(error: &io::Error) -> RejectReason {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => RejectReason::CompressedEndsEarly,
        _ => RejectReason::CompressedDamaged,
    }
}

#[derive(Default)]
struct Utf16 {
    big_endian: bool,
    raw: Vec<u8>,
}

impl Utf16 {
    /// Moves whole characters from `raw` to `out`; at the end an odd byte or half a pair becomes U+FFFD.
    fn decode(&mut self, at_end: bool, out: &mut Vec<u8>) {
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut usable = self.raw.len() & !1;
        if !at_end && usable >= 2 && matches!(unit(&self.raw[usable - 2..]), 0xd800..=0xdbff) {
            usable -= 2;
        }
        for c in char::decode_utf16(self.raw[..usable].chunks_exact(2).map(unit)) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.raw.drain(..usable);
        if at_end && !self.raw.is_empty() {
            self.raw.clear();
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(encoding: Encoding, bytes: Vec<u8>, piece: usize) -> String {
        let from = io::Cursor::new(bytes);
        let stored = Stored::new(Box::new(io::empty()));
        let mut input = TextInput::new(stored, Box::new(from), encoding, Vec::new());
        let mut out = Vec::new();
        while input.read_more(piece, &mut out).unwrap() {}
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn utf16_in_pieces_of_any_size() {
        let text = "[\"a→é😀\"]";
        for piece in 1..9 {
            let le = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let be = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(read_all(Encoding::Utf16Le, le, piece), text);
            assert_eq!(read_all(Encoding::Utf16Be, be, piece), text);
        }
        assert_eq!(read_all(Encoding::Utf16Le, vec![b'a', 0, 0x3d, 0xd8, b'x'], 2), "a\u{fffd}\u{fffd}");
    }

    #[test]
    fn by_mark() {
        assert_eq!(Encoding::of(b"\xef\xbb\xbf["), (Encoding::Utf8Bom, 3));
        assert_eq!(Encoding::of(b"\xff\xfe[\0"), (Encoding::Utf16Le, 2));
        assert_eq!(Encoding::of(b"[\0\n\0"), (Encoding::Utf16Le, 0));
        assert_eq!(Encoding::of(b"[{"), (Encoding::Utf8, 0));
    }
}
