//! cli
pub mod report;
