//! `--prometheus ADDRESS`: the run's figures as OpenMetrics text while it goes on, for whoever scrapes this machine.
//!
//! Only loopback addresses: the text names topics and groups, and nothing asks who reads it. It is bounded in every way,
//! so that no reader can hold the run up: so many connections, so large a request, so much time for one.
mod exposition;

pub use exposition::{Names, TYPE, text};

use super::looks::Looks;
use anyhow::Context;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Connections at a time; others wait until one of these is done.
const CONNECTIONS: usize = 8;
/// Bytes of the head of a request, and how many headers it may have.
const HEAD: usize = 8 << 10;
const HEADERS: usize = 32;
/// Time for the head of a request, and for a connection with all that is read and written on it.
const ASKING: Duration = Duration::from_secs(5);
const TOGETHER: Duration = Duration::from_secs(10);

/// Reads `127.0.0.1:9464`, `[::1]:0` or `localhost:9464`.
///
/// # Errors
/// Where that is not an address of this machine alone, with what to write instead.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let local = local.map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let Some(address) = local.or_else(|| text.parse().ok()) else {
        return Err("write an address and a port, such as `127.0.0.1:9464`; port 0 takes one that is free".into());
    };
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "{} can be reached from other machines, and whoever reads figures here is not asked who they are; write \
         `127.0.0.1:{}`, and let something that asks pass it on",
        address.ip(),
        address.port()
    ))
}

/// A server that has its port.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Takes the port, before anything runs.
    ///
    /// # Errors
    /// When somebody else has it.
    pub fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .with_context(|| format!("--prometheus: cannot listen on {address}; choose another port, or 0 for any"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Answers until `stop` is told, or whoever would tell it is gone.
    ///
    /// # Errors
    /// When the system gives it no means to wait.
    pub fn serve(self, names: Names, looks: Looks, stop: oneshot::Receiver<()>) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            tokio::spawn(accept(listener, Arc::new((names, looks))));
            // An error is the end as well: whoever runs is gone.
            let _ = stop.await;
            Ok(())
        })
    }
}

async fn accept(listener: tokio::net::TcpListener, shown: Arc<(Names, Looks)>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // No file is free for one more connection, perhaps: others will end.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let shown = Arc::clone(&shown);
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(ASKING).keep_alive(false);
            http.max_header_size(HEAD).max_headers(HEADERS).max_buf_size(HEAD);
            let service = service_fn(move |request| answer(request, Arc::clone(&shown)));
            // Whoever hangs up, or takes too long, gets no answer.
            let _ = tokio::time::timeout(TOGETHER, http.serve_connection(TokioIo::new(stream), service)).await;
            drop(permit);
        });
    }
}

async fn answer(request: Request<Incoming>, shown: Arc<(Names, Looks)>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (names, looks) = &*shown;
    let plain = |status: StatusCode, text: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    };
    if request.uri().path() != "/metrics" {
        return Ok(plain(StatusCode::NOT_FOUND, "The figures of this run are at /metrics.\n"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Figures can only be read.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let look = looks.fresh().await;
    let mut response = Response::new(Full::new(Bytes::from(text(names, look.as_deref()))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TYPE));
    Ok(response)
}
