//! The names of an archive's files. No other module spells one.
//!
//! ```text
//! CURRENT                                names the live manifest
//! manifest/000042.json                   everything that belongs to the archive, with checksums
//! entries/month=2025-09/000042-00.parquet
//! index/000042-00/                       one Tantivy index; beside it rings, shapes, templates, words, instances and blocks.xxh3
//!                                        messages, exceptions, values, cube: what is said, how often, by whom and when
//! catalog/000042-patterns.parquet        which shapes of messages are one pattern
//! catalog/000042-shapes.zst              what the entries of all segments look like
//! catalog/000042-streams.zst             what each revision wrote, its instances and its deploys
//! catalog/000042-variants.zst            which values of messages have ids of their own
//! catalog/000042-sources.parquet         where the entries came from
//! catalog/000042-rejects.parquet         what could not be kept
//! superseded/entries/…                   entries of the commit before, kept for readers until the next writer
//! damaged/entries/…                      what a repair set aside, under the name it had
//! lock                                   held by the writer
//! ```

use timberline_entry::Timestamp;

/// The file that names the live manifest; the only one that is ever replaced.
pub const CURRENT: &str = "CURRENT";
/// The file a writer locks.
pub const LOCK: &str = "lock";
/// The ledger of issues, where no other place was named for it. It is no part of what the manifest names.
pub const ISSUES: &str = "issues.toml";
/// The folder of manifests.
pub const MANIFESTS: &str = "manifest";
/// The folder of entries, by month.
pub const ENTRIES: &str = "entries";
/// The folder of what is known of the entries, by segment.
pub const INDEX: &str = "index";
/// The folder of catalogues.
pub const CATALOG: &str = "catalog";
/// The folders of an archive; files elsewhere are none of its business.
pub const FOLDERS: [&str; 5] = [MANIFESTS, ENTRIES, INDEX, CATALOG, "superseded"];

/// Where damaged files are kept: no longer part of the archive, and not thrown away either.
pub const DAMAGED: &str = "damaged";

/// Says whether a folder on disk is an archive: it has [`CURRENT`] and a folder of manifests.
///
/// Whoever reads what people put into folders stays out of archives by this.
pub fn is_archive(folder: &std::path::Path) -> bool {
    folder.join(CURRENT).is_file() && folder.join(MANIFESTS).is_dir()
}

/// Returns the manifest's path for a sequence number.
pub fn manifest(sequence: u64) -> String {
    format!("manifest/{sequence:06}.json")
}

