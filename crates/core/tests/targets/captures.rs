//! Recorded packets that clients send, also damaged ones.

use std::sync::LazyLock;

use hubbub_codec::Codec;
use hubbub_wire::testdata::records;

/// The packets of one recorded stream or simulcast.
pub struct Capture {
    pub codec: Codec,
    pub packets: Vec<Vec<u8>>,
}

impl Capture {
    fn new(codec: Codec, dump: &[u8]) -> Self {
        Self {
            codec,
            packets: records(dump).map(|record| record.data.to_vec()).collect(),
        }
    }
}

/// VP8 simulcast. Its RIDs are those of `specs::simulcast`.
pub static SIMULCAST: LazyLock<Capture> = LazyLock::new(|| {
    let dump = include_bytes!("../../../codec/tests/fixtures/vp8-simulcast.rtpdump");
    Capture::new(Codec::Vp8, dump)
});

/// Streams of the other video codecs.
pub static STREAMS: LazyLock<[Capture; 3]> = LazyLock::new(|| {
    let vp9 = include_bytes!("../../../codec/tests/fixtures/vp9-svc-l3t3-key.rtpdump");
    let h264 = include_bytes!("../../../codec/tests/fixtures/h264-simulcast.rtpdump");
    let av1 = include_bytes!("../../../codec/tests/fixtures/av1-l3t3.rtpdump");
    [
        Capture::new(Codec::Vp9, vp9),
        Capture::new(Codec::H264, h264),
        Capture::new(Codec::Av1, av1),
    ]
});
