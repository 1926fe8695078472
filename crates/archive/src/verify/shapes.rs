//! The shape catalogue against the templates of all segments.

use super::{VerifyReport, check_made};
use crate::archive::Archive;
use crate::catalog::shapes_of;

pub(super) fn check(archive: &Archive, report: &mut VerifyReport) {
    let catalog = archive.manifest().catalog.as_ref();
    let Some(file) = catalog.and_then(|catalog| catalog.shapes.as_ref()) else { return };
    check_made(report, &file.path, "the shapes are not those of the segments", || {
        Ok(archive.read(file)? == shapes_of(archive.segments())?)
    });
}

#[cfg(test)]
mod tests {
    use crate::ingest::{Options, Silent, ingest};
    use crate::layout;
    use crate::maintain::write_file;
    use crate::manifest::Manifest;
    use crate::storage::Storage;
    use crate::testing::{Image, RecordingStorage};
    use crate::verify::{Depth, Impact, verify};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use timberline_entry::input::discover;

    fn archive_of(texts: &[&str]) -> Arc<dyn Storage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        let line =
            |text: &&str| format!("{{\"timestamp\":\"2025-09-01T00:00:00Z\",\"textPayload\":\"{text}\"}}\n");
        std::fs::write(&path, texts.iter().map(line).collect::<String>()).unwrap();
        let (specs, _) = discover(&[path.to_string_lossy().into_owned()]);
        let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
        ingest(storage.clone(), specs, &Options::new("test"), &Silent, &AtomicBool::new(false)).unwrap();
        storage
    }

    #[test]
    fn a_catalogue_of_something_else_is_found() {
        let (storage, other) = (archive_of(&["up", "down"]), archive_of(&["left", "right"]));
        let sound = verify(storage.clone(), "test", Depth::Rows, &crate::verify::Silent).unwrap();
        assert!(sound.is_sound(), "{:#?}", sound.problems);
        let mut manifest = Manifest::load(&*storage).unwrap();
        manifest.sequence += 1;
        let path = layout::shape_catalog(manifest.sequence);
        let content = other.read(&layout::shape_catalog(1)).unwrap();
        let catalog = manifest.catalog.as_mut().unwrap();
        catalog.shapes = Some(write_file(&*storage, &path, &content).unwrap());
        manifest.commit(&*storage).unwrap();
        let report = verify(storage, "test", Depth::Rows, &crate::verify::Silent).unwrap();
        let [problem] = &report.problems[..] else { panic!("{:#?}", report.problems) };
        assert_eq!((problem.file.as_str(), problem.impact), (path.as_str(), Impact::Catalog));
        assert!(problem.answerable.starts_with("everything:"));
    }
}
