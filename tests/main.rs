//! One binary, one file per topic.
mod assignors;
mod cli;
mod hostile;
mod house;
mod language;
mod laws;
mod play;
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
