//! A wind tunnel for consumer groups.
//!
//! ```text
//! scenario ──▶ plan ──▶ engine ──▶ outcome ──▶ report
//!  what was     what   sim | live   what        what to
//!  written      will                happened    show
//!               happen
//! ```
//! Each stage takes the value of the one before and returns a new one; nothing flows back.
//!
//! - [`units`]: time, and how people write durations, sizes, rates and counts. Imports nothing of ours.
//! - [`scenario`]: what the user wrote, and every problem with its place and remedy.
//! - [`import`]: scenarios from other tools' files and command lines. Imports scenario.
//! - [`model`]: the rules of producers, brokers, coordinators and consumers as pure state machines.
//! - [`payload`]: real bytes: messages, the framing of batches, codecs. Imports nothing of ours.
//! - [`work`]: what members do with records beyond waiting: applications, programs, a database. Imports payload.
//! - [`plan`]: what will happen; nothing optional left. Imports scenario, model and payload.
//! - [`outcome`]: what happened: recorder, laws, the saved result. Imports plan and the model's facts.
//! - [`engine`]: how the cast is driven. Imports plan, model, payload, work and outcome.
//! - [`study`]: what several results say together, and statistics beside a run. Imports scenario, plan and outcome.
//! - [`report`]: what to show. Imports outcome and study.
//! - [`cli`]: one file per command. Imports anything.
//!
//! The import law is checked by a test (`tests/house.rs`).
#![expect(
    clippy::inline_always,
    reason = "measured: observers, counters and draws are worth it, and nothing else has it"
)]

pub mod cli;
pub mod engine;
pub mod import;
pub mod model;
pub mod outcome;
pub mod payload;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod study;
pub mod units;
pub mod work;
