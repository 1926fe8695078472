//! The exception in a message: its chain, and the frames that matter.

use serde::{Deserialize, Serialize};
use timberline_pattern::trace::{Exception, Relation, Trace};

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
    ExceptionFacts {
        language: trace.language.as_str().to_owned(),
        chain: trace.chain.iter().take(MAX_CHAIN).map(link).collect(),
        root: trace.root_idx,
    }
}

fn link(exception: &Exception) -> ChainLink {
    let has_own = exception.frames.iter().any(|frame| frame.in_app);
    let frames: Vec<FrameFacts> = exception
        .frames
        .iter()
        .enumerate()
        .filter(|(idx, frame)| *idx == 0 || frame.in_app || !has_own)
        .take(if has_own { MAX_FRAMES } else { MAX_FRAMES / 3 })
        .map(|(_, frame)| FrameFacts {
            name: frame.name(),
            file: frame.file.clone(),
            line: frame.line,
            in_app: frame.in_app,
        })
        .collect();
    ChainLink {
        relation: match exception.relation {
            Relation::Outermost => "outermost",
            Relation::Cause => "cause",
            Relation::Context => "context",
        }
        .to_owned(),
        type_name: exception.type_name.clone(),
        value: exception.message.clone(),
        frames_left_out: exception.frames.len() - frames.len(),
        frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
