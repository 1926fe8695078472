//! Reads columns of Parquet files, every page with the zstd context of its thread.
//!
//! ```text
//! the library   a context for reading and one for writing, for each column of each row group
//! here          pages as they are stored ──frame::unpack──► the library's decoders
//! ```
//!
//! Short questions read one page of thirty columns: making sixty contexts took longer than unpacking the pages.

use crate::frame;
use arrow::array::RecordBatch;
use arrow::datatypes::{Fields, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups, RowSelection};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::cmp::Reverse;
use std::sync::Arc;

/// What is read of a file.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The columns.
    pub(crate) columns: ProjectionMask,
    /// The row groups, ascending; `None` for all.
    pub(crate) row_groups: Option<Vec<usize>>,
    /// Of the rows of these row groups those that are wanted; `None` for all.
    pub(crate) rows: Option<RowSelection>,
    /// Rows in a batch.
    pub(crate) batch_rows: usize,
}

impl Asked {
    /// As many rows as the library takes for a batch: their cells stay in the cache.
    pub(crate) const BATCH_ROWS: usize = 1024;

    /// All rows of some columns.
    pub(crate) const fn of(columns: ProjectionMask) -> Self {
        Self { columns, row_groups: None, rows: None, batch_rows: Self::BATCH_ROWS }
    }
}

/// Reads columns, batch by batch. Cost: pages are unpacked as they are reached.
///
/// # Errors
/// What the library says of columns that it cannot read.
pub(crate) fn read<R: ChunkReader + 'static>(
    content: R,
    metadata: &ArrowReaderMetadata,
    asked: Asked,
) -> Result<ParquetRecordBatchReader> {
    let fields = Some(metadata.schema().fields());
    let levels = parquet_to_arrow_field_levels(metadata.parquet_schema(), asked.columns, fields)?;
    let metadata = metadata.metadata().clone();
    let row_groups = asked.row_groups.unwrap_or_else(|| (0..metadata.num_row_groups()).collect());
    let file = File { content: Arc::new(content), metadata, row_groups };
    // Room is made for a whole batch, whatever comes.
    let n_rows = asked.rows.as_ref().map_or_else(|| file.num_rows(), RowSelection::row_count);
    let batch_rows = asked.batch_rows.min(n_rows).max(1);
    ParquetRecordBatchReader::try_new_with_row_groups(&levels, &file, batch_rows, asked.rows)
}

/// As [`read`], all at once and the columns side by side, for a few rows: unpacking their pages is all the work.
///
/// # Errors
/// As [`read`], also while batches are read.
pub(crate) fn read_side_by_side<R: ChunkReader + Clone + 'static>(
    content: &R,
    metadata: &ArrowReaderMetadata,
    asked: &Asked,
) -> Result<Vec<RecordBatch>> {
    let parts = parts(metadata, &asked.columns, rayon::current_num_threads());
    let read = |columns: Vec<usize>| -> Result<Vec<RecordBatch>> {
        let columns = ProjectionMask::leaves(metadata.parquet_schema(), columns);
        let batches = read(content.clone(), metadata, Asked { columns, ..asked.clone() })?;
        Ok(batches.collect::<std::result::Result<_, _>>()?)
    };
    let of_parts: Vec<Result<Vec<RecordBatch>>> = parts.into_par_iter().map(read).collect();
    let mut of_parts = of_parts.into_iter();
    let mut all = of_parts.next().unwrap_or_else(|| Ok(Vec::new()))?;
    for of_part in of_parts {
        let of_part = of_part?;
        if of_part.len() != all.len() {
            return Err(ParquetError::General("columns are of different lengths".to_owned()));
        }
        for (batch, beside) in all.iter_mut().zip(of_part) {
            let fields =
                [batch.schema_ref(), beside.schema_ref()].map(|schema| schema.fields().iter().cloned());
            let schema = Schema::new(fields.into_iter().flatten().collect::<Fields>());
            let columns = [batch.columns(), beside.columns()].concat();
            *batch = RecordBatch::try_new(Arc::new(schema), columns)?;
        }
    }
    Ok(all)
}

