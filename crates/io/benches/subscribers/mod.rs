//! A thread that receives for all peers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hubbub_wire::{Micros, PacketKind};
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::receiver::Receiver;

/// The thread, and what it has received. It polls, because waking a blocked reader would cost the worker CPU time.
pub(crate) struct Subscribers {
    received: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Subscribers {
    pub(crate) fn start(mut receivers: Vec<Receiver>) -> Self {
        let (received, stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, ended) = (Arc::clone(&received), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for receiver in &receivers {
                let socket = &receiver.client.socket;
                socket.set_nonblocking(true).expect("a socket");
                // As much as the kernel grants: a loss in this buffer is not the worker's.
                let _ = set_socket_recv_buffer_size(socket, 4 << 20);
            }
            let started = Instant::now();
            let mut buffer = [0; 1500];
            while !ended.load(Ordering::Relaxed) {
                for receiver in &mut receivers {
                    let now = Micros(started.elapsed().as_micros() as u64);
                    let mut packets = 0;
                    while let Ok(len) = receiver.client.socket.recv(&mut buffer) {
                        if PacketKind::of(&buffer[..len]) == PacketKind::Rtp {
                            packets += 1;
                            receiver.arrived(now, &buffer[..len]);
                        }
                    }
                    receiver.return_feedback(now);
                    count.fetch_add(packets, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            received,
            stop,
            thread,
        }
    }

    /// RTP packets so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
    }
}
