//! What `diff` and `gate` share: the two sides, and an investigation of an archive.

use super::open;
use crate::outcome::Failure;
use crate::settings::Settings;
use timberline_analysis::{Investigation, Side};
use timberline_archive::Archive;

/// Opens the archive and reads what every answer needs of it.
pub(super) fn investigate<T>(
    settings: &Settings,
    then: impl FnOnce(&Archive, &Investigation<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let archive = open(settings)?;
    let investigation =
        Investigation::new(&archive).map_err(|error| Failure::archive(&error, &settings.archive))?;
    then(&archive, &investigation)
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
