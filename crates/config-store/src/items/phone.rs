//! Items that the phone has once, whatever its lines. What concerns a single line is in
//! `account.rs` and `failover.rs`.

use super::{Kind, items};

items! {
    PHONE: "Items that the phone has once.";

    SIP_PORT = Phone "SIP  Port", Kind::Number { min: 1, max: 65535, unit: "" }, "5060",
        "The port on which the phone itself speaks SIP.",
        "话机本身收发 SIP 的端口。";
    RTP_INITIAL_PORT = Phone "RTP Initial Port", Kind::Number { min: 1024, max: 65534, unit: "" },
        "10000",
        "The first port for sound.",
        "语音 (RTP) 的起始端口。";
    RTP_PORT_QUANTITY = Phone "RTP Port Quantity", Kind::Number { min: 2, max: 64512, unit: "" },
        "1000",
        "How many ports from the first one on may be used for sound, two for every call.",
        "从起始端口起可用于语音的端口数量，每路通话占用两个。";
}
