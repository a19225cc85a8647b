//! One binary, one file per topic.
mod house;
mod readme;
mod reference;
mod rules;
mod theory;
mod vectors;
mod report;
