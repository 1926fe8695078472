//! Ids and times packed: what an id repeats of its entry's time is left out, and hex digits are stored as bytes.
//!
//! ```text
//! insertId   68327021 000b5f63 b0c2b3a1     seconds, microseconds and eight more digits, all in hex
//!            insert_id_lag_us  0            those microseconds, less the timestamp's and the latency of a request
//!            insert_id_tail    0xb0c2b3a1
//! trace      projects/p/traces/4bf92f35…    trace_prefix "projects/p/traces/"   trace_hex 4b f9 2f 35 …
//! spanId     00f067aa0ba902b7               span_id_hex 00 f0 67 aa …
//! timestamp  01:42:58.995733120             timestamp 01:42:58.995733   timestamp_nanos 120
//! ```
//!
//! An id of another form stays in its text column. Entries of format 1 have text columns alone.

use crate::columns::{Cell, Cells, Column};
use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondBuilder, TimestampNanosecondArray, UInt16Builder, UInt32Builder,
};
use arrow::datatypes::{
    DataType, Field, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType, UInt16Type,
    UInt32Type,
};
use std::sync::Arc;
use timberline_entry::Timestamp;

pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const TIMESTAMP_NANOS: &str = "timestamp_nanos";
pub(super) const INSERT_ID_LAG: &str = "insert_id_lag_us";
pub(super) const INSERT_ID_TAIL: &str = "insert_id_tail";
pub(super) const TRACE_PREFIX: &str = "trace_prefix";
pub(super) const TRACE_HEX: &str = "trace_hex";
pub(super) const SPAN_ID_HEX: &str = "span_id_hex";

/// Returns the packed columns beside the text columns of ids.
pub(super) fn fields() -> [Field; 6] {
    [
        Field::new(TIMESTAMP_NANOS, DataType::UInt16, false),
        Field::new(INSERT_ID_LAG, DataType::Int64, true),
        Field::new(INSERT_ID_TAIL, DataType::UInt32, true),
        Field::new(TRACE_PREFIX, DataType::Utf8, true),
        Field::new(TRACE_HEX, DataType::FixedSizeBinary(16), true),
        Field::new(SPAN_ID_HEX, DataType::FixedSizeBinary(8), true),
    ]
}

/// Returns the columns beside its own that a column is put together from.
pub(super) const fn beside(column: Column) -> &'static [&'static str] {
    const OF_INSERT_ID: [&str; 4] = [INSERT_ID_LAG, INSERT_ID_TAIL, Column::HttpLatencyNs.name(), TIMESTAMP];
    match column {
        Column::InsertId => &OF_INSERT_ID,
        Column::Trace => &[TRACE_PREFIX, TRACE_HEX],
        Column::SpanId => &[SPAN_ID_HEX],
        _ => &[],
    }
}

/// An id in the form in which it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id<'t> {
    /// Microseconds since the Unix epoch, and the rest.
    Insert {
        us: i64,
        tail: u32,
    },
    /// What stands before the hex digits, and they.
    Trace {
        prefix: &'t str,
        hex: [u8; 16],
    },
    Span([u8; 8]),
    /// An id of another form.
    Text(&'t str),
}

impl<'t> Id<'t> {
    pub(super) fn of(column: Column, text: &'t str) -> Self {
        let packed = match column {
            Column::InsertId => insert_id(text),
            Column::Trace => text
                .len()
                .checked_sub(32)
                .and_then(|at| text.split_at_checked(at))
                .and_then(|(prefix, digits)| Some(Self::Trace { prefix, hex: bytes(digits)? })),
            Column::SpanId => bytes(text).map(Self::Span),
            _ => None,
        };
        packed.unwrap_or(Self::Text(text))
    }
}

