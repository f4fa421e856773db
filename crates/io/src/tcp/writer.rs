//! The output of a connection: frames in the write buffer, and datagrams queued behind them.
//!
//! A partly written frame must be completed, so only queued datagrams can be dropped. The write buffer is small, so
//! that a client that reads slowly gets recent media instead of media that is a second old.

use std::io::{self, ErrorKind, Write};

use hubbub_core::Priority;
use hubbub_core::api::Path;
use hubbub_wire::framing::{FRAME_HEADER, frame_header};

use crate::backlog::{Backlog, Datagram, Overflow};
use crate::send_plan::Outgoing;

/// Size of the write buffer, in bytes: about fifteen packets.
const BUFFER_BYTES: usize = 16 * 1024;

/// Queued datagrams: one second of video at 2 Mbit/s, or the key frames of some streams.
pub(super) const QUEUE_LIMIT: usize = 256;

/// The outbound side of a connection.
#[derive(Debug)]
pub(super) struct Writer {
    buffer: Vec<u8>,
    queue: Backlog,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            queue: Backlog::new(QUEUE_LIMIT),
        }
    }

    /// Queues a datagram for the next write. While the queue is full, the oldest video is dropped first.
    pub(super) fn push(&mut self, bytes: &[u8], path: Path, priority: Priority) {
        if !self.queue.is_empty() || !self.try_buffer(bytes) {
            self.queue.push(Datagram::from(Outgoing {
                bytes,
                path,
                priority,
            }));
        }
    }

    /// Writes until everything is written or the connection would block.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn write(&mut self, stream: &mut impl Write) -> io::Result<()> {
        while !self.buffer.is_empty() {
            match stream.write(&self.buffer) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => drop(self.buffer.drain(..len.min(self.buffer.len()))),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            self.fill_buffer();
        }
        Ok(())
    }

    /// Whether output waits for the connection to become writable.
    pub(super) fn is_blocked(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Returns the drops since the last call.
    pub(super) fn take_overflow(&mut self) -> Overflow {
        self.queue.take_overflow()
    }

    fn fill_buffer(&mut self) {
        while self.buffer.len() < BUFFER_BYTES
            && let Some(datagram) = self.queue.pop()
        {
            self.try_buffer(&datagram.bytes);
        }
    }

    /// Appends a frame to the write buffer; returns false when the buffer is full.
    fn try_buffer(&mut self, bytes: &[u8]) -> bool {
        if self.buffer.len() >= BUFFER_BYTES {
            return false;
        }
        // Our datagrams are far shorter than the maximum frame size.
        if let Ok(header) = frame_header(bytes.len()) {
            self.buffer.reserve(FRAME_HEADER + bytes.len());
            self.buffer.extend_from_slice(&header);
            self.buffer.extend_from_slice(bytes);
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

    /// A connection that accepts `room` bytes, then would block.
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
    fn slow_reader_loses_the_oldest_video_and_gets_complete_frames() {
        let (mut writer, mut stream) = (Writer::new(), Narrow::default());
        let sent = 2 * QUEUE_LIMIT;
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
    fn broken_connection_is_an_error() {
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
        /// The output is complete frames, each datagram at most once, each kind in order, and the drops are counted.
        #[test]
        fn output_is_complete_frames_however_little_the_connection_accepts(
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
                prop_assert!(writer.buffer.len() < BUFFER_BYTES + 1_600);
                prop_assert!(writer.queue.len() <= QUEUE_LIMIT);
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
