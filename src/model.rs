//! The pure rules: no clock, socket, sleep or thread, and no dice but the named streams handed in.
//!
//! Everything here is told the time and what arrived, and answers through an outbox. Any engine can drive it.
pub mod assignor;
pub mod partitioner;
pub mod random;
pub mod wire;
pub mod workload;
