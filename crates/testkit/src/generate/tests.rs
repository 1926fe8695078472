use std::collections::BTreeSet;

use super::*;

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let config = Config::small(1, 1500);
    assert_eq!(lines(&config), lines(&config));
    assert_ne!(lines(&config), lines(&Config::small(2, 1500)));
}
