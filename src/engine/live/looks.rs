//! What is shown of a live run while it goes on: what the recorder knows, and how late producers say they were.
//!
//! Lateness is measured where it happens, and a producer is asked for it by letter; nobody waits for the answer. However
//! many producers there are, a look costs a few letters: they are asked in turn.
use super::host::Letter;
use super::muster::{Company, Part};
use super::process::Peer;
use super::stage::Listener;
use crate::engine::Watch;
use crate::model::protocol::ActorId;
use crate::outcome::look::Spread;
use crate::outcome::{Look, Recording};
use crate::units::Time;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Producers asked a look.
const ASKED: usize = 16;

/// Who answers, and how late it was so far.
type Answer = (ActorId, Spread);

/// Answers whoever watches.
#[derive(Debug)]
pub struct Looks {
    seed: u64,
    /// Address and stream of each producer.
    producers: Vec<(usize, usize)>,
    /// Who is asked next.
    next: usize,
    answers: (UnboundedSender<Answer>, UnboundedReceiver<Answer>),
    /// What each of them said last.
    known: BTreeMap<usize, Spread>,
}

impl Looks {
    /// For a run with this seed.
    #[must_use]
    pub fn new(seed: u64, company: &Company) -> Self {
        let producers = company.parts.iter().enumerate().filter_map(|(address, part)| match part {
            Part::Producer(stream) => Some((address, *stream)),
            _ => None,
        });
        let producers = producers.collect();
        Self { seed, producers, next: 0, answers: unbounded_channel(), known: BTreeMap::new() }
    }

    /// Shows the run if somebody wants to see it.
    pub fn offer(&mut self, watch: &Watch, now: Time, listener: &Mutex<Listener>, company: &Company) {
        if !watch.wants(self.seed) {
            return;
        }
        while let Ok((ActorId(who), spread)) = self.answers.1.try_recv() {
            self.known.insert(who as usize, spread);
        }
        let mut look = listener.lock().look(now);
        for &(address, stream) in &self.producers {
            if let Some(spread) = self.known.get(&address) {
                look.streams[stream].lateness = look.streams[stream].lateness.and(spread);
            }
        }
        watch.show(look);
        for _ in 0..self.producers.len().min(ASKED) {
            let (address, _) = self.producers[self.next % self.producers.len()];
            if let Peer::Here(host) = &company.peers[address] {
                host.do_send(Letter::Late(self.answers.0.clone()));
            }
            self.next += 1;
        }
    }

    /// The last look, if somebody wants it: taken when everybody has reported.
    #[must_use]
    pub fn last(&self, watch: &Watch, now: Time, listener: &Listener) -> Option<Look> {
        watch.wants_last(self.seed).then(|| Look { ended: true, ..listener.look(now) })
    }
}

/// Completes the last look by what producers left, and shows it.
pub fn show_last(watch: &Watch, look: Option<Look>, recording: &Recording) {
    let Some(mut look) = look else { return };
    for (stream, left) in look.streams.iter_mut().zip(&recording.streams) {
        stream.lateness = Spread::of(&[&left.lateness]);
    }
    look.broken = recording.broken.len();
    watch.show(look);
}
