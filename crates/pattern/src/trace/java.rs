//! Java and what else runs on its machine.
//!
//! Causes are printed below with the frames they share left out, `... 27 more`; those are taken from the enclosing trace.

use super::frame_lines::{self, Header, frame_text, type_header};
use super::lines::{Line, without_prefix};
use super::{Exception, Frame, Language, Read, Relation, Trace, names};

const LIBRARIES: [&str; 24] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "jakarta.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "clojure.lang.",
    "groovy.",
    "org.apache.",
    "org.springframework.",
    "org.hibernate.",
    "org.eclipse.",
    "org.jboss.",
    "io.netty.",
    "reactor.",
    "com.google.common.",
    "akka.",
    "ch.qos.",
    "org.slf4j.",
    "clojure.core",
    "org.codehaus.groovy.",
];

/// Reads `mod/pkg.Class.m(File.java:12)`, the part behind `at `.
pub(super) fn frame(text: &str) -> Option<Frame> {
    let open = text.find('(')?;
    let close = open + text[open..].find(')')?;
    let (name, place) = (&text[..open], &text[open + 1..close]);
    if name.contains([' ', '[']) || !name.contains('.') {
        return None;
    }
    let (file, line) = names::place(place);
    let is_source = [".java", ".kt", ".kts", ".scala", ".clj", ".cljc", ".groovy", ".gvy", ".SourceFile"]
        .iter()
        .any(|ending| file.ends_with(ending));
    let is_known =
        matches!(file, "Native Method" | "Unknown Source" | "SourceFile" | "<generated>" | "NO_SOURCE_FILE");
    if !is_source && !is_known && !file.starts_with("NO_SOURCE") {
        return None;
    }
    let (class, method) = name.rsplit_once('.')?;
    let class = class_name(class);
    let method = method_name(method);
    let in_app = !LIBRARIES.iter().any(|library| class.starts_with(library))
        && !class.contains("GeneratedMethodAccessor")
        && !class.starts_with("$Proxy");
    let file = if is_known { String::new() } else { file.to_owned() };
    Some(Frame { module: class, function: method, file, line, in_app })
}

/// Drops the module, and what proxies, lambdas and anonymous classes are numbered with.
fn class_name(class: &str) -> String {
    let mut class = class;
    for (mark, kept) in [
        ("$$Lambda", 8),
        ("$$EnhancerBySpringCGLIB", 23),
        ("$$EnhancerByCGLIB", 17),
        ("$$FastClassBySpringCGLIB", 24),
        ("$$SpringCGLIB", 13),
        ("$$_javassist", 12),
    ] {
        if let Some(at) = class.find(mark) {
            class = &class[..at + kept];
        }
    }
    let class = class.rsplit('/').next().unwrap_or(class);
    let marks = ["$", "$Proxy", "GeneratedMethodAccessor", "GeneratedConstructorAccessor", "fn__", "eval"];
    names::without_digits_after(class, &marks)
}

fn method_name(method: &str) -> String {
    let numbered = method.trim_end_matches(|c: char| c.is_ascii_digit());
    let method = if method.starts_with("lambda$") && numbered.ends_with('$') {
        numbered.trim_end_matches('$')
    } else {
        method
    };
    names::without_digits_after(method, &["fn__", "access$"])
}

