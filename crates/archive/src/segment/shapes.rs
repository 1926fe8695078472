//! The shapes of a segment, and the templates that they are made of, in Parquet files beside the index.
//!
//! ```text
//! shapes.parquet      shape   pattern  rows  parts             templates.parquet   field         template
//!                     9f31…   77aa…    120   0 3 4 9                               0 logName     {"logName":"…"}
//!                     02c4…   77aa…     44   0 3 5 9                               1 …
//! ```
//!
//! Shapes are many where fields multiply (every revision has its labels, every message its text); their fields are few.
//! So a question is put to each template once, and a shape has the answers of its parts.

use crate::error::{Error, Result};
use crate::shape::{CharSet, Template};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, Int64Array, RecordBatch, RecordBatchReader,
    StringArray, StringBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::Arc;
use timberline_entry::Field;

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

/// The templates of a segment.
#[derive(Debug)]
pub struct Templates {
    fields: Vec<Field>,
    json: StringArray,
    charsets: BinaryArray,
}

/// Which templates make up each shape.
#[derive(Debug)]
pub struct ShapeParts {
    /// Numbers of templates, 32 bits each, little-endian.
    parts: BinaryArray,
}

impl Templates {
    /// Returns the number of templates.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the field of a template.
    pub fn field(&self, idx: usize) -> Field {
        self.fields[idx]
    }

    /// Returns a template's JSON; see [`Template::json`].
    pub fn json(&self, idx: usize) -> &str {
        self.json.value(idx)
    }

    /// Returns what each marker of a template has held.
    pub fn charsets(&self, idx: usize) -> impl Iterator<Item = CharSet> {
        let bits = |bytes: &[u8]| u128::from_le_bytes(bytes.try_into().expect("a chunk of sixteen bytes"));
        self.charsets.value(idx).chunks_exact(16).map(move |bytes| CharSet::from_bits(bits(bytes)))
    }
}

impl ShapeParts {
    /// Returns the number of shapes.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the numbers of the templates of a shape, in the order of [`Field::ALL`]; a field comes once at most.
    pub fn of(&self, shape: usize) -> impl Iterator<Item = usize> {
        numbers(self.parts.value(shape))
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("a chunk of four bytes"));
    bytes.chunks_exact(4).map(move |bytes| number(bytes) as usize)
}

/// The names that rings refer to by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) revisions: Vec<String>,
}

const NAMES: &str = "timberline.names";
/// These files are small and read often, so compressing them costs little and pays.
const COMPRESSION_LEVEL: i32 = 9;
const FIRST: &str = "first_ns";
const LAST: &str = "last_ns";
/// Stored in place of the time of the last.
const LASTED: &str = "lasted_ns";

