//! Each dialect, asked for by name: no text makes reading panic, bytes are accounted for, and what was made of an entry is one.

use crate::reading::{Whole, whole};
use timberline_entry::dialect::{DialectKind, FieldMap};
use timberline_entry::input::OpenOptions;

pub(crate) fn log_entry(data: &[u8]) {
    dialect(data, DialectKind::LogEntry);
}

pub(crate) fn client_library(data: &[u8]) {
    dialect(data, DialectKind::ClientLibrary);
}

pub(crate) fn otlp(data: &[u8]) {
    dialect(data, DialectKind::Otlp);
}

pub(crate) fn kubernetes(data: &[u8]) {
    dialect(data, DialectKind::Kubernetes);
}

pub(crate) fn docker(data: &[u8]) {
    dialect(data, DialectKind::Docker);
}

pub(crate) fn journald(data: &[u8]) {
    dialect(data, DialectKind::Journald);
}

pub(crate) fn cloud_watch(data: &[u8]) {
    dialect(data, DialectKind::CloudWatch);
}

pub(crate) fn ecs(data: &[u8]) {
    dialect(data, DialectKind::Ecs);
}

/// The first byte says whether there is a field map.
pub(crate) fn generic(data: &[u8]) {
    let Some((&mode, text)) = data.split_first() else { return };
    let map = FieldMap {
        timestamp: Some("when.at".to_owned()),
        severity: Some("level".to_owned()),
        message: Some("what".to_owned()),
        service: Some("who.service".to_owned()),
        revision: Some("who.version".to_owned()),
        id: Some("id".to_owned()),
    };
    let options =
        OpenOptions { dialect: Some(DialectKind::Generic), field_map: (mode % 2 == 1).then_some(map) };
    read(text, &options);
}

fn dialect(data: &[u8], kind: DialectKind) {
    read(data, &OpenOptions { dialect: Some(kind), field_map: None });
}

fn read(data: &[u8], options: &OpenOptions) {
    let Some(read) = whole(data, options, 1 << 20) else { return };
    assert!(Some(&read) == whole(data, options, 1).as_ref(), "the size of the batches matters");
    what_was_made_is_an_entry(&read);
}

/// What leaves the program as a `LogEntry` is read as the same one, at the same time.
fn what_was_made_is_an_entry(read: &Whole) {
    let options = OpenOptions { dialect: Some(DialectKind::LogEntry), field_map: None };
    for entry in &read.entries {
        let again = whole(entry.json.as_bytes(), &options, 1 << 20);
        let again = again.unwrap_or_else(|| panic!("{} is refused", entry.json));
        let [same] = &again.entries[..] else { panic!("{} became {again:?}", entry.json) };
        assert_eq!((&same.json, &same.time), (&entry.json, &entry.time));
    }
}
