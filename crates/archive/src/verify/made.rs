//! The catalogues of shapes, streams and variants against what the segments make.

use super::{VerifyReport, check_made};
use crate::archive::Archive;
use crate::catalog::{shapes_of, streams_of, write_streams, write_variants};
use crate::patterns::variants_of;
use std::collections::BTreeMap;

pub(super) fn check(archive: &Archive, report: &mut VerifyReport) {
    let Some(catalog) = &archive.manifest().catalog else { return };
    if let Some(file) = &catalog.shapes {
        check_made(report, &file.path, "the shapes are not those of the segments", || {
            Ok(archive.read(file)? == shapes_of(archive.segments())?)
        });
    }
    if let Some(file) = &catalog.streams {
        check_made(report, &file.path, "the streams are not those of the segments", || {
            Ok(archive.read(file)? == write_streams(&streams_of(archive.segments(), &BTreeMap::new())?))
        });
    }
    if let Some(file) = &catalog.variants {
        check_made(report, &file.path, "the variants are not those of the segments", || {
            Ok(archive.read(file)? == write_variants(&variants_of(archive)?))
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::{Options, Silent, ingest};
    use crate::layout;
    use crate::maintain::write_file;
    use crate::manifest::{CatalogRecord, FileRecord, Manifest};
    use crate::repair::repair;
    use crate::storage::Storage;
    use crate::testing::{Image, RecordingStorage};
    use crate::verify::{Depth, Impact, verify};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use timberline_entry::input::discover;

    fn archive_of(texts: &[&str]) -> Arc<dyn Storage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        let line = |(n, text): (usize, &&str)| {
            format!("{{\"timestamp\":\"2025-09-01T00:00:{:02}Z\",\"textPayload\":\"{text}\"}}\n", n % 60)
        };
        std::fs::write(&path, texts.iter().enumerate().map(line).collect::<String>()).unwrap();
        let (specs, _) = discover(&[path.to_string_lossy().into_owned()]);
        let storage: Arc<dyn Storage> = Arc::new(RecordingStorage::new(Image::new()));
        ingest(storage.clone(), specs, &Options::new("test"), &Silent, &AtomicBool::new(false)).unwrap();
        storage
    }

    #[test]
    fn a_catalogue_of_something_else_is_found() {
        let codes = ["exited with code 1", "exited with code 2"].repeat(20);
        let storage = archive_of(&codes);
        let other = archive_of(&[&["left", "right"][..], &codes[1..]].concat());
        let sound = verify(storage.clone(), "test", Depth::Rows, &crate::verify::Silent).unwrap();
        assert!(sound.is_sound(), "{:#?}", sound.problems);
        type Path = fn(u64) -> String;
        type File = fn(&mut CatalogRecord) -> &mut Option<FileRecord>;
        let made: [(Path, File); 3] = [
            (layout::shape_catalog, |catalog| &mut catalog.shapes),
            (layout::stream_catalog, |catalog| &mut catalog.streams),
            (layout::variant_catalog, |catalog| &mut catalog.variants),
        ];
        for (path, file) in made {
            let mut manifest = Manifest::load(&*storage).unwrap();
            manifest.sequence += 1;
            let content = other.read(&path(1)).unwrap();
            let path = path(manifest.sequence);
            *file(manifest.catalog.as_mut().unwrap()) = Some(write_file(&*storage, &path, &content).unwrap());
            manifest.commit(&*storage).unwrap();
            let report = verify(storage.clone(), "test", Depth::Rows, &crate::verify::Silent).unwrap();
            let [problem] = &report.problems[..] else { panic!("{:#?}", report.problems) };
            assert_eq!((problem.file.as_str(), problem.impact), (path.as_str(), Impact::Catalog));
            assert!(problem.answerable.starts_with("everything:"));
            let options = crate::maintain::Options::new("test");
            let repaired = repair(storage.clone(), "test", &options, &crate::verify::Silent).unwrap();
            assert_eq!(repaired.catalog, [path]);
            let sound = verify(storage.clone(), "test", Depth::Rows, &crate::verify::Silent).unwrap();
            assert!(sound.is_sound(), "{:#?}", sound.problems);
        }
    }
}
