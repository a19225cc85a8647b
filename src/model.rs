//! The pure rules: no clock, socket, sleep or thread, and no dice but the named streams handed in.
//!
//! Everything here is told the time and what arrived, and answers through an outbox. Any engine can drive it.
pub mod accumulator;
pub mod assignor;
pub mod backoff;
pub mod broker;
pub mod compression;
pub mod consumer;
pub mod controller;
pub mod coordinator;
pub mod dealing;
pub mod log;
pub mod machine;
pub mod metadata;
pub mod partitioner;
pub mod processing;
pub mod producer;
pub mod protocol;
pub mod quota;
pub mod random;
pub mod sabotage;
pub mod wire;
pub mod workload;
