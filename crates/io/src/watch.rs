//! What a worker thread waits for, by `epoll`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{Timespec, epoll};

/// What a descriptor is to the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The UDP socket.
    Socket,
    /// Commands wait.
    Commands,
    /// The TCP listener.
    Listener,
    /// A TCP connection, by its index.
    Connection(usize),
}

impl Source {
    const FIRST_CONNECTION: u64 = 3;

    fn token(self) -> epoll::EventData {
        epoll::EventData::new_u64(match self {
            Self::Socket => 0,
            Self::Commands => 1,
            Self::Listener => 2,
            Self::Connection(index) => index as u64 + Self::FIRST_CONNECTION,
        })
    }

    fn of(token: u64) -> Self {
        match token {
            0 => Self::Socket,
            1 => Self::Commands,
            2 => Self::Listener,
            _ => Self::Connection((token - Self::FIRST_CONNECTION) as usize),
        }
    }
}

/// For what a descriptor is watched. An error on it counts as input: reading tells which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// For nothing, for now.
    Nothing,
    /// That there is something to read.
    Input,
    /// That, and that there is room to write.
    InputAndRoom,
}

impl Interest {
    fn flags(self) -> epoll::EventFlags {
        match self {
            Self::Nothing => epoll::EventFlags::empty(),
            Self::Input => epoll::EventFlags::IN,
            Self::InputAndRoom => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        }
    }
}

/// A descriptor is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) source: Source,
    pub(crate) input: bool,
    pub(crate) room: bool,
}

/// The descriptors of one thread. One that is closed is watched no more.
#[derive(Debug)]
pub(crate) struct Watch(OwnedFd);

impl Watch {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }

    /// Watches a descriptor for input.
    pub(crate) fn add(&self, fd: impl AsFd, source: Source) -> io::Result<()> {
        Ok(epoll::add(
            &self.0,
            fd,
            source.token(),
            Interest::Input.flags(),
        )?)
    }

    /// Watches it for something else.
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

    /// Waits until something is ready or the time is over, and puts it into `ready`, each source once.
    pub(crate) fn wait(&self, timeout: Option<&Timespec>, ready: &mut Vec<Ready>) {
        let mut buffer = [const { MaybeUninit::uninit() }; 64];
        ready.clear();
        // An error is a signal that came between: nothing is ready, and the loop comes round again.
        if let Ok((events, _)) = epoll::wait(&self.0, &mut buffer, timeout) {
            ready.extend(events.iter().map(|event| {
                let flags = event.flags;
                Ready {
                    source: Source::of(event.data.u64()),
                    input: flags.intersects(!epoll::EventFlags::OUT),
                    room: flags.contains(epoll::EventFlags::OUT),
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_comes_back_as_it_went_in() {
        for source in [
            Source::Socket,
            Source::Commands,
            Source::Listener,
            Source::Connection(0),
            Source::Connection(1_000),
        ] {
            assert_eq!(Source::of(source.token().u64()), source);
        }
    }
}
