//! Every bound of this crate, in one place. Each says what it protects from whom; nothing that a
//! peer sends, a file contains or a device does makes any queue or table here grow past these.

use std::time::Duration;

/// Longest datagram read, octets. What is longer is cut, and the cut packet fails its own checks.
pub const DATAGRAM: usize = 2048;

/// Datagrams read from one socket in one tick: 12,800 a second, far above any codec. More waits in
/// the kernel's buffer and is lost there.
pub const DATAGRAMS_PER_TICK: usize = 256;

/// Frames a jitter buffer holds; 2 s of 20 ms packets.
pub const JITTER_FRAMES: usize = 100;

/// Longest delay a jitter buffer aims for. Above it a conversation is worse than its gaps.
pub const JITTER_MAX_DELAY: Duration = Duration::from_millis(200);

/// Least delay a jitter buffer aims for: two packets, one of which may be late by a whole tick.
pub const JITTER_MIN_DELAY: Duration = Duration::from_millis(40);

/// Longest unbroken concealment; by then it has faded to silence (ITU-T G.711 appendix I: 60 ms).
pub const CONCEAL: Duration = Duration::from_millis(200);

/// Reports, report blocks and chunks read from one compound RTCP packet (a 5-bit count each).
pub const RTCP_ITEMS: usize = 31;

/// Longest CNAME sent or kept, octets (RFC 3550 §6.5: an 8-bit length).
pub const CNAME: usize = 255;

/// Digits waiting to be sent in one call.
pub const DIGITS_QUEUED: usize = 64;

/// Range of a sent digit's length, milliseconds. The upper end stays inside the 16-bit duration of
/// a telephone-event (8.1 s at 8 kHz), so that no event needs segments (RFC 4733 §2.5.1.3).
pub const DIGIT_MS: std::ops::RangeInclusive<u32> = 40..=5000;

/// Finished events remembered, so that a repeated or late end is not a second digit.
pub const EVENTS_REMEMBERED: usize = 8;

/// Calls with a stream at once.
pub const CALLS: usize = 32;

/// Events that wait for `poll_event`; further ones are counted and dropped.
pub const EVENTS_QUEUED: usize = 256;

/// Ticks made up for after the thread was stalled; time beyond that is skipped.
pub const CATCH_UP_TICKS: u32 = 5;

/// Frames in one packet sent: 20 to 120 ms.
pub const FRAMES_PER_PACKET: u32 = 6;

/// Time between two reports of a running call's counters.
pub const PROGRESS: Duration = Duration::from_secs(5);

/// How long a sound check plays its tone.
pub const CHECK_TONE: Duration = Duration::from_secs(2);

/// How long a sound check records the microphone, and then plays that (48 kB).
pub const CHECK_RECORDING: Duration = Duration::from_secs(3);

/// How long a sound check waits for its devices to open.
pub const CHECK_PATIENCE: Duration = Duration::from_secs(4);

/// How long a sound check waits for the first sound of a microphone that is open.
pub const CHECK_GRACE: Duration = Duration::from_millis(1500);

/// PCMs that are listed to choose from.
pub const PCMS: usize = 100;

/// Longest WAV file taken as a microphone, seconds (9.6 MB in memory).
pub const WAV_SECONDS: u32 = 600;

/// Pause between attempts to open a lost sound device.
pub const DEVICE_RETRY: Duration = Duration::from_secs(1);

/// How long a sound device may take and give nothing before it counts as lost. A sound server was
/// measured to need 1.2 s before its first capture.
pub const DEVICE_STALL: Duration = Duration::from_secs(3);

/// Real-time priority of the media thread (1 to 99): above everything of the system that is not
/// real-time, below the kernel's own threads for interrupts (50).
pub const REALTIME_PRIORITY: u8 = 10;
