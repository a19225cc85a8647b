//! On top of runs: what several results say together, and which law is behind measured times.
//!
//! Nothing here runs anything; an engine comes in as a closure where one is needed.
pub mod compare;
pub mod fit;
pub mod limit;
