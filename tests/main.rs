//! One binary, one file per topic.
mod cli;
mod house;
mod laws;
mod play;
mod reference;
mod report;
mod rules;
mod scenarios;
mod stories;
mod swarm;
mod theory;
mod vectors;
