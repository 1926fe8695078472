//! Compression, told by the first bytes of the content and never by the name.

use flate2::bufread::GzDecoder;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// How a source is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
    /// bzip2, any number of streams.
    Bzip2,
    /// xz, any number of streams.
    Xz,
}

/// Decompressors ask for input in pieces of this size.
const STORED_PIECE: usize = 128 << 10;

impl Compression {
    /// Returns the stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// Tells the compression by the first bytes. Six are enough; fewer are looked at as they are.
    ///
    /// Source: RFC 1952 §2.3.1, RFC 8878 §3.1.1 and §3.1.2, the bzip2 manual §2.1, the .xz format §2.1.1.1.
    pub(crate) const fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    pub(crate) fn reader(self, stored: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        if self == Self::None {
            return Ok(Box::new(stored));
        }
        let stored = BufReader::with_capacity(STORED_PIECE, stored);
        Ok(match self {
            Self::None | Self::Gzip => Box::new(GzipMembers { member: Some(GzDecoder::new(stored)) }),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
                // `zstd --long=31` is used on logs; the default window limit would refuse it.
                decoder.window_log_max(31)?;
                Box::new(decoder)
            }
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stored)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new(stored, true)),
        })
    }
}

/// The members of a gzip file one after another. Zeros behind a member are padding, as tapes and block devices leave it.
///
/// Source: the manual of GNU gzip, "Using gzip on tapes".
struct GzipMembers<R> {
    /// `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let rest = self.member.take().map(GzDecoder::into_inner);
            if let Some(mut rest) = rest
                && skip_zeros(&mut rest)?
            {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Reads over zeros; says whether anything follows.
fn skip_zeros(from: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let there = from.fill_buf()?;
        let (n, n_zeros) = (there.len(), there.iter().take_while(|byte| **byte == 0).count());
        from.consume(n_zeros);
        if n_zeros < n || n == 0 {
            return Ok(n > 0);
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads what a gzip file holds.
    fn gunzip(stored: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        Compression::Gzip.reader(io::Cursor::new(stored))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn gzip_may_be_padded_with_zeros() {
        let member = |text: &str| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let check = |parts: &[&[u8]], expected: Option<&str>| {
            assert_eq!(gunzip(parts.concat()).ok().as_deref(), expected);
        };
        let (a, b, zeros) = (member("a"), member("b"), vec![0; STORED_PIECE + 5]);
        check(&[&a], Some("a"));
        check(&[&a, &b], Some("ab"));
        check(&[&a, &zeros], Some("a"));
        check(&[&a, &zeros, &b, &[0]], Some("ab"));
        check(&[&a, &zeros, b"rubbish"], None);
        check(&[&a, &b[..b.len() - 1]], None);
    }

    #[test]
    fn by_content() {
        assert_eq!(Compression::of(b"\x1f\x8b\x08\0\0\0"), Compression::Gzip);
        assert_eq!(Compression::of(b"\x28\xb5\x2f\xfd\0\0"), Compression::Zstd);
        assert_eq!(Compression::of(b"BZh91AY"), Compression::Bzip2);
        assert_eq!(Compression::of(b"\xfd7zXZ\0"), Compression::Xz);
        assert_eq!(Compression::of(b"BZh is how this text begins"), Compression::None);
        assert_eq!(Compression::of(b"[{"), Compression::None);
        assert_eq!(Compression::of(b""), Compression::None);
    }
}
