//! One binary, one file per topic.
mod hostile;
mod house;
mod readme;
mod reference;
mod report;
mod rules;
mod scenario;
mod theory;
mod vectors;
