//! Lets the rows of a segment say what they say: a pass of its own, beside those that write entries and index.

use super::fields::FieldReader;
use super::instances::{self, InstanceCounter};
use super::observer::{Observer, RowFacts, Said};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::layout;
use crate::rows::RowSet;
use std::io::Write;
use timberline_pattern::mask::Masker;

/// A file's path and content.
pub(super) type File = (String, Vec<u8>);

/// Returns the files of what the rows say and of the instances that wrote them, in the order of the manifest.
///
/// `order` is ring order, `masker` the archive's.
pub(super) fn listen(rows: &RowSet, order: &[u32], segment_id: &str, masker: &Masker) -> Result<Vec<File>> {
    let mut observer = Observer::new(masker.clone());
    let mut instances = InstanceCounter::default();
    let mut fields = FieldReader::default();
    for (idx, row) in (0..).zip(order) {
        let head = &rows.heads()[*row as usize];
        let (timestamp, derived) = (head.keys.timestamp, head.derived);
        let cells = rows.cells(*row as usize);
        let facts = RowFacts {
            idx,
            time_ns: timestamp.as_nanos(),
            pattern: derived.pattern,
            exception: derived.exception,
            service: cells.text(Column::Service),
            revision: cells.text(Column::Revision),
            severity: head.keys.severity,
        };
        instances.add(facts.service, facts.revision, &cells, facts.time_ns);
        fields
            .with_message(&cells, timestamp, derived.exception.is_some(), |entry| {
                observer.row(&facts, entry);
            })
            .map_err(|detail| Error::damaged(layout::index_folder(segment_id), detail))?;
    }
    let instances_path = layout::instances(segment_id);
    let mut content = Vec::new();
    instances::write(&instances.finish(), &instances_path, &mut content)?;
    let mut files = vec![(instances_path, content)];
    let said: Said = observer.finish(rows.joined());
    said.write_files(segment_id, |path, write| {
        let mut content = Vec::new();
        write(&mut content as &mut (dyn Write + Send))?;
        files.push((path.to_owned(), content));
        Ok(())
    })?;
    Ok(files)
}
