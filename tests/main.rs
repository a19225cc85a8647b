//! One binary, one file per topic.
mod hostile;
mod house;
mod scenario;
