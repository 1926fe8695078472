//! Prints what is found in files: for each trace its language, chain, key and frames.
//!
//! ```text
//! cargo run -p timberline-pattern --example traces -- FILE...
//! ```

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use timberline_pattern::fingerprint::{MAX_FRAMES, exception_key, frame_names, loose_key};
use timberline_pattern::trace::{Trace, find};

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let traces = find(&text);
        println!("{path}: {} of {} bytes", traces.len(), text.len());
        for trace in &traces {
            print(trace, "  ");
        }
    }
    Ok(())
}

fn print(trace: &Trace, indent: &str) {
    let chain: Vec<&str> = trace.chain.iter().map(|exception| exception.type_name.as_str()).collect();
    println!("{indent}{} {:?} {:?} thread {:?}", trace.language.as_str(), trace.range, chain, trace.thread);
    println!("{indent}  root {:?}: {:.100?}", trace.root().type_name, trace.root().message);
    println!("{indent}  key {} loose {}", exception_key(trace), loose_key(trace));
    println!("{indent}  frames {:?}", frame_names(&trace.root().frames, MAX_FRAMES));
    println!("{indent}  top {:?}", trace.top_in_app_frame().map(|frame| (frame.name(), frame.line)));
    for member in &trace.members {
        print(member, &format!("{indent}    "));
    }
}
