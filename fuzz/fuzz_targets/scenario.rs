//! Any text: it is read or refused, never a panic; what is read resolves to a fixpoint and makes a plan or problems.
//!
//! `cargo fuzz run scenario fuzz/corpus/scenario tests/hostile scenarios -- -max_total_time=60 -max_len=4096`
#![no_main]
use conga::plan::build;
use conga::scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match scenario::parse(text, "fuzz.yaml", None, &[]) {
        Ok(read) => {
            let again = scenario::parse(&read.resolved_yaml(), "fuzz.yaml", None, &[]);
            let again = again.unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(read.resolved_yaml(), again.resolved_yaml());
            if let Err(problems) = build::plan(&read) {
                assert!(!problems.to_string().is_empty());
            }
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
});
