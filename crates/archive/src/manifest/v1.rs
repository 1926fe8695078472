//! Format version 1 of the manifest, and `CURRENT`.

use super::{CatalogRecord, FORMAT, FileRecord, Manifest, SegmentRecord, SetAside, TraceEdges};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_64;

#[derive(Serialize, Deserialize)]
struct OnDisk {
    format: u32,
    sequence: u64,
    segments: Vec<SegmentOnDisk>,
    catalog: Option<CatalogOnDisk>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    set_aside: Vec<SetAsideOnDisk>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mask_rules: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    revision_field: String,
}

#[derive(Serialize, Deserialize)]
struct SetAsideOnDisk {
    segment: String,
    month: String,
    first_ns: i64,
    last_ns: i64,
    sources: BTreeMap<String, u64>,
    unread: BTreeSet<String>,
    path: String,
}

#[derive(Serialize, Deserialize)]
struct SegmentOnDisk {
    id: String,
    month: String,
    rows: u64,
    rings: u64,
    shapes: u64,
    first_ns: i64,
    last_ns: i64,
    sources: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    trace_continues: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    trace_ends_open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<u64>,
    files: Vec<FileOnDisk>,
}

#[derive(Serialize, Deserialize)]
struct CatalogOnDisk {
    sources: FileOnDisk,
    rejects: FileOnDisk,
    patterns: FileOnDisk,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shapes: Option<FileOnDisk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    streams: Option<FileOnDisk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variants: Option<FileOnDisk>,
}

#[derive(Serialize, Deserialize)]
struct FileOnDisk {
    path: String,
    bytes: u64,
    xxh3: String,
}

/// The content of `CURRENT`: one line, the manifest's path and its checksum.
pub(super) struct Pointer {
    pub(super) path: String,
    pub(super) xxh3: String,
}

impl Pointer {
    pub(super) fn encode(&self) -> Vec<u8> {
        format!("{} {}\n", self.path, self.xxh3).into_bytes()
    }

    pub(super) fn decode(content: &[u8]) -> Result<Self> {
        let damaged =
            || Error::damaged(crate::layout::CURRENT, "not the path of a manifest and its checksum");
        let text = std::str::from_utf8(content).map_err(|_| damaged())?;
        let (path, xxh3) =
            text.strip_suffix('\n').and_then(|line| line.split_once(' ')).ok_or_else(damaged)?;
        if !crate::layout::is_manifest(path) {
            return Err(damaged());
        }
        Ok(Self { path: path.to_owned(), xxh3: xxh3.to_owned() })
    }
}

pub(super) fn checksum(content: &[u8]) -> String {
    format!("{:016x}", XxHash3_64::oneshot(content))
}

pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let file = |file: &FileRecord| FileOnDisk {
        path: file.path.clone(),
        bytes: file.bytes,
        xxh3: file.xxh3.clone(),
    };
    let on_disk = OnDisk {
        format: FORMAT,
        sequence: manifest.sequence,
        segments: manifest
            .segments
            .iter()
            .map(|segment| SegmentOnDisk {
                id: segment.id.clone(),
                month: segment.month.clone(),
                rows: segment.rows,
                rings: segment.rings,
                shapes: segment.shapes,
                first_ns: segment.first_ns,
                last_ns: segment.last_ns,
                sources: segment.sources.clone(),
                trace_continues: segment.trace_edges.continues,
                trace_ends_open: segment.trace_edges.ends_open,
                memory: segment.memory,
                files: segment.files.iter().map(file).collect(),
            })
            .collect(),
        catalog: manifest.catalog.as_ref().map(|catalog| CatalogOnDisk {
            sources: file(&catalog.sources),
            rejects: file(&catalog.rejects),
            patterns: file(&catalog.patterns),
            shapes: catalog.shapes.as_ref().map(file),
            streams: catalog.streams.as_ref().map(file),
            variants: catalog.variants.as_ref().map(file),
        }),
        set_aside: manifest
            .set_aside
            .iter()
            .map(|lost| SetAsideOnDisk {
                segment: lost.segment.clone(),
                month: lost.month.clone(),
                first_ns: lost.first_ns,
                last_ns: lost.last_ns,
                sources: lost.sources.clone(),
                unread: lost.unread.clone(),
                path: lost.path.clone(),
            })
            .collect(),
        mask_rules: manifest.mask_rules.clone(),
        revision_field: manifest.revision_field.clone(),
    };
    let mut content = serde_json::to_vec_pretty(&on_disk).expect("the manifest is plain data");
    content.push(b'\n');
    content
}

