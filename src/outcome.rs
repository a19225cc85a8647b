//! What happened: the recorder and the laws listen to the facts; the result is what they leave.
pub mod result;
pub mod saved;
