//! Compares the groups of this crate with those of the executable reference of the method.
//!
//! The reference lies outside the repository, at `../shared/design/pattern_reference.py`; without it, or without
//! `python3`, the tests say so and pass. Groups are compared, not texts: a line disagrees when the set of lines grouped
//! with it differs. The classes of disagreement, with counts and examples, are in `benches/PATTERNS.md`; the bounds below
//! leave room for them and little else.
//!
//! ```text
//! cargo test -p timberline-pattern --test reference -- --nocapture
//! ```

#![expect(clippy::print_stderr, reason = "a skipped comparison should say so")]
#![expect(clippy::unwrap_used, reason = "helpers of a test fail as the test does")]

mod python;

use python::{python, reference_groups, shared};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::{Shape, shape};
use timberline_testkit::generate::Config;
use timberline_testkit::generate::corpus::{self, Form};

/// The largest tolerated shares of disagreeing lines, after masking and after all stages.
const MAX_REAL: [f64; 2] = [0.01, 0.01];
const MAX_SAMPLES: [f64; 2] = [0.04, 0.10];
const MAX_CORPUS: [f64; 2] = [0.05, 0.18];
const MAX_GENERATED: [f64; 2] = [0.03, 0.01];

/// How many entries the generated corpus has.
const CORPUS_ENTRIES: u64 = 20_000;

#[test]
fn groups_agree_with_the_reference_on_exported_messages() {
    let Some(messages) = shared("data/real").and_then(|folder| messages_below(&folder)) else { return };
    assert!(messages.len() > 1000, "{} messages", messages.len());
    compare("exported", &messages, MAX_REAL);
}

#[test]
fn groups_agree_with_the_reference_on_the_samples() {
    let samples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/exports"));
    let Some(messages) = messages_below(samples) else { return };
    assert!(messages.len() > 1000, "{} messages", messages.len());
    compare("samples", &messages, MAX_SAMPLES);
}

#[test]
fn groups_agree_with_the_reference_on_a_generated_corpus() {
    let folder = tempfile::tempdir().unwrap();
    corpus::write(folder.path(), &Config::dense(7, CORPUS_ENTRIES), Form::Ndjson).unwrap();
    let Some(messages) = messages_below(&folder.path().join("exports")) else { return };
    compare("corpus", &messages, MAX_CORPUS);
}

#[test]
fn groups_agree_with_the_reference_on_generated_lines() {
    compare("generated", &generated(6000), MAX_GENERATED);
}

fn compare(name: &str, messages: &[String], most: [f64; 2]) {
    let Some(reference) = reference_groups(messages) else { return };
    let shapes: Vec<Shape> = messages.iter().map(|message| shape_of(message)).collect();
    let merged = merge(&shapes);
    let by_shape: Vec<String> = shapes.iter().map(|shape| shape.fingerprint().to_string()).collect();
    let by_template: Vec<String> = shapes
        .iter()
        .map(|shape| format!("{:?}", merged.template_of(shape.fingerprint()).unwrap().members()))
        .collect();
    for (stage, ours, theirs) in [("masks", by_shape, 0), ("all stages", by_template, 1)] {
        let most = most[theirs];
        let theirs: Vec<String> = reference.iter().map(|groups| groups[theirs].clone()).collect();
        let wrong = disagreeing(&ours, &theirs);
        #[expect(clippy::cast_precision_loss, reason = "a share for a message")]
        let share = wrong.len() as f64 / messages.len() as f64;
        let n_wrong = wrong.len();
        eprintln!("{name}, {stage}: {n_wrong} of {} lines disagree ({:.2} %)", messages.len(), share * 100.0);
        let (in_ours, in_theirs) = (partners(&ours, &theirs), partners(&theirs, &ours));
        for (class, is_class) in [
            ("one group here, several there", [true, false]),
            ("several groups here, one there", [false, true]),
            ("divided in another way", [true, true]),
        ] {
            let of_class: Vec<usize> = wrong
                .iter()
                .copied()
                .filter(|idx| {
                    [in_ours[&ours[*idx]].len() > 1, in_theirs[&theirs[*idx]].len() > 1] == is_class
                })
                .collect();
            let mut shown = BTreeMap::new();
            for &idx in &of_class {
                shown.entry(&theirs[idx]).or_insert((idx, 0)).1 += 1;
            }
            eprintln!("  {class}: {} lines, {} groups there", of_class.len(), shown.len());
            let mut shown: Vec<_> = shown.into_iter().collect();
            shown.sort_by_key(|(group, (_, n_lines))| (std::cmp::Reverse(*n_lines), *group));
            for (group, (idx, n_lines)) in shown.into_iter().take(12) {
                eprintln!("    {n_lines} x {:.160?}", messages[idx]);
                eprintln!("      there {group:.160}\n      here  {:.160}", shapes[idx].to_line());
            }
        }
        assert!(share <= most, "{name}, {stage}: {share} > {most}");
    }
}