/// Returns the column that tells one id from another: the last digits of an `insertId`, whose time says the rest.
pub(super) const fn telling_column(column: Column, id: &Id<'_>) -> &'static str {
    match id {
        Id::Insert { .. } => INSERT_ID_TAIL,
        Id::Trace { .. } => TRACE_HEX,
        Id::Span(_) => SPAN_ID_HEX,
        Id::Text(_) => column.name(),
    }
}

/// Returns the rows of a batch whose [telling column](telling_column) is as in an id; `None` if it is not there.
pub(super) fn rows_like(batch: &RecordBatch, column: Column, id: &Id<'_>) -> Option<Vec<usize>> {
    let array = batch.column_by_name(telling_column(column, id))?;
    Some(match id {
        Id::Insert { tail, .. } => {
            let tails = array.as_primitive_opt::<UInt32Type>()?.values();
            (0..tails.len()).filter(|row| tails[*row] == *tail).collect()
        }
        Id::Trace { hex, .. } => rows_with(array, hex)?,
        Id::Span(hex) => rows_with(array, hex)?,
        Id::Text(text) => {
            let texts = array.as_string_opt::<i32>()?;
            (0..texts.len()).filter(|row| !texts.is_null(*row) && texts.value(*row) == *text).collect()
        }
    })
}

fn rows_with(array: &ArrayRef, bytes: &[u8]) -> Option<Vec<usize>> {
    let values = array.as_fixed_size_binary_opt()?;
    Some((0..values.len()).filter(|row| values.value(*row) == bytes).collect())
}

const MICROS: i64 = 1_000_000;

fn insert_id<'t>(text: &str) -> Option<Id<'t>> {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes::<12>(text)?;
    let us = i64::from(u32::from_be_bytes([e, f, g, h]));
    let us = (us < MICROS).then(|| i64::from(u32::from_be_bytes([a, b, c, d])) * MICROS + us)?;
    Some(Id::Insert { us, tail: u32::from_be_bytes([i, j, k, l]) })
}

/// Returns the bytes that lower-case hex digits stand for, if the text is as many of them.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (out, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *out = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

fn push_hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Returns the microseconds that an `insertId` is measured from: a request gets its id when it was answered.
fn insert_id_base(timestamp_us: i64, latency_ns: Option<i64>) -> i64 {
    timestamp_us.wrapping_add(latency_ns.map_or(0, |ns| ns.div_euclid(1000)))
}

/// Builds the packed columns.
pub(super) struct Packer {
    micros: TimestampMicrosecondBuilder,
    nanos: UInt16Builder,
    lag: Int64Builder,
    tail: UInt32Builder,
    prefix: StringBuilder,
    trace: FixedSizeBinaryBuilder,
    span: FixedSizeBinaryBuilder,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self {
            micros: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            nanos: UInt16Builder::new(),
            lag: Int64Builder::new(),
            tail: UInt32Builder::new(),
            prefix: StringBuilder::new(),
            trace: FixedSizeBinaryBuilder::new(16),
            span: FixedSizeBinaryBuilder::new(8),
        }
    }

    /// Adds a row, and takes what was packed out of its cells.
    pub(super) fn push(&mut self, timestamp: Timestamp, cells: &mut Cells<'_>) {
        let nanos = timestamp.as_nanos();
        let micros = nanos.div_euclid(1000);
        self.micros.append_value(micros);
        self.nanos.append_value(u16::try_from(nanos.rem_euclid(1000)).expect("the rest is below a thousand"));
        let mut id = |column: Column| {
            let id = cells.get(column).text().map(|text| Id::of(column, text));
            if !matches!(id, Some(Id::Text(_))) {
                cells.set(column, Cell::Null);
            }
            id
        };
        let [insert_id, trace, span] = [Column::InsertId, Column::Trace, Column::SpanId].map(&mut id);
        let base = insert_id_base(micros, cells.get(Column::HttpLatencyNs).int());
        let (lag, tail) = match insert_id {
            Some(Id::Insert { us, tail }) => (Some(us.wrapping_sub(base)), Some(tail)),
            _ => (None, None),
        };
        self.lag.append_option(lag);
        self.tail.append_option(tail);
        match trace {
            Some(Id::Trace { prefix, hex }) => {
                self.prefix.append_value(prefix);
                self.trace.append_value(hex).expect("sixteen bytes");
            }
            _ => {
                self.prefix.append_null();
                self.trace.append_null();
            }
        }
        match span {
            Some(Id::Span(hex)) => self.span.append_value(hex).expect("eight bytes"),
            _ => self.span.append_null(),
        }
    }

    /// Returns the column `timestamp`, and those of [`fields`].
    pub(super) fn finish(&mut self) -> (ArrayRef, [ArrayRef; 6]) {
        (
            Arc::new(self.micros.finish()),
            [
                Arc::new(self.nanos.finish()),
                Arc::new(self.lag.finish()),
                Arc::new(self.tail.finish()),
                Arc::new(self.prefix.finish()),
                Arc::new(self.trace.finish()),
                Arc::new(self.span.finish()),
            ],
        )
    }
}

/// Returns the times of a batch in nanoseconds; `None` when the batch does not have them.
pub(super) fn timestamps(batch: &RecordBatch) -> Option<TimestampNanosecondArray> {
    let stored = batch.column_by_name(TIMESTAMP)?;
    if let Some(nanos) = stored.as_primitive_opt::<TimestampNanosecondType>() {
        return Some(nanos.clone());
    }
    let micros = stored.as_primitive_opt::<TimestampMicrosecondType>()?.values();
    let nanos = batch.column_by_name(TIMESTAMP_NANOS)?.as_primitive_opt::<UInt16Type>()?.values();
    let whole = |(micros, nanos): (&i64, &u16)| micros.wrapping_mul(1000).wrapping_add(i64::from(*nanos));
    Some(micros.iter().zip(nanos).map(whole).collect::<Vec<i64>>().into())
}

