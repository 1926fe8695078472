//! Merging, and its independence of order and division.

use super::*;
use crate::mask::Masker;
use crate::shape::shape;
use proptest::prelude::*;

fn shapes(texts: &[&str]) -> Vec<Shape> {
    let mut holes = Vec::new();
    texts
        .iter()
        .map(|text| {
            Masker::standard().mask(text, &mut holes);
            shape(text, &holes)
        })
        .collect()
}

fn lines(merged: &Merged) -> Vec<String> {
    let show = |template: &MergedTemplate| {
        template
            .tokens()
            .iter()
            .map(|token| match token {
                Token::Value(kind) => kind.as_str().to_owned(),
                other => text_of(other),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut lines: Vec<_> = merged.templates().iter().map(show).collect();
    lines.sort();
    lines
}

fn check(texts: &[&str], expected: &[&str]) {
    assert_eq!(lines(&merge(&shapes(texts))), expected, "{texts:?}");
}

#[test]
fn four_words_at_a_place_make_it_a_value() {
    let texts = ["login of ann failed", "login of bob failed", "login of cem failed", "login of dora failed"];
    check(&texts, &["login of <*> failed"]);
    check(&texts[..3], &["login of <*> failed"]);
    check(&texts[..2], &["login of ann failed", "login of bob failed"]);
}

#[test]
fn one_word_joins_a_place_that_already_is_a_value() {
    check(
        &["No module named 'auth_service'", "No module named 'app.services.monitoring'"],
        &["No module named ' <*> '"],
    );
}

#[test]
fn two_words_must_stay() {
    check(
        &["ann failed", "bob failed", "cem failed", "dora failed", "eva failed"],
        &["ann failed", "bob failed", "cem failed", "dora failed", "eva failed"],
    );
}

#[test]
fn what_happened_is_no_value() {
    let texts = [
        "VM Paused (Lifecycle Event)",
        "VM Resumed (Lifecycle Event)",
        "VM Started (Lifecycle Event)",
        "VM Stopped (Lifecycle Event)",
        "VM Failing (Lifecycle Event)",
    ];
    assert_eq!(merge(&shapes(&texts)).templates().len(), texts.len());
}

#[test]
fn a_place_beside_two_words_needs_more_evidence() {
    let names = [
        "cupsd",
        "syslogd",
        "klogd",
        "hcid",
        "portmap",
        "sdpd",
        "irqbalance",
        "named",
        "crond",
        "sshd",
        "ntpd",
    ];
    let texts: Vec<String> = names.iter().map(|name| format!("{name} startup succeeded")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check(&texts, &["<*> startup succeeded"]);
    assert_eq!(merge(&shapes(&texts[..9])).templates().len(), 9);
}

#[test]
fn words_that_vary_together_need_three_shapes() {
    let texts = [
        "order of pizza by ann was sent to the kitchen",
        "order of soup by bob was sent to the kitchen",
        "order of salad by cem was sent to the kitchen",
    ];
    check(&texts, &["order of <*> by <*> was sent to the kitchen"]);
    check(&texts[..2], &texts[..2]);
}

#[test]
fn other_phrases_letters_and_names_in_code_are_other_statements() {
    for texts in [
        [
            "Error creating map from file /a/b: Bad file descriptor",
            "Error creating map from file /a/b: Block device required",
            "Error creating map from file /a/b: No child processes",
        ],
        [
            "torus receiver x+ input pipe errors detected",
            "torus receiver y+ input pipe errors detected",
            "torus receiver z+ input pipe errors detected",
        ],
        [
            "[HID] [MT] TouchDevice::start has been entered",
            "[HID] [MT] TouchDriver::start has been entered",
            "[HID] [MT] TouchDevice::stop has been entered",
        ],
    ] {
        assert_eq!(merge(&shapes(&texts)).templates().len(), 3, "{texts:?}");
    }
}

#[test]
fn members_and_places_are_told() {
    let all = shapes(&["job a b started now", "job 7 started now"]);
    let merged = merge(&all);
    let template = merged.template_of(all[1].fingerprint()).unwrap();
    assert_eq!(template.n_witnesses(), 1);
    assert_eq!(merged.places_of(all[1].fingerprint()).unwrap(), [0, 1, 2, 3]);
    assert_eq!(merged.template_of(Fingerprint(1)), None);
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        Just("ann"),
        Just("bob"),
        Just("cem"),
        Just("dora"),
        Just("10.0.0.1"),
        Just("7"),
        Just("up")
    ];
    let line = (0..5usize, word.clone(), word).prop_map(|(statement, a, b)| match statement {
        0 => format!("login of {a} failed after {b} tries"),
        1 => format!("state of {a} is {b}"),
        2 => format!("{a} sent {b} to queue mail"),
        3 => format!("node {a}"),
        _ => format!("disk {a} of host {b} is nearly full, please act"),
    });
    prop::collection::vec(line, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn order_repetition_and_division_do_not_show(texts in statements(), seed in any::<u64>(), n_parts in 1..10usize) {
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let all = shapes(&borrowed);
        let whole = merge(&all);

        let mut shuffled = all.clone();
        let mut state = seed;
        for idx in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(idx, usize::try_from(state >> 33).unwrap() % (idx + 1));
        }
        shuffled.extend(all.iter().take(5).cloned());
        prop_assert_eq!(&merge(&shuffled), &whole);

        // The parts of a divided run each keep their distinct shapes; the union is what is merged.
        let mut kept: BTreeMap<Fingerprint, Shape> = BTreeMap::new();
        for part in shuffled.chunks(shuffled.len() / n_parts + 1) {
            let distinct: BTreeMap<Fingerprint, Shape> =
                part.iter().map(|shape| (shape.fingerprint(), shape.clone())).collect();
            for (fingerprint, shape) in distinct {
                kept.entry(fingerprint).and_modify(|known| known.absorb_kinds(&shape)).or_insert(shape);
            }
        }
        let parts = merge(kept.values());
        for (fingerprint, template) in kept.keys().map(|fp| (fp, whole.template_of(*fp))) {
            prop_assert_eq!(parts.template_of(*fingerprint).map(MergedTemplate::members), template.map(MergedTemplate::members));
        }
    }
}
