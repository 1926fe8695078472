//! The file of rings: how it is laid out, and what is compared before any of it is believed.
//!
//! ```text
//! head │ names │ first entry of each revision │ runs │ sums │ rows of rings │ shapes of rings ┊ first times │ lasted │ eight zeros
//!                                                                              └ compared when a time is asked for
//! ```
//!
//! Everything is little-endian and of one width in its list, so the place of a ring's fact is computed. FORMAT.md has the table.

use super::{Rings, Run, Times};
use crate::error::{Error, Result};
use crate::segment::MAX_RING_ROWS;
use crate::segment::checked::CheckedFile;
use crate::segment::facts::{Names, RingFacts};
use std::ops::Range;
use std::sync::OnceLock;
use timberline_entry::Severity;

/// Rings of which the rows are added up in the file.
pub(super) const BLOCK_RINGS: usize = 32;

const HEAD_NUMBERS: usize = 8;
const HEAD_BYTES: usize = HEAD_NUMBERS * 4 + 8;
const RUN_BYTES: usize = 13;
const SUM_BYTES: usize = 8;
/// Behind the last list, so that eight bytes can be taken wherever a number begins.
const PADDING: usize = 8;

/// What rings have to fit.
#[derive(Clone, Copy, Debug)]
pub(in crate::segment) struct Span {
    pub(in crate::segment) rows: u64,
    pub(in crate::segment) shapes: u64,
    pub(in crate::segment) first_ns: i64,
    pub(in crate::segment) last_ns: i64,
}

/// The head of the file, and with it the places of everything.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    names_bytes: usize,
    n_revisions: usize,
    n_runs: usize,
    pub(super) n_rings: usize,
    /// Rings of more than one row.
    n_longer: usize,
    pub(super) shape_width: usize,
    first_width: usize,
    lasted_width: usize,
    /// Nanoseconds that a number of a time stands for.
    unit: u64,
    /// The earliest time.
    pub(super) base: i64,
}

impl Layout {
    fn read(head: &[u8]) -> Option<Self> {
        let number = |idx: usize| u32_at(head, idx) as usize;
        let widths = u32_at(head, 5).to_le_bytes();
        let layout = Self {
            names_bytes: number(0),
            n_revisions: number(1),
            n_runs: number(2),
            n_rings: number(3),
            n_longer: number(4),
            shape_width: widths[0].into(),
            first_width: widths[1].into(),
            lasted_width: widths[2].into(),
            unit: u32_at(head, 6).into(),
            base: i64::from_le_bytes(head[HEAD_NUMBERS * 4..HEAD_BYTES].try_into().ok()?),
        };
        let is_width = |width: usize| (1..=8).contains(&width);
        let fits = widths[3] == 0
            && u32_at(head, 7) == 0
            && matches!(layout.shape_width, 2 | 4)
            && is_width(layout.first_width)
            && is_width(layout.lasted_width)
            && layout.unit > 0;
        fits.then_some(layout)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let widths = [self.shape_width, self.first_width, self.lasted_width, 0];
        let widths = u32::from_le_bytes(widths.map(|width| u8::try_from(width).expect("eight at most")));
        let sizes = [self.names_bytes, self.n_revisions, self.n_runs, self.n_rings, self.n_longer];
        for size in sizes {
            out.extend(small(size).to_le_bytes());
        }
        let unit = u32::try_from(self.unit).expect("a microsecond at most");
        for number in [widths, unit, 0] {
            out.extend(number.to_le_bytes());
        }
        out.extend(self.base.to_le_bytes());
    }

    /// Returns the places of names, firsts of revisions, runs, sums, rows, shapes, first times, lasted and padding.
    fn places(&self) -> Option<[Range<usize>; 9]> {
        let lists = [
            (self.names_bytes, 1),
            (self.n_revisions, 8),
            (self.n_runs, RUN_BYTES),
            (self.n_rings.div_ceil(BLOCK_RINGS), SUM_BYTES),
            (self.n_rings, 2),
            (self.n_rings, self.shape_width),
            (self.n_rings, self.first_width),
            (self.n_longer, self.lasted_width),
            (PADDING, 1),
        ];
        let mut places = lists.map(|_| 0..0);
        let mut at = HEAD_BYTES;
        for (place, (items, width)) in places.iter_mut().zip(lists) {
            *place = at..at.checked_add(items.checked_mul(width)?)?;
            at = place.end;
        }
        Some(places)
    }

    /// Returns how long after the earliest time the first row of a ring came, in nanoseconds.
    pub(super) fn first(&self, times: &[u8], ring: usize) -> u64 {
        number_at(times, ring, self.first_width).wrapping_mul(self.unit)
    }

    /// Returns how long after the first the last row of a ring came, by the ring's place among those of more than one row.
    pub(super) fn lasted(&self, times: &[u8], longer: usize) -> u64 {
        number_at(times, longer, self.lasted_width).wrapping_mul(self.unit)
    }
}