/// The column of an id in a batch, packed or not.
pub(super) struct IdColumn<'b> {
    text: &'b StringArray,
    packed: Packed<'b>,
}

enum Packed<'b> {
    No,
    Insert { batch: &'b RecordBatch, latency: &'b ArrayRef, lag: &'b ArrayRef, tail: &'b ArrayRef },
    Trace { prefix: &'b StringArray, hex: &'b ArrayRef },
    Span { hex: &'b ArrayRef },
}

impl<'b> IdColumn<'b> {
    /// Returns the column; `None` when the batch does not have what it takes.
    pub(super) fn new(batch: &'b RecordBatch, column: Column) -> Option<Self> {
        let text = batch.column_by_name(column.name())?.as_string_opt::<i32>()?;
        let of = |name: &str, kind: &DataType| {
            batch.column_by_name(name).filter(|array| array.data_type() == kind)
        };
        let has = |name: &str| batch.column_by_name(name).is_some();
        let packed = match column {
            Column::InsertId if has(INSERT_ID_TAIL) => {
                of(TIMESTAMP, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
                Packed::Insert {
                    batch,
                    latency: of(Column::HttpLatencyNs.name(), &DataType::Int64)?,
                    lag: of(INSERT_ID_LAG, &DataType::Int64)?,
                    tail: of(INSERT_ID_TAIL, &DataType::UInt32)?,
                }
            }
            Column::Trace if has(TRACE_HEX) => Packed::Trace {
                prefix: batch.column_by_name(TRACE_PREFIX)?.as_string_opt::<i32>()?,
                hex: of(TRACE_HEX, &DataType::FixedSizeBinary(16))?,
            },
            Column::SpanId if has(SPAN_ID_HEX) => {
                Packed::Span { hex: of(SPAN_ID_HEX, &DataType::FixedSizeBinary(8))? }
            }
            _ => Packed::No,
        };
        Some(Self { text, packed })
    }

    /// Returns the id of each row of the batch.
    fn ids(&self) -> impl Iterator<Item = Option<Id<'b>>> + '_ {
        (0..self.text.len()).map(|row| self.packed(row).or_else(|| self.of_text(row)))
    }

    /// Returns the ids as text.
    pub(super) fn texts(&self) -> StringArray {
        if matches!(self.packed, Packed::No) {
            return self.text.clone();
        }
        let mut builder = StringBuilder::with_capacity(self.text.len(), self.text.len() * 24);
        let mut text = String::new();
        for id in self.ids() {
            text.clear();
            match id {
                None => {
                    builder.append_null();
                    continue;
                }
                Some(Id::Text(other)) => text.push_str(other),
                Some(Id::Insert { us, tail }) => {
                    let part = |number: i64| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
                    push_hex(&part(us.div_euclid(MICROS)), &mut text);
                    push_hex(&part(us.rem_euclid(MICROS)), &mut text);
                    push_hex(&tail.to_be_bytes(), &mut text);
                }
                Some(Id::Trace { prefix, hex }) => {
                    text.push_str(prefix);
                    push_hex(&hex, &mut text);
                }
                Some(Id::Span(hex)) => push_hex(&hex, &mut text),
            }
            builder.append_value(&text);
        }
        builder.finish()
    }

    fn of_text(&self, row: usize) -> Option<Id<'b>> {
        (!self.text.is_null(row)).then(|| Id::Text(self.text.value(row)))
    }

