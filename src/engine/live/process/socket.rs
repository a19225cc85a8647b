//! The socket between the parent and a consumer process: a pair, one end of which is the process's standard input.
//!
//! It has no name that anybody else could open, and ends when either side does, however that dies.
#[cfg(not(unix))]
pub use elsewhere::{Socket, accept, pair, standard_input};
#[cfg(unix)]
pub use unix::{Socket, accept, pair, standard_input};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::process::Stdio;

    /// One end of it, where tokio runs.
    pub type Socket = tokio::net::UnixStream;

    /// Our end, and the other as standard input of a process.
    ///
    /// # Errors
    /// When the system has no more of them.
    pub fn pair() -> io::Result<(Socket, Stdio)> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok((accept(ours)?, Stdio::from(OwnedFd::from(theirs))))
    }

    /// The end that is our standard input.
    ///
    /// # Errors
    /// When that is no socket.
    pub fn standard_input() -> io::Result<UnixStream> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        stream.peer_addr().map(|_| stream)
    }

    /// Hands an end over to tokio.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn accept(stream: UnixStream) -> io::Result<Socket> {
        stream.set_nonblocking(true)?;
        Socket::from_std(stream)
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io;
    use std::net::TcpStream;
    use std::process::Stdio;

    /// There is none.
    pub type Socket = tokio::net::TcpStream;

    fn missing<T>() -> io::Result<T> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "consumer processes need Unix sockets, which this system has not",
        ))
    }

    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn pair() -> io::Result<(Socket, Stdio)> {
        missing()
    }

    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn standard_input() -> io::Result<TcpStream> {
        missing()
    }

    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub fn accept(_: TcpStream) -> io::Result<Socket> {
        missing()
    }
}
