//! Clients that note each packet that arrives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpPacket;
use rustc_hash::FxHashSet;
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::common::Client;

/// What has arrived at all clients.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrived {
    /// Authentic packets, each of them counted once for each client.
    pub(crate) once: u64,
    /// Packets with a content that the client has had.
    pub(crate) twice: u64,
    /// Packets that are not authentic, or repeat a datagram (RFC 3711 section 3.3.2).
    pub(crate) refused: u64,
}

/// A thread that receives for all clients. It polls, because waking a blocked reader would cost the workers CPU time.
pub(crate) struct Audience {
    arrived: Arc<Mutex<Arrived>>,
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Audience {
    pub(crate) fn start(clients: Vec<Client>) -> Self {
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (count, ended) = (Arc::clone(&arrived), Arc::clone(&is_over));
        let mut listeners: Vec<_> = clients.into_iter().map(Listener::new).collect();
        let thread = thread::spawn(move || {
            let mut sum = Arrived::default();
            while !ended.load(Ordering::Relaxed) {
                for listener in &mut listeners {
                    listener.receive(&mut sum);
                }
                *count.lock().expect("not poisoned") = sum;
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            arrived,
            is_over,
            thread,
        }
    }

    /// Waits until so many packets have arrived, or none has for as long as `silence`.
    pub(crate) fn wait(&self, expected: u64, silence: Duration) {
        let (mut last, mut since) = (self.arrived().once, Instant::now());
        while last < expected && since.elapsed() < silence {
            thread::sleep(Duration::from_millis(20));
            let once = self.arrived().once;
            if once > last {
                (last, since) = (once, Instant::now());
            }
        }
    }

    /// Stops receiving.
    pub(crate) fn end(self) -> Arrived {
        self.is_over.store(true, Ordering::Relaxed);
        let arrived = Arc::clone(&self.arrived);
        self.thread.join().expect("it does not panic");
        *arrived.lock().expect("not poisoned")
    }

    fn arrived(&self) -> Arrived {
        *self.arrived.lock().expect("not poisoned")
    }
}

struct Listener {
    client: Client,
    /// SSRC and number of each packet that has arrived. The number is that of its sender, from the end of the payload.
    seen: FxHashSet<(u32, u16)>,
}

impl Listener {
    fn new(client: Client) -> Self {
        client.socket.set_nonblocking(true).expect("a socket");
        // As much as the kernel grants: a loss in this buffer is not the worker's.
        let _ = set_socket_recv_buffer_size(&client.socket, 4 << 20);
        Self {
            client,
            seen: FxHashSet::default(),
        }
    }

    fn receive(&mut self, sum: &mut Arrived) {
        let mut buffer = [0; 1500];
        while let Ok(len) = self.client.socket.recv(&mut buffer) {
            if PacketKind::of(&buffer[..len]) != PacketKind::Rtp {
                continue;
            }
            let Ok(len) = self.client.inbound.unprotect_rtp(&mut buffer[..len]) else {
                sum.refused += 1;
                continue;
            };
            let packet = RtpPacket::parse(&buffer[..len]).expect("RTP");
            let number = packet.payload().last_chunk().expect("a number");
            if self
                .seen
                .insert((packet.ssrc(), u16::from_be_bytes(*number)))
            {
                sum.once += 1;
            } else {
                sum.twice += 1;
            }
        }
    }
}
