//! Revisions by configured paths: recorded, gone by everywhere, and changed by a reindex alone.

use crate::sample::{assert_sound, file, rewrite_options};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timberline_archive::compact::{compact, reindex};
use timberline_archive::ingest::{Options, Silent};
use timberline_archive::repair::repair;
use timberline_archive::storage::Storage;
use timberline_archive::testing::{Image, RecordingStorage};
use timberline_archive::{Archive, Column, Error, layout, maintain, verify};
use timberline_entry::input::discover;

fn ingest_by(storage: &Arc<dyn Storage>, path: &Path, field: Option<&str>) -> Result<(), Error> {
    let options = Options { revision_field: field.map(str::to_owned), ..Options::new("test") };
    let specs = discover(&[path.to_string_lossy().into_owned()]).0;
    let stop = AtomicBool::new(false);
    timberline_archive::ingest::ingest(storage.clone(), specs, &options, &Silent, &stop).map(drop)
}

/// An entry of a container that tells its version by a label and its image in the payload.
fn line(n: usize, version: &str) -> String {
    format!(
        r#"{{"insertId":"{n:04}","timestamp":"2025-09-01T10:00:{:02}Z","resource":{{"type":"k8s_container","labels":{{"container_name":"shop"}}}},"labels":{{"k8s-pod/version":"{version}"}},"jsonPayload":{{"message":"order paid","image":"eu.gcr.io/p/shop:{}"}}}}"#,
        n % 60,
        n / 10
    )
}

/// The revisions of the rows, which the rings name as well.
fn revisions(storage: &Arc<dyn Storage>) -> BTreeSet<String> {
    let archive = Archive::open(storage.clone(), "test").unwrap();
    let (mut of_rows, mut of_rings) = (BTreeSet::new(), BTreeSet::new());
    for segment in archive.segments() {
        segment
            .for_all_rows(&[Column::Revision], |row| {
                of_rows.insert(row.cells.text(Column::Revision).to_owned());
                true
            })
            .unwrap();
        of_rings.extend(segment.revisions().unwrap().iter().map(ToString::to_string));
    }
    assert_eq!(of_rows, of_rings);
    of_rows
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_configured_path_is_recorded_and_changed_by_a_reindex_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |ids: std::ops::Range<usize>| {
        ids.map(|n| line(n, if n % 2 == 0 { "v1" } else { "v2" })).collect::<Vec<_>>().join("\n")
    };
    let a = file(folder.path(), "a.json", &lines(0..20));
    let b = file(folder.path(), "b.json", &lines(15..40));
    let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
    ingest_by(&storage, &a, Some("labels.\"k8s-pod/version\"")).unwrap();
    assert_eq!(revisions(&storage), set(&["v1", "v2"]));
    assert_sound(&storage);

    let refused = ingest_by(&storage, &b, Some("jsonPayload.image")).unwrap_err();
    assert!(matches!(refused, Error::RevisionField { .. }), "{refused}");
    assert!(refused.to_string().contains("reindex --revision-field"), "{refused}");
    let wrong = ingest_by(&storage, &b, Some("colour.x")).unwrap_err();
    assert!(matches!(wrong, Error::RevisionField { .. }), "{wrong}");
    // Another spelling of the same path, and none at all, are the recorded one.
    ingest_by(&storage, &b, Some(" labels.k8s-pod/version ")).unwrap();
    ingest_by(&storage, &file(folder.path(), "c.json", &line(50, "v3")), None).unwrap();
    assert_eq!(revisions(&storage), set(&["v1", "v2", "v3"]));
    assert_sound(&storage);
    compact(storage.clone(), "test", &rewrite_options()).unwrap();
    reindex(storage.clone(), "test", &rewrite_options()).unwrap();
    assert_eq!(revisions(&storage), set(&["v1", "v2", "v3"]));

    // What was decided survives the loss of `CURRENT` and of the newest catalogue.
    storage.remove(layout::CURRENT).unwrap();
    for path in storage.list("catalog").unwrap() {
        storage.remove(&path).unwrap();
    }
    repair(storage.clone(), "test", &rewrite_options(), &verify::Silent).unwrap();
    assert_eq!(revisions(&storage), set(&["v1", "v2", "v3"]));
    assert_sound(&storage);

    let by = |field: &str| maintain::Options { revision_field: Some(field.to_owned()), ..rewrite_options() };
    reindex(storage.clone(), "test", &by("jsonPayload.image")).unwrap();
    assert_eq!(revisions(&storage), set(&["0", "1", "2", "3", "5"]));
    assert_sound(&storage);
    assert!(matches!(reindex(storage.clone(), "test", &by("labels.")), Err(Error::RevisionField { .. })));
    reindex(storage.clone(), "test", &by("")).unwrap();
    assert_eq!(revisions(&storage), set(&[""]));
    assert_sound(&storage);
}
