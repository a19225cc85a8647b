//! On top of runs: many of them, what several results say together, and which law is behind measured times.
//!
//! A study is its axes (what varies), a design (which points), runs of points, and a journal of what is done. A plan is a
//! quest (what for, among which candidates), trials of candidates, a search and an answer. Nothing here runs anything: an
//! engine comes in as a closure where one is needed.
pub mod answer;
pub mod axis;
pub mod cheapest;
pub mod columns;
pub mod compare;
pub mod cost;
pub mod design;
pub mod drive;
pub mod failures;
pub mod figures;
pub mod fit;
pub mod hot;
pub mod journal;
pub mod letter;
pub mod limit;
pub mod lock;
pub mod memory;
pub mod outage;
pub mod point;
pub mod purchase;
pub mod quest;
pub mod remedy;
pub mod search;
pub mod tables;
pub mod trial;
