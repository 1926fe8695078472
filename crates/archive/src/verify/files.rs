//! Every file that the manifest names: there, as long, the same content.

use super::{Impact, Reporter, VerifyReport, problem};
use crate::layout;
use crate::manifest::{FileRecord, Manifest, SegmentRecord};
use crate::storage::Storage;
use crate::sums::saturating_sum;
use rayon::prelude::*;

pub(super) fn check(
    storage: &dyn Storage,
    manifest: &Manifest,
    reporter: &dyn Reporter,
    report: &mut VerifyReport,
) {
    let mut files: Vec<(&FileRecord, Option<&SegmentRecord>)> = Vec::new();
    for segment in &manifest.segments {
        files.extend(segment.files.iter().map(|file| (file, Some(segment))));
    }
    if let Some(catalog) = &manifest.catalog {
        files.extend(catalog.files().map(|file| (file, None)));
    }
    // Lengths are what the manifest says, and need not have a sum.
    let bytes = saturating_sum(files.iter().map(|(file, _)| file.bytes));
    reporter.planned(files.len(), bytes);
    report.files = files.len() as u64;
    report.bytes = bytes;
    let faults = files.par_iter().map(|(file, segment)| {
        let fault = fault(storage, file);
        reporter.file_checked(&file.path, file.bytes);
        fault.map(|detail| problem(&file.path, detail, impact(file, *segment), *segment))
    });
    report.problems.extend(faults.collect::<Vec<_>>().into_iter().flatten());
}

fn fault(storage: &dyn Storage, file: &FileRecord) -> Option<String> {
    match storage.read(&file.path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("the file is missing".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
        Ok(content) if content.len() as u64 != file.bytes => {
            Some(format!("{} bytes long instead of {}", content.len(), file.bytes))
        }
        Ok(content) => (!file.is_of(&content)).then(|| "the content does not match its checksum".to_owned()),
    }
}

fn impact(file: &FileRecord, segment: Option<&SegmentRecord>) -> Impact {
    match segment {
        None => Impact::Catalog,
        Some(segment) if file.path == layout::entries(&segment.month, &segment.id) => Impact::Entries,
        Some(_) => Impact::Index,
    }
}