pub(super) fn decode(content: &[u8], path: &str) -> Result<Manifest> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let damaged = |error: serde_json::Error| Error::damaged(path, error);
    let Version { format } = serde_json::from_slice(content).map_err(damaged)?;
    if format > FORMAT {
        return Err(Error::Version { file: path.to_owned(), found: format, supported: FORMAT });
    }
    let on_disk: OnDisk = serde_json::from_slice(content).map_err(damaged)?;
    let file = |file: FileOnDisk| -> Result<FileRecord> {
        let inside =
            crate::layout::FOLDERS.iter().any(|folder| crate::layout::inside(&file.path, folder).is_some());
        if !inside || file.path.split('/').any(|part| part.is_empty() || part == "..") {
            return Err(Error::damaged(path, format!("names a file outside the archive: {:?}", file.path)));
        }
        Ok(FileRecord { path: file.path, bytes: file.bytes, xxh3: file.xxh3 })
    };
    let segment = |segment: SegmentOnDisk| -> Result<SegmentRecord> {
        if let Some(detail) = impossible(&segment.id, &segment.month, segment.first_ns, segment.last_ns) {
            return Err(Error::damaged(path, format!("segment {:?}: {detail}", segment.id)));
        }
        if segment.rows == 0 {
            return Err(Error::damaged(path, format!("segment {:?}: it has no rows", segment.id)));
        }
        Ok(SegmentRecord {
            id: segment.id,
            month: segment.month,
            rows: segment.rows,
            rings: segment.rings,
            shapes: segment.shapes,
            first_ns: segment.first_ns,
            last_ns: segment.last_ns,
            sources: segment.sources,
            trace_edges: TraceEdges {
                continues: segment.trace_continues,
                ends_open: segment.trace_ends_open,
            },
            memory: segment.memory,
            files: segment.files.into_iter().map(file).collect::<Result<_>>()?,
        })
    };
    let catalog = match on_disk.catalog {
        Some(catalog) => Some(CatalogRecord {
            sources: file(catalog.sources)?,
            rejects: file(catalog.rejects)?,
            patterns: file(catalog.patterns)?,
            shapes: catalog.shapes.map(file).transpose()?,
            streams: catalog.streams.map(file).transpose()?,
            variants: catalog.variants.map(file).transpose()?,
        }),
        None => None,
    };
    let set_aside = |lost: SetAsideOnDisk| -> Result<SetAside> {
        let is_in_order = lost.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let is_kept =
            lost.path.strip_prefix(crate::layout::DAMAGED).is_some_and(|rest| rest.starts_with('/'));
        let detail = if !(lost.path.is_empty() || is_kept && is_in_order) {
            Some("it is kept where nothing is set aside")
        } else {
            impossible(&lost.segment, &lost.month, lost.first_ns, lost.last_ns)
        };
        if let Some(detail) = detail {
            return Err(Error::damaged(path, format!("set aside {:?}: {detail}", lost.segment)));
        }
        Ok(SetAside {
            segment: lost.segment,
            month: lost.month,
            first_ns: lost.first_ns,
            last_ns: lost.last_ns,
            sources: lost.sources,
            unread: lost.unread,
            path: lost.path,
        })
    };
    let segments: Vec<SegmentRecord> = on_disk.segments.into_iter().map(segment).collect::<Result<_>>()?;
    // Spans that touch are for `verify` to tell; segments in another order would be searched past.
    if !segments.is_sorted_by_key(|segment| segment.first_ns) {
        return Err(Error::damaged(path, "the segments are not in time order"));
    }
    Ok(Manifest {
        set_aside: on_disk.set_aside.into_iter().map(set_aside).collect::<Result<_>>()?,
        mask_rules: on_disk.mask_rules,
        revision_field: on_disk.revision_field,
        sequence: on_disk.sequence,
        segments,
        catalog,
    })
}

