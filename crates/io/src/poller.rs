//! The `epoll` instance of a worker thread.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{Timespec, epoll};

/// The role of a registered descriptor in the event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The UDP socket.
    Socket,
    /// The waker: commands are queued.
    Commands,
    /// The TCP listener.
    Listener,
    /// A TCP connection, by index.
    Connection(usize),
    /// A UDP socket of a plain transport, by port.
    Plain(u16),
}

impl Source {
    const FIRST_CONNECTION: u64 = 3;
    /// Of the tokens of plain transports, which hold the port in their lowest bits.
    const PLAIN: u64 = 1 << 63;

    fn token(self) -> epoll::EventData {
        epoll::EventData::new_u64(match self {
            Self::Socket => 0,
            Self::Commands => 1,
            Self::Listener => 2,
            Self::Connection(index) => index as u64 + Self::FIRST_CONNECTION,
            Self::Plain(port) => Self::PLAIN | u64::from(port),
        })
    }

    fn of(token: u64) -> Self {
        match token {
            0 => Self::Socket,
            1 => Self::Commands,
            2 => Self::Listener,
            _ if token & Self::PLAIN != 0 => Self::Plain(token as u16),
            _ => Self::Connection((token - Self::FIRST_CONNECTION) as usize),
        }
    }
}

/// The events that a descriptor is polled for. An error makes it readable: the next read returns the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// No events.
    None,
    /// Readable.
    Readable,
    /// Readable or writable.
    ReadableAndWritable,
}

impl Interest {
    fn flags(self) -> epoll::EventFlags {
        match self {
            Self::None => epoll::EventFlags::empty(),
            Self::Readable => epoll::EventFlags::IN,
            Self::ReadableAndWritable => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        }
    }
}

/// A ready descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) source: Source,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The registered descriptors of one thread. Closing a descriptor removes it.
#[derive(Debug)]
pub(crate) struct Poller(OwnedFd);

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }

    /// Registers a descriptor and polls it for input.
    pub(crate) fn add(&self, fd: impl AsFd, source: Source) -> io::Result<()> {
        Ok(epoll::add(
            &self.0,
            fd,
            source.token(),
            Interest::Readable.flags(),
        )?)
    }

    /// Changes the events that a registered descriptor is polled for.
    pub(crate) fn change(
        &self,
        fd: impl AsFd,
        source: Source,
        interest: Interest,
    ) -> io::Result<()> {
        Ok(epoll::modify(
            &self.0,
            fd,
            source.token(),
            interest.flags(),
        )?)
    }

    /// Waits until a descriptor is ready or the timeout expires. Fills `ready` with each ready source once.
    pub(crate) fn wait(&self, timeout: Option<&Timespec>, ready: &mut Vec<Readiness>) {
        let mut buffer = [const { MaybeUninit::uninit() }; 64];
        ready.clear();
        // The only error is an interruption by a signal: nothing is ready, and the loop polls again.
        if let Ok((events, _)) = epoll::wait(&self.0, &mut buffer, timeout) {
            ready.extend(events.iter().map(|event| {
                let flags = event.flags;
                Readiness {
                    source: Source::of(event.data.u64()),
                    readable: flags.intersects(!epoll::EventFlags::OUT),
                    writable: flags.contains(epoll::EventFlags::OUT),
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_round_trips_through_its_token() {
        for source in [
            Source::Socket,
            Source::Commands,
            Source::Listener,
            Source::Connection(0),
            Source::Connection(1_000),
            Source::Plain(0),
            Source::Plain(65_535),
        ] {
            assert_eq!(Source::of(source.token().u64()), source);
        }
    }
}
