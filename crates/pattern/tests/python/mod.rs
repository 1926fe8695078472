//! The executable reference of the method, which lies outside the repository and needs `python3`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns a path beside the repository; says so and returns nothing when it is not there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path);
    if path.try_exists().unwrap_or(false) {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// Runs a script with the given input and returns what it prints, split at zero bytes.
pub(crate) fn python(script: &str, argument: &Path, input: &str) -> Option<Vec<String>> {
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
pub(crate) fn reference_groups(messages: &[String]) -> Option<Vec<[String; 2]>> {
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
