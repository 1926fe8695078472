//! The shapes of a segment: one template per shape, in a Parquet file beside the index.

use crate::error::{Error, Result};
use crate::shape::{CharSet, Template};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, RecordBatch, StringBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::Arc;

/// One shape of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRecord {
    /// The shape's hash, as in the column `shape`.
    pub shape: u64,
    /// Fingerprint of the message's pattern, as in the column `pattern`.
    pub pattern: u64,
    /// Rows of this shape in the segment.
    pub rows: u64,
    /// The shape with what its holes have held in this segment.
    pub template: Template,
}

/// The names that rings refer to by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) revisions: Vec<String>,
}

const NAMES: &str = "timberline.names";

pub(super) fn write(shapes: &[ShapeRecord], names: &Names, path: &str, out: impl Write + Send) -> Result<()> {
    let failed = |error: parquet::errors::ParquetError| Error::io(path)(std::io::Error::other(error));
    let (mut shape, mut pattern, mut rows) =
        (UInt64Builder::new(), UInt64Builder::new(), UInt64Builder::new());
    let (mut json, mut charsets) = (StringBuilder::new(), BinaryBuilder::new());
    for record in shapes {
        shape.append_value(record.shape);
        pattern.append_value(record.pattern);
        rows.append_value(record.rows);
        json.append_value(&record.template.json);
        let bits: Vec<u8> =
            record.template.charsets.iter().flat_map(|set| set.to_bits().to_le_bytes()).collect();
        charsets.append_value(bits);
    }
    let columns: [(&str, ArrayRef); 5] = [
        ("shape", Arc::new(shape.finish())),
        ("pattern", Arc::new(pattern.finish())),
        ("rows", Arc::new(rows.finish())),
        ("template", Arc::new(json.finish())),
        ("charsets", Arc::new(charsets.finish())),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), false)).collect();
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array)| array).collect(),
    )
    .expect("the columns have one length");
    let names = serde_json::to_string(names).expect("names are plain text");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("the level is one of zstd's")))
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(vec![KeyValue::new(NAMES.to_owned(), names)]))
        .set_created_by("timberline".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}

pub(super) fn read(content: Bytes, path: &str) -> Result<(Vec<ShapeRecord>, Names)> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(content).map_err(|error| damaged(error.to_string()))?;
    let names = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .and_then(|pairs| pairs.iter().find(|pair| pair.key == NAMES))
        .and_then(|pair| pair.value.as_deref())
        .ok_or_else(|| damaged("no names in the footer".to_owned()))?;
    let names: Names = serde_json::from_str(names).map_err(|error| damaged(error.to_string()))?;
    let mut records = Vec::new();
    for batch in builder.build().map_err(|error| damaged(error.to_string()))? {
        let batch = batch.map_err(|error| damaged(error.to_string()))?;
        let column = |name: &str, kind: &DataType| {
            let found = batch.column_by_name(name).filter(|array| array.data_type() == kind);
            found.ok_or_else(|| damaged(format!("no column {name}")))
        };
        let shape = column("shape", &DataType::UInt64)?.as_primitive::<UInt64Type>();
        let pattern = column("pattern", &DataType::UInt64)?.as_primitive::<UInt64Type>();
        let rows = column("rows", &DataType::UInt64)?.as_primitive::<UInt64Type>();
        let json = column("template", &DataType::Utf8)?.as_string::<i32>();
        let charsets: &BinaryArray = column("charsets", &DataType::Binary)?.as_binary::<i32>();
        for idx in 0..batch.num_rows() {
            let bits = charsets.value(idx).chunks_exact(16);
            let set = |bytes: &[u8]| {
                CharSet::from_bits(u128::from_le_bytes(bytes.try_into().expect("a chunk of sixteen bytes")))
            };
            records.push(ShapeRecord {
                shape: shape.value(idx),
                pattern: pattern.value(idx),
                rows: rows.value(idx),
                template: Template { json: json.value(idx).to_owned(), charsets: bits.map(set).collect() },
            });
        }
    }
    Ok((records, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_shapes_are_read() {
        let mut charset = CharSet::default();
        charset.add("x7");
        let record = |shape| ShapeRecord {
            shape,
            pattern: 9,
            rows: 4,
            template: Template { json: format!("{{\"a\":{shape}}}"), charsets: vec![charset, CharSet::ANY] },
        };
        let names = Names { services: vec!["s".to_owned()], revisions: vec![String::new(), "r".to_owned()] };
        let mut file = Vec::new();
        write(&[record(1), record(2)], &names, "x", &mut file).unwrap();
        let (read, read_names) = read(Bytes::from(file.clone()), "x").unwrap();
        assert_eq!((read, read_names), (vec![record(1), record(2)], names));
        file.truncate(file.len() / 2);
        assert!(matches!(super::read(Bytes::from(file), "x"), Err(Error::Damaged { .. })));
    }
}
