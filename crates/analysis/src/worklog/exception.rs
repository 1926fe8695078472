//! The exception in a message: its chain, and the frames that matter.

use serde::{Deserialize, Serialize};
use timberline_archive::exception::ExceptionRecord;
use timberline_pattern::trace::{Exception, Language, Relation, Trace};

/// An exception with what led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionFacts {
    /// The language whose runtime wrote it.
    pub language: String,
    /// The exceptions, outermost first.
    pub chain: Vec<ChainLink>,
    /// The position of the root cause in the chain.
    pub root: usize,
}

/// One exception of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// How it came into the chain: `outermost`, `cause` or `context`.
    pub relation: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its message.
    pub value: String,
    /// The frames that matter, from the failure outwards.
    pub frames: Vec<FrameFacts>,
    /// Frames of libraries and the runtime that are left out.
    pub frames_left_out: usize,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameFacts {
    /// Module and function.
    pub name: String,
    /// The file, as printed.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
    /// It is the program's own code, not a library's.
    pub in_app: bool,
}

/// Frames shown of one exception.
const MAX_FRAMES: usize = 12;
/// Exceptions shown of one chain.
const MAX_CHAIN: usize = 8;

/// Returns what is shown of a trace.
///
/// The frames that matter are the program's own, and the one in which it failed; without any of its own the innermost.
pub(super) fn facts(trace: &Trace) -> ExceptionFacts {
    let mut chain: Vec<ChainLink> = trace.chain.iter().take(MAX_CHAIN).map(link).collect();
    let mut root = trace.root_idx;
    // The root of a group whose members are one bug, or of a long chain, is not among the links.
    if root >= chain.len() || !std::ptr::eq(trace.root(), &raw const trace.chain[root]) {
        // In the trace of a member it may be the outermost.
        chain.push(ChainLink { relation: "cause".to_owned(), ..link(trace.root()) });
        root = chain.len() - 1;
    }
    ExceptionFacts { language: trace.language.as_str().to_owned(), chain, root }
}

/// Returns what the archive keeps of an exception, where no single entry holds all of it: a trace that was logged line by
/// line, or one in a field beside the message.
pub(super) fn facts_of_record(record: &ExceptionRecord) -> ExceptionFacts {
    let places = Places::of(record);
    let types = record.chain.iter().take(MAX_CHAIN).enumerate();
    let mut chain: Vec<ChainLink> = types
        .map(|(idx, type_name)| ChainLink {
            relation: places.relation(idx).to_owned(),
            type_name: type_name.clone(),
            value: String::new(),
            frames: Vec::new(),
            frames_left_out: 0,
        })
        .collect();
    let root = places.root.unwrap_or(usize::MAX).min(chain.len());
    let all = record.frames.iter().map(|frame| FrameFacts {
        name: frame.name.clone(),
        file: frame.file.clone(),
        line: frame.line,
        in_app: frame.in_app,
    });
    let (frames, frames_left_out) = that_matter(all.collect());
    let link = ChainLink {
        relation: places.relation(root).to_owned(),
        type_name: record.type_name.clone(),
        value: record.value.clone(),
        frames,
        frames_left_out,
    };
    match chain.get_mut(root) {
        Some(place) => *place = link,
        None => chain.push(link),
    }
    ExceptionFacts { language: record.language.clone(), chain, root }
}

/// Tells how the exceptions of a record came into their chain, of which it keeps the types and the root.
struct Places {
    /// Where the root stands among the types; nothing where it is one of a group's members.
    root: Option<usize>,
    is_python: bool,
}

impl Places {
    fn of(record: &ExceptionRecord) -> Self {
        let is_python = record.language == Language::Python.as_str();
        let mut types = record.chain.iter();
        let is_root = |type_name: &String| *type_name == record.type_name;
        // Python raises the same type again while handling it, hardly ever because of it.
        let root = if is_python { types.position(is_root) } else { types.rposition(is_root) };
        Self { root, is_python }
    }

    /// Causes end at the root. What stands behind it in a Python chain was being handled: the next for certain, and those
    /// behind that in any case, as causes are given where they are handled. Other languages print no such thing.
    fn relation(&self, idx: usize) -> &'static str {
        match self.root {
            _ if idx == 0 => "outermost",
            Some(root) if self.is_python && idx > root => "context",
            _ => "cause",
        }
    }
}

fn link(exception: &Exception) -> ChainLink {
    let all = exception.frames.iter().map(|frame| FrameFacts {
        name: frame.name(),
        file: frame.file.clone(),
        line: frame.line,
        in_app: frame.in_app,
    });
    let (frames, frames_left_out) = that_matter(all.collect());
    ChainLink {
        relation: match exception.relation {
            Relation::Outermost => "outermost",
            Relation::Cause => "cause",
            Relation::Context => "context",
        }
        .to_owned(),
        type_name: exception.type_name.clone(),
        value: exception.message.clone(),
        frames,
        frames_left_out,
    }
}

