//! What verbs share that ask an investigation: the investigation itself, and the two sides of a comparison.

use super::open;
use crate::outcome::Failure;
use crate::settings::Settings;
use std::mem::ManuallyDrop;
use std::path::Path;
use timberline_analysis::{GivenOrder, Investigation, Side, Variant};
use timberline_archive::Archive;

/// Opens the archive and reads what every answer needs of it.
pub(super) fn investigate<T>(
    settings: &Settings,
    then: impl FnOnce(&Archive, &Investigation<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let archive = open(settings)?;
    let investigation = Investigation::new(&archive);
    // Like the archive, it is there until the program ends.
    let mut investigation =
        ManuallyDrop::new(investigation.map_err(|error| Failure::archive(&error, &settings.archive))?);
    if let Some(path) = &settings.revision_order {
        investigation.given_order = given_order(path)?;
    }
    then(&archive, &investigation)
}

fn given_order(path: &Path) -> Result<GivenOrder, Failure> {
    let failure = |what: String| Failure::new(format!("--revision-order {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failure(error.to_string()))?;
    GivenOrder::parse(&text).map_err(|error| {
        failure(error.to_string())
            .hint("write one revision a line, oldest first; [SERVICE] before those of a service")
    })
}

/// Reads a side: `FROM..TO`, or the name of a revision that the archive has.
pub(super) fn side(
    text: &str,
    settings: &Settings,
    investigation: &Investigation<'_>,
) -> Result<Side, Failure> {
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (settings.moment(from)?, settings.moment(to)?);
        if from >= to {
            return Err(Failure::new(format!("'{text}' is no window: it ends before it begins")));
        }
        return Ok(Side::Window { from, to });
    }
    if text.is_empty() || !investigation.revisions.contains_key(text) {
        let mut near: Vec<&str> =
            investigation.revisions.keys().map(String::as_str).filter(|name| name.contains(text)).collect();
        near.truncate(5);
        let failure = Failure::new(format!("no entry of the archive is of a revision '{text}'"));
        return Err(match near.as_slice() {
            [] => failure.hint("`timberline revisions` lists them; a window is written FROM..TO"),
            near => failure.hint(format!("did you mean {}?", near.join(", "))),
        });
    }
    Ok(Side::Revision { service: None, revision: text.to_owned() })
}

/// Writes a pattern; where a value of it is the news, the value stands first.
pub(super) fn told(template: &str, variant: Option<&Variant>) -> String {
    variant.map_or_else(|| template.to_owned(), |variant| format!("“{}” in: {template}", variant.value))
}
