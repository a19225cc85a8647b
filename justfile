# What one types every day. `just` alone lists the recipes; everything works without it as well.
[private]
default:
    @just --list --unsorted

# Runs a scenario: `just run scenarios/quickstart.yaml`.
run file *args:
    cargo run --release --locked -- run {{file}} {{args}}

# The quick round before a commit: format, lints, tests.
check:
    cargo fmt --check
    cargo clippy --locked --all-targets --features sabotage -- -D warnings
    cargo test --locked --features sabotage

# Everything, as a fresh clone does it.
test:
    scripts/test

# Micro-benchmarks; `just bench engine` runs those whose name contains the word.
bench *names:
    cargo bench --locked -- {{names}}

# Side by side with other simulators: `just compare 3` takes the best and the median of three rounds.
compare rounds="3":
    benches/compare {{rounds}}

# The program as it is handed out, tuned by what it does; some ten minutes.
release:
    scripts/release

# Noise for the scenario reader, for so many seconds.
fuzz seconds="60":
    cargo +nightly fuzz run scenario -- -max_total_time={{seconds}}

# Licences, sources, duplicates.
deny:
    cargo deny check licenses bans sources
