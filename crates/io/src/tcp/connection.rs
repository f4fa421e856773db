//! One TCP connection of a client.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use hubbub_core::Priority;
use hubbub_core::api::{Micros, Path};

use super::reader::{Ended, Reader};
use super::writer::Writer;
use crate::backlog::Overflow;
use crate::socket::canonical;

/// A connection and the state of both directions.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) path: Path,
    /// When the connection was last seen as a transport's valid pair; initially, when it was accepted.
    pub(super) valid_at: Micros,
    /// The poller also waits for it to become writable.
    pub(super) waits_for_writable: bool,
    stream: TcpStream,
    reader: Reader,
    writer: Writer,
}

impl Connection {
    /// Sets up an accepted connection.
    pub(super) fn new(now: Micros, stream: TcpStream, remote: SocketAddr) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let local = canonical(stream.local_addr()?).ip();
        Ok(Self {
            path: Path::tcp(local, canonical(remote)),
            valid_at: now,
            waits_for_writable: false,
            stream,
            reader: Reader::default(),
            writer: Writer::new(),
        })
    }

    /// See [`Reader::read`].
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(Path, &mut [u8]),
    ) -> Result<(), Ended> {
        let path = self.path;
        self.reader
            .read(&mut self.stream, buffer, |datagram| take(path, datagram))
    }

    /// See [`Writer::push`].
    pub(super) fn push(&mut self, bytes: &[u8], priority: Priority) {
        self.writer.push(bytes, self.path, priority);
    }

    /// See [`Writer::write`].
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.writer.write(&mut self.stream)
    }

    /// See [`Writer::is_blocked`].
    pub(super) fn is_blocked(&self) -> bool {
        self.writer.is_blocked()
    }

    /// See [`Writer::take_overflow`].
    pub(super) fn take_overflow(&mut self) -> Overflow {
        self.writer.take_overflow()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
