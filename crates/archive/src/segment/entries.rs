//! The entries of a segment as Parquet: the physical schema, and batches of rows in it.

use super::packed::{self, Packer, TIMESTAMP};
use crate::columns::{Cell, Cells, Column, ColumnKind};
use crate::error::{Error, Result};
use crate::manifest::FORMAT;
use crate::rows::RowSet;
use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::Arc;
use timberline_entry::Timestamp;

/// Columns beside those of the entry.
pub(super) const PATTERN: &str = "pattern";
pub(super) const SHAPE: &str = "shape";
pub(super) const EXCEPTION: &str = "exception";
pub(super) const SOURCE: &str = "source";
pub(super) const SOURCE_LINE: &str = "source_line";
pub(super) const SOURCE_IS_WHOLE: &str = "source_is_whole";

const BATCH_ROWS: usize = 8192;
/// Rows a reader must decode at least to see one: small enough to look into a ring, large enough to compress.
const PAGE_ROWS: usize = 16_384;
/// Bytes of a page before it is compressed: of long texts, fewer rows.
const PAGE_BYTES: usize = 256 << 10;
/// Rows that a Bloom filter answers for: what is read of a column to find one id.
const ROW_GROUP_ROWS: usize = 65_536;
const COMPRESSION_LEVEL: i32 = 3;

/// Returns the physical schema of a format, the same in every segment of it.
pub(super) fn schema(format: u32) -> Schema {
    let time = || DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let own_time = match format {
        1 => time(),
        _ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    };
    let mut fields = vec![Field::new(TIMESTAMP, own_time, false)];
    for column in Column::ALL {
        let kind = match column.kind() {
            ColumnKind::Repeated | ColumnKind::Text => DataType::Utf8,
            ColumnKind::Integer => DataType::Int64,
            ColumnKind::Time => time(),
            ColumnKind::Bool => DataType::Boolean,
        };
        fields.push(Field::new(column.name(), kind, !column.is_required()));
    }
    for name in [PATTERN, SHAPE, SOURCE, SOURCE_LINE] {
        fields.push(Field::new(name, DataType::UInt64, false));
    }
    fields.push(Field::new(SOURCE_IS_WHOLE, DataType::Boolean, false));
    fields.push(Field::new(EXCEPTION, DataType::UInt64, true));
    if format > 1 {
        fields.extend(packed::fields());
    }
    Schema::new(fields)
}

fn properties(n_rows: usize) -> WriterProperties {
    let level = ZstdLevel::try_new(COMPRESSION_LEVEL).expect("the level is one of zstd's");
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(vec![KeyValue::new("timberline.format".to_owned(), FORMAT.to_string())]))
        .set_created_by("timberline".to_owned());
    let column = |name: &str| ColumnPath::from(name);
    builder = builder.set_column_encoding(column(SOURCE_LINE), Encoding::DELTA_BINARY_PACKED);
    builder = builder.set_column_encoding(column(TIMESTAMP), Encoding::BYTE_STREAM_SPLIT);
    // Times of reception get no encoding: they repeat among the lines of one moment, so whole they compress better than their differences.
    builder = builder.set_column_statistics_enabled(column(TIMESTAMP), EnabledStatistics::Page);
    for repeated in Column::ALL.into_iter().filter(|c| c.kind() == ColumnKind::Repeated) {
        builder = builder.set_column_dictionary_enabled(column(repeated.name()), true);
    }
    for name in [
        "trace",
        "http_url",
        "http_remote_ip",
        "http_server_ip",
        "http_rest",
        "rest",
        packed::TIMESTAMP_NANOS,
        packed::TRACE_PREFIX,
        packed::TRACE_HEX,
        PATTERN,
        SHAPE,
        SOURCE,
        EXCEPTION,
    ] {
        builder = builder.set_column_dictionary_enabled(column(name), true);
    }
    let n_distinct = n_rows.min(ROW_GROUP_ROWS) as u64;
    for name in super::ids::WITH_BLOOM_FILTER {
        let name = column(name);
        builder = builder
            .set_column_bloom_filter_enabled(name.clone(), true)
            .set_column_bloom_filter_fpp(name.clone(), 0.05)
            .set_column_bloom_filter_max_ndv(name, n_distinct);
    }
    builder.build()
}