/// Returns the file of these facts, which must be those of a segment: rings follow one another, and names are all used.
pub(in crate::segment) fn encode(facts: &RingFacts, names: &Names) -> Vec<u8> {
    let json = serde_json::to_string(names).expect("names are plain text");
    let runs = facts.runs();
    let base = facts.min_ts.iter().copied().min().unwrap_or_default();
    let firsts: Vec<u64> =
        facts.min_ts.iter().map(|first| first.wrapping_sub(base).cast_unsigned()).collect();
    let times = facts.min_ts.iter().zip(&facts.max_ts).zip(&facts.rows);
    let lasted: Vec<u64> = times
        .filter(|(_, rows)| **rows > 1)
        .map(|((first, last), _)| last.wrapping_sub(*first).cast_unsigned())
        .collect();
    // Times of most logs are whole microseconds, and a number a byte shorter.
    let unit = if firsts.iter().chain(&lasted).all(|number| number % 1000 == 0) { 1000 } else { 1 };
    let n_shapes = facts.shape.iter().max().map_or(0, |most| *most as usize + 1);
    let layout = Layout {
        names_bytes: json.len(),
        n_revisions: names.revisions.len(),
        n_runs: runs.len(),
        n_rings: facts.len(),
        n_longer: lasted.len(),
        shape_width: if n_shapes <= 1 << 16 { 2 } else { 4 },
        first_width: width(&firsts, unit),
        lasted_width: width(&lasted, unit),
        unit,
        base,
    };
    let mut of_revisions = vec![i64::MAX; names.revisions.len()];
    for (revision, first) in facts.revision.iter().zip(&facts.min_ts) {
        let known = &mut of_revisions[*revision as usize];
        *known = (*first).min(*known);
    }
    let mut out = Vec::new();
    layout.write(&mut out);
    out.extend(json.as_bytes());
    out.extend(of_revisions.iter().flat_map(|first| first.to_le_bytes()));
    for run in &runs {
        for number in [run.rings.end, run.service, run.revision] {
            out.extend(small(number).to_le_bytes());
        }
        out.push(run.severity.rank());
    }
    let (mut before, mut longer) = (0, 0);
    for block in facts.rows.chunks(BLOCK_RINGS) {
        for sum in [before, longer] {
            out.extend(u32::try_from(sum).expect("a segment has far fewer rows").to_le_bytes());
        }
        before += block.iter().sum::<u64>();
        longer += block.iter().filter(|rows| **rows > 1).count() as u64;
    }
    for rows in &facts.rows {
        out.extend(u16::try_from(*rows).expect("a ring has few rows").to_le_bytes());
    }
    out.extend(facts.shape.iter().flat_map(|shape| shape.to_le_bytes().into_iter().take(layout.shape_width)));
    for (numbers, width) in [(firsts, layout.first_width), (lasted, layout.lasted_width)] {
        out.extend(numbers.iter().flat_map(|number| (number / unit).to_le_bytes().into_iter().take(width)));
    }
    out.extend([0; PADDING]);
    out
}

/// Returns the bytes that the greatest of some numbers takes.
fn width(numbers: &[u64], unit: u64) -> usize {
    let most = numbers.iter().max().map_or(0, |most| most / unit);
    (most.checked_ilog2().unwrap_or(0) / 8 + 1) as usize
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a segment has far less of everything")
}

impl Rings {
    /// Opens a file of rings. Cost: a pass over the numbers of rows and shapes; nothing is unpacked.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not a file of rings, or not of a segment with this span.
    pub(in crate::segment) fn open(file: CheckedFile, span: Span) -> Result<Self> {
        let path = file.path().to_owned();
        let damaged = |detail: &str| Error::damaged(&path, detail);
        let bytes = |range| file.bytes(range).map_err(|error| Error::damaged(&path, error));
        if file.len() < HEAD_BYTES {
            return Err(damaged("the file is too short"));
        }
        let places = Layout::read(&bytes(0..HEAD_BYTES)?).and_then(|layout| Some((layout.places()?, layout)));
        let (places, layout) = places.ok_or_else(|| damaged("the head makes no sense"))?;
        let [names, firsts, runs, sums, rows, shapes, _, _, padding] = places;
        if padding.end != file.len() {
            return Err(damaged("the file has another length than its head says"));
        }
        let names: Names =
            serde_json::from_slice(&bytes(names)?).map_err(|error| Error::damaged(&path, error))?;
        let firsts: Vec<i64> =
            bytes(firsts)?.as_chunks().0.iter().map(|first| i64::from_le_bytes(*first)).collect();
        let runs = read_runs(&bytes(runs)?).ok_or_else(|| damaged("the runs of the rings make no sense"))?;
        let (sums, rows, shapes) = (bytes(sums)?, bytes(rows)?, bytes(shapes)?);
        let rings =
            Self { file, layout, names, span, runs, firsts, sums, rows, shapes, times: OnceLock::new() };
        if !rings.are_partition() || rings.each_shape(0..rings.len()).any(|shape| shape as u64 >= span.shapes)
        {
            return Err(damaged("the rings do not fit the segment"));
        }
        if !rings.are_named() {
            return Err(damaged("the names do not fit the rings"));
        }
        Ok(rings)
    }

