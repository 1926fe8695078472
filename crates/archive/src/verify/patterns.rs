//! The pattern catalogue against the messages of all segments.

use super::{Impact, VerifyReport, problem};
use crate::archive::Archive;
use crate::catalog::patterns_of;
use crate::error::Error;
use std::collections::BTreeMap;
use timberline_pattern::mask::Masker;

pub(super) fn check(archive: &Archive, masker: &Masker, report: &mut VerifyReport) {
    let Some(catalog) = &archive.manifest().catalog else { return };
    let path = &catalog.patterns.path;
    // Messages that are not those of the rows were reported, and so was a file that is not what was written.
    let is_known = |problem: &super::Problem| problem.impact == Impact::Index || problem.file == *path;
    if report.problems.iter().any(is_known) {
        return;
    }
    let made = archive.patterns().and_then(|stored| {
        let made = patterns_of(archive.segments(), masker, &stored, &BTreeMap::new())?;
        Ok(made == stored)
    });
    let detail = match made {
        Ok(true) => return,
        Ok(false) => "the patterns are not those of the messages".to_owned(),
        Err(Error::Damaged { detail, .. }) => detail,
        Err(error) => error.to_string(),
    };
    report.problems.push(problem(path, detail, Impact::Catalog, None));
}
