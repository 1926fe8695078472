//! `.tar` archives, compressed or not: their members are sources of their own.

use super::compression::Compression;
use super::stored::Stored;
use std::io::{self, Read};
use std::path::Path;

/// A file inside an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Position of its bytes in the (decompressed) archive.
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Where the format's name stands in the first header. Source: POSIX.1-2008, pax, "ustar Interchange Format".
const USTAR_AT: usize = 257;

/// Lists the files of an archive, in archive order; `None` when the file is no archive.
///
/// Cost: an uncompressed archive is read header by header, a compressed one is decompressed once.
/// An archive that is cut off lists what came before the cut.
pub(crate) fn members(path: &Path) -> io::Result<Option<Vec<Member>>> {
    let mut head = [0; USTAR_AT + 5];
    let compression = compression_of(path)?;
    let len = read_up_to(&mut compression.reader(Stored::file(path)?)?, &mut head);
    if len < head.len() || &head[USTAR_AT..] != b"ustar" {
        return Ok(None);
    }
    let mut found = Vec::new();
    if compression == Compression::None {
        let mut archive = tar::Archive::new(std::fs::File::open(path)?);
        for entry in archive.entries_with_seek()? {
            let Ok(entry) = entry else { break };
            add_entry(
                &mut found,
                entry.header(),
                &entry.path_bytes(),
                entry.raw_file_position(),
                entry.size(),
            );
        }
    } else {
        let mut archive = tar::Archive::new(compression.reader(Stored::file(path)?)?);
        for entry in archive.entries()? {
            let Ok(entry) = entry else { break };
            add_entry(
                &mut found,
                entry.header(),
                &entry.path_bytes(),
                entry.raw_file_position(),
                entry.size(),
            );
        }
    }
    Ok(Some(found))
}

fn add_entry(found: &mut Vec<Member>, header: &tar::Header, name: &[u8], offset: u64, len: u64) {
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    let is_hidden = name.split('/').any(|part| part.starts_with('.') && part != "." && part != "..");
    if header.entry_type().is_file() && !is_hidden && len > 0 {
        found.push(Member { name: name.trim_start_matches("./").to_owned(), offset, len });
    }
}

/// Opens the bytes of a member.
pub(crate) fn open_member(path: &Path, offset: u64, len: u64) -> io::Result<Stored> {
    let compression = compression_of(path)?;
    if compression == Compression::None {
        return Stored::section(path, offset, len);
    }
    let mut archive = compression.reader(Stored::file(path)?)?;
    io::copy(&mut (&mut archive).take(offset), &mut io::sink())?;
    Ok(Stored::new(Box::new(archive.take(len))))
}

fn compression_of(path: &Path) -> io::Result<Compression> {
    let mut first = [0; 6];
    let len = read_up_to(&mut std::fs::File::open(path)?, &mut first);
    Ok(Compression::of(&first[..len]))
}

/// Fills as much of `buf` as there is; a stream that breaks counts as one that ends.
fn read_up_to(from: &mut dyn Read, buf: &mut [u8]) -> usize {
    let mut len = 0;
    while len < buf.len() {
        match from.read(&mut buf[len..]) {
            Ok(more) if more > 0 => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    len
}