/// For each group of one side, the groups of the other side that share a line with it.
fn partners<'g>(groups: &'g [String], others: &'g [String]) -> BTreeMap<&'g String, BTreeSet<&'g String>> {
    let mut partners: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (group, other) in groups.iter().zip(others) {
        partners.entry(group).or_default().insert(other);
    }
    partners
}

/// Lines whose group, as a set of lines, is not a group of the other side.
fn disagreeing(ours: &[String], theirs: &[String]) -> Vec<usize> {
    let sets = |groups: &[String]| {
        let mut sets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (idx, group) in groups.iter().enumerate() {
            sets.entry(group.clone()).or_default().push(idx);
        }
        sets
    };
    let (our_sets, their_sets) = (sets(ours), sets(theirs));
    (0..ours.len()).filter(|&idx| our_sets[&ours[idx]] != their_sets[&theirs[idx]]).collect()
}

fn shape_of(message: &str) -> Shape {
    let mut holes = Vec::new();
    Masker::standard().mask(message, &mut holes);
    shape(message, &holes)
}

/// The messages of all exports below a folder, in the order of paths.
fn messages_below(folder: &Path) -> Option<Vec<String>> {
    const SCRIPT: &str = r#"
import gzip, json, os, sys
def texts(value):
    if isinstance(value, list):
        for item in value: yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                if key in ("textPayload", "text_payload", "message"): yield item
            else: yield from texts(item)
def documents(text):
    try: yield json.loads(text); return
    except ValueError: pass
    for line in text.splitlines():
        try: yield json.loads(line)
        except ValueError: pass
for folder, folders, files in os.walk(sys.argv[1]):
    folders.sort()
    for name in sorted(files):
        with open(os.path.join(folder, name), "rb") as file: content = file.read()
        if name.endswith(".gz"): content = gzip.decompress(content)
        for document in documents(content.decode("utf-8-sig", "replace")):
            for text in texts(document):
                if text and "\0" not in text: sys.stdout.buffer.write((text + "\0").encode("utf-8", "replace"))
"#;
    python(SCRIPT, folder, "")
}