/// Writes the shapes, each with the numbers of its templates.
pub(super) fn write(shapes: &[(ShapeRecord, Vec<u32>)], path: &str, out: impl Write + Send) -> Result<()> {
    let (mut shape, mut pattern, mut rows) =
        (UInt64Builder::new(), UInt64Builder::new(), UInt64Builder::new());
    let mut exception = UInt64Builder::new();
    let mut parts = BinaryBuilder::new();
    for (record, templates) in shapes {
        shape.append_value(record.shape);
        pattern.append_value(record.pattern);
        rows.append_value(record.rows);
        exception.append_option(record.exception);
        parts.append_value(templates.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
    }
    let columns: [(&str, ArrayRef); 5] = [
        ("shape", Arc::new(shape.finish())),
        ("pattern", Arc::new(pattern.finish())),
        ("rows", Arc::new(rows.finish())),
        ("exception", Arc::new(exception.finish())),
        ("parts", Arc::new(parts.finish())),
    ];
    write_columns(columns, None, path, out)
}

/// Writes the templates, and the names beside them.
pub(super) fn write_templates(
    templates: &[Template],
    names: &Names,
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    let (mut field, mut json, mut charsets) =
        (StringBuilder::new(), StringBuilder::new(), BinaryBuilder::new());
    for template in templates {
        field.append_value(template.field.name());
        json.append_value(&template.json);
        charsets.append_value(
            template.charsets.iter().flat_map(|set| set.to_bits().to_le_bytes()).collect::<Vec<u8>>(),
        );
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("field", Arc::new(field.finish())),
        ("template", Arc::new(json.finish())),
        ("charsets", Arc::new(charsets.finish())),
    ];
    let names = serde_json::to_string(names).expect("names are plain text");
    write_columns(columns, Some(names), path, out)
}

pub(super) fn write_columns<const N: usize>(
    columns: [(&str, ArrayRef); N],
    names: Option<String>,
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    write_encoded(columns, names, false, path, out)
}

/// Writes columns whose values repeat.
pub(super) fn write_repeating<const N: usize>(
    columns: [(&str, ArrayRef); N],
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    write_encoded(columns, None, true, path, out)
}

fn write_encoded<const N: usize>(
    columns: [(&str, ArrayRef); N],
    names: Option<String>,
    is_repeating: bool,
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    let failed = |error: parquet::errors::ParquetError| Error::io(path)(std::io::Error::other(error));
    let columns = with_durations(columns).into_iter().map(|(name, array)| {
        let is_nullable = array.null_count() > 0;
        (name, array, is_nullable)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("the columns have one length");
    let level = ZstdLevel::try_new(COMPRESSION_LEVEL).expect("the level is one of zstd's");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(is_repeating)
        .set_column_dictionary_enabled(FIRST.into(), false)
        .set_column_encoding(FIRST.into(), Encoding::BYTE_STREAM_SPLIT)
        .set_column_dictionary_enabled(LASTED.into(), false)
        .set_key_value_metadata(names.map(|names| vec![KeyValue::new(NAMES.to_owned(), names)]))
        .set_created_by("timberline".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}

/// Replaces the time of the last by how long after the first it was: most of what is counted came once.
fn with_durations<const N: usize>(mut columns: [(&str, ArrayRef); N]) -> [(&str, ArrayRef); N] {
    let of = |name: &str| columns.iter().position(|(column, _)| *column == name);
    if let (Some(first), Some(last)) = (of(FIRST), of(LAST)) {
        let numbers = |idx: usize| columns[idx].1.as_primitive::<Int64Type>().values().iter();
        let lasted = numbers(last).zip(numbers(first)).map(|(last, first)| last.wrapping_sub(*first));
        columns[last] = (LASTED, Arc::new(Int64Array::from_iter_values(lasted)));
    }
    columns
}

/// Returns the time of the last from the time of the first and how long after it was.
fn last_times(batch: &RecordBatch) -> Option<ArrayRef> {
    let numbers = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let (first, lasted) = (numbers(FIRST)?, numbers(LASTED)?);
    let last = first.values().iter().zip(lasted.values()).map(|(first, lasted)| first.wrapping_add(*lasted));
    Some(Arc::new(Int64Array::from_iter_values(last)))
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

/// Reads which templates, of which there are `n_templates`, make up each shape.
pub(super) fn read_parts(content: Bytes, path: &str, n_templates: usize) -> Result<ShapeParts> {
    let ([parts], _) = read_columns(content, path, [("parts", DataType::Binary)])?;
    let parts = parts.as_binary::<i32>().clone();
    if numbers(parts.value_data()).any(|number| number >= n_templates) {
        return Err(Error::damaged(path, "a shape has a template that is not there"));
    }
    Ok(ShapeParts { parts })
}

/// Reads the templates, and the names beside them.
pub(super) fn read_templates(content: Bytes, path: &str) -> Result<(Templates, Names)> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let (columns, names) = read_columns(
        content,
        path,
        [("field", DataType::Utf8), ("template", DataType::Utf8), ("charsets", DataType::Binary)],
    )?;
    let names = names.ok_or_else(|| damaged("no names in the footer".to_owned()))?;
    let names: Names = serde_json::from_str(&names).map_err(|error| damaged(error.to_string()))?;
    let [field, json, charsets] = columns;
    let known = |name: Option<&str>| {
        name.and_then(Field::from_name).ok_or_else(|| damaged(format!("a template of the field {name:?}")))
    };
    let fields = field.as_string::<i32>().iter().map(known).collect::<Result<Vec<Field>>>()?;
    Ok((
        Templates {
            fields,
            json: json.as_string::<i32>().clone(),
            charsets: charsets.as_binary::<i32>().clone(),
        },
        names,
    ))
}

/// Reads whole columns; `None` beside them where the footer has no names.
pub(super) fn read_columns<const N: usize>(
    content: Bytes,
    path: &str,
    columns: [(&str, DataType); N],
) -> Result<([ArrayRef; N], Option<String>)> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(content).map_err(|error| damaged(error.to_string()))?;
    let file = builder.metadata().file_metadata();
    let pair = file.key_value_metadata().and_then(|pairs| pairs.iter().find(|pair| pair.key == NAMES));
    let names = pair.and_then(|pair| pair.value.clone());
    let n_rows = usize::try_from(file.num_rows()).map_err(|error| damaged(error.to_string()))?;
    let wanted = columns.iter().map(|(name, _)| *name);
    let wants_last = wanted.clone().any(|name| name == LAST);
    let mask = ProjectionMask::columns(
        builder.parquet_schema(),
        wanted.chain(wants_last.then_some([FIRST, LASTED]).into_iter().flatten()),
    );
    let reader = builder
        .with_projection(mask)
        .with_batch_size(n_rows.max(1))
        .build()
        .map_err(|error| damaged(error.to_string()))?;
    let schema = reader.schema();
    let batches =
        reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| damaged(error.to_string()))?;
    let batch = match &batches[..] {
        [batch] => batch.clone(),
        // A file without rows has no batch.
        [] => RecordBatch::new_empty(schema),
        more => return Err(damaged(format!("{} batches of {schema:?} instead of one", more.len()))),
    };
    let mut arrays = Vec::with_capacity(N);
    for (name, kind) in &columns {
        let found = match batch.column_by_name(name) {
            None if *name == LAST => last_times(&batch),
            found => found.cloned(),
        };
        let found = found.filter(|array| array.data_type() == kind);
        arrays.push(found.ok_or_else(|| damaged(format!("no column {name}")))?);
    }
    let arrays = arrays.try_into().unwrap_or_else(|_| unreachable!("one array per column"));
    Ok((arrays, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_shapes_are_read() {
        let mut charset = CharSet::default();
        charset.add("x7");
        let template = |field: Field| Template {
            field,
            json: format!("{{\"{}\":0}}", field.name()),
            charsets: vec![charset, CharSet::ANY],
        };
        let names = Names { services: vec!["s".to_owned()], revisions: vec![String::new(), "r".to_owned()] };
        let mut file = Vec::new();
        write_templates(&[template(Field::Trace), template(Field::Labels)], &names, "x", &mut file).unwrap();
        let (templates, read_names) = read_templates(Bytes::from(file.clone()), "x").unwrap();
        assert_eq!((templates.len(), read_names), (2, names));
        assert_eq!((templates.field(1), templates.json(1)), (Field::Labels, "{\"labels\":0}"));
        assert_eq!(templates.charsets(0).collect::<Vec<_>>(), [charset, CharSet::ANY]);
        file.truncate(file.len() / 2);
        assert!(matches!(read_templates(Bytes::from(file), "x"), Err(Error::Damaged { .. })));

        let record = |shape| ShapeRecord { shape, pattern: 9, exception: (shape == 2).then_some(5), rows: 4 };
        let mut file = Vec::new();
        write(&[(record(1), vec![0, 1]), (record(2), vec![1])], "x", &mut file).unwrap();
        let content = || Bytes::from(file.clone());
        assert_eq!(read(content(), "x").unwrap(), [record(1), record(2)]);
        let parts = read_parts(content(), "x", 2).unwrap();
        assert_eq!(
            (0..parts.len()).map(|shape| parts.of(shape).collect()).collect::<Vec<Vec<_>>>(),
            [vec![0, 1], vec![1]]
        );
        assert!(matches!(read_parts(content(), "x", 1), Err(Error::Damaged { .. })));
    }
}
