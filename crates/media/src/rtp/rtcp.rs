//! The control packets of RFC 3550 §6: sender and receiver reports, source descriptions (CNAME)
//! and BYE, as a compound packet is read and written. What the numbers in them mean is `session`'s
//! and `source`'s business; unknown packet types are stepped over.

use super::{MalformedError, Reader};
use crate::limits;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;

/// What a sender says of itself (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock at sending, NTP format: seconds since 1900 in 32.32 fixed point.
    pub ntp: u64,
    /// The same instant in the units of the stream's timestamps.
    pub timestamp: u32,
    /// Packets sent since the start.
    pub packets: u32,
    /// Payload octets sent since the start.
    pub octets: u32,
}

/// What a receiver says of one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Share lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the start; negative where duplicates outweigh. 24 bits are carried.
    pub lost: i32,
    /// Highest sequence number received, with its count of cycles above.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report, 0 for none.
    pub last_report: u32,
    /// Time from its arrival to this report, in 65536ths of a second.
    pub delay: u32,
}

/// One packet of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A report: with [`SenderInfo`] a sender's (SR), without a receiver's (RR).
    Report {
        /// Who reports.
        ssrc: u32,
        /// Present in a sender report.
        sender: Option<SenderInfo>,
        /// One block for each source heard.
        blocks: Vec<ReportBlock>,
    },
    /// The canonical name of a source, from SDES. Other items are not kept.
    Cname {
        /// Whose name.
        ssrc: u32,
        /// The name; octets that are no UTF-8 are replaced.
        name: String,
    },
    /// Sources that leave (RFC 3550 §6.6).
    Bye(Vec<u32>),
}

/// Reads a compound packet.
///
/// # Errors
/// When it is cut, of another version, wrongly padded, or does not begin with a report (RFC 3550
/// appendix A.2). Nothing of such a packet is used.
pub fn parse(datagram: &[u8]) -> Result<Vec<Control>, MalformedError> {
    let mut reader = Reader::new(datagram);
    let mut found = Vec::new();
    let mut first = true;
    while !reader.rest.is_empty() && found.len() < limits::RTCP_ITEMS {
        let head = reader.u8("header")?;
        if head >> 6 != 2 {
            return Err(MalformedError::Version(head >> 6));
        }
        let kind = reader.u8("header")?;
        if first && !matches!(kind, SENDER_REPORT | RECEIVER_REPORT) {
            return Err(MalformedError::NoReport);
        }
        first = false;
        let words = reader.u16("header")?;
        let mut body = reader.take(usize::from(words) * 4, "body")?;
        if head & 0x20 != 0 {
            body = without_padding(body)?;
        }
        read_one(kind, head & 31, &mut Reader::new(body), &mut found)?;
    }
    if first { Err(MalformedError::Short("header")) } else { Ok(found) }
}

fn without_padding(body: &[u8]) -> Result<&[u8], MalformedError> {
    let count = body.last().copied().map(usize::from).ok_or(MalformedError::Padding)?;
    match body.len().checked_sub(count) {
        Some(rest) if count > 0 => Ok(&body[..rest]),
        _ => Err(MalformedError::Padding),
    }
}

fn read_one(
    kind: u8,
    count: u8,
    body: &mut Reader<'_>,
    found: &mut Vec<Control>,
) -> Result<(), MalformedError> {
    match kind {
        SENDER_REPORT | RECEIVER_REPORT => {
            let ssrc = body.u32("report")?;
            let sender = if kind == SENDER_REPORT { Some(read_sender(body)?) } else { None };
            let blocks = (0..count).map(|_| read_block(body)).collect::<Result<_, _>>()?;
            found.push(Control::Report { ssrc, sender, blocks });
        }
        SOURCE_DESCRIPTION => {
            for _ in 0..count {
                read_chunk(body, found)?;
            }
        }
        BYE => {
            let sources = (0..count).map(|_| body.u32("BYE")).collect::<Result<_, _>>()?;
            found.push(Control::Bye(sources));
        }
        _ => {}
    }
    Ok(())
}

