//! What goes over a connection: frames that have begun to leave, and datagrams that wait behind them.
//!
//! A frame of which a part has left must be followed by the rest of it, so only what waits can be given up. Little is
//! begun at a time: a client that reads slowly gets the newest media, not what was current a second ago.

use std::io::{self, ErrorKind, Write};

use hubbub_core::Priority;
use hubbub_core::api::Path;
use hubbub_wire::framing::{FRAME_HEADER, frame_header};

use crate::backlog::{Backlog, Datagram, Overflow};
use crate::gso::Outgoing;

/// Bytes of frames that have begun to leave: some fifteen packets.
const BEGUN_BYTES: usize = 16 * 1024;

/// Datagrams that wait: a second of video of 2 Mbit/s, or the key frames of some streams.
pub(super) const WAITING_LIMIT: usize = 256;

/// The outgoing side of a connection.
#[derive(Debug)]
pub(super) struct Writer {
    begun: Vec<u8>,
    waiting: Backlog,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            begun: Vec::new(),
            waiting: Backlog::new(WAITING_LIMIT),
        }
    }

    /// Takes a datagram to be written next time; while too many wait, the oldest video is given up first.
    pub(super) fn push(&mut self, bytes: &[u8], path: Path, priority: Priority) {
        if !self.waiting.is_empty() || !self.begin(bytes) {
            self.waiting.push(Datagram::from(Outgoing {
                bytes,
                path,
                priority,
            }));
        }
    }

    /// Writes until all is written or the connection takes no more.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn write(&mut self, stream: &mut impl Write) -> io::Result<()> {
        while !self.begun.is_empty() {
            match stream.write(&self.begun) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => drop(self.begun.drain(..len.min(self.begun.len()))),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            self.begin_waiting();
        }
        Ok(())
    }

    /// Something waits for the connection to take it.
    pub(super) fn is_blocked(&self) -> bool {
        !self.begun.is_empty()
    }

    /// What was given up since this was asked last.
    pub(super) fn take_overflow(&mut self) -> Overflow {
        self.waiting.take_overflow()
    }

    fn begin_waiting(&mut self) {
        while self.begun.len() < BEGUN_BYTES
            && let Some(datagram) = self.waiting.pop()
        {
            self.begin(&datagram.bytes);
        }
    }

    /// Puts a frame behind those that have begun; false when there are enough of them.
    fn begin(&mut self, bytes: &[u8]) -> bool {
        if self.begun.len() >= BEGUN_BYTES {
            return false;
        }
        // Datagrams of ours are far shorter than what a frame can hold.
        if let Ok(header) = frame_header(bytes.len()) {
            self.begun.reserve(FRAME_HEADER + bytes.len());
            self.begun.extend_from_slice(&header);
            self.begun.extend_from_slice(bytes);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_wire::framing::first_frame;
    use proptest::prelude::*;

    const PATH: Path = Path::tcp(
        std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        std::net::SocketAddr::V4(std::net::SocketAddrV4::new(
            std::net::Ipv4Addr::LOCALHOST,
            9,
        )),
    );

    /// A connection that takes so many bytes and no more.
    #[derive(Default)]
    struct Narrow {
        room: usize,
        written: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.room);
            if len == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room -= len;
            self.written.extend_from_slice(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn datagrams(mut stream: &[u8]) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        while let Some(place) = first_frame(stream, usize::MAX).unwrap() {
            got.push(stream[place.clone()].to_vec());
            stream = &stream[place.end..];
        }
        assert_eq!(stream, [] as [u8; 0]);
        got
    }

    #[test]
    fn a_slow_reader_loses_the_oldest_video_and_gets_whole_frames() {
        let (mut writer, mut stream) = (Writer::new(), Narrow::default());
        let sent = 2 * WAITING_LIMIT;
        for number in 0..sent {
            let bytes = [(number as u16).to_be_bytes().to_vec(), vec![0; 998]].concat();
            writer.push(&bytes, PATH, Priority::Video);
            stream.room += 10;
            writer.write(&mut stream).unwrap();
        }
        writer.push(b"sound", PATH, Priority::Audio);
        assert!(writer.is_blocked());
        let lost = writer.take_overflow();
        stream.room = usize::MAX;
        writer.write(&mut stream).unwrap();
        assert!(!writer.is_blocked());

        let got = datagrams(&stream.written);
        let numbers: Vec<_> = got
            .iter()
            .filter(|datagram| datagram.len() == 1000)
            .map(|datagram| u16::from_be_bytes([datagram[0], datagram[1]]))
            .collect();
        assert!(numbers.is_sorted());
        assert_eq!(numbers.last(), Some(&(sent as u16 - 1)));
        assert_eq!(numbers.len() as u64 + lost.video, sent as u64);
        assert!(lost.video > 0 && lost.audio == 0);
        assert!(got.contains(&b"sound".to_vec()));
    }

    #[test]
    fn a_broken_connection_is_told() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = Writer::new();
        writer.push(b"x", PATH, Priority::Control);
        assert!(writer.write(&mut Broken).is_err());
    }

    proptest! {
        /// What leaves is whole frames, each datagram once, each kind in its order, and what lacks is counted.
        #[test]
        fn what_leaves_is_whole_however_little_the_connection_takes(
            steps in prop::collection::vec((1..1_500usize, 0..3u8, 0..4_000usize), 0..900),
        ) {
            let (mut writer, mut stream) = (Writer::new(), Narrow::default());
            let kinds = [Priority::Control, Priority::Audio, Priority::Video];
            for (number, (len, kind, room)) in steps.iter().enumerate() {
                let mut bytes = (number as u32).to_be_bytes().to_vec();
                bytes.push(*kind);
                bytes.resize(5 + len, 0);
                writer.push(&bytes, PATH, kinds[usize::from(*kind)]);
                stream.room = *room;
                writer.write(&mut stream).unwrap();
                prop_assert!(writer.begun.len() < BEGUN_BYTES + 1_600);
                prop_assert!(writer.waiting.len() <= WAITING_LIMIT);
            }
            stream.room = usize::MAX;
            writer.write(&mut stream).unwrap();
            let got = datagrams(&stream.written);
            let lost = writer.take_overflow();
            prop_assert_eq!(got.len() as u64 + lost.video + lost.audio + lost.control, steps.len() as u64);
            for kind in 0..3 {
                let numbers: Vec<_> = got.iter().filter(|bytes| bytes[4] == kind).map(|bytes| bytes[..4].to_vec()).collect();
                prop_assert!(numbers.is_sorted());
            }
        }
    }
}
