//! One binary, one file per topic.
mod cli;
mod hostile;
mod house;
mod laws;
mod play;
mod readme;
mod reference;
mod report;
mod rules;
mod scenario;
mod scenarios;
mod stages;
mod stories;
mod swarm;
mod theory;
mod vectors;
