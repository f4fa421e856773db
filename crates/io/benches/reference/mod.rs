//! The reference for the measurements of the same run: a forwarder must at least encrypt and send.

use std::io::IoSlice;
use std::net::UdpSocket;

use hubbub_srtp::{MAX_OVERHEAD, Outbound};
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use rustix::time::{ClockId, clock_gettime};

use crate::common::PROFILE;
use crate::common::media::vp8;

/// Size of an unencrypted RTP packet, in bytes.
pub(crate) const PACKET_BYTES: usize = 1_100;

/// Protects a packet for each receiver and sends them with `sendmmsg`, `packets` packets in total. Returns the CPU time
/// per packet, in nanoseconds.
pub(crate) fn encrypt_and_send(receivers: usize, packets: usize) -> f64 {
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let sockets: Vec<_> = (0..receivers)
        .map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port"))
        .collect();
    let addresses: Vec<SocketAddrAny> = sockets
        .iter()
        .map(|socket| socket.local_addr().expect("bound").into())
        .collect();
    let keys = (vec![1; PROFILE.key_len()], vec![2; PROFILE.salt_len()]);
    let mut outbound = Outbound::new(PROFILE, &keys.0, &keys.1).expect("keys");
    let mut buffers = vec![[0; PACKET_BYTES + MAX_OVERHEAD]; receivers];
    let rounds = packets / receivers;
    let mut ns = 0;
    for round in 0..rounds {
        let packet = vp8(round as u16 + 1, PACKET_BYTES);
        let start = thread_cpu_ns();
        let mut len = 0;
        for (receiver, buffer) in buffers.iter_mut().enumerate() {
            buffer[..PACKET_BYTES].copy_from_slice(&packet);
            buffer[8..12].copy_from_slice(&(receiver as u32).to_be_bytes());
            len = outbound
                .protect_rtp(buffer, 12, PACKET_BYTES)
                .expect("protected");
        }
        let slices: Vec<_> = buffers
            .iter()
            .map(|buffer| [IoSlice::new(&buffer[..len])])
            .collect();
        let mut controls: Vec<_> = (0..receivers)
            .map(|_| SendAncillaryBuffer::default())
            .collect();
        let mut messages: Vec<_> = addresses
            .iter()
            .zip(&slices)
            .zip(&mut controls)
            .map(|((address, slice), control)| MMsgHdr::new_with_addr(address, slice, control))
            .collect();
        assert_eq!(
            sendmmsg(&sender, &mut messages, SendFlags::empty()),
            Ok(receivers)
        );
        ns += thread_cpu_ns() - start;
        for socket in &sockets {
            socket.recv(&mut [0; 1500]).expect("a packet");
        }
    }
    ns as f64 / (rounds * receivers) as f64
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