/// Lines in the style of many systems, made from statements and values.
fn generated(n_lines: usize) -> Vec<String> {
    const STATEMENTS: &[&str] = &[
        "Received block {blk} of size {num} from {ip}",
        "PacketResponder {num} for block {blk} terminating",
        "Verification succeeded for {blk}",
        "Connection from {ip} port {num} ssh2",
        "Failed password for {user} from {ip} port {num}",
        "authentication failure; logname= uid={num} euid=0 tty=NODEVssh ruser= rhost={host}  user={user}",
        "[instance: {uuid}] Took {float} seconds to build instance.",
        "[instance: {uuid}] VM {state} (Lifecycle Event)",
        "{ip} \"GET {path} HTTP/1.1\" status: {num} len: {num} time: {float}",
        "session opened for user {user} by (uid={num})",
        "workerEnv.init() ok {path}",
        "mod_jk child workerEnv in error state {num}",
        "Found block rdd_{num}_{num} locally",
        "Finished task {float} in stage {float} (TID {num}). {num} bytes result sent to driver",
        "Reading broadcast variable {num} took {num} ms",
        "Accepted socket connection from /{ip}:{num}",
        "Established session {hex} with negotiated timeout {num} for client /{ip}:{num}",
        "ciod: failed to read message prefix on control stream (CioStream socket to {ip}:{num}",
        "generating core.{num}",
        "instruction cache parity error corrected at {hex}",
        "onStandStepChanged {num}",
        "setTodayTotalDetailSteps={num}##{num}##{num}##{num}",
        "{host}:{num} open through proxy proxy.example.edu:{num} HTTPS",
        "{host} close, {num} bytes ({float} KB) sent, {num} bytes received, lifetime {clock}",
        "{host} close, {num} bytes sent, {num} bytes ({float} KB) received, lifetime <1 sec",
        "Loaded Servicing Stack v{ver} with Core: {win}",
        "SQM: Failed to start upload with file pattern: {win}, flags: {hex} [HRESULT = {hex} - E_FAIL]",
        "acquire lock={num}, flags={hex}, tag=\"{state} name {num}\", name=android, ws=null, uid={num}, pid={num}",
        "ready=true,policy={num},wakefulness={num},reason={state}",
        "Task attempt_{num}_{num}_m_{num}_0 is done from {class} at {date}",
        "Progress of TaskAttempt attempt_{num}_m_{num} is : {float}",
        "{date} {clock} | INFO | {class}:emit:{num} | user {user} did {state}",
        "node status 0x{num} on {mac} since {month}",
        "mail to {email} was {state} after {num}s",
        "see {url} for {state} of {user}",
        "Temperature ({num}C) exceeds warning threshold",
        "ServerFileSystem domain {state} is full {num}%",
        "PSU status ( {state} {state} )",
        "returned [] for () in {num} tries ( {num} )",
        "Component State Change: Component \\042alt{num}\\042 is in the {state} state (HWID={num})",
        "retry {num}/{num}: -{num} +{num} {num}.",
        "config key_{num}={state} other = '{state} {num}' third={path}",
        "No module named '{class}'",
        "No module named '{user}'",
    ];
    let mut random = Random(7);
    (0..n_lines)
        .map(|_| {
            let mut line = String::new();
            let mut rest = *random.pick(STATEMENTS);
            while let Some(open) = rest.find('{') {
                let close = open + rest[open..].find('}').unwrap();
                line.push_str(&rest[..open]);
                line.push_str(&random.value(&rest[open + 1..close]));
                rest = &rest[close + 1..];
            }
            line + rest
        })
        .collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'p, T>(&mut self, items: &'p [T]) -> &'p T {
        &items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    fn word(&mut self, letters: &[u8], least: u64, most: u64) -> String {
        let len = least + self.below(most - least + 1);
        (0..len).map(|_| char::from(*self.pick(letters))).collect()
    }

    fn value(&mut self, name: &str) -> String {
        const HEX: &[u8] = b"0123456789abcdef";
        const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        match name {
            "num" => {
                let bound = 10u64.pow(1 + u32::try_from(self.below(8)).unwrap());
                self.below(bound).to_string()
            }
            "float" => format!("{}.{}", self.below(900), self.below(99)),
            "blk" => format!("blk_{}{}", self.pick(&["", "-"]), self.below(1 << 31)),
            "ip" => format!("10.{}.{}.{}", self.below(256), self.below(256), self.below(256)),
            "hex" => format!("0x{:x}", self.below(1 << 31)),
            "mac" => (0..6).map(|_| self.word(HEX, 2, 2)).collect::<Vec<_>>().join(":"),
            "uuid" => [8, 4, 4, 4, 12].map(|len| self.word(HEX, len, len)).join("-"),
            "user" => {
                (*self.pick(&["root", "guest", "ann", "bob", "test", "admin2", "svc-backup"])).to_owned()
            }
            "state" => (*self.pick(&["Started", "Stopped", "Paused", "ready", "lost"])).to_owned(),
            "host" => format!("{}.{}.example.com", self.word(LOWER, 3, 8), self.word(LOWER, 2, 5)),
            "class" => format!("org.app.{}.{}", self.word(LOWER, 3, 8), self.word(LOWER, 3, 8)),
            "path" => {
                format!("/{}/{}/{}.log", self.word(LOWER, 2, 6), self.word(LOWER, 2, 6), self.word(HEX, 2, 9))
            }
            "win" => format!("C:\\Windows\\{}\\{}.dll", self.word(LOWER, 2, 6), self.word(LOWER, 2, 6)),
            "url" => format!(
                "https://{}.example.org/{}?q={}",
                self.word(LOWER, 2, 6),
                self.word(LOWER, 2, 6),
                self.below(99)
            ),
            "email" => format!("{}@{}.example.org", self.word(LOWER, 2, 6), self.word(LOWER, 2, 6)),
            "ver" => format!("{}.{}.{}.{}", self.below(9), self.below(9), self.below(9999), self.below(9999)),
            "date" => format!("2025-0{}-{}", 1 + self.below(9), 10 + self.below(19)),
            "clock" => format!("{:02}:{:02}:{:02}", self.below(24), self.below(60), self.below(60)),
            "month" => format!("{} {}", self.pick(&["Jan", "Sep", "Dec"]), 1 + self.below(28)),
            other => unreachable!("no value {other}"),
        }
    }
}
