//! Consumers in processes of their own: the members of all groups, dealt out by their numbers.
//!
//! Each process is the same program and hosts its members as the parent would. Their messages and facts go through one
//! socket, in the order in which they came about, so that a fact is heard before anything that follows from it. A process
//! that dies is replaced when its members' sessions are over: whoever takes their place reads on from what is committed.
//! Brokers, coordinators, producers, recorder and laws stay in the parent.
mod branch;
mod desk;
mod frame;
mod office;
mod socket;
mod told;
mod visit;

use super::host::{Host, Letter};
use crate::engine::live::goods::Cargo;
use crate::model::protocol::{ActorId, Message};
use actix::Addr;
use std::path::PathBuf;
use std::sync::Arc;

pub use desk::Desk;
pub use frame::{Farewell, Frame, Hello};
pub use office::{Ended, Office};
pub use told::Told;
pub use visit::{Visit, visit};

/// How consumer processes are started.
#[derive(Clone, Debug)]
pub struct Processes {
    /// How many.
    pub count: u32,
    /// The program: the one that runs.
    pub program: PathBuf,
    /// What makes it a consumer process.
    pub arguments: Vec<String>,
    /// What its command line has to know.
    pub greeting: Vec<u8>,
}

/// Whoever messages are sent to: an actor here, or one in another process.
#[derive(Clone, Debug)]
pub enum Peer {
    /// Here.
    Here(Addr<Host>),
    /// There.
    There(Arc<Desk>),
}

impl Peer {
    /// Hands a message over.
    pub fn post(&self, from: ActorId, to: ActorId, message: Message, cargo: Cargo) {
        match self {
            Self::Here(host) => host.do_send(Letter::Post { from, message, cargo }),
            Self::There(desk) => desk.post(from, to, message, &cargo),
        }
    }

    /// Whether it is still there, as far as that can be told.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self {
            Self::Here(host) => host.connected(),
            Self::There(_) => true,
        }
    }
}
