//! The client end of an ICE-TCP connection: frames of RFC 4571.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use hubbub_wire::framing::{FRAME_HEADER, frame_header};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::{Client, Line, Node, TIMEOUT};

/// A TCP connection to the node.
pub struct TcpLine(pub TcpStream);

impl TcpLine {
    /// Connects to the node at this address.
    pub fn to(node: &Node, host: impl Into<IpAddr>) -> Self {
        let port = node.worker.address().port();
        Self::new(TcpStream::connect((host.into(), port)).expect("a listener"))
    }

    /// Connects to the node from this address of the client's machine.
    pub fn from(node: &Node, source: Ipv4Addr) -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddr::from((source, 0))).expect("an address of this machine");
        connect(&socket, &node.worker.address()).expect("a listener");
        Self::new(TcpStream::from(socket))
    }

    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        stream.set_nodelay(true).expect("TCP");
        Self(stream)
    }

    /// Waits until the node closes the connection; ignores all data before that.
    pub fn await_end(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
                Err(error) => panic!("not closed: {error}"),
            }
        }
    }
}

impl Line for TcpLine {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let header = frame_header(datagram.len()).expect("short");
        self.0.write_all(&[&header, datagram].concat())
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut header = [0; FRAME_HEADER];
        self.0.read_exact(&mut header)?;
        let len = usize::from(u16::from_be_bytes(header));
        self.0.read_exact(&mut buffer[..len])?;
        Ok(len)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("connected")
    }
}

/// Creates a transport and a TCP client for it.
pub fn tcp_client(node: &mut Node, host: impl Into<IpAddr>, number: u64) -> Client<TcpLine> {
    let line = TcpLine::to(node, host);
    Client::over(line, node, number)
}
