//! The case folding of the index, the same as the query language's.

/// Appends the folded form of a text.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    out.push_str(&text.to_lowercase());
}
