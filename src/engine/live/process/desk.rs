//! The way to another process: frames are laid down by whichever thread has some, and written by one task, in order.
//!
//! What gathers while the socket is busy leaves at once, so that many small frames are few large writes. When the other
//! side is gone, what is laid down goes nowhere, like a message on a broken connection.
use super::frame::{Frame, Garbled, Head, decode, encode};
use super::socket::Socket;
use crate::engine::live::goods::{Cargo, Lot};
use crate::model::protocol::{ActorId, Message};
use crate::units::Time;
use bytes::BytesMut;
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// The way to another process.
#[derive(Debug, Default)]
pub struct Desk {
    outgoing: Mutex<Outgoing>,
    wake: Notify,
    /// Who waits for reports of members there.
    asking: Mutex<Vec<(ActorId, Asking)>>,
}

/// Where somebody waits for reports.
pub type Asking = UnboundedSender<(ActorId, Time)>;

#[derive(Debug, Default)]
struct Outgoing {
    open: bool,
    bytes: Vec<u8>,
}

impl Desk {
    /// From now on somebody is there.
    pub fn open(&self) {
        *self.outgoing.lock() = Outgoing { open: true, bytes: Vec::new() };
    }

    /// Nothing more is laid down; what was is still written.
    pub fn close(&self) {
        self.outgoing.lock().open = false;
        self.asking.lock().clear();
        self.wake.notify_one();
    }

    /// Whether somebody is there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outgoing.lock().open
    }

    /// Lays a frame down.
    pub fn send(&self, frame: &Frame<'_>) {
        self.lay(frame, &[]);
    }

    fn lay(&self, frame: &Frame<'_>, cargo: &[Lot]) {
        let mut outgoing = self.outgoing.lock();
        if !outgoing.open {
            return;
        }
        let was_empty = outgoing.bytes.is_empty();
        encode(frame, cargo, &mut outgoing.bytes);
        drop(outgoing);
        if was_empty {
            self.wake.notify_one();
        }
    }

    /// A message for a machine there.
    pub fn post(&self, from: ActorId, to: ActorId, message: Message, cargo: &[Lot]) {
        self.lay(&Frame::Post(from, to, message, cargo.iter().map(Head::from).collect()), cargo);
    }

    /// Asks a member there to report.
    pub fn ask(&self, who: ActorId, answers: &Asking) {
        if self.is_open() {
            self.asking.lock().push((who, answers.clone()));
            self.send(&Frame::Ask(who));
        }
    }

    /// A member there has reported.
    pub fn answered(&self, who: ActorId, at: Time) {
        let mut asking = self.asking.lock();
        if let Some(place) = asking.iter().position(|&(asked, _)| asked == who) {
            // Nobody may be left to hear it.
            let _ = asking.swap_remove(place).1.send((who, at));
        }
    }

    /// Writes what is laid down until it is closed and everything is written.
    ///
    /// # Errors
    /// When the other side is gone.
    pub async fn write(&self, socket: &Socket) -> io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            let open = {
                let mut outgoing = self.outgoing.lock();
                std::mem::swap(&mut bytes, &mut outgoing.bytes);
                outgoing.open
            };
            if !bytes.is_empty() {
                write_all(socket, &bytes).await?;
                bytes.clear();
            } else if open {
                self.wake.notified().await;
            } else {
                return Ok(());
            }
        }
    }
}

async fn write_all(socket: &Socket, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What comes from another process.
#[derive(Debug, Default)]
pub struct Incoming {
    read: BytesMut,
}

impl Incoming {
    /// The next frame; nothing where the other side is gone.
    ///
    /// # Errors
    /// When what comes is no frame.
    pub async fn next(&mut self, socket: &Socket) -> Result<Option<(Frame<'static>, Cargo)>, Garbled> {
        loop {
            if let Some(frame) = decode(&mut self.read)? {
                return Ok(Some(frame));
            }
            if socket.readable().await.is_err() {
                return Ok(None);
            }
            let known = self.read.len();
            self.read.resize(known + READ, 0);
            let read = socket.try_read(&mut self.read[known..]);
            self.read.truncate(known + read.as_ref().map_or(0, |&read| read));
            match read {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // A broken connection ends as a closed one does.
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }
}
