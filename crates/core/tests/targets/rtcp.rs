//! RTCP compounds of valid and of damaged packets.

use arbitrary::{Result, Unstructured};
use hubbub_wire::rtcp::{
    ByeBuilder, DlrrBuilder, DlrrEntry, FirBuilder, FirEntry, NackBuilder, Pli,
    ReceiverReportBuilder, RembBuilder, ReportBlock, RtcpWrite, SenderInfo, SenderReportBuilder,
};
use hubbub_wire::{CompactNtp, NtpTime, WireError};

use super::mutation::{MAX_PACKET, chance, mutate, word};

/// A compound that exists already.
pub struct Raw(pub Vec<u8>);

impl RtcpWrite for Raw {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        buffer[..self.0.len()].copy_from_slice(&self.0);
        Ok(self.0.len())
    }
}

/// A compound about streams with these SSRCs.
pub fn compound(script: &mut Unstructured<'_>, ssrcs: &[u32]) -> Result<Raw> {
    let mut compound = Vec::new();
    for _ in 0..script.int_in_range(1..=4)? {
        packet(script, ssrcs, &mut compound)?;
        if chance(script, 20)? {
            noise(script, &mut compound)?;
        }
    }
    if chance(script, 30)? {
        mutate(script, &mut compound, 60)?;
    }
    compound.truncate(MAX_PACKET);
    Ok(Raw(compound))
}

/// Appends a valid packet with arbitrary fields.
fn packet(script: &mut Unstructured<'_>, ssrcs: &[u32], compound: &mut Vec<u8>) -> Result<()> {
    let (sender_ssrc, media_ssrc) = (*script.choose(ssrcs)?, *script.choose(ssrcs)?);
    let mut buffer = [0; MAX_PACKET];
    let written = match script.int_in_range(0..=7)? {
        0 => SenderReportBuilder {
            ssrc: sender_ssrc,
            info: SenderInfo {
                ntp: NtpTime(script.arbitrary()?),
                rtp_timestamp: word(script)?,
                packet_count: word(script)?,
                octet_count: word(script)?,
            },
            blocks: &[],
        }
        .write(&mut buffer),
        1 => ReceiverReportBuilder {
            ssrc: sender_ssrc,
            blocks: &[ReportBlock {
                ssrc: media_ssrc,
                fraction_lost: script.arbitrary()?,
                cumulative_lost: script.arbitrary()?,
                highest_sequence: word(script)?,
                jitter: word(script)?,
                last_sender_report: CompactNtp(word(script)?),
                delay_since_last_sender_report: CompactNtp(word(script)?),
            }],
        }
        .write(&mut buffer),
        2 => {
            let first: u16 = script.arbitrary()?;
            let count = script.int_in_range(1..=200)?;
            let lost: Vec<u16> = (0..count).map(|n| first.wrapping_add(n)).collect();
            NackBuilder {
                sender_ssrc,
                media_ssrc,
                lost: &lost,
            }
            .write(&mut buffer)
        }
        3 => Pli {
            sender_ssrc,
            media_ssrc,
        }
        .write(&mut buffer),
        4 => FirBuilder {
            sender_ssrc,
            entries: &[FirEntry {
                ssrc: media_ssrc,
                command_sequence: script.arbitrary()?,
            }],
        }
        .write(&mut buffer),
        5 => RembBuilder {
            sender_ssrc,
            bitrate: script.arbitrary::<u64>()? >> script.int_in_range(0..=63)?,
            ssrcs,
        }
        .write(&mut buffer),
        6 => DlrrBuilder {
            ssrc: sender_ssrc,
            entries: &[DlrrEntry {
                ssrc: media_ssrc,
                last_receiver_report: CompactNtp(word(script)?),
                delay: CompactNtp(word(script)?),
            }],
        }
        .write(&mut buffer),
        _ => ByeBuilder { ssrcs }.write(&mut buffer),
    };
    // REMB cannot represent every bitrate.
    compound.extend(&buffer[..written.unwrap_or(0)]);
    Ok(())
}

/// Appends a packet of a known type with an arbitrary body.
fn noise(script: &mut Unstructured<'_>, compound: &mut Vec<u8>) -> Result<()> {
    let count = script.int_in_range(0..=31)?;
    let kind = script.int_in_range(200..=208)?;
    let words = script.int_in_range(0..=20)?;
    compound.extend([0x80 | count, kind, 0, words]);
    for _ in 0..words {
        compound.extend(word(script)?.to_be_bytes());
    }
    Ok(())
}
