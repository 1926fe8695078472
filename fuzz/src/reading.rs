//! Whole sources: recognised, packed and cut off, and in batches of any size.

use std::io::{Read, Write};
use std::sync::Arc;
use timberline_entry::dialect::{Scratch, read};
use timberline_entry::input::{Compression, Encoding, OpenOptions, Reader, SourceFacts, SourceSpec};
use timberline_entry::json::{Document, canonical, parse};

/// A source that was read to its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Whole {
    pub(crate) entries: Vec<Entry>,
    /// Place, length, reason and sample of what is no entry, by place.
    pub(crate) rejects: Vec<(u64, u64, &'static str, String)>,
    pub(crate) facts: SourceFacts,
}

/// An entry, and where it stood.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// As it leaves the program; keys in order.
    pub(crate) json: String,
    pub(crate) time: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) line: u64,
}

/// Reads a source in batches of about `budget` bytes; `None` when it is refused.
pub(crate) fn whole(data: &[u8], options: &OpenOptions, budget: usize) -> Option<Whole> {
    let spec = SourceSpec::memory("dump.json", Arc::from(data));
    let mut reader = Reader::open(&spec, options).ok()?;
    let (mut entries, mut rejects) = (Vec::new(), Vec::new());
    let (mut n_records, mut n_rejects) = (0, 0);
    let mut scratch = Scratch::new();
    while let Some(batch) = reader.next_batch(budget).expect("memory can be read") {
        n_records += batch.records.len() as u64;
        n_rejects += batch.rejects.len() as u64;
        rejects.extend(batch.rejects.iter().cloned());
        for record in &batch.records {
            match read(&batch, record, &mut scratch) {
                Ok(normalised) => {
                    let mut json = String::new();
                    normalised.entry.write_json(&mut json);
                    entries.push(Entry {
                        json: in_order(&json),
                        time: normalised.timestamp.to_string(),
                        offset: record.offset,
                        len: record.len,
                        line: record.line,
                    });
                }
                Err(reject) => rejects.push(reject),
            }
        }
    }
    let facts = reader.finish().expect("memory can be read");
    assert_eq!((n_records, n_rejects), (facts.records, facts.rejects), "counts of the source");
    rejects.sort_by_key(|reject| (reject.offset, reject.len));
    let rejects = rejects
        .into_iter()
        .map(|reject| (reject.offset, reject.len, reject.reason.name(), reject.sample))
        .collect();
    let whole = Whole { entries, rejects, facts };
    check_places(&whole);
    Some(whole)
}

fn in_order(json: &str) -> String {
    let mut nodes = Vec::new();
    parse(json, &mut nodes).unwrap_or_else(|fault| panic!("wrote {json}: {fault}"));
    canonical(Document::new(json, &nodes).root())
}

/// Pieces of the text overlap nowhere and lie inside it.
fn check_places(whole: &Whole) {
    let mut at = 0;
    for (offset, len) in pieces(whole) {
        assert!(offset >= at, "pieces overlap at {offset}");
        at = offset + len;
    }
    assert!(at <= whole.facts.text_bytes, "a piece ends at {at} of {}", whole.facts.text_bytes);
}

fn pieces(whole: &Whole) -> Vec<(u64, u64)> {
    let mut pieces: Vec<(u64, u64)> = whole.entries.iter().map(|entry| (entry.offset, entry.len)).collect();
    pieces.extend(whole.rejects.iter().map(|reject| (reject.0, reject.1)));
    pieces.sort_unstable();
    pieces
}

/// Every byte of a plain text is in an entry, in a reject, or punctuation, unless it is a wrapper's own; and the batches' size
/// changes nothing.
pub(crate) fn in_any_batches(data: &[u8]) {
    let options = OpenOptions::default();
    let Some(read) = whole(data, &options, 1 << 20) else { return };
    for budget in [1, 61, 700] {
        let again = whole(data, &options, budget);
        assert!(Some(&read) == again.as_ref(), "by {budget}: {again:#?} instead of {read:#?}");
    }
    let is_plain = read.facts.compression == Compression::None && read.facts.encoding == Encoding::Utf8;
    if is_plain && read.facts.wrappers == 0 {
        check_bytes(data, &read);
    }
}

