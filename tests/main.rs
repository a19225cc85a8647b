//! One binary, one file per topic.
mod cli;
mod compression;
mod hostile;
mod house;
mod laws;
mod payload;
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