/// Reads a trace whose first frame stands at a line.
pub(super) fn read(lines: &[Line<'_>], idx: usize, floor: usize, prefix: &str) -> Read {
    let header = |line: &str| {
        let line = line.strip_prefix("Caused by: ").unwrap_or(line);
        type_header(line)
    };
    let found = frame_lines::find_header(lines, idx, floor, prefix, header);
    let (start_idx, header) = match found {
        Some(found) => found,
        // Frames alone are a trace when there are at least two of them.
        None => {
            let next = lines.get(idx + 1)?;
            frame(frame_text(without_prefix(next.text(), prefix))?)?;
            (idx, Header { at: 0, type_name: String::new(), message: String::new(), thread: None })
        }
    };
    let start = lines[start_idx].place(header.at);
    let mut reader = Reader { chain: Vec::new(), wraps: false, suppressed: None };
    reader.begin(header.type_name, header.message, Relation::Outermost);
    let mut next = idx;
    while let Some(line) = lines.get(next) {
        let Some(taken) = reader.take(lines, next, without_prefix(line.text(), prefix), prefix) else {
            break;
        };
        next += taken;
    }
    let chain = reader.chain;
    let root_idx = root_of(&chain, reader.wraps);
    let range = start..lines[next - 1].end;
    Some((
        Trace {
            language: Language::Java,
            range,
            chain,
            root_idx,
            members: Vec::new(),
            thread: header.thread,
        },
        next,
    ))
}

/// The last cause that does more than wrap; the first of a trace printed root first.
fn root_of(chain: &[Exception], wraps: bool) -> usize {
    let is_wrapper = |exception: &Exception| crate::fingerprint::only_wraps(&exception.type_name);
    if wraps {
        return 0;
    }
    chain.iter().rposition(|exception| !is_wrapper(exception)).unwrap_or(chain.len() - 1)
}

struct Reader {
    chain: Vec<Exception>,
    /// Whether the trace is printed root first, as some loggers do.
    wraps: bool,
    /// Inside a suppressed exception: the indentation of its header.
    suppressed: Option<usize>,
}

impl Reader {
    fn begin(&mut self, type_name: String, message: String, relation: Relation) {
        self.chain.push(Exception { type_name, message, frames: Vec::new(), relation });
    }

    /// Takes the line at `idx` and returns how many lines that used, or nothing at the end of the trace.
    fn take(&mut self, lines: &[Line<'_>], idx: usize, text: &str, prefix: &str) -> Option<usize> {
        let trimmed = text.trim_start();
        let indent = text.len() - trimmed.len();
        let is_cause = trimmed.starts_with("Caused by:") || trimmed.starts_with("Wrapped by:");
        if let Some(outer) = self.suppressed {
            if is_cause && indent < outer {
                self.suppressed = None;
            } else {
                return (indent > outer || is_cause || trimmed.starts_with("Suppressed:")).then_some(1);
            }
        }
        if let Some(frame) = frame_text(text).and_then(frame) {
            self.last().frames.push(frame);
            return Some(1);
        }
        if trimmed.starts_with("... ") {
            self.complete(shared_frames(trimmed)?);
            return Some(1);
        }
        if is_cause {
            self.wraps |= trimmed.starts_with("Wrapped by:");
            let rest = trimmed.split_once(':').map_or("", |(_, rest)| rest.trim_start());
            let mut header = type_header(rest).unwrap_or_else(|| first_word_header(rest));
            let n_more = message_lines(lines, idx + 1, prefix);
            for line in &lines[idx + 1..idx + 1 + n_more] {
                header.message.push('\n');
                header.message.push_str(without_prefix(line.text(), prefix));
            }
            self.begin(header.type_name, header.message, Relation::Cause);
            return Some(1 + n_more);
        }
        if trimmed.starts_with("Suppressed:") {
            self.suppressed = Some(indent);
            return Some(1);
        }
        let is_note = trimmed.starts_with("- locked")
            || trimmed.starts_with("- waiting")
            || trimmed.starts_with("[CIRCULAR");
        is_note.then_some(1)
    }

    fn last(&mut self) -> &mut Exception {
        self.chain.last_mut().expect("a chain begins with its outermost exception")
    }

    /// Appends the frames a cause shares with the exception around it.
    fn complete(&mut self, n_shared: usize) {
        let Some(around) = self.chain.len().checked_sub(2) else { return };
        let frames = &self.chain[around].frames;
        let shared = frames[frames.len().saturating_sub(n_shared)..].to_vec();
        self.last().frames.extend(shared);
    }
}

/// Reads the number in `... 27 more` and `... 27 common frames omitted`.
fn shared_frames(text: &str) -> Option<usize> {
    let (number, rest) = text.strip_prefix("... ")?.split_once(' ')?;
    (rest.starts_with("more") || rest.starts_with("common frames")).then(|| number.parse().ok())?
}

fn first_word_header(text: &str) -> Header {
    let (type_name, message) = text.split_once(": ").unwrap_or((text, ""));
    Header { at: 0, type_name: type_name.trim().to_owned(), message: message.to_owned(), thread: None }
}

/// Counts the further lines of a cause's message: those before its first frame, if a frame follows at all.
fn message_lines(lines: &[Line<'_>], idx: usize, prefix: &str) -> usize {
    for (n_lines, line) in lines[idx.min(lines.len())..].iter().take(20).enumerate() {
        let text = without_prefix(line.text(), prefix);
        if frame_text(text).and_then(frame).is_some() || shared_frames(text.trim_start()).is_some() {
            return n_lines;
        }
        if text.trim_start().starts_with("Caused by:") {
            return 0;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_numbers() {
        for (text, expected) in [
            ("App.lambda$load$3(App.java:6)", "App.lambda$load"),
            ("App$$Lambda$5/1034627183.run(Unknown Source)", "App$$Lambda.run"),
            ("App$$Lambda/0x0000000800c031f0.run(Unknown Source)", "App$$Lambda.run"),
            ("a.GeneratedMethodAccessor42.invoke(Unknown Source)", "a.GeneratedMethodAccessor.invoke"),
            ("a.S$$EnhancerBySpringCGLIB$$1a2b.get(<generated>)", "a.S$$EnhancerBySpringCGLIB.get"),
            ("a.S_$$_javassist_seam_74.get(S.java)", "a.S_$$_javassist.get"),
            ("com.sun.proxy.$Proxy17.call(Unknown Source)", "com.sun.proxy.$Proxy.call"),
            ("my.ns$fn__12345.invoke(core.clj:3)", "my.ns$fn__.invoke"),
            ("java.base/java.lang.Thread.run(Thread.java:840)", "java.lang.Thread.run"),
            ("app//a.Foo$1.run(Foo.java:3)", "a.Foo$.run"),
        ] {
            assert_eq!(frame(text).unwrap().name(), expected, "{text}");
        }
        assert!(!frame("java.base/java.lang.Thread.run(Thread.java:840)").unwrap().in_app);
        assert!(frame("A.B(C c) in x.cs:line 3").is_none());
        assert!(frame("run (/app/a.js:5:9)").is_none());
    }
}
