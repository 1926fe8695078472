//! The shape catalogue against the templates of all segments.

use super::{Impact, VerifyReport, problem};
use crate::archive::Archive;
use crate::error::Error;

pub(super) fn check(archive: &Archive, report: &mut VerifyReport) {
    let catalog = archive.manifest().catalog.as_ref();
    let Some(file) = catalog.and_then(|catalog| catalog.shapes.as_ref()) else { return };
    // Templates that are not those of the rows were reported, and so was a file that is not what was written.
    let is_known = |problem: &super::Problem| problem.impact == Impact::Index || problem.file == file.path;
    if report.problems.iter().any(is_known) {
        return;
    }
    let detail = match archive.shapes_are_of_segments() {
        Ok(true) => return,
        Ok(false) => "the shapes are not those of the segments".to_owned(),
        Err(Error::Damaged { detail, .. }) => detail,
        Err(error) => error.to_string(),
    };
    report.problems.push(problem(&file.path, detail, Impact::Catalog, None));
}
