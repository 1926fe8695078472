//! `.tar` archives, compressed or not: their members are sources of their own.

use super::compression::Compression;
use super::stored::Stored;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

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

/// The decompressed bytes of one archive, which its members hand on to one another: whoever opens them in the order in which they
/// stand decompresses the archive once.
#[derive(Clone)]
pub(crate) struct Shared {
    stream: Arc<Mutex<Option<Stream>>>,
    /// Where the last member begins; after it nobody needs the stream any more.
    last: u64,
}

/// Two places in one archive are told apart by other means.
impl PartialEq for Shared {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Shared {}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("last", &self.last).finish_non_exhaustive()
    }
}

struct Stream {
    decompressed: Box<dyn Read + Send>,
    at: u64,
}

impl Shared {
    pub(crate) fn new(members: &[Member]) -> Self {
        let last = members.iter().map(|member| member.offset).max().unwrap_or(0);
        Self { stream: Arc::default(), last }
    }

    /// Opens the bytes of a member.
    pub(crate) fn open_member(&self, path: &Path, offset: u64, len: u64) -> io::Result<Stored> {
        let compression = compression_of(path)?;
        if compression == Compression::None {
            return Stored::section(path, offset, len);
        }
        let waiting = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut stream = match waiting.filter(|stream| stream.at <= offset) {
            Some(stream) => stream,
            None => Stream { decompressed: compression.reader(Stored::file(path)?)?, at: 0 },
        };
        stream.at += io::copy(&mut (&mut stream.decompressed).take(offset - stream.at), &mut io::sink())?;
        let home = (offset < self.last).then(|| self.clone());
        Ok(Stored::new(Box::new(Lease { stream: Some(stream), left: len, home })))
    }
}

/// A member that is being read.
struct Lease {
    /// `None` once it broke.
    stream: Option<Stream>,
    left: u64,
    /// Where the stream goes afterwards.
    home: Option<Shared>,
}

impl Read for Lease {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.stream else { return Ok(0) };
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        // Some decompressors take a request for nothing as a mistake.
        if most == 0 {
            return Ok(0);
        }
        match stream.decompressed.read(&mut buf[..most]) {
            Ok(len) => {
                stream.at += len as u64;
                self.left -= len as u64;
                Ok(len)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.stream = None;
                }
                Err(error)
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(stream), Some(home)) = (self.stream.take(), self.home.take()) {
            *home.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn members_in_order_are_decompressed_once() {
        let mut builder = tar::Builder::new(Vec::new());
        let contents: Vec<Vec<u8>> = (1..6_u8).map(|n| vec![n; usize::from(n) * 700]).collect();
        for (n, content) in contents.iter().enumerate() {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, format!("{n}.json"), &content[..]).unwrap();
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&builder.into_inner().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tgz");
        std::fs::write(&path, packed.finish().unwrap()).unwrap();
        let members = members(&path).unwrap().unwrap();
        let shared = Shared::new(&members);
        let waiting_at = || shared.stream.lock().unwrap().as_ref().map(|stream| stream.at);
        let read = |n: usize| {
            let mut bytes = Vec::new();
            let mut member = shared.open_member(&path, members[n].offset, members[n].len).unwrap();
            member.read_to_end(&mut bytes).unwrap();
            assert!(bytes == contents[n], "member {n}");
        };
        for (n, member) in members.iter().enumerate() {
            read(n);
            let end = member.offset + member.len;
            assert_eq!(waiting_at(), (n < 4).then_some(end), "the next goes on where this one ended");
        }
        // In any other order they are read all the same, and from two places at a time.
        for n in [3, 1, 4, 0, 2] {
            let _other = shared.open_member(&path, members[1].offset, 10).unwrap();
            read(n);
        }
    }
}
