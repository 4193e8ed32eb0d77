//! How messages travel: a unix datagram socket, UDP (RFC 5426), TCP with octet counting (RFC 6587).
//!
//! A connection that broke is made anew once, at once: daemons are restarted. No call blocks for
//! longer than a few seconds, but for the resolver.

use crate::config::SyslogTarget;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Longest wait for a connection, and for a message to be taken.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// A way to a syslog daemon.
#[derive(Debug)]
pub(super) struct Transport {
    target: SyslogTarget,
    open: Option<Open>,
}

#[derive(Debug)]
enum Open {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Transport {
    /// Not connected yet.
    pub(super) fn new(target: SyslogTarget) -> Self {
        Self { target, open: None }
    }

    /// Sends one message.
    pub(super) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if let Some(open) = self.open.take_if(|open| open.is_usable())
            && let Ok(open) = open.send(message)
        {
            self.open = Some(open);
            return Ok(());
        }
        self.open = None;
        self.open = Some(connect(&self.target)?.send(message)?);
        Ok(())
    }
}

impl Open {
    /// Whether the other side is still there, as far as it told.
    fn is_usable(&mut self) -> bool {
        let Self::Tcp(stream) = self else { return true };
        let peeked = stream
            .set_nonblocking(true)
            .map(|()| match stream.peek(&mut [0]) {
                // The daemon closed, and what is written now would be lost without a word.
                Ok(0) => false,
                Ok(_) => true,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            });
        let blocking = stream.set_nonblocking(false).is_ok();
        blocking && peeked.unwrap_or(false)
    }

    /// Gives itself back when it can be used again.
    fn send(mut self, message: &[u8]) -> io::Result<Self> {
        match &mut self {
            Self::Unix(socket) => whole(socket.send(message)?, message)?,
            Self::Udp(socket) => whole(socket.send(message)?, message)?,
            Self::Tcp(stream) => {
                let mut frame = format!("{} ", message.len()).into_bytes();
                frame.extend_from_slice(message);
                stream.write_all(&frame)?;
            }
        }
        Ok(self)
    }
}

fn whole(sent: usize, message: &[u8]) -> io::Result<()> {
    if sent == message.len() {
        Ok(())
    } else {
        Err(ErrorKind::WriteZero.into())
    }
}

fn connect(target: &SyslogTarget) -> io::Result<Open> {
    match target {
        SyslogTarget::Unix(path) => unix(path).map(Open::Unix),
        SyslogTarget::Udp(address) => first(address, udp).map(Open::Udp),
        SyslogTarget::Tcp(address) => first(address, tcp).map(Open::Tcp),
    }
}

fn unix(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(WAIT_MAX))?;
    Ok(socket)
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = if address.is_ipv4() {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?
    } else {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?
    };
    socket.connect(address)?;
    Ok(socket)
}

fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, WAIT_MAX)?;
    stream.set_write_timeout(Some(WAIT_MAX))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The first address of a name that works.
fn first<T>(address: &str, connect: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut last = ErrorKind::NotFound.into();
    for address in address.to_socket_addrs()? {
        match connect(address) {
            Ok(open) => return Ok(open),
            Err(error) => last = error,
        }
    }
    Err(last)
}