/// Says what no segment can have: paths are made of its name and its month, and times are searched by its span.
fn impossible(id: &str, month: &str, first_ns: i64, last_ns: i64) -> Option<&'static str> {
    let is_number =
        |text: &str, least: usize| text.len() >= least && text.bytes().all(|b| b.is_ascii_digit());
    if !id.split_once('-').is_some_and(|(commit, place)| is_number(commit, 6) && is_number(place, 2)) {
        Some("this is no name of a segment")
    } else if !month.split_once('-').is_some_and(|(year, month)| {
        is_number(year, 4) && year.len() == 4 && is_number(month, 2) && ("01"..="12").contains(&month)
    }) {
        Some("its month is none")
    } else if first_ns > last_ns {
        Some("it ends before it begins")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let file = |path: &str| FileRecord { path: path.to_owned(), bytes: 3, xxh3: "00".to_owned() };
        Manifest {
            sequence: 7,
            segments: vec![SegmentRecord {
                id: "000007-00".to_owned(),
                month: "2025-09".to_owned(),
                rows: 2,
                rings: 1,
                shapes: 1,
                first_ns: -1,
                last_ns: 5,
                sources: BTreeMap::from([("ab".to_owned(), 2)]),
                trace_edges: TraceEdges { continues: false, ends_open: true },
                memory: Some(900),
                files: vec![file("entries/month=2025-09/000007-00.parquet")],
            }],
            catalog: Some(CatalogRecord {
                sources: file("catalog/s"),
                rejects: file("catalog/r"),
                patterns: file("catalog/p"),
                shapes: Some(file("catalog/t")),
                streams: Some(file("catalog/u")),
                variants: Some(file("catalog/v")),
            }),
            set_aside: vec![SetAside {
                segment: "000003-01".to_owned(),
                month: "2025-08".to_owned(),
                first_ns: -9,
                last_ns: -8,
                sources: BTreeMap::from([("ab".to_owned(), 2)]),
                unread: BTreeSet::from(["ab".to_owned(), "cd".to_owned()]),
                path: "damaged/entries/month=2025-08/000003-01.parquet".to_owned(),
            }],
            mask_rules: "word = ZZ+".to_owned(),
            revision_field: "labels.version".to_owned(),
        }
    }

    #[test]
    fn written_manifests_are_read() {
        assert_eq!(decode(&encode(&sample()), "m").unwrap(), sample());
    }

    #[test]
    fn manifests_without_the_later_members_are_read() {
        let mut manifest = sample();
        manifest.set_aside.clear();
        manifest.segments[0].memory = None;
        let content = encode(&manifest);
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(!text.contains("set_aside") && !text.contains("memory"));
        assert_eq!(decode(&content, "m").unwrap(), manifest);
    }

    #[test]
    fn newer_and_hostile_manifests_are_refused() {
        let text = String::from_utf8(encode(&sample())).unwrap();
        let newer = text.replace(&format!("\"format\": {FORMAT}"), &format!("\"format\": {}", FORMAT + 1));
        assert!(
            matches!(decode(newer.as_bytes(), "m"), Err(Error::Version { found, supported: FORMAT, .. }) if found == FORMAT + 1)
        );
        let older = text.replace(&format!("\"format\": {FORMAT}"), "\"format\": 1");
        assert_eq!(decode(older.as_bytes(), "m").unwrap(), sample());
        for path in ["../../etc/passwd", "entries/../../x", "/etc/passwd", "elsewhere/x", "entries//x"] {
            let hostile = text.replace("catalog/s", path);
            assert!(matches!(decode(hostile.as_bytes(), "m"), Err(Error::Damaged { .. })), "{path}");
        }
        assert!(matches!(decode(b"{}", "m"), Err(Error::Damaged { .. })));
    }

    #[test]
    fn manifests_of_what_cannot_be_are_refused() {
        let text = String::from_utf8(encode(&sample())).unwrap();
        for (from, to) in [
            ("\"first_ns\": -1", "\"first_ns\": 6"),
            ("\"rows\": 2", "\"rows\": 0"),
            ("\"id\": \"000007-00\"", "\"id\": \"../7-00\""),
            ("\"id\": \"000007-00\"", "\"id\": \"7-0\""),
            ("\"month\": \"2025-09\"", "\"month\": \"2025-13\""),
            ("\"month\": \"2025-09\"", "\"month\": \"../..\""),
            ("\"segment\": \"000003-01\"", "\"segment\": \"\""),
            ("\"last_ns\": -8", "\"last_ns\": -10"),
            ("damaged/entries/month", "damaged/../month"),
            ("damaged/entries/month", "/etc/month"),
            ("damaged/entries/month", "entries/month"),
        ] {
            let hostile = text.replace(from, to);
            assert!(hostile != text, "{from}");
            assert!(matches!(decode(hostile.as_bytes(), "m"), Err(Error::Damaged { .. })), "{to}");
        }
        let mut disordered = sample();
        let earlier = SegmentRecord { first_ns: -7, last_ns: -6, ..disordered.segments[0].clone() };
        disordered.segments.push(earlier);
        assert!(matches!(decode(&encode(&disordered), "m"), Err(Error::Damaged { .. })));
        disordered.segments.reverse();
        assert_eq!(decode(&encode(&disordered), "m").unwrap(), disordered);
    }

    #[test]
    fn current_names_a_manifest_and_nothing_else() {
        let pointer = Pointer { path: "manifest/000007.json".to_owned(), xxh3: "ab".to_owned() };
        assert_eq!(Pointer::decode(&pointer.encode()).unwrap().path, pointer.path);
        for other in
            ["", "manifest/000007.json", "manifest/../x.json ab\n", "/etc/passwd ab\n", "manifest/.json a\n"]
        {
            assert!(Pointer::decode(other.as_bytes()).is_err(), "{other}");
        }
    }
}
