//! temporary
use std::borrow::Cow;
pub(crate) fn fold(text: &str) -> Cow<'_, str> { Cow::Owned(text.to_lowercase()) }