/// Says whether a path is that of a manifest.
pub fn is_manifest(path: &str) -> bool {
    let name = inside(path, MANIFESTS).and_then(|name| name.strip_suffix(".json"));
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns a segment's name: the manifest that introduced it and its place in that commit.
pub fn segment_id(sequence: u64, idx: usize) -> String {
    format!("{sequence:06}-{idx:02}")
}

/// Returns the month of a point in time, `2025-09`, UTC.
pub fn month(time: Timestamp) -> String {
    let (year, month, _) = time.utc_date();
    format!("{year:04}-{month:02}")
}

/// Returns the path of a segment's entries.
pub fn entries(month: &str, segment_id: &str) -> String {
    format!("entries/month={month}/{segment_id}.parquet")
}

/// Returns the month and the segment's name of a path of entries.
pub fn segment_of_entries(path: &str) -> Option<(&str, &str)> {
    let (month, name) = inside(path, ENTRIES)?.strip_prefix("month=")?.split_once('/')?;
    Some((month, name.strip_suffix(".parquet")?))
}

/// Returns the folder of a segment's index.
pub fn index_folder(segment_id: &str) -> String {
    format!("index/{segment_id}")
}

/// Returns the path of a segment's shapes.
pub fn shapes(segment_id: &str) -> String {
    format!("index/{segment_id}/shapes.zst")
}

/// Returns the path of the shapes in a segment of format 1, 2 or 3.
pub fn shapes_of_format_3(segment_id: &str) -> String {
    format!("index/{segment_id}/shapes.parquet")
}

/// Returns the path of a segment's words: its tokens that are no hex numbers.
pub fn words(segment_id: &str) -> String {
    format!("index/{segment_id}/words.parquet")
}

/// Returns the path of the facts of a segment's rings.
pub fn rings(segment_id: &str) -> String {
    format!("index/{segment_id}/rings.bin")
}

/// Returns the path of the facts of rings in a segment of format 3.
pub fn rings_of_format_3(segment_id: &str) -> String {
    format!("index/{segment_id}/rings.zst")
}

/// Returns the path of the templates that a segment's shapes are made of.
pub fn templates(segment_id: &str) -> String {
    format!("index/{segment_id}/templates.zst")
}

/// Returns the path of the templates in a segment of format 1 or 2.
pub fn templates_of_format_2(segment_id: &str) -> String {
    format!("index/{segment_id}/templates.parquet")
}

/// Returns the path of the checksums of a segment's blocks.
pub fn blocks(segment_id: &str) -> String {
    format!("index/{segment_id}/blocks.xxh3")
}

/// Returns where a file of entries is once a later commit does not name it, so that whoever reads the folder `entries` as a
/// whole meets every entry once.
pub fn superseded(path: &str) -> String {
    format!("superseded/{path}")
}

/// Returns where a repair puts a damaged file.
pub fn set_aside(path: &str) -> String {
    format!("{DAMAGED}/{path}")
}

/// Returns the path of a segment's instances.
pub fn instances(segment_id: &str) -> String {
    format!("index/{segment_id}/instances.zst")
}

/// Returns the path of the instances in a segment of format 1, 2 or 3.
pub fn instances_of_format_3(segment_id: &str) -> String {
    format!("index/{segment_id}/instances.parquet")
}

/// Returns the path of what the messages of a segment look like.
pub fn messages(segment_id: &str) -> String {
    format!("index/{segment_id}/messages.parquet")
}

/// Returns the path of a segment's exceptions.
pub fn exceptions(segment_id: &str) -> String {
    format!("index/{segment_id}/exceptions.parquet")
}

/// Returns the path of the values that a segment's messages and exceptions have held.
pub fn values(segment_id: &str) -> String {
    format!("index/{segment_id}/values.parquet")
}

/// Returns the path of a segment's counts by pattern, exception, service, revision, severity and hour.
pub fn cube(segment_id: &str) -> String {
    format!("index/{segment_id}/cube.parquet")
}

/// Returns the path of the pattern catalogue of a commit.
pub fn patterns(sequence: u64) -> String {
    format!("catalog/{sequence:06}-patterns.parquet")
}

/// Returns the path of the shape catalogue of a commit.
pub fn shape_catalog(sequence: u64) -> String {
    format!("catalog/{sequence:06}-shapes.zst")
}

/// Returns the path of the stream catalogue of a commit.
pub fn stream_catalog(sequence: u64) -> String {
    format!("catalog/{sequence:06}-streams.zst")
}

/// Returns the path of the variant catalogue of a commit.
pub fn variant_catalog(sequence: u64) -> String {
    format!("catalog/{sequence:06}-variants.zst")
}

/// Says whether a path is that of a catalogue that is made of the segments alone.
pub fn is_made_catalog(path: &str) -> bool {
    let ends = ["-shapes.zst", "-streams.zst", "-variants.zst"];
    path.starts_with("catalog/") && ends.iter().any(|end| path.ends_with(end))
}

/// Returns the path of the source catalogue of a commit.
pub fn sources(sequence: u64) -> String {
    format!("catalog/{sequence:06}-sources.parquet")
}

/// Returns the path of the reject ledger of a commit.
pub fn rejects(sequence: u64) -> String {
    format!("catalog/{sequence:06}-rejects.parquet")
}

/// Returns the part of a path that is inside a folder of the archive.
pub fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Returns the commit that a manifest, a catalogue or a segment is named after.
pub fn sequence_of(path: &str) -> Option<u64> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['.', '-']).next()?.parse().ok()
}

/// Returns the folder part of a path; empty for a file directly in the archive.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_in_time_order() {
        assert_eq!(manifest(42), "manifest/000042.json");
        assert_eq!(
            entries(&month(Timestamp::from_nanos(0)), &segment_id(7, 3)),
            "entries/month=1970-01/000007-03.parquet"
        );
        assert_eq!(folder_of(&shapes("a")), "index/a");
        assert_eq!(sequence_of(&manifest(42)), Some(42));
        assert_eq!(sequence_of(&patterns(42)), Some(42));
        assert_eq!(sequence_of(CURRENT), None);
    }

    #[test]
    fn names_are_read_back() {
        assert_eq!(
            segment_of_entries(&entries("2025-09", &segment_id(7, 3))),
            Some(("2025-09", "000007-03"))
        );
        assert_eq!(segment_of_entries(&shapes("a")), None);
        assert!(is_manifest(&manifest(42)));
        for other in
            ["manifest/.json", "manifest/../x.json", "manifest/1a.json", "manifest/1", "catalog/1.json"]
        {
            assert!(!is_manifest(other), "{other}");
        }
    }

    #[test]
    fn a_file_directly_in_the_archive_has_no_folder() {
        assert_eq!(folder_of(CURRENT), "");
    }
}
