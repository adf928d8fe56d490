//! Items of the phone on how its packets are marked for the network. The names are those of files in
//! the field, with their spelling.

use super::{Kind, items};

/// A DiffServ code point (RFC 2474 §3).
const CODE_POINT: Kind = Kind::Number { min: 0, max: 63, unit: "" };

items! {
    NETWORK: "Items of the phone on how its packets are marked.";

    ENABLE_DIFFSERV = Phone "Enable diffServ" alias "Enable DSCP", Kind::Flag, "1",
        "Whether packets are marked with a DiffServ code point (DSCP), by which a network tells what is urgent.",
        "是否为数据包标记 DSCP，使网络优先转发。";
    SIP_DSCP = Phone "Singalling DSCP" alias "Signalling DSCP" alias "SIP DSCP", CODE_POINT, "24",
        "The code point of SIP packets; 24 is CS3, 26 AF31, 40 CS5.",
        "SIP 信令的 DSCP；24 为 CS3，26 为 AF31，40 为 CS5。";
    RTP_DSCP = Phone "Voice DSCP" alias "RTP DSCP", CODE_POINT, "46",
        "The code point of sound packets; 46 is EF.",
        "语音 (RTP) 的 DSCP；46 为 EF。";
}
