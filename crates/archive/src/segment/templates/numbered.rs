//! Distinct templates, numbered.

use crate::rows::row_idx;
use crate::shape::{CharSet, Template};
use hashbrown::HashMap;

/// Distinct templates in the order in which they were met, each with what its holes held wherever it was met.
#[derive(Debug, Default)]
pub(crate) struct NumberedTemplates {
    all: Vec<Template>,
    /// The JSON of a template names its field.
    by_json: HashMap<String, u32>,
}

impl NumberedTemplates {
    /// Returns the number of a template.
    pub(crate) fn number(&mut self, template: Template) -> u32 {
        if let Some(number) = self.by_json.get(&template.json) {
            let number = *number;
            self.merge(number, &template.charsets);
            return number;
        }
        let number = row_idx(self.all.len());
        self.by_json.insert(template.json.clone(), number);
        self.all.push(template);
        number
    }

    /// Adds what the holes of a template held elsewhere.
    pub(crate) fn merge(&mut self, number: u32, charsets: &[CharSet]) {
        let known = self.all[number as usize].charsets.iter_mut();
        known.zip(charsets).for_each(|(all, own)| all.merge(*own));
    }

    /// Returns the templates by number.
    pub(crate) fn into_all(self) -> Vec<Template> {
        self.all
    }
}
