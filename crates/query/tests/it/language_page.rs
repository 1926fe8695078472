//! The examples of `LANGUAGE.md`: filters that must be accepted or refused, and cases that must hold.

use crate::cases::{read, run};
use std::path::Path;
use timberline_query::{Options, compile};

#[test]
fn every_example_holds() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("LANGUAGE.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut counts = [0; 3];
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("```") {
        let (block, more) = after.split_once("```").expect("every block is closed");
        rest = more;
        let (kind, body) = block.split_once('\n').unwrap();
        match kind {
            "lql" => {
                for filter in body.split("\n\n") {
                    counts[0] += 1;
                    if let Err(error) = compile(filter, &Options::default()) {
                        panic!("{}", error.render(filter));
                    }
                }
            }
            "lql-refused" => {
                for filter in body.lines() {
                    counts[1] += 1;
                    assert!(compile(filter, &Options::default()).is_err(), "{filter} was accepted");
                }
            }
            "lql-case" => {
                for case in read(body) {
                    counts[2] += 1;
                    assert_eq!(run(&case), Vec::<String>::new());
                }
            }
            "text" => {}
            other => panic!("a block of unknown kind {other}"),
        }
    }
    assert!(counts[0] >= 15 && counts[1] >= 15 && counts[2] >= 40, "{counts:?}");
}
