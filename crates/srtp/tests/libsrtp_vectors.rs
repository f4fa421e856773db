//! Interoperability with libsrtp 2: both implementations protect the same packet to the same bytes.
//!
//! The vectors were generated with the Python binding pylibsrtp 1.0.0. RTP: one CSRC, a header extension and 37 bytes
//! of payload, across the wrap of the sequence number. RTCP: a receiver report, twice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;
#[path = "../src/hex.rs"]
mod hex;

use common::{protect_rtcp, unprotect, unprotect_rtcp};
use hex::hex;
use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpProfile};

const HEADER_LEN: usize = 24;
const SEQUENCES: [u16; 4] = [65_534, 65_535, 0, 1];
const RECEIVER_REPORT: &str = "81c90007deadbeefcafebabe0000000000010001000000031122334400000100";

/// The output of libsrtp for the master key 1, 2, 3... and the master salt a0, a1, a2...
struct Vectors {
    profile: SrtpProfile,
    /// The packets of [`SEQUENCES`].
    rtp: [&'static str; 4],
    /// The receiver report with the SRTCP indices 1 and 2.
    rtcp: [&'static str; 2],
}

fn plain_rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x91, 0xe0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((0x0102_0304 + u32::from(sequence)).to_be_bytes());
    packet.extend(hex("cafebabe0badf00dbede000110aa0000"));
    packet.extend((0..37).map(|i| (u32::from(sequence) * 7 + i) as u8));
    packet
}

fn check(vectors: &Vectors) {
    let key: Vec<u8> = (1..).take(vectors.profile.key_len()).collect();
    let salt: Vec<u8> = (0xa0..).take(vectors.profile.salt_len()).collect();
    let mut outbound = Outbound::new(vectors.profile, &key, &salt).unwrap();
    let mut inbound = Inbound::new(vectors.profile, &key, &salt).unwrap();

    for (sequence, theirs) in SEQUENCES.into_iter().zip(vectors.rtp) {
        let (plain, theirs) = (plain_rtp(sequence), hex(theirs));
        let mut ours = [plain.clone(), vec![0; MAX_OVERHEAD]].concat();
        let len = outbound
            .protect_rtp(&mut ours, HEADER_LEN, plain.len())
            .unwrap();
        assert_eq!(ours[..len], theirs);
        assert_eq!(unprotect(&mut inbound, &theirs), Ok(plain));
    }

    let plain = hex(RECEIVER_REPORT);
    // libsrtp never sends index 0.
    protect_rtcp(&mut outbound, &plain).unwrap();
    for theirs in vectors.rtcp.map(hex) {
        assert_eq!(protect_rtcp(&mut outbound, &plain).unwrap(), theirs);
        assert_eq!(unprotect_rtcp(&mut inbound, &theirs).unwrap(), plain);
    }
}

#[test]
fn aead_aes_128_gcm_agrees_with_libsrtp() {
    check(&Vectors {
        profile: SrtpProfile::AeadAes128Gcm,
        rtp: [
            concat!(
                "91e0fffe01030302cafebabe0badf00dbede000110aa0000beb9d29d4fbdaa9497ccdfa00c942c28aeff117b8a8cceb130dd",
                "1084d3e7c374dcb2f3d3310d4b95e0ca1cb5b0947d98831432f2ff"
            ),
            concat!(
                "91e0ffff01030303cafebabe0badf00dbede000110aa00006cfa5d0b76533c6563ac11878901e61505b1f00c161b8ee8abcd",
                "6204540eaec087e54b1759f88c6e6e24521602c89f1fc7397c0b45"
            ),
            concat!(
                "91e0000001020304cafebabe0badf00dbede000110aa0000cce18179a6d4be6706a982a052e19f786e218a901e70fe446651",
                "fde007acd3ecacc3fa0815502aeef3181aed4921e000197edb39c7"
            ),
            concat!(
                "91e0000101020305cafebabe0badf00dbede000110aa0000d6a8f3b4314d2f0b196586d46e299e3fa3421fa8374258620b00",
                "0ba28fcb13653ea5eca41baac0e5c93679ba60e0a4f943dfd6acd1"
            ),
        ],
        rtcp: [
            concat!(
                "81c90007deadbeef8c7969c594593627c5c27b9fa7ace72ac0123fe2add65ecdc831a7a8fe63d20a7e4368a59ae728868000",
                "0001"
            ),
            concat!(
                "81c90007deadbeefb276e855f6d1c1d741298c7bdc431ba2cceb5cec484cf69353822f7385023c61b24863aad00eeb0d8000",
                "0002"
            ),
        ],
    });
}

#[test]
fn aead_aes_256_gcm_agrees_with_libsrtp() {
    check(&Vectors {
        profile: SrtpProfile::AeadAes256Gcm,
        rtp: [
            concat!(
                "91e0fffe01030302cafebabe0badf00dbede000110aa000062acfa922fd77f527cf7c45e6e7b0efd898c837ae6c62ff93efe",
                "a3956f12038a33fd129819cb99159fc294fc8f4980158facfb6d5e"
            ),
            concat!(
                "91e0ffff01030303cafebabe0badf00dbede000110aa0000e3493bbd6d559c8da9c291b055bff76f7ee339b903366c31cac9",
                "a64bb0bd1bc439adbb568086f9d788f30dc2b227053c446e890398"
            ),
            concat!(
                "91e0000001020304cafebabe0badf00dbede000110aa0000603fd5248b536245c6bb9f883cc61de77e854a5ea11b61db03cf",
                "ee67b969082d2b1f730ebf22606344414819048f0a3fe7ead7526b"
            ),
            concat!(
                "91e0000101020305cafebabe0badf00dbede000110aa00004ee228f5c1223446308788eb6e4c81f944c78785dbe70cd57573",
                "365eed1fb0dda142bc37fc389e8033384abe73b175c37ccd8e219f"
            ),
        ],
        rtcp: [
            concat!(
                "81c90007deadbeef320f399948c102cc8f65657c30a17114ebe88e103b27aec9ec98cd6b954598c665e142a6383fa3c48000",
                "0001"
            ),
            concat!(
                "81c90007deadbeefd0366fa287d9da3ce6f5d80d9c3c14d0e89298fea12d3aadbb48bd5b3e206595494a5197733e02418000",
                "0002"
            ),
        ],
    });
}

#[test]
fn aes_128_cm_hmac_sha1_80_agrees_with_libsrtp() {
    check(&Vectors {
        profile: SrtpProfile::Aes128CmHmacSha1_80,
        rtp: [
            concat!(
                "91e0fffe01030302cafebabe0badf00dbede000110aa0000ab15d4ef9269cf51d7dbe105b85606fce0090090f3024197b41d",
                "66f99c7a61b5a20f3e55128692b9796b4644009e5c"
            ),
            concat!(
                "91e0ffff01030303cafebabe0badf00dbede000110aa0000ea7720f5d2b3e68f3d328107c5270e8ef8a751dad0bae8fbec1c",
                "b649ca46da98e52b480517711d9f469e533b6ad7db"
            ),
            concat!(
                "91e0000001020304cafebabe0badf00dbede000110aa00001d25b0466714b0a0b06f4c017d215b202bbec25201d7c808aeef",
                "007ece1ba2340bd72f265994ebaa09d5f2a67861a0"
            ),
            concat!(
                "91e0000101020305cafebabe0badf00dbede000110aa00006e158ce577425a58bb54b2878b84868e5c5882de886b93c26f45",
                "5d7710577b6e9dbe4ed5da6d8247950e7f36877cc2"
            ),
        ],
        rtcp: [
            "81c90007deadbeeff66b7fda984c9336cce97ec82f561a3371244e0e48d7e37380000001e1b25d5d5c50dc8b2e2c",
            "81c90007deadbeef527e33b46946126dcbc3f034cd5e935edb95bb52214e052e8000000231717c1ef397775535d6",
        ],
    });
}