/// Shares columns out in parts of about as many bytes.
fn parts(metadata: &ArrowReaderMetadata, columns: &ProjectionMask, n_parts: usize) -> Vec<Vec<usize>> {
    let size = |column: usize| -> i64 {
        let row_groups = metadata.metadata().row_groups().iter();
        row_groups.map(|row_group| row_group.column(column).compressed_size()).sum()
    };
    let n_columns = metadata.parquet_schema().num_columns();
    let mut sizes: Vec<(i64, usize)> = (0..n_columns)
        .filter(|column| columns.leaf_included(*column))
        .map(|column| (size(column), column))
        .collect();
    sizes.sort_unstable_by_key(|(size, column)| (Reverse(*size), *column));
    let mut parts: Vec<(i64, Vec<usize>)> = vec![(0, Vec::new()); n_parts];
    for (size, column) in sizes {
        let (sum, part) =
            parts.iter_mut().min_by_key(|(sum, part)| (*sum, part.len())).expect("one part at least");
        *sum += size;
        part.push(column);
    }
    parts.into_iter().map(|(_, part)| part).filter(|part| !part.is_empty()).collect()
}

/// The row groups of a file that are asked for.
struct File<R> {
    content: Arc<R>,
    metadata: Arc<ParquetMetaData>,
    row_groups: Vec<usize>,
}

impl<R: ChunkReader + 'static> RowGroups for File<R> {
    fn num_rows(&self) -> usize {
        self.row_groups().map(n_rows).sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks {
            content: self.content.clone(),
            metadata: self.metadata.clone(),
            row_groups: self.row_groups.clone().into_iter(),
            column,
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.row_groups.iter().map(|idx| self.metadata.row_group(*idx)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column's pages, row group by row group.
struct Chunks<R> {
    content: Arc<R>,
    metadata: Arc<ParquetMetaData>,
    row_groups: std::vec::IntoIter<usize>,
    column: usize,
}

impl<R: ChunkReader + 'static> Chunks<R> {
    fn pages(&self, row_group: usize) -> Result<Box<dyn PageReader>> {
        let locations = self.metadata.offset_index().filter(|index| !index.is_empty());
        let locations = locations.map(|index| index[row_group][self.column].page_locations().clone());
        let row_group = self.metadata.row_group(row_group);
        let chunk = row_group.column(self.column);
        let content = self.content.clone();
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            let pages = SerializedPageReader::new(content, chunk, n_rows(row_group), locations)?;
            return Ok(Box::new(pages));
        }
        let as_stored = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        let stored = SerializedPageReader::new(content, &as_stored, n_rows(row_group), locations)?;
        Ok(Box::new(Unpacked { stored }))
    }
}

impl<R: ChunkReader + 'static> Iterator for Chunks<R> {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row_group = self.row_groups.next()?;
        Some(self.pages(row_group))
    }
}

impl<R: ChunkReader + 'static> PageIterator for Chunks<R> {}

/// Pages of zstd frames, unpacked.
struct Unpacked<R: ChunkReader> {
    stored: SerializedPageReader<R>,
}

impl<R: ChunkReader> PageReader for Unpacked<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.stored.get_next_page()?.map(unpacked).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.stored.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.stored.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.stored.at_record_boundary()
    }
}

impl<R: ChunkReader> Iterator for Unpacked<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn unpacked(mut page: Page) -> Result<Page> {
    let unpack = |frame: &[u8]| frame::unpack_whole(frame).map_err(ParquetError::from);
    match &mut page {
        // A page of missing values alone may hold no byte.
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } if !buf.is_empty() => {
            *buf = unpack(buf)?.into();
        }
        // Levels stand before the frame as they are.
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, is_compressed: true, .. } => {
            let levels = (*def_levels_byte_len + *rep_levels_byte_len) as usize;
            let (levels, frame) = buf
                .split_at_checked(levels)
                .ok_or_else(|| ParquetError::EOF("a page is shorter than its levels".to_owned()))?;
            if !frame.is_empty() {
                *buf = Bytes::from([levels, &unpack(frame)?].concat());
            }
        }
        _ => {}
    }
    Ok(page)
}

