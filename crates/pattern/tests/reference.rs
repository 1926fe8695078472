//! Compares the groups of this crate with those of the executable reference of the method.
//!
//! The reference lies outside the repository, at `../shared/design/pattern_reference.py`; without it, or without
//! `python3`, the test says so and passes. Groups are compared, not texts: a line disagrees when the set of lines grouped
//! with it differs. The crate groups differently on purpose in these classes, each seen in the printed list:
//!
//! - *Colour codes* are white space here. The reference reads `[32m2025-08-28` as one word with digits, so a message
//!   printed with and without colours has two groups there.
//! - *IPv6 addresses* are values here; there, groups without a digit remain words.
//! - *The whole word behind `=`* is the value here; there, `a=x/y1` leaves `x /` in the shape because `y1` was taken first.
//!   Also `a1=word`: there, a key with a digit has no value.
//! - *Words in other scripts* are words here; there, each character is a symbol. Words that mix them with digits are
//!   values here.
//! - *A full stop behind a path or URL* is left outside the value here.
//! - *A request target* must follow a whole word (`TARGET x` has none here), and keeps a closing quote outside.
//! - *A closing tag* such as `</white>` is no path here.
//! - *More than 100 tokens*: only the first 100 count here.
//! - *Merging* is more careful here: a place with only participles (`Started`, `Stopped`) or beside only two words needs
//!   more evidence or is never a value; whole phrases, single letters and names in code do not vary.
//!
//! The bounds below leave room for these classes and nothing else: the exported messages have colours in about one line of
//! ten, the generated lines have a share of each class by construction.

#![expect(clippy::print_stderr, reason = "a skipped comparison should say so")]
#![expect(clippy::unwrap_used, reason = "helpers of a test fail as the test does")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::{Shape, shape};

/// The largest tolerated share of disagreeing lines among the exported messages.
const MAX_REAL: f64 = 0.02;
/// The same among generated lines: one of the 43 statements has a key with a digit, a deliberate difference.
const MAX_GENERATED: f64 = 0.03;

#[test]
fn groups_agree_with_the_reference_on_exported_messages() {
    let Some(messages) = exported_messages() else { return };
    assert!(messages.len() > 1000, "{} messages", messages.len());
    compare("exported", &messages, MAX_REAL);
}

#[test]
fn groups_agree_with_the_reference_on_generated_lines() {
    compare("generated", &generated(6000), MAX_GENERATED);
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path);
    if path.try_exists().unwrap_or(false) {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn compare(name: &str, messages: &[String], most: f64) {
    let Some(reference) = reference_groups(messages) else { return };
    let shapes: Vec<Shape> = messages.iter().map(|message| shape_of(message)).collect();
    let merged = merge(&shapes);
    let by_shape: Vec<String> = shapes.iter().map(|shape| shape.fingerprint().to_string()).collect();
    let by_template: Vec<String> = shapes
        .iter()
        .map(|shape| format!("{:?}", merged.template_of(shape.fingerprint()).unwrap().members()))
        .collect();
    for (stage, ours, theirs) in [("masks", by_shape, 0), ("all stages", by_template, 1)] {
        let theirs: Vec<String> = reference.iter().map(|groups| groups[theirs].clone()).collect();
        let wrong = disagreeing(&ours, &theirs);
        #[expect(clippy::cast_precision_loss, reason = "a share for a message")]
        let share = wrong.len() as f64 / messages.len() as f64;
        eprintln!(
            "{name}, {stage}: {} of {} lines disagree ({:.2} %)",
            wrong.len(),
            messages.len(),
            share * 100.0
        );
        let mut shown = BTreeMap::new();
        for &idx in &wrong {
            shown.entry(&theirs[idx]).or_insert(idx);
        }
        for (group, &idx) in shown.iter().take(40) {
            eprintln!(
                "  {:?}\n    there {group:.200}\n    here  {:.200}",
                messages[idx],
                shapes[idx].to_line()
            );
        }
        assert!(share <= most, "{name}, {stage}: {share} > {most}");
    }
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

/// Runs a script with the given input and returns what it prints, split at zero bytes.
fn python(script: &str, argument: &std::path::Path, input: &str) -> Option<Vec<String>> {
    let child = Command::new("python3")
        .args(["-B", "-c", script])
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: python3 does not start");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the script failed");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

/// The reference's groups of every message: after masking, and after all stages.
fn reference_groups(messages: &[String]) -> Option<Vec<[String; 2]>> {
    const SCRIPT: &str = r#"
import importlib.util, sys
spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec); spec.loader.exec_module(reference)
messages = sys.stdin.buffer.read().decode().split("\0")[:-1]
for message, group in zip(messages, reference.group(messages)):
    sys.stdout.buffer.write((" ".join(reference.shape(message)) + "\0" + group + "\0").encode())
"#;
    let path = shared("design/pattern_reference.py")?;
    let input: String = messages.iter().map(|message| format!("{message}\0")).collect();
    let groups = python(SCRIPT, &path, &input)?;
    assert_eq!(groups.len(), messages.len() * 2);
    Some(groups.chunks(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect())
}

fn exported_messages() -> Option<Vec<String>> {
    const SCRIPT: &str = r#"
import glob, json, os, sys
def texts(value):
    if isinstance(value, list):
        for item in value: yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                if key in ("textPayload", "text_payload", "message"): yield item
            else: yield from texts(item)
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
    with open(path, encoding="utf-8") as file:
        for text in texts(json.load(file)):
            if text and "\0" not in text: sys.stdout.buffer.write((text + "\0").encode("utf-8", "replace"))
"#;
    python(SCRIPT, &shared("data/real")?, "")
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
