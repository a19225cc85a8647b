//! Statistics beside a run: which law is behind measured times.
//!
//! Studies over many plans and many outcomes will stand here, too.
pub mod fit;