fn n_rows(row_group: &RowGroupMetaData) -> usize {
    usize::try_from(row_group.num_rows()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::{ArrowReaderOptions, RowSelector};
    use parquet::basic::ZstdLevel;
    use parquet::file::metadata::PageIndexPolicy;
    use parquet::file::properties::{WriterProperties, WriterVersion};

    const N_ROWS: i64 = 1000;

    fn file(compression: Compression, version: WriterVersion) -> Bytes {
        let texts = (0..N_ROWS).map(|n| (n % 3 > 0).then(|| format!("text {}", n / 7)));
        let columns: [(&str, ArrayRef); 3] = [
            ("n", Arc::new(Int64Array::from_iter_values(0..N_ROWS))),
            ("text", Arc::new(texts.collect::<StringArray>())),
            ("nothing", Arc::new(StringArray::new_null(usize::try_from(N_ROWS).unwrap()))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_writer_version(version)
            .set_max_row_group_row_count(Some(300))
            .set_data_page_row_count_limit(50)
            .set_write_batch_size(10)
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap().into()
    }

    fn rows_of(content: &Bytes, asked: Asked, index: PageIndexPolicy) -> Vec<(i64, Option<String>)> {
        let options = ArrowReaderOptions::new().with_offset_index_policy(index);
        let metadata = ArrowReaderMetadata::load(content, options).unwrap();
        let side_by_side = rows_in(&read_side_by_side(content, &metadata, &asked).unwrap());
        let batches: Vec<RecordBatch> =
            read(content.clone(), &metadata, asked).unwrap().collect::<std::result::Result<_, _>>().unwrap();
        let rows = rows_in(&batches);
        assert_eq!(side_by_side, rows);
        rows
    }

    fn rows_in(batches: &[RecordBatch]) -> Vec<(i64, Option<String>)> {
        let mut rows = Vec::new();
        for batch in batches {
            assert!(batch.num_rows() <= 128);
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let texts = column("text").as_string::<i32>().iter().map(|text| text.map(str::to_owned));
            rows.extend(column("n").as_primitive::<Int64Type>().values().iter().copied().zip(texts));
            assert_eq!(column("nothing").null_count(), batch.num_rows());
        }
        rows
    }

    #[test]
    fn rows_are_those_that_were_written_however_their_pages_are_stored() {
        let expected = |n: i64| (n, (n % 3 > 0).then(|| format!("text {}", n / 7)));
        let zstd = Compression::ZSTD(ZstdLevel::try_new(3).unwrap());
        for compression in [zstd, Compression::UNCOMPRESSED] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                let content = file(compression, version);
                for index in [PageIndexPolicy::Skip, PageIndexPolicy::Required] {
                    let asked = |row_groups, rows| Asked {
                        columns: ProjectionMask::all(),
                        row_groups,
                        rows,
                        batch_rows: 128,
                    };
                    let all = rows_of(&content, asked(None, None), index);
                    assert_eq!(all, (0..N_ROWS).map(expected).collect::<Vec<_>>());
                    let selection = RowSelection::from(vec![
                        RowSelector::skip(290),
                        RowSelector::select(20),
                        RowSelector::skip(589),
                        RowSelector::select(1),
                    ]);
                    let some = rows_of(&content, asked(None, Some(selection)), index);
                    assert_eq!(some, (290..310).chain([899]).map(expected).collect::<Vec<_>>());
                    let group = rows_of(&content, asked(Some(vec![1]), None), index);
                    assert_eq!(group, (300..600).map(expected).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_damaged_page_is_an_error() {
        let zstd = Compression::ZSTD(ZstdLevel::try_new(3).unwrap());
        let content = file(zstd, WriterVersion::PARQUET_1_0);
        let magic = [0x28, 0xb5, 0x2f, 0xfd];
        let at = content.windows(4).position(|window| window == magic).unwrap();
        let mut damaged = content.to_vec();
        damaged[at + 5] ^= 0xff;
        let damaged = Bytes::from(damaged);
        let metadata = ArrowReaderMetadata::load(&damaged, ArrowReaderOptions::new()).unwrap();
        let asked = Asked {
            columns: ProjectionMask::all(),
            row_groups: None,
            rows: None,
            batch_rows: Asked::BATCH_ROWS,
        };
        let read = read(damaged.clone(), &metadata, asked).and_then(|batches| {
            batches.map(|batch| batch.map_err(ParquetError::from)).collect::<Result<Vec<_>>>()
        });
        assert!(read.is_err());
    }
}
