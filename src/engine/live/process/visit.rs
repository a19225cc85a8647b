//! The consumer process's side: hears who it is, hosts its members, and goes when it is told to, or when the parent is gone.
//!
//! It decides nothing: no clock of its own, no report, no successor. Whatever it cannot do it says, and ends.
use super::branch::NOBODY;
use super::desk::{Desk, Incoming};
use super::frame::{Farewell, Frame, Gone, Hello};
use super::socket::{self, Socket};
use crate::engine::live::clock::Clock;
use crate::engine::live::goods::Cargo;
use crate::engine::live::host::{Host, Left, Letter};
use crate::engine::live::muster;
use crate::model::protocol::ActorId;
use crate::model::sabotage::{self, Sabotage};
use crate::plan::Plan;
use crate::units::Time;
use crate::work::Labour;
use actix::{Addr, Arbiter};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Real time after which a process that waits for its members to leave says that it is there.
const BREATH: Duration = Duration::from_secs(1);

/// What the command line adds to a consumer process.
pub trait Visit {
    /// Makes ready: the plan of the run, as the parent has it. In words, why it cannot.
    ///
    /// # Errors
    /// When something it needs is not there.
    fn prepare(&mut self, hello: &Hello) -> Result<Plan, String>;

    /// Who does the work of a member; `None` where it is a delay.
    fn hire(&self, group: usize, member: u32) -> Option<Box<dyn Labour>>;

    /// Everybody has left: what that has cost, and what was found.
    fn farewell(&self) -> Farewell;
}

/// Serves as a consumer process to the end of the run. Standard input is the way to the parent.
///
/// # Errors
/// When there is no parent there, or it is another program.
pub fn visit(visit: &mut dyn Visit) -> io::Result<()> {
    let stream = socket::standard_input()?;
    actix::System::new().block_on(async {
        let socket = Rc::new(socket::accept(stream)?);
        let mut incoming = Incoming::default();
        let hello = match incoming.next(&socket).await {
            Ok(Some((Frame::Hello(hello), _))) if hello.version == env!("CARGO_PKG_VERSION") => hello,
            _ => return Err(io::Error::other("whoever started this process is not the conga it belongs to")),
        };
        play(hello.bug);
        let desk = Arc::new(Desk::default());
        desk.open();
        let prepared = visit.prepare(&hello);
        match prepared {
            Ok(plan) => {
                desk.send(&Frame::Ready);
                let stay = Stay::new(Arc::clone(&desk), incoming);
                stay.serve(&socket, &plan, &hello, visit).await
            }
            Err(why) => {
                desk.send(&Frame::Cannot(why));
                desk.close();
                desk.write(&socket).await
            }
        }
    })
}

#[cfg(feature = "sabotage")]
fn play(bug: Option<crate::model::sabotage::Sabotage>) {
    crate::model::sabotage::play(bug);
}

#[cfg(not(feature = "sabotage"))]
fn play(_: Option<crate::model::sabotage::Sabotage>) {}

/// The members while they are here.
struct Stay {
    desk: Arc<Desk>,
    incoming: Incoming,
    hosts: BTreeMap<ActorId, Addr<Host>>,
    arbiters: Vec<Arbiter>,
}

impl Stay {
    fn new(desk: Arc<Desk>, incoming: Incoming) -> Self {
        Self { desk, incoming, hosts: BTreeMap::new(), arbiters: Vec::new() }
    }

    async fn serve(mut self, socket: &Rc<Socket>, plan: &Plan, hello: &Hello, visit: &mut dyn Visit) -> io::Result<()> {
        let answers = self.forward_answers();
        let (desk, to) = (Arc::clone(&self.desk), Rc::clone(socket));
        let writing = actix::spawn(async move { desk.write(&to).await });
        loop {
            match self.incoming.next(socket).await.map_err(io::Error::other)? {
                Some((Frame::Begin(zero), _)) => {
                    let clock = Clock::with_zero(zero, hello.speed);
                    let hire = |group, member| visit.hire(group, member);
                    let (hosts, arbiters) = muster::members(plan, hello, clock, &self.desk, &hire);
                    (self.hosts, self.arbiters) = (hosts.into_iter().collect(), arbiters);
                }
                Some((Frame::Leave, _)) => break,
                Some((frame, cargo)) => self.hear(frame, cargo, &answers),
                // The parent is gone: nobody is left to work for, and nobody to tell.
                None => return Ok(()),
            }
        }
        self.leave(visit).await;
        writing.await.map_err(io::Error::other)?
    }

    /// Reports of members go to the parent as they come.
    fn forward_answers(&self) -> UnboundedSender<(ActorId, Time)> {
        let (to, mut answers) = unbounded_channel();
        let desk = Arc::clone(&self.desk);
        drop(actix::spawn(async move {
            while let Some((who, at)) = answers.recv().await {
                desk.send(&Frame::Answered(who, at));
            }
        }));
        to
    }

    fn hear(&self, frame: Frame<'_>, cargo: Cargo, answers: &UnboundedSender<(ActorId, Time)>) {
        match frame {
            Frame::Post(from, to, message, _) => {
                // Before the members are here, it can only be for those in whose place they come.
                if let Some(host) = self.hosts.get(&to) {
                    host.do_send(Letter::Post { from, message, cargo });
                }
            }
            Frame::Ask(to) => match self.hosts.get(&to) {
                Some(host) => host.do_send(Letter::Ask(answers.clone())),
                None => self.desk.send(&Frame::Answered(to, Time::ZERO)),
            },
            other => panic!("a consumer process does not expect {other:?}"),
        }
    }

    /// Everybody leaves, and what they hold is safe before the parent hears of it.
    async fn leave(self, visit: &dyn Visit) {
        let (to, mut leaving) = unbounded_channel();
        for host in self.hosts.values() {
            host.do_send(Letter::Leave(to.clone()));
        }
        drop(to);
        loop {
            let Ok(left) = tokio::time::timeout(BREATH, leaving.recv()).await else {
                // Somebody has still to write what it holds; that we are here is known meanwhile.
                self.desk.send(&Frame::Answered(NOBODY, Time::ZERO));
                continue;
            };
            let Some(Left { me, busy, cost, events, work, .. }) = left else { break };
            self.desk.send(&Frame::Left(Gone {
                me,
                busy,
                cost,
                events,
                work: serde_json::Value::from(work).to_string(),
            }));
        }
        for arbiter in self.arbiters {
            arbiter.stop();
            // A thread that panicked has said so itself.
            let _ = arbiter.join();
        }
        if !sabotage::plays(Sabotage::GoWithoutFarewell) {
            self.desk.send(&Frame::Farewell(visit.farewell()));
        }
        self.desk.close();
    }
}
