# The verbs of this project. Everything with logic is a program or a test, not a recipe.

# Lists the verbs.
default:
    @just --list

# What must hold before a change is done: format, lints, documents, tests.
check: fmt-check lint doc test

# Writes the format.
fmt:
    cargo fmt --all

# Says where the format is off.
fmt-check:
    cargo fmt --all --check

# Lints; warnings are errors.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# The documents of all crates; a link that leads nowhere is an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# All tests.
test:
    cargo test --workspace

# The sample exports, ingested and asked.
demo:
    cargo run --release -p timberline -- demo

# The program as it is shipped, in target/release.
build:
    cargo build --release -p timberline

# Benchmarks.
bench *ARGS:
    cargo bench -p timberline-benches {{ARGS}}

# Looks for bytes that break a property of fuzz/src for some seconds: `just fuzz journald 600`. Needs cargo-fuzz and a nightly compiler.
fuzz TARGET SECONDS='600' *ARGS:
    mkdir -p fuzz/corpus/{{TARGET}}
    cargo +nightly fuzz run --release --debug-assertions --sanitizer none {{TARGET}} fuzz/corpus/{{TARGET}} fuzz/regressions/ -- -max_total_time={{SECONDS}} -timeout=20 -rss_limit_mb=3000 {{ARGS}}

# The same work by Timberline, DuckDB, ClickHouse and ripgrep on the corpus in FOLDER; writes benches/RESULTS.md. Takes the machine.
bench-peers FOLDER WORK="target/peers" *ARGS:
    cargo build --release -p timberline
    python3 benches/peers/peers.py --corpus {{FOLDER}} --work {{WORK}} {{ARGS}}

# Times of filters on an archive and what decides them, as a table; benches/QUERIES.md keeps some.
bench-queries ARCHIVE *ARGS:
    cargo build --release -p timberline
    python3 benches/queries.py --program target/release/timberline --archive {{ARCHIVE}} {{ARGS}}

# Kills an ingest at random moments, so many times.
kills N='1000':
    TIMBERLINE_TEST_KILLS={{N}} cargo test -p timberline-archive --test it kill::killed -- --nocapture

# Ingests so many MiB with a budget of 64 MiB, under a limit that the system enforces.
memory MIB='2048':
    TIMBERLINE_TEST_MEMORY_MIB={{MIB}} cargo test --release -p timberline --test it memory::several -- --nocapture

# Makes the sample exports again; the same bytes every time.
samples:
    cargo run -p timberline-testkit --bin generate -- samples data

# Licences, advisories and sources of what is linked in. Needs cargo-deny.
deny:
    cargo deny check

# The documentation of all crates; broken links are errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# What the build server does.
ci:
    .ci/run
