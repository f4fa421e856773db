//! Reports, source descriptions and key frame requests round-trip through one compound.

use hubbub_wire::rtcp::{
    ByeBuilder, Compound, CompoundWriter, FirBuilder, FirEntry, Pli, ReceiverReportBuilder,
    ReportBlock, RtcpPacket, SdesBuilder, SenderInfo, SenderReportBuilder,
};
use hubbub_wire::{CompactNtp, NtpTime, WireError};
use proptest::prelude::*;

fn block() -> impl Strategy<Value = ReportBlock> {
    (
        any::<(u32, u8)>(),
        -0x80_0000..=0x7F_FFFFi32,
        any::<(u32, u32, u32, u32)>(),
    )
        .prop_map(|(head, lost, tail)| ReportBlock {
            ssrc: head.0,
            fraction_lost: head.1,
            cumulative_lost: lost,
            highest_sequence: tail.0,
            jitter: tail.1,
            last_sender_report: CompactNtp(tail.2),
            delay_since_last_sender_report: CompactNtp(tail.3),
        })
}

proptest! {
    #[test]
    fn written_reports_are_read_back(
        ssrc: u32,
        ntp: u64,
        counts: (u32, u32, u32),
        blocks in proptest::collection::vec(block(), 0..=31),
    ) {
        let info = SenderInfo { ntp: NtpTime(ntp), rtp_timestamp: counts.0, packet_count: counts.1, octet_count: counts.2 };
        let mut buffer = [0; 2000];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&SenderReportBuilder { ssrc, info, blocks: &blocks }).unwrap();
        compound.push(&ReceiverReportBuilder { ssrc, blocks: &blocks }).unwrap();

        let packets: Vec<_> = Compound::parse(compound.as_bytes()).unwrap().map(Result::unwrap).collect();
        let [RtcpPacket::SenderReport(sender), RtcpPacket::ReceiverReport(receiver)] = &packets[..] else {
            panic!("{packets:?}")
        };
        prop_assert_eq!((sender.ssrc, receiver.ssrc, sender.info), (ssrc, ssrc, info));
        prop_assert_eq!(sender.blocks.clone().collect::<Vec<_>>(), blocks.clone());
        prop_assert_eq!(receiver.blocks.clone().collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn written_cname_is_read_back(ssrc: u32, cname in "[a-z0-9]{0,255}") {
        let mut buffer = [0; 300];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&SdesBuilder { ssrc, cname: &cname }).unwrap();
        let Some(Ok(RtcpPacket::Sdes(mut chunks))) = Compound::parse(compound.as_bytes()).unwrap().next() else {
            panic!("no SDES")
        };
        let chunk = chunks.next().unwrap();
        prop_assert_eq!((chunk.ssrc, chunk.cname), (ssrc, Some(&cname[..])));
        prop_assert!(chunks.next().is_none());
    }
}

#[test]
fn a_loss_above_24_bits_is_clamped() {
    for (lost, bound) in [(i32::MAX, 0x7F_FFFF), (i32::MIN, -0x80_0000)] {
        let mut buffer = [0; 32];
        let mut compound = CompoundWriter::new(&mut buffer);
        let block = ReportBlock {
            cumulative_lost: lost,
            ..ReportBlock::default()
        };
        compound
            .push(&ReceiverReportBuilder {
                ssrc: 1,
                blocks: &[block],
            })
            .unwrap();
        let Some(Ok(RtcpPacket::ReceiverReport(mut report))) =
            Compound::parse(compound.as_bytes()).unwrap().next()
        else {
            panic!("no report")
        };
        assert_eq!(report.blocks.next().unwrap().cumulative_lost, bound);
    }
}

#[test]
fn more_than_31_blocks_cannot_be_written() {
    let mut buffer = [0; 2000];
    let mut compound = CompoundWriter::new(&mut buffer);
    let report = ReceiverReportBuilder {
        ssrc: 1,
        blocks: &[ReportBlock::default(); 32],
    };
    assert_eq!(compound.push(&report), Err(WireError::Unrepresentable));
}

#[test]
fn a_report_shorter_than_its_count_is_malformed() {
    let packet = [0x81, 201, 0, 1, 0, 0, 0, 1];
    let items: Vec<_> = Compound::parse(&packet).unwrap().collect();
    assert!(matches!(items[..], [Err(WireError::Truncated)]));
}

#[test]
fn sdes_items_other_than_cname_are_skipped() {
    // Two chunks: NOTE and CNAME "ab"; only TOOL.
    let packet = [
        0x82, 202, 0, 6, 0, 0, 0, 1, 7, 1, b'n', 1, 2, b'a', b'b', 0, 0, 0, 0, 2, 6, 1, b't', 0, 0,
        0, 0, 0,
    ];
    let Some(Ok(RtcpPacket::Sdes(chunks))) = Compound::parse(&packet).unwrap().next() else {
        panic!("no SDES")
    };
    let chunks: Vec<_> = chunks.map(|chunk| (chunk.ssrc, chunk.cname)).collect();
    assert_eq!(chunks, [(1, Some("ab")), (2, None)]);
}

#[test]
fn an_sdes_item_that_exceeds_the_packet_is_malformed() {
    let packet = [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 200, b'a', 0];
    let items: Vec<_> = Compound::parse(&packet).unwrap().collect();
    assert!(matches!(items[..], [Err(WireError::Truncated)]));
}

#[test]
fn written_byes_and_key_frame_requests_are_read_back() {
    let entries = [
        FirEntry {
            ssrc: 5,
            command_sequence: 6,
        },
        FirEntry {
            ssrc: 7,
            command_sequence: 255,
        },
    ];
    let mut buffer = [0; 100];
    let mut compound = CompoundWriter::new(&mut buffer);
    compound
        .push(&Pli {
            sender_ssrc: 1,
            media_ssrc: 2,
        })
        .unwrap();
    compound
        .push(&FirBuilder {
            sender_ssrc: 1,
            entries: &entries,
        })
        .unwrap();
    compound.push(&ByeBuilder { ssrcs: &[3, 4] }).unwrap();

    let packets: Vec<_> = Compound::parse(compound.as_bytes())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let [
        RtcpPacket::Pli(pli),
        RtcpPacket::Fir(fir),
        RtcpPacket::Bye(bye),
    ] = &packets[..]
    else {
        panic!("{packets:?}")
    };
    assert_eq!(
        *pli,
        Pli {
            sender_ssrc: 1,
            media_ssrc: 2
        }
    );
    assert_eq!(fir.entries().collect::<Vec<_>>(), entries);
    assert_eq!(bye.ssrcs().collect::<Vec<_>>(), [3, 4]);
}
