//! The shapes of a segment, in a Parquet file beside the index.
//!
//! ```text
//! shapes.parquet   shape   pattern  exception  rows
//!                  9f31…   77aa…               120
//!                  02c4…   77aa…    5e10…       44
//! ```
//!
//! What the entries of a shape look like is said by its [templates](super::templates).

use super::table::{read_columns, write_columns};
use crate::error::Result;
use arrow::array::{Array, ArrayRef, AsArray, UInt64Builder};
use arrow::datatypes::{DataType, UInt64Type};
use bytes::Bytes;
use std::io::Write;
use std::sync::Arc;

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
pub(super) fn write(shapes: &[ShapeRecord], path: &str, out: impl Write + Send) -> Result<()> {
    let (mut shape, mut pattern, mut rows) =
        (UInt64Builder::new(), UInt64Builder::new(), UInt64Builder::new());
    let mut exception = UInt64Builder::new();
    for record in shapes {
        shape.append_value(record.shape);
        pattern.append_value(record.pattern);
        rows.append_value(record.rows);
        exception.append_option(record.exception);
    }
    let columns: [(&str, ArrayRef); 4] = [
        ("shape", Arc::new(shape.finish())),
        ("pattern", Arc::new(pattern.finish())),
        ("rows", Arc::new(rows.finish())),
        ("exception", Arc::new(exception.finish())),
    ];
    write_columns(columns, None, path, out)
}

/// Reads hashes, patterns and numbers of rows.
pub(super) fn read(content: Bytes, path: &str) -> Result<Vec<ShapeRecord>> {
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
        assert_eq!(read(Bytes::from(file), "x").unwrap(), [record(1), record(2)]);
    }
}