fn read_sender(body: &mut Reader<'_>) -> Result<SenderInfo, MalformedError> {
    let seconds = body.u32("sender report")?;
    let fraction = body.u32("sender report")?;
    Ok(SenderInfo {
        ntp: u64::from(seconds) << 32 | u64::from(fraction),
        timestamp: body.u32("sender report")?,
        packets: body.u32("sender report")?,
        octets: body.u32("sender report")?,
    })
}

fn read_block(body: &mut Reader<'_>) -> Result<ReportBlock, MalformedError> {
    let ssrc = body.u32("report block")?;
    let loss = body.u32("report block")?;
    Ok(ReportBlock {
        ssrc,
        fraction_lost: (loss >> 24) as u8,
        // 24 bits, signed: shifted up and down again to carry the sign.
        lost: (loss << 8) as i32 >> 8,
        highest: body.u32("report block")?,
        jitter: body.u32("report block")?,
        last_report: body.u32("report block")?,
        delay: body.u32("report block")?,
    })
}

/// One chunk of a source description: items until a zero, then up to the next word.
fn read_chunk(body: &mut Reader<'_>, found: &mut Vec<Control>) -> Result<(), MalformedError> {
    let ssrc = body.u32("source description")?;
    let mut used = 0;
    loop {
        let kind = body.u8("source description")?;
        used += 1;
        if kind == 0 {
            body.take((4 - used % 4) % 4, "source description")?;
            return Ok(());
        }
        let length = usize::from(body.u8("source description")?);
        let text = body.take(length, "source description")?;
        used += 1 + length;
        if kind == CNAME && found.len() < limits::RTCP_ITEMS {
            let name = String::from_utf8_lossy(text).into_owned();
            found.push(Control::Cname { ssrc, name });
        }
    }
}

