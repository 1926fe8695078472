//! Traces in their texts, as tables.
use super::*;
#[test]
fn nothing() {
    assert!(find("x").is_empty());
}
