//! `.tar` archives, compressed or not: their members are sources of their own.

use super::compression::Compression;
use super::encoding::damage_reason;
use super::stored::{ContentDamage, Stored};
use crate::reject::RejectReason;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
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

/// What an archive holds, as far as it can be followed.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) members: Vec<Member>,
    /// Why there may be members that are not listed.
    pub(crate) broken: Option<(RejectReason, String)>,
}

/// Headers and contents begin at multiples of this. Source: as above.
const BLOCK: u64 = 512;

/// Lists the files of an archive, in archive order; `None` when the file is no archive.
///
/// Shape: an archive that is cut off or damaged lists what came before, and why nothing follows.
/// Cost: an uncompressed archive is read header by header, a compressed one is decompressed once.
pub(crate) fn members(path: &Path) -> io::Result<Option<Listing>> {
    let mut head = [0; USTAR_AT + 5];
    let compression = compression_of(path)?;
    let len = read_up_to(&mut compression.reader(Stored::file(path)?)?, &mut head);
    if len < head.len() || &head[USTAR_AT..] != b"ustar" {
        return Ok(None);
    }
    let mut listing = Listing::default();
    if compression == Compression::None {
        let mut archive = tar::Archive::new(Watched::new(std::fs::File::open(path)?));
        let end = list(archive.entries_with_seek()?, &mut listing);
        listing.broken = end.broken(&archive.into_inner(), |_| RejectReason::Unreadable);
    } else {
        let stored = Stored::file(path)?;
        let mut archive = tar::Archive::new(Watched::new(compression.reader(stored.clone())?));
        let end = list(archive.entries()?, &mut listing);
        listing.broken = end.broken(&archive.into_inner(), |error| {
            if stored.failed() { RejectReason::Unreadable } else { damage_reason(error) }
        });
    }
    Ok(Some(listing))
}

/// Follows the headers to the end, or to where they break.
fn list<'a, R: Read + 'a>(
    entries: impl Iterator<Item = io::Result<tar::Entry<'a, R>>>,
    listing: &mut Listing,
) -> End {
    let mut end = End { at: 0, error: None };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                end.error = Some(error);
                break;
            }
        };
        let at = entry.raw_file_position();
        // A sparse file is stored in fewer bytes than it has.
        let is_sparse = entry.header().entry_type().is_gnu_sparse();
        let stored = if is_sparse { entry.header().entry_size().unwrap_or(0) } else { entry.size() };
        end.at = at.saturating_add(stored).checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX);
        add_entry(&mut listing.members, entry.header(), &entry.path_bytes(), at, entry.size());
    }
    end
}

/// Where the headers of an archive stop.
struct End {
    /// Where the next header should stand.
    at: u64,
    /// Why no header could be read there; `None` at a block of zeros or where the file ends.
    error: Option<io::Error>,
}

impl End {
    /// Returns why members may be missing; `None` when the archive says that it ends here.
    ///
    /// The mark at an archive's end is two blocks of zeros. Whoever packs a stream that breaks leaves it out, and so does a copy that
    /// was cut between two members, which nothing else would tell. Source: POSIX.1-2008, pax, "ustar Interchange Format".
    fn broken<R>(
        self,
        archive: &Watched<R>,
        why: impl FnOnce(&io::Error) -> RejectReason,
    ) -> Option<(RejectReason, String)> {
        let after = format!("nothing can be told of what follows byte {}", self.at);
        if let Some(error) = &archive.failed {
            return Some((why(error), format!("{error}; {after}")));
        }
        if let Some(error) = self.error {
            return Some((RejectReason::ArchiveDamaged, format!("{error}; {after}")));
        }
        let has_mark = archive.at > self.at;
        (!has_mark).then(|| (RejectReason::ArchiveDamaged, format!("it has no end mark; {after}")))
    }
}

/// A reader that knows how far it came and what went wrong beneath it, so that damage of the archive is told from damage of the bytes.
struct Watched<R> {
    from: R,
    at: u64,
    failed: Option<io::Error>,
}

impl<R> Watched<R> {
    const fn new(from: R) -> Self {
        Self { from, at: 0, failed: None }
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        if error.kind() != io::ErrorKind::Interrupted {
            self.failed = Some(io::Error::new(error.kind(), error.to_string()));
        }
        error
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.from.read(buf).map_err(|error| self.fail(error))?;
        self.at += len as u64;
        Ok(len)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.from.seek(to).map_err(|error| self.fail(error))?;
        Ok(self.at)
    }
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
    stored: Stored,
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
            None => {
                let stored = Stored::file(path)?;
                Stream { decompressed: compression.reader(stored.clone())?, stored, at: 0 }
            }
        };
        stream.at += io::copy(&mut (&mut stream.decompressed).take(offset - stream.at), &mut io::sink())?;
        let home = (offset < self.last).then(|| self.clone());
        Ok(Stored::new(Box::new(Lease { stream: Some(stream), broke: None, left: len, home })))
    }
}

/// A member that is being read.
struct Lease {
    /// `None` once it broke.
    stream: Option<Stream>,
    /// How it broke: whoever reads on hears it again, because an end that is none would pass for the member's.
    broke: Option<(io::ErrorKind, String)>,
    left: u64,
    /// Where the stream goes afterwards.
    home: Option<Shared>,
}

impl Read for Lease {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, detail)) = &self.broke {
            return Err(ContentDamage::error(*kind, detail.clone()));
        }
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
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let is_damage = !stream.stored.failed();
                self.stream = None;
                if !is_damage {
                    return Err(error);
                }
                let (kind, detail) = (error.kind(), error.to_string());
                self.broke = Some((kind, detail.clone()));
                Err(ContentDamage::error(kind, detail))
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
        let members = members(&path).unwrap().unwrap().members;
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