/// Appends one control packet; a compound is several, a report first (RFC 3550 §6.1). At most 31
/// blocks or sources and 255 octets of name are written.
pub fn write(control: &Control, out: &mut Vec<u8>) {
    let start = out.len();
    match control {
        Control::Report { ssrc, sender, blocks } => {
            let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
            write_header(kind, blocks.len(), out);
            out.extend_from_slice(&ssrc.to_be_bytes());
            if let Some(info) = sender {
                out.extend_from_slice(&info.ntp.to_be_bytes());
                out.extend_from_slice(&info.timestamp.to_be_bytes());
                out.extend_from_slice(&info.packets.to_be_bytes());
                out.extend_from_slice(&info.octets.to_be_bytes());
            }
            for block in blocks.iter().take(limits::RTCP_ITEMS) {
                write_block(block, out);
            }
        }
        Control::Cname { ssrc, name } => {
            write_header(SOURCE_DESCRIPTION, 1, out);
            out.extend_from_slice(&ssrc.to_be_bytes());
            let name = &name.as_bytes()[..name.len().min(limits::CNAME)];
            out.extend_from_slice(&[CNAME, u8::try_from(name.len()).unwrap_or(u8::MAX)]);
            out.extend_from_slice(name);
            // The list of items ends with one to four zeros, up to the next word.
            out.resize(out.len() + 4 - (out.len() - start) % 4, 0);
        }
        Control::Bye(sources) => {
            write_header(BYE, sources.len(), out);
            for ssrc in sources.iter().take(limits::RTCP_ITEMS) {
                out.extend_from_slice(&ssrc.to_be_bytes());
            }
        }
    }
    let words = u16::try_from((out.len() - start) / 4 - 1).unwrap_or(u16::MAX);
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn write_header(kind: u8, count: usize, out: &mut Vec<u8>) {
    let count = u8::try_from(count.min(limits::RTCP_ITEMS)).unwrap_or(31);
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
}

fn write_block(block: &ReportBlock, out: &mut Vec<u8>) {
    let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
    out.extend_from_slice(&block.ssrc.to_be_bytes());
    out.extend_from_slice(&(u32::from(block.fraction_lost) << 24 | lost).to_be_bytes());
    out.extend_from_slice(&block.highest.to_be_bytes());
    out.extend_from_slice(&block.jitter.to_be_bytes());
    out.extend_from_slice(&block.last_report.to_be_bytes());
    out.extend_from_slice(&block.delay.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block() -> impl Strategy<Value = ReportBlock> {
        (any::<[u32; 5]>(), any::<u8>(), -0x80_0000..0x7F_FFFFi32).prop_map(
            |([ssrc, highest, jitter, last_report, delay], fraction_lost, lost)| ReportBlock {
                ssrc,
                fraction_lost,
                lost,
                highest,
                jitter,
                last_report,
                delay,
            },
        )
    }

    fn report() -> impl Strategy<Value = Control> {
        let info =
            (any::<u64>(), any::<[u32; 3]>()).prop_map(|(ntp, [timestamp, packets, octets])| {
                SenderInfo { ntp, timestamp, packets, octets }
            });
        let blocks = proptest::collection::vec(block(), 0..4);
        (any::<u32>(), proptest::option::of(info), blocks)
            .prop_map(|(ssrc, sender, blocks)| Control::Report { ssrc, sender, blocks })
    }

    proptest! {
        #[test]
        fn a_compound_is_read_back_as_written(
            report in report(), ssrc: u32, name in "[a-z0-9@.é]{0,40}", bye in proptest::collection::vec(any::<u32>(), 0..3),
        ) {
            let compound = [report, Control::Cname { ssrc, name }, Control::Bye(bye)];
            let mut octets = Vec::new();
            for control in &compound {
                write(control, &mut octets);
                prop_assert_eq!(octets.len() % 4, 0);
            }
            prop_assert_eq!(parse(&octets), Ok(compound.to_vec()));
        }

        #[test]
        fn no_datagram_panics_and_none_yields_more_than_the_bound(
            mut octets in proptest::collection::vec(any::<u8>(), 0..300), head in 0x80u8..0xC0, kind in 199u8..206, words in 0u16..80,
        ) {
            let _ = parse(&octets);
            if octets.len() >= 4 {
                octets[0] = head;
                octets[1] = kind;
                octets[2..4].copy_from_slice(&words.to_be_bytes());
            }
            if let Ok(found) = parse(&octets) {
                prop_assert!(found.len() <= limits::RTCP_ITEMS);
            }
        }
    }

    #[test]
    fn a_compound_that_does_not_open_with_a_report_is_refused() {
        let mut octets = Vec::new();
        write(&Control::Bye(vec![1]), &mut octets);
        assert_eq!(parse(&octets), Err(MalformedError::NoReport));
        assert_eq!(parse(&[]), Err(MalformedError::Short("header")));
    }

    #[test]
    fn an_unknown_packet_in_a_compound_is_stepped_over() {
        let report = Control::Report { ssrc: 7, sender: None, blocks: Vec::new() };
        let mut octets = Vec::new();
        write(&report, &mut octets);
        octets.extend_from_slice(&[0x80, 204, 0, 2, 0, 0, 0, 7, b'n', b'a', b'm', b'e']);
        write(&Control::Bye(vec![7]), &mut octets);
        assert_eq!(parse(&octets), Ok(vec![report, Control::Bye(vec![7])]));
    }

    #[test]
    fn a_length_beyond_the_datagram_is_refused() {
        assert_eq!(parse(&[0x80, 201, 0, 9, 0, 0, 0, 1]), Err(MalformedError::Short("body")));
        assert_eq!(
            parse(&[0x81, 201, 0, 1, 0, 0, 0, 1]),
            Err(MalformedError::Short("report block"))
        );
    }
}
