//! The shapes of a segment, beside the index.
//!
//! ```text
//! shapes.zst   shape   pattern  rows   with an exception   exception
//!              9f31…   77aa…    120
//!              02c4…   77aa…     44            1             5e10…
//! ```
//!
//! What the entries of a shape look like is said by its [templates](super::templates).

use super::block::{self, BlockReader, BlockWriter};
use super::table::read_columns;
use crate::error::{Error, Result};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, UInt64Type};
use bytes::Bytes;
use std::io::Write;

/// One shape of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRecord {
    /// The shape's hash, as in the column `shape`.
    pub shape: u64,
    /// Fingerprint of the message's pattern, as in the column `pattern`.
    pub pattern: u64,
    /// Key of the exception that its entries tell of, as in the column `exception`.
    pub exception: Option<u64>,
    /// Rows of this shape in the segment.
    pub rows: u64,
}

/// Writes the shapes.
pub(super) fn write(shapes: &[ShapeRecord], path: &str, mut out: impl Write) -> Result<()> {
    let mut block = BlockWriter::default();
    block.numbers(shapes.iter().map(|record| record.shape));
    block.numbers(shapes.iter().map(|record| record.pattern));
    block.numbers(shapes.iter().map(|record| record.rows));
    let with_exception: Vec<(u64, u64)> =
        (0..).zip(shapes).filter_map(|(idx, record)| Some((idx, record.exception?))).collect();
    block.numbers(with_exception.iter().map(|(idx, _)| *idx));
    block.numbers(with_exception.iter().map(|(_, key)| *key));
    out.write_all(&block.pack()).map_err(Error::io(path))
}

/// Reads the shapes.
pub(super) fn read(content: &[u8], path: &str) -> Result<Vec<ShapeRecord>> {
    block::read(content, path, "the lists of shapes do not fit together", records)
}

fn records(lists: &mut BlockReader<'_>) -> Option<Vec<ShapeRecord>> {
    let (shapes, patterns, rows) = (lists.numbers()?, lists.numbers()?, lists.numbers()?);
    let (with_exception, keys) = (lists.small()?, lists.numbers()?);
    if [patterns.len(), rows.len()] != [shapes.len(); 2] || keys.len() != with_exception.len() {
        return None;
    }
    let numbers = shapes.into_iter().zip(patterns).zip(rows);
    let mut records: Vec<ShapeRecord> = numbers
        .map(|((shape, pattern), rows)| ShapeRecord { shape, pattern, exception: None, rows })
        .collect();
    for (idx, key) in with_exception.into_iter().zip(keys) {
        records.get_mut(idx as usize)?.exception = Some(key);
    }
    Some(records)
}

/// Reads the shapes as formats 1 to 3 have them.
pub(super) fn read_parquet(content: Bytes, path: &str) -> Result<Vec<ShapeRecord>> {
    let (columns, _) = read_columns(
        content,
        path,
        [
            ("shape", DataType::UInt64),
            ("pattern", DataType::UInt64),
            ("exception", DataType::UInt64),
            ("rows", DataType::UInt64),
        ],
    )?;
    let [shape, pattern, exception, rows] = columns.map(|array| array.as_primitive::<UInt64Type>().clone());
    let record = |idx| ShapeRecord {
        shape: shape.value(idx),
        pattern: pattern.value(idx),
        exception: (!exception.is_null(idx)).then(|| exception.value(idx)),
        rows: rows.value(idx),
    };
    Ok((0..shape.len()).map(record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_shapes_are_read() {
        let record = |shape| ShapeRecord { shape, pattern: 9, exception: (shape == 2).then_some(5), rows: 4 };
        let mut file = Vec::new();
        write(&[record(1), record(2)], "x", &mut file).unwrap();
        assert_eq!(read(&file, "x").unwrap(), [record(1), record(2)]);
        let mut block = BlockWriter::default();
        for list in [vec![7], vec![8], vec![9], vec![1], vec![5]] {
            block.numbers(list.into_iter());
        }
        assert!(matches!(read(&block.pack(), "x"), Err(Error::Damaged { .. })), "there is no second shape");
    }
}
