//! The exception in a message: its chain, and the frames that matter.

use serde::{Deserialize, Serialize};
use timberline_archive::exception::ExceptionRecord;
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
    let mut chain: Vec<ChainLink> = trace.chain.iter().take(MAX_CHAIN).map(link).collect();
    let mut root = trace.root_idx;
    // The root of a group whose members are one bug, or of a long chain, is not among the links.
    if root >= chain.len() || !std::ptr::eq(trace.root(), &raw const trace.chain[root]) {
        chain.push(link(trace.root()));
        root = chain.len() - 1;
    }
    ExceptionFacts { language: trace.language.as_str().to_owned(), chain, root }
}

/// Returns what the archive keeps of an exception, where no single entry holds all of it: a trace that was logged line by
/// line, or one in a field beside the message.
pub(super) fn facts_of_record(record: &ExceptionRecord) -> ExceptionFacts {
    let types = record.chain.iter().take(MAX_CHAIN).enumerate();
    let mut chain: Vec<ChainLink> = types
        .map(|(idx, type_name)| ChainLink {
            relation: if idx == 0 { "outermost" } else { "cause" }.to_owned(),
            type_name: type_name.clone(),
            value: String::new(),
            frames: Vec::new(),
            frames_left_out: 0,
        })
        .collect();
    let known = chain.iter().rposition(|link| link.type_name == record.type_name);
    let root = known.unwrap_or(chain.len());
    let all = record.frames.iter().map(|frame| FrameFacts {
        name: frame.name.clone(),
        file: frame.file.clone(),
        line: frame.line,
        in_app: frame.in_app,
    });
    let (frames, frames_left_out) = that_matter(all.collect());
    let link = ChainLink {
        relation: if root == 0 { "outermost" } else { "cause" }.to_owned(),
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
