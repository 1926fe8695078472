//! An ingested archive, and the two ways of asking it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::ingest::{Options, Silent, ingest};
use timberline_archive::segment::Segment;
use timberline_archive::storage::DiskStorage;
use timberline_archive::{Archive, Result};
use timberline_entry::Field;
use timberline_entry::input::discover;
use timberline_query::{Filter, compile};
use timberline_search::{Names, RowView, Sink, Wanted, scan};

/// Segment and row.
pub(crate) type RowId = (String, u64);

/// An archive in a folder of its own.
pub(crate) struct Fixture {
    _folder: tempfile::TempDir,
    pub(crate) archive: Archive,
    pub(crate) names: Names,
    /// Every row: its line in its source, and the entry as exported.
    pub(crate) rows: BTreeMap<RowId, (u64, String)>,
}

/// What a filter found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) rows: BTreeSet<RowId>,
    /// Rings that were certain.
    pub(crate) whole_rings: u64,
}

impl Fixture {
    /// Ingests the dumps, each as a file of lines.
    pub(crate) fn of_lines(dumps: &[Vec<String>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (idx, lines) in dumps.iter().enumerate() {
            let path = folder.path().join(format!("dump-{idx}.json"));
            std::fs::write(&path, lines.join("\n")).unwrap();
            paths.push(path.to_string_lossy().into_owned());
        }
        Self::of_paths(folder, &paths)
    }

    /// Ingests the sample exports.
    pub(crate) fn of_samples() -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/exports");
        Self::of_paths(tempfile::tempdir().unwrap(), &[path.to_string_lossy().into_owned()])
    }

    /// Ingests files beside the repository; `None`, with a note, when they are not there.
    pub(crate) fn of_shared(folder: &str) -> Option<Self> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
        if !path.try_exists().unwrap() {
            println!("skipped: {} is not there", path.display());
            return None;
        }
        Some(Self::of_paths(tempfile::tempdir().unwrap(), &[path.to_string_lossy().into_owned()]))
    }

    fn of_paths(folder: tempfile::TempDir, paths: &[String]) -> Self {
        let storage = Arc::new(DiskStorage::new(folder.path().join("archive")));
        let options = Options { memory: 64 << 20, threads: 2, ..Options::new("test") };
        ingest(storage.clone(), discover(paths).0, &options, &Silent, &AtomicBool::new(false)).unwrap();
        let archive = Archive::open(storage, "test").unwrap();
        let names = Names::read(&archive).unwrap();
        let mut rows = BTreeMap::new();
        for_each_row(&archive, &names, |id, row| {
            rows.insert(id, (row.row.source_line, row.json.to_owned()));
        });
        assert_eq!(rows.len() as u64, archive.manifest().entries());
        Self { _folder: folder, archive, names, rows }
    }

    /// What the index answers.
    pub(crate) fn by_index(&self, filter: &Filter) -> Found {
        let mut found = Found::default();
        scan(&self.archive, &self.names, filter, &Wanted::default(), &mut found).unwrap();
        found
    }

    /// What evaluation of every row answers, for many filters in one pass.
    pub(crate) fn by_evaluation(&self, filters: &[Filter]) -> Vec<BTreeSet<RowId>> {
        let mut found = vec![BTreeSet::new(); filters.len()];
        for_each_row(&self.archive, &self.names, |id, row| {
            for (filter, found) in filters.iter().zip(&mut found) {
                if row.matches(filter) {
                    found.insert(id.clone());
                }
            }
        });
        found
    }

    /// Asks filters both ways; refused ones are passed over. Returns how many were asked, how many found something, and
    /// how many rings were certain.
    pub(crate) fn check(&self, texts: &[String]) -> Tally {
        let compiled = texts.iter().map(|text| compile(text, &timberline_query::Options::default()));
        let (asked, filters): (Vec<&String>, Vec<Filter>) = texts
            .iter()
            .zip(compiled)
            .filter_map(|(text, compiled)| Some((text, compiled.ok()?.filter)))
            .unzip();
        let mut tally = Tally { asked: asked.len(), ..Tally::default() };
        for ((text, filter), expected) in asked.iter().zip(&filters).zip(self.by_evaluation(&filters)) {
            let found = self.by_index(filter);
            if let Some(wrong) = found.rows.symmetric_difference(&expected).next() {
                let is_found = found.rows.contains(wrong);
                let (n, m) = (found.rows.len(), expected.len());
                panic!(
                    "{text}\nfound {n}, expected {m}\nfound: {is_found}, of {wrong:?}: {}",
                    self.rows[wrong].1
                );
            }
            tally.hits += usize::from(!found.rows.is_empty());
            tally.certain += found.whole_rings;
        }
        tally
    }
}

/// How much a comparison meant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) asked: usize,
    pub(crate) hits: usize,
    pub(crate) certain: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.asked += other.asked;
        self.hits += other.hits;
        self.certain += other.certain;
    }
}

impl Sink for Found {
    fn ring(&mut self, segment: &Segment, ring: usize) -> Result<bool> {
        for row in segment.rings()?.range(ring) {
            assert!(self.rows.insert((segment.record().id.clone(), row)), "a row came twice");
        }
        self.whole_rings += 1;
        Ok(true)
    }

    fn row(&mut self, segment: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
        assert!(self.rows.insert((segment.record().id.clone(), row.row.idx)), "a row came twice");
        Ok(())
    }
}

fn for_each_row(archive: &Archive, names: &Names, visit: impl FnMut(RowId, &RowView<'_>)) {
    struct Each<V>(V);
    impl<V: FnMut(RowId, &RowView<'_>)> Sink for Each<V> {
        fn ring(&mut self, _: &Segment, _: usize) -> Result<bool> {
            Ok(false)
        }
        fn row(&mut self, segment: &Segment, _: usize, row: &RowView<'_>) -> Result<()> {
            (self.0)((segment.record().id.clone(), row.row.idx), row);
            Ok(())
        }
    }
    let all = Wanted { fields: Field::ALL.into_iter().collect(), ..Wanted::default() };
    scan(archive, names, &Filter::all(), &all, &mut Each(visit)).unwrap();
}