    fn packed(&self, row: usize) -> Option<Id<'b>> {
        match &self.packed {
            Packed::No => None,
            Packed::Insert { batch, latency, lag, tail } => {
                if tail.is_null(row) {
                    return None;
                }
                let micros =
                    batch.column_by_name(TIMESTAMP)?.as_primitive::<TimestampMicrosecondType>().value(row);
                let latency = latency.as_primitive::<Int64Type>();
                let base = insert_id_base(micros, (!latency.is_null(row)).then(|| latency.value(row)));
                let us = base.wrapping_add(lag.as_primitive::<Int64Type>().value(row));
                Some(Id::Insert { us, tail: tail.as_primitive::<UInt32Type>().value(row) })
            }
            Packed::Trace { prefix, hex } => {
                let hex = hex.as_fixed_size_binary();
                (!hex.is_null(row)).then(|| Id::Trace {
                    prefix: prefix.value(row),
                    hex: hex.value(row).try_into().expect("the type says sixteen bytes"),
                })
            }
            Packed::Span { hex } => {
                let hex = hex.as_fixed_size_binary();
                (!hex.is_null(row)).then(|| Id::Span(hex.value(row).try_into().expect("the type says eight")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An `insertId`, a trace and a span.
    type Texts = [Option<String>; 3];

    /// Packs rows of time, latency and ids, and returns what comes back.
    fn back(rows: &[(i64, Option<i64>, Texts)]) -> Vec<(i64, Texts)> {
        const IDS: [Column; 3] = [Column::InsertId, Column::Trace, Column::SpanId];
        let mut packer = Packer::new();
        let mut texts: [StringBuilder; 3] = Default::default();
        let mut latencies = Int64Builder::new();
        for (nanos, latency, ids) in rows {
            let mut cells = Cells::empty();
            cells.set(Column::HttpLatencyNs, latency.map_or(Cell::Null, Cell::Int));
            for (column, id) in IDS.into_iter().zip(ids) {
                cells.set(column, id.as_deref().map_or(Cell::Null, Cell::Text));
            }
            packer.push(Timestamp::from_nanos(*nanos), &mut cells);
            latencies.append_option(*latency);
            for (column, builder) in IDS.into_iter().zip(&mut texts) {
                builder.append_option(cells.get(column).text());
            }
        }
        let (time, packed) = packer.finish();
        let mut columns =
            vec![(TIMESTAMP, time), (Column::HttpLatencyNs.name(), Arc::new(latencies.finish()) as ArrayRef)];
        for (column, builder) in IDS.into_iter().zip(&mut texts) {
            columns.push((column.name(), Arc::new(builder.finish())));
        }
        columns.extend(fields().iter().zip(packed).map(|(field, array)| {
            let name = [TIMESTAMP_NANOS, INSERT_ID_LAG, INSERT_ID_TAIL, TRACE_PREFIX, TRACE_HEX, SPAN_ID_HEX]
                .into_iter()
                .find(|name| name == field.name());
            (name.unwrap(), array)
        }));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let times = timestamps(&batch).unwrap();
        let ids = IDS.map(|column| IdColumn::new(&batch, column).unwrap().texts());
        let of_row = |row: usize| {
            let text = |ids: &StringArray| (!ids.is_null(row)).then(|| ids.value(row).to_owned());
            (times.value(row), [text(&ids[0]), text(&ids[1]), text(&ids[2])])
        };
        (0..rows.len()).map(of_row).collect()
    }

    #[test]
    fn forms_that_are_packed_and_forms_that_are_not() {
        assert_eq!(
            Id::of(Column::InsertId, "68327021000f423fb0c2b3a1"),
            Id::Insert { us: 0x6832_7021 * MICROS + 999_999, tail: 0xb0c2_b3a1 }
        );
        for text in ["68327021000f4240b0c2b3a1", "68327021000F423fb0c2b3a1", "3yy210vcm3pk", "", "é7"] {
            assert_eq!(Id::of(Column::InsertId, text), Id::Text(text));
        }
        let hex = "0123456789abcdef0123456789abcdef";
        for prefix in ["projects/p/traces/", "", "é", "0"] {
            let text = format!("{prefix}{hex}");
            assert!(
                matches!(Id::of(Column::Trace, &text), Id::Trace { prefix: found, .. } if found == prefix)
            );
        }
        assert_eq!(
            Id::of(Column::Trace, "é123456789abcdef0123456789abcdef"),
            Id::Text("é123456789abcdef0123456789abcdef")
        );
        assert_eq!(
            Id::of(Column::SpanId, "00f067aa0ba902b7"),
            Id::Span([0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 2, 0xb7])
        );
        assert_eq!(Id::of(Column::SpanId, "00F067AA0BA902B7"), Id::Text("00F067AA0BA902B7"));
    }

    fn id() -> impl Strategy<Value = Option<String>> {
        prop_oneof![
            Just(None),
            "[0-9a-f]{8}000[0-9a-f]{13}".prop_map(Some),
            "(projects/[a-z]/traces/)?[0-9a-f]{32}".prop_map(Some),
            "[0-9a-fA-F]{16}".prop_map(Some),
            "[0-9a-f]{16}".prop_map(Some),
            "\\PC{0,40}".prop_map(Some),
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            rows in prop::collection::vec(
                (any::<i64>(), prop::option::of(0_i64..i64::MAX), [id(), id(), id()]),
                0..40,
            )
        ) {
            let expected: Vec<_> = rows.iter().map(|(nanos, _, ids)| (*nanos, ids.clone())).collect();
            prop_assert_eq!(back(&rows), expected);
        }
    }
}
