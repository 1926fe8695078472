//! The pattern catalogue against the messages of all segments.

use super::{VerifyReport, check_made};
use crate::archive::Archive;
use crate::catalog::patterns_of;
use std::collections::BTreeMap;
use timberline_pattern::mask::Masker;

pub(super) fn check(archive: &Archive, masker: &Masker, report: &mut VerifyReport) {
    let Some(catalog) = &archive.manifest().catalog else { return };
    check_made(report, &catalog.patterns.path, "the patterns are not those of the messages", || {
        let stored = archive.patterns()?;
        Ok(patterns_of(archive.segments(), masker, &stored, &BTreeMap::new())? == stored)
    });
}