    /// Says whether the rings are the rows of the segment, one after another, and the runs all rings.
    fn are_partition(&self) -> bool {
        let (mut before, mut longer) = (0, 0);
        for block in 0..self.len().div_ceil(BLOCK_RINGS) {
            if self.sums(block) != (before, longer) {
                return false;
            }
            let rings = block * BLOCK_RINGS..self.len().min((block + 1) * BLOCK_RINGS);
            for rows in self.each_rows(rings) {
                if !(1..=MAX_RING_ROWS as u64).contains(&rows) {
                    return false;
                }
                before += rows;
                longer += usize::from(rows > 1);
            }
        }
        (before, longer) == (self.span.rows, self.layout.n_longer)
            && self.runs.last().map_or(0, |run| run.rings.end) == self.len()
    }

    /// Says whether the names are those that the runs refer to.
    fn are_named(&self) -> bool {
        let Names { services, revisions } = &self.names;
        let span = self.span.first_ns..=self.span.last_ns;
        revisions.len() == self.firsts.len()
            && self.firsts.iter().all(|first| span.contains(first))
            && self.runs.iter().all(|run| run.service < services.len() && run.revision < revisions.len())
    }

    /// Returns the part of the file that has the times.
    pub(super) fn open_times(&self) -> Result<Times> {
        let places = self.layout.places().expect("the places were computed when the file was opened");
        let [.., first, lasted, padding] = places;
        let bytes = |from: usize| {
            self.file.bytes(from..padding.end).map_err(|error| Error::damaged(self.file.path(), error))
        };
        Ok(Times { first: bytes(first.start)?, lasted: bytes(lasted.start)? })
    }

    /// Compares all times with the span of the segment.
    pub(super) fn check_times(&self, times: &Times) -> Result<()> {
        let Span { first_ns, last_ns, .. } = self.span;
        // No time is beyond the last where none is longer after the earliest than that.
        let longest = last_ns.checked_sub(self.layout.base).filter(|_| first_ns <= self.layout.base);
        let longest = longest.and_then(|longest| u64::try_from(longest).ok());
        let Layout { unit, first_width, lasted_width, .. } = self.layout;
        // Whether a ring has more than one row cannot be foretold, so nothing branches on it. Behind the last number there
        // is room to read one more.
        let (mut longer, mut latest) = (0, 0);
        for (ring, rows) in self.each_rows(0..self.len()).enumerate() {
            let is_longer = rows > 1;
            let lasted = number_at(&times.lasted, longer, lasted_width) & u64::from(is_longer).wrapping_neg();
            let after = number_at(&times.first, ring, first_width).saturating_add(lasted);
            latest = after.max(latest);
            longer += usize::from(is_longer);
        }
        let latest = latest.saturating_mul(unit);
        if self.is_empty() || longest.is_some_and(|longest| latest <= longest) {
            return Ok(());
        }
        Err(Error::damaged(self.file.path(), "the times of the rings are not within those of the segment"))
    }
}

fn read_runs(bytes: &[u8]) -> Option<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::with_capacity(bytes.len() / RUN_BYTES);
    for run in bytes.chunks_exact(RUN_BYTES) {
        let [end, service, revision] = [0, 1, 2].map(|idx| u32_at(run, idx) as usize);
        let start = runs.last().map_or(0, |run| run.rings.end);
        if end <= start {
            return None;
        }
        let severity = *Severity::ALL.get(usize::from(run[RUN_BYTES - 1]))?;
        runs.push(Run { rings: start..end, service, revision, severity });
    }
    Some(runs)
}

pub(super) fn u32_at(bytes: &[u8], idx: usize) -> u32 {
    u32::from_le_bytes(bytes[idx * 4..idx * 4 + 4].try_into().expect("four bytes were taken"))
}

pub(super) fn u16_at(bytes: &[u8], idx: usize) -> u16 {
    u16::from_le_bytes([bytes[idx * 2], bytes[idx * 2 + 1]])
}

pub(super) fn each_u16(bytes: &[u8], range: Range<usize>) -> impl ExactSizeIterator<Item = u16> + Clone {
    bytes[range.start * 2..range.end * 2].as_chunks().0.iter().map(|number| u16::from_le_bytes(*number))
}

/// Reads the number of a shape, of two bytes or of four.
pub(super) fn shape_of(bytes: &[u8]) -> usize {
    match *bytes {
        [a, b] => u16::from_le_bytes([a, b]).into(),
        _ => u32_at(bytes, 0) as usize,
    }
}

/// Reads a number of a list whose numbers have `width` bytes; eight bytes follow the last of them.
fn number_at(bytes: &[u8], idx: usize, width: usize) -> u64 {
    let at = idx * width;
    let number = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were taken"));
    number & u64::MAX >> (64 - 8 * width)
}