/// Writes rows in the given order.
///
/// `sources` gives the key of each source that `place.source` numbers.
pub(super) fn write(
    rows: &RowSet,
    order: &[u32],
    sources: &[u64],
    path: &str,
    out: impl Write + Send,
) -> Result<()> {
    let failed = |error: parquet::errors::ParquetError| Error::io(path)(std::io::Error::other(error));
    let schema = Arc::new(schema(FORMAT));
    let mut writer =
        ArrowWriter::try_new(out, schema.clone(), Some(properties(order.len()))).map_err(failed)?;
    let mut builders = Builders::new();
    for chunk in order.chunks(BATCH_ROWS) {
        for idx in chunk {
            builders.push(rows, *idx as usize, sources);
        }
        let batch =
            RecordBatch::try_new(schema.clone(), builders.finish()).expect("the builders follow the schema");
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Time(TimestampNanosecondBuilder),
    Bool(BooleanBuilder),
}

struct Builders {
    packer: Packer,
    columns: Vec<Builder>,
    pattern: UInt64Builder,
    shape: UInt64Builder,
    source: UInt64Builder,
    source_line: UInt64Builder,
    source_is_whole: BooleanBuilder,
    exception: UInt64Builder,
}

impl Builders {
    fn new() -> Self {
        let time = || TimestampNanosecondBuilder::new().with_timezone("UTC");
        let columns = Column::ALL.into_iter().map(|column| match column.kind() {
            ColumnKind::Repeated | ColumnKind::Text => Builder::Text(StringBuilder::new()),
            ColumnKind::Integer => Builder::Integer(Int64Builder::new()),
            ColumnKind::Time => Builder::Time(time()),
            ColumnKind::Bool => Builder::Bool(BooleanBuilder::new()),
        });
        Self {
            packer: Packer::new(),
            columns: columns.collect(),
            pattern: UInt64Builder::new(),
            shape: UInt64Builder::new(),
            source: UInt64Builder::new(),
            source_line: UInt64Builder::new(),
            source_is_whole: BooleanBuilder::new(),
            exception: UInt64Builder::new(),
        }
    }

    fn push(&mut self, rows: &RowSet, idx: usize, sources: &[u64]) {
        let head = &rows.heads()[idx];
        let mut cells = rows.cells(idx);
        self.packer.push(head.keys.timestamp, &mut cells);
        for (column, builder) in Column::ALL.into_iter().zip(&mut self.columns) {
            match (builder, cells.get(column)) {
                (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
                (Builder::Text(builder), _) if column.is_required() => builder.append_value(""),
                (Builder::Text(builder), _) => builder.append_null(),
                (Builder::Integer(builder), cell) => builder.append_option(cell.int()),
                (Builder::Time(builder), cell) => builder.append_option(cell.int()),
                (Builder::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
                (Builder::Bool(builder), _) => builder.append_null(),
            }
        }
        self.pattern.append_value(head.derived.pattern);
        self.shape.append_value(head.derived.shape);
        self.source.append_value(sources[head.place.source as usize]);
        self.source_line.append_value(head.place.line);
        self.source_is_whole.append_value(head.is_whole);
        self.exception.append_option(head.derived.exception);
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        let (timestamp, packed) = self.packer.finish();
        let mut arrays: Vec<ArrayRef> = vec![timestamp];
        for builder in &mut self.columns {
            arrays.push(match builder {
                Builder::Text(builder) => Arc::new(builder.finish()),
                Builder::Integer(builder) => Arc::new(builder.finish()),
                Builder::Time(builder) => Arc::new(builder.finish()),
                Builder::Bool(builder) => Arc::new(builder.finish()),
            });
        }
        for builder in [&mut self.pattern, &mut self.shape, &mut self.source, &mut self.source_line] {
            arrays.push(Arc::new(builder.finish()));
        }
        arrays.push(Arc::new(self.source_is_whole.finish()));
        arrays.push(Arc::new(self.exception.finish()));
        arrays.extend(packed);
        arrays
    }
}

/// Composes a row's entry as JSON and hands it on as a view.
pub(crate) fn with_entry<T>(
    cells: &Cells<'_>,
    timestamp: Timestamp,
    text: &mut String,
    nodes: &mut Vec<timberline_entry::json::Node>,
    then: impl FnOnce(&timberline_entry::LogEntry<'_>) -> T,
) -> std::result::Result<T, String> {
    use timberline_entry::json::{Document, parse};
    text.clear();
    crate::columns::compose(cells, timestamp, |_| true, text).map_err(|error| error.to_string())?;
    parse(text, nodes).map_err(|fault| fault.to_string())?;
    let object = Document::new(text, nodes).root().as_object().ok_or("the entry is not a JSON object")?;
    Ok(then(&timberline_entry::LogEntry::from_object(object)))
}