/// Returns the frames that matter, and how many are left out.
fn that_matter(mut frames: Vec<FrameFacts>) -> (Vec<FrameFacts>, usize) {
    let (n_all, has_own) = (frames.len(), frames.iter().any(|frame| frame.in_app));
    let mut is_failure = true;
    frames.retain(|frame| std::mem::take(&mut is_failure) || frame.in_app || !has_own);
    frames.truncate(if has_own { MAX_FRAMES } else { MAX_FRAMES / 3 });
    let n_left_out = n_all - frames.len();
    (frames, n_left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_archive::exception::FrameRecord;
    use timberline_pattern::fingerprint::exception_key;
    use timberline_pattern::trace::find;

    #[test]
    fn own_frames_and_the_failure_are_shown() {
        let text = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in main\n    run()\n  \
                    File \"/app/lib.py\", line 9, in run\n    importlib.import_module(name)\n  \
                    File \"/usr/lib/python3.11/importlib/__init__.py\", line 126, in import_module\n    return _gcd()\n\
                    ModuleNotFoundError: No module named 'x'";
        let facts = facts(&find(text)[0]);
        let names: Vec<&str> = facts.chain[0].frames.iter().map(|frame| frame.file.as_str()).collect();
        assert_eq!(names, ["/usr/lib/python3.11/importlib/__init__.py", "/app/lib.py", "/app/main.py"]);
        assert_eq!(
            (facts.chain[0].type_name.as_str(), facts.chain[0].frames_left_out),
            ("ModuleNotFoundError", 0)
        );
    }

    /// What the archive keeps of a trace.
    fn record_of(trace: &Trace) -> ExceptionRecord {
        let root = trace.root();
        let frames = root.frames.iter().map(|frame| FrameRecord {
            name: frame.name(),
            file: frame.file.clone(),
            line: frame.line,
            in_app: frame.in_app,
            counts: true,
        });
        ExceptionRecord {
            key: exception_key(trace).0,
            loose: 0,
            language: trace.language.as_str().to_owned(),
            type_name: root.type_name.clone(),
            value: root.message.clone(),
            message: 0,
            frames: frames.collect(),
            chain: trace.chain.iter().map(|exception| exception.type_name.clone()).collect(),
            rows: 1,
            first_ns: 0,
            last_ns: 0,
            first_row: 0,
        }
    }

    /// Types as printed, root first, with `>` for a cause and `~` for what was being handled.
    fn python(chain: &str) -> String {
        let block = |name: &str| {
            format!(
                "Traceback (most recent call last):\n  File \"/app/{name}.py\", line 3, in f\n    x()\n{name}: no\n"
            )
        };
        let sentence = |mark: &str| match mark {
            ">" => "\nThe above exception was the direct cause of the following exception:\n\n".to_owned(),
            "~" => "\nDuring handling of the above exception, another exception occurred:\n\n".to_owned(),
            name => block(name),
        };
        chain.split(' ').map(sentence).collect()
    }

    #[test]
    fn what_is_kept_of_a_chain_tells_causes_from_what_was_handled() {
        let java = "a.b.LoadException: no\n\tat a.B.c(B.java:3)\nCaused by: a.b.DiskException: x\n\tat a.D.e(D.java:7)\n\t... 1 more\n\
                    Caused by: java.util.concurrent.ExecutionException: y\n\tat a.F.g(F.java:9)\n\t... 1 more";
        let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/a.py\", line 3, in f\n  | ExceptionGroup: all (1 sub-exception)\n  \
                     +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/app/a.py\", line 5, in g\n    | KeyError: 'k'\n    \
                     +------------------------------------";
        for (text, relations, root) in [
            (python("KeyError"), "outermost", 0),
            (python("KeyError ~ ValueError"), "outermost context", 0),
            (python("KeyError > ValueError"), "outermost cause", 1),
            (python("OSError ~ KeyError > ValueError"), "outermost cause context", 1),
            (python("OSError ~ KeyError ~ ValueError"), "outermost context context", 0),
            (python("OSError ~ KeyError > ValueError > TypeError"), "outermost cause cause context", 2),
            (python("KeyError ~ KeyError"), "outermost context", 0),
            (java.to_owned(), "outermost cause cause", 1),
            (group.to_owned(), "outermost cause", 1),
        ] {
            let traces = find(&text);
            let [trace] = &traces[..] else { panic!("{text}: {traces:#?}") };
            for facts in [facts(trace), facts_of_record(&record_of(trace))] {
                let found: Vec<&str> = facts.chain.iter().map(|link| link.relation.as_str()).collect();
                assert_eq!((found.join(" ").as_str(), facts.root), (relations, root), "{text}");
                assert_eq!(facts.chain[root].type_name, trace.root().type_name);
                assert!(!facts.chain[root].frames.is_empty());
            }
        }
    }
}
