//! One binary, one file per topic.
mod arrivals;
mod assignors;
mod cli;
mod compression;
mod fit;
mod friendly;

mod hostile;
mod house;
mod language;
mod laws;
mod payload;
mod play;
mod properties;
mod readme;
mod reference;
mod report;
mod rules;
mod scenario;
mod scenarios;
mod stories;
mod swarm;
mod theory;
mod vectors;
