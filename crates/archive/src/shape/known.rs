//! A masker that is spared a text whose holes are known.

use timberline_pattern::mask::{Hole, Masker};

/// Finds values by the built-in classes, as every shape is made; of one text they are known.
///
/// An entry's message is masked for its pattern, and is nearly always one of the entry's leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks<'m> {
    masker: &'m Masker,
    known: Option<(&'m str, &'m [Hole])>,
}

impl<'m> Masks<'m> {
    /// Knows no text; `masker` must be [standard](Masker::is_standard).
    pub(super) fn of(masker: &'m Masker) -> Self {
        debug_assert!(masker.is_standard(), "shapes do not depend on an archive's rules");
        Self { masker, known: None }
    }

    /// Knows the holes of a text, which a standard masker found.
    pub(super) const fn knowing(self, known: Option<(&'m str, &'m [Hole])>) -> Self {
        Self { known, ..self }
    }

    /// Replaces the content of `holes` with the values of `text`.
    pub(super) fn find(self, text: &str, holes: &mut Vec<Hole>) {
        match self.known {
            Some((known, found)) if known == text => {
                holes.clear();
                holes.extend_from_slice(found);
            }
            _ => self.masker.mask(text, holes),
        }
    }
}
