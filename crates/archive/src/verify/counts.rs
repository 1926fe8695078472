//! read = kept + duplicates + rejected + set aside, for every source.
//!
//! Duplicates are not stored: they are what is left. So the equation can fail in one way only, that more was kept than
//! could be, and beside it are checks of what else counts the same thing.

use super::{Impact, VerifyReport, problem};
use crate::archive::Archive;
use crate::layout;
use crate::manifest::source_name;
use crate::sums::saturating_sum;
use std::collections::BTreeMap;

pub(super) fn check(archive: &Archive, report: &mut VerifyReport) {
    let manifest = archive.manifest();
    let manifest_path = layout::manifest(manifest.sequence);
    let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
    for segment in &manifest.segments {
        for (source, rows) in &segment.sources {
            let kept = kept.entry(source).or_insert(0);
            *kept = kept.saturating_add(*rows);
        }
        let total = saturating_sum(segment.sources.values().copied());
        if total != segment.rows {
            let detail = format!("segment {}: {} rows, but {total} by source", segment.id, segment.rows);
            report.problems.push(problem(&manifest_path, detail, Impact::Counts, Some(segment)));
        }
    }
    let Some(catalog) = &manifest.catalog else { return };
    let mut add = |file: &str, impact: Impact, detail: String| {
        // A file that is damaged was reported when its checksum was compared.
        if impact == Impact::Counts || !report.problems.iter().any(|problem| problem.file == file) {
            report.problems.push(problem(file, detail, impact, None));
        }
    };
    let sources = match archive.sources() {
        Ok(sources) => sources,
        Err(error) => return add(&catalog.sources.path, Impact::Catalog, error.to_string()),
    };
    let rejects = match archive.rejects() {
        Ok(rejects) => rejects,
        Err(error) => return add(&catalog.rejects.path, Impact::Catalog, error.to_string()),
    };
    let mut rejected: BTreeMap<u64, u64> = BTreeMap::new();
    for reject in &rejects {
        let count = rejected.entry(reject.source).or_insert(0);
        *count = count.saturating_add(reject.count);
    }
    for source in &sources {
        let name = source_name(source.key);
        let kept = kept.remove(name.as_str()).unwrap_or(0);
        let lost =
            saturating_sum(manifest.set_aside.iter().filter_map(|lost| lost.sources.get(&name).copied()));
        let grouped = saturating_sum(source.groups.iter().map(|group| group.entries));
        let listed = rejected.remove(&source.key).unwrap_or(0);
        let (read, refused) = (source.read, source.rejected);
        let mut wrong =
            |detail: String| add(&catalog.sources.path, Impact::Counts, format!("{}: {detail}", source.path));
        if saturating_sum([kept, lost, refused]) > read {
            wrong(format!("{read} read, but {kept} kept, {lost} set aside and {refused} rejected"));
        }
        if grouped.saturating_add(refused) != read {
            wrong(format!("{read} read, but {grouped} by service and severity and {refused} rejected"));
        }
        if listed != refused {
            wrong(format!("{refused} rejected, but {listed} in the reject ledger"));
        }
    }
    for (name, rows) in kept {
        add(
            &catalog.sources.path,
            Impact::Counts,
            format!("{rows} entries of source {name}, which is not listed"),
        );
    }
    for (key, rows) in rejected {
        let detail = format!("{rows} rejects of source {}, which is not listed", source_name(key));
        add(&catalog.rejects.path, Impact::Counts, detail);
    }
    if sources.windows(2).any(|pair| (&pair[0].path, pair[0].key) >= (&pair[1].path, pair[1].key)) {
        add(
            &catalog.sources.path,
            Impact::Counts,
            "sources are not sorted, or one is listed twice".to_owned(),
        );
    }
}