fn check_bytes(data: &[u8], whole: &Whole) {
    let mut at = 0;
    let mut left = Vec::new();
    for (offset, len) in pieces(whole) {
        let offset = usize::try_from(offset).expect("a place in memory");
        left.extend_from_slice(&data[at..offset]);
        at = offset + usize::try_from(len).expect("a length in memory");
    }
    left.extend_from_slice(&data[at..]);
    // A wrapper's braces stay outside, and so do its members.
    if left.contains(&b'{') {
        return;
    }
    let left = String::from_utf8_lossy(&left).into_owned();
    let odd = left.trim_matches(|c: char| {
        matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{1e}' | '\u{feff}' | ',' | '[' | ']' | '}')
    });
    let odd: String = odd
        .chars()
        .filter(|c| !matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{1e}' | '\u{feff}' | ',' | '[' | ']' | '}'))
        .collect();
    assert!(odd.is_empty(), "lost: {odd:?}");
}

/// The first byte says how the rest is packed, the second and third where the packed bytes are cut off, if at all. What is
/// packed and whole is read as if it were not packed.
pub(crate) fn detected_and_packed(data: &[u8]) {
    let [how, cut_high, cut_low, text @ ..] = data else { return };
    let options = OpenOptions::default();
    let plain = whole(text, &options, 1 << 20);
    let Some(mut packed) = pack(text, how % 8) else { return };
    let cut = usize::from(*cut_high) * 256 + usize::from(*cut_low);
    let is_cut = cut > 0 && cut < packed.len();
    if is_cut {
        packed.truncate(cut);
    }
    let read = whole(&packed, &options, 1 << 20);
    assert!(read == whole(&packed, &options, 97), "the size of the batches matters");
    // Bytes that look packed already, or have a mark of their own, are another text once they are packed again.
    let is_plain = plain.as_ref().is_some_and(|plain| {
        plain.facts.compression == Compression::None && plain.facts.encoding == Encoding::Utf8
    });
    if is_plain && !is_cut && std::str::from_utf8(text).is_ok() {
        let pieces = |whole: &Option<Whole>| {
            whole.as_ref().map(|whole| {
                let entries: Vec<_> =
                    whole.entries.iter().map(|e| (e.json.clone(), e.time.clone())).collect();
                let rejects: Vec<_> = whole.rejects.iter().map(|r| (r.2, r.3.clone())).collect();
                (entries, rejects)
            })
        };
        assert_eq!(pieces(&read), pieces(&plain), "packed it is read otherwise");
    }
}

fn pack(text: &[u8], how: u8) -> Option<Vec<u8>> {
    let works = "writing to memory works";
    Some(match how {
        0 => text.to_vec(),
        1 => {
            let mut packed = Vec::new();
            flate2::read::GzEncoder::new(text, flate2::Compression::fast())
                .read_to_end(&mut packed)
                .expect(works);
            packed
        }
        2 => zstd::encode_all(text, 1).expect(works),
        3 => {
            let mut packed = Vec::new();
            bzip2::read::BzEncoder::new(text, bzip2::Compression::fast())
                .read_to_end(&mut packed)
                .expect(works);
            packed
        }
        4 => {
            let mut writer =
                lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).expect(works);
            writer.write_all(text).expect(works);
            writer.finish().expect(works)
        }
        5 => units(text)?.flat_map(u16::to_le_bytes).collect(),
        6 => units(text)?.flat_map(u16::to_be_bytes).collect(),
        _ => ["\u{feff}".as_bytes(), text].concat(),
    })
}

/// UTF-16 with a byte order mark.
fn units(text: &[u8]) -> Option<impl Iterator<Item = u16>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(std::iter::once(0xfeff).chain(text.encode_utf16().collect::<Vec<_>>()))
}
