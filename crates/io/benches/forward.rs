//! Measures the cost of forwarding: CPU time of a worker thread per forwarded packet, from `recvmmsg` to `sendmmsg`,
//! relative to a loop that only encrypts and sends, in the same run.
//!
//!     cargo bench -p hubbub-io
//!
//! One VP8 producer sends bursts of 1,100-byte packets (a frame) and waits until all consumers have received them, so
//! that nothing is lost and the worker is neither idle nor behind. All sockets are on loopback, where a `send` includes
//! the copy into the receiver's buffer.
#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a terminal program that ends on a failed expectation"
)]

#[path = "../tests/common/mod.rs"]
mod common;
mod receiver;
mod reference;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::media::{consume, consume_with_rtx, produce, vp8};
use common::{Client, Node};
use hubbub_io::{TcpLimits, ThreadCounters};
use hubbub_wire::{Micros, PacketKind};
use receiver::Receiver;
use reference::{PACKET_BYTES, encrypt_and_send};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

/// Minimum number of packets that each measurement forwards.
const FORWARDED: usize = 100_000;

/// The packets that the estimate of a receiver remembers.
const HISTORY: usize = 8_192;

fn main() {
    let raw = encrypt_and_send(100, FORWARDED);
    println!("encrypt and send, sendmmsg to 100 addresses: {raw:.0} ns a packet\n");
    println!(
        "bound to   consumers  burst  feedback  ns/packet  of encrypt+send  packets/message  allocations/packet"
    );
    let one = IpAddr::from(Ipv4Addr::LOCALHOST);
    let any = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    // Dual-stack; its clients use IPv4.
    let both = IpAddr::from(Ipv6Addr::UNSPECIFIED);
    for (host, consumers, burst, feedback) in [
        (one, 1, 10, Feedback::None),
        (one, 10, 1, Feedback::None),
        (one, 10, 10, Feedback::None),
        (one, 100, 1, Feedback::None),
        (one, 100, 1, Feedback::Withheld),
        (one, 100, 1, Feedback::Returned),
        (one, 100, 10, Feedback::None),
        (one, 100, 10, Feedback::Withheld),
        (one, 100, 10, Feedback::Returned),
        (any, 100, 1, Feedback::None),
        (any, 100, 10, Feedback::None),
        (both, 100, 1, Feedback::None),
        (both, 100, 10, Feedback::None),
    ] {
        let cost = forward(host, consumers, burst, feedback);
        println!(
            "{host:<9}  {consumers:>9}  {burst:>5}  {:<8}  {:>9.0}  {:>15.2}  {:>15.1}  {:>18.3}",
            format!("{feedback:?}").to_lowercase(),
            cost.ns,
            cost.ns / raw,
            cost.grouping,
            cost.allocations
        );
    }
}

/// The cost of one forwarded packet.
struct Cost {
    ns: f64,
    /// Packets per message.
    grouping: f64,
    allocations: f64,
}

/// What the receivers do about transport-wide feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feedback {
    /// They have not negotiated it.
    None,
    /// They have, but return none.
    Withheld,
    /// They return it as Chromium does.
    Returned,
}

/// Forwards the bursts of one producer to `consumers` consumers, on a worker bound to `host`.
fn forward(host: IpAddr, consumers: usize, burst: usize, feedback: Feedback) -> Cost {
    let mut node = Node::with(host, Some(TcpLimits::default()));
    let mut sender = Client::connected(&mut node, 1);
    produce(&mut node, &sender);
    let started = Instant::now();
    let mut receivers: Vec<_> = (0..consumers)
        .map(|nth| Receiver::new(Client::connected(&mut node, 2 + nth as u64)))
        .collect();
    for receiver in &receivers {
        match feedback {
            Feedback::None => consume(&mut node, &receiver.client),
            Feedback::Withheld | Feedback::Returned => {
                consume_with_rtx(&mut node, &receiver.client);
            }
        }
    }

    let bursts = FORWARDED / (consumers * burst) + 1;
    let mut sequence = 0;
    let mut send = |count: usize| {
        for _ in 0..count {
            for _ in 0..burst {
                sequence += 1;
                let packet = sender.protect(&vp8(sequence, PACKET_BYTES));
                sender.socket.send(&packet).expect("loopback");
            }
            take(&mut receivers, burst, started, feedback);
        }
    };
    // With feedback, the history of sent packets grows to its bound first.
    let warm_up = match feedback {
        Feedback::None => bursts / 20 + 1,
        Feedback::Withheld | Feedback::Returned => HISTORY / burst + 1,
    };
    send(warm_up);
    let before = settled(&node);
    let allocations = WORKER_ALLOCATIONS.load(Ordering::Relaxed);
    send(bursts);
    let after = settled(&node);
    let allocations = WORKER_ALLOCATIONS.load(Ordering::Relaxed) - allocations;
    let packets = (after.sent.datagrams - before.sent.datagrams) as f64;
    Cost {
        ns: (after.cpu_us - before.cpu_us) as f64 * 1e3 / packets,
        grouping: packets / (after.sent.messages - before.sent.messages) as f64,
        allocations: allocations as f64 / packets,
    }
}

/// Receives `packets` RTP packets on each socket; RTCP is not counted.
///
/// It sleeps instead of blocking in `recv`: waking a local reader would cost the worker CPU time that it does not spend
/// on a real network.
fn take(receivers: &mut [Receiver], packets: usize, started: Instant, feedback: Feedback) {
    let mut buffer = [0; 1500];
    for receiver in receivers {
        let returns = feedback == Feedback::Returned;
        let (mut taken, mut waits) = (0, 0);
        while taken < packets {
            match recv(
                &receiver.client.socket,
                &mut buffer[..],
                RecvFlags::DONTWAIT,
            ) {
                Ok((len, _)) => {
                    let is_media = PacketKind::of(&buffer[..len]) == PacketKind::Rtp;
                    taken += usize::from(is_media);
                    if is_media && returns {
                        let now = Micros(started.elapsed().as_micros() as u64);
                        receiver.arrived(now, &buffer[..len]);
                    }
                }
                Err(Errno::WOULDBLOCK) => {
                    waits += 1;
                    assert!(waits < 10_000, "a packet was lost");
                    std::thread::sleep(Duration::from_micros(200));
                }
                Err(error) => panic!("{error}"),
            }
        }
        if returns {
            receiver.return_feedback(Micros(started.elapsed().as_micros() as u64));
        }
    }
}

/// The counters, once they include all work so far.
fn settled(node: &Node) -> ThreadCounters {
    std::thread::sleep(Duration::from_millis(30));
    node.worker.counters()
}

/// Allocations of worker threads.
static WORKER_ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static ALLOCATIONS_COUNT: Cell<Option<bool>> = const { Cell::new(None) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is forwarded to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_worker() {
            WORKER_ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller guarantees the same conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller guarantees the same conditions.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The main thread is the one whose id is the process id.
fn is_worker() -> bool {
    ALLOCATIONS_COUNT.get().unwrap_or_else(|| {
        let is_worker = rustix::thread::gettid() != rustix::process::getpid();
        ALLOCATIONS_COUNT.set(Some(is_worker));
        is_worker
    })
}
