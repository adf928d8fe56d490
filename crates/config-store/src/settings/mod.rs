//! The configuration with types: what the parts that work by it read. Durations are durations,
//! addresses are addresses, "not set" is `None`; there is nothing left to check.
//!
//! What follows from a setting (which hops a line has, what is sent when) is decided by others.

mod conflict;
mod line;
mod policy;
mod secret;
mod server;

use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf};

pub use self::conflict::Conflict;
pub use self::line::{Dtmf, Forward, LineSettings};
pub use self::policy::{KeepAlive, Policy, RetryMode};
pub use self::secret::Secret;
pub use self::server::{Address, DnsMode, Endpoint, Server, Transport};
use crate::items::MixerElement;
use crate::{Handset, Provisioning, items, values::Values};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The port on which the phone itself speaks SIP.
    pub sip_port: u16,
    /// The files that TLS needs.
    pub tls: TlsFiles,
    /// The ports that may be used for sound.
    pub rtp_ports: RangeInclusive<u16>,
    /// How its packets are marked.
    pub dscp: Dscp,
    /// Hook, keys, lamps and bell.
    pub handset: Handset,
    /// How loud it is.
    pub sound: Sound,
    /// Through what it is heard and spoken into.
    pub sound_devices: SoundDevices,
    /// No call rings.
    pub do_not_disturb: bool,
    /// A call that comes during another one waits.
    pub call_waiting: bool,
    /// Where the configuration comes from.
    pub provisioning: Provisioning,
    /// Every configured line by its number: those with a user and a server.
    pub lines: BTreeMap<u16, LineSettings>,
}

/// DiffServ code points; 0 is "as any other packet".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dscp {
    /// Of SIP.
    pub sip: u8,
    /// Of sound.
    pub rtp: u8,
}

/// How loud the phone is, in steps, and what makes it so; without an element of a card's mixer the
/// samples do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// The ear, 1 to 9.
    pub ear: u8,
    /// The microphone, 1 to 9.
    pub microphone: u8,
    /// The bell, 0 to 9; 0 is silent.
    pub ring: u8,
    /// The ear's.
    pub ear_mixer: Option<MixerElement>,
    /// The microphone's.
    pub microphone_mixer: Option<MixerElement>,
    /// The bell's: the ear's where it rings there.
    pub ring_mixer: Option<MixerElement>,
}

/// PCMs of libasound; `None`: the device that the daemon was started with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SoundDevices {
    /// The ear.
    pub playback: Option<String>,
    /// The microphone.
    pub capture: Option<String>,
}

/// Paths of files in PEM form; `None`: not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// Authorities that may vouch for a server; with none, the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate chain.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn of(values: &Values) -> Self {
        let first: u16 = values.phone_number(&items::RTP_INITIAL_PORT);
        let count: u16 = values.phone_number(&items::RTP_PORT_QUANTITY);
        let mut common = line::Common::default();
        let line = |line| Some((line, LineSettings::of(values, line, &mut common)?));
        let lines = values.lines().into_iter().filter_map(line).collect();
        Self {
            sip_port: values.phone_number(&items::SIP_PORT),
            tls: TlsFiles {
                ca: values.phone_path(&items::TLS_CA_FILE),
                certificate: values.phone_path(&items::TLS_CERTIFICATE_FILE),
                key: values.phone_path(&items::TLS_KEY_FILE),
            },
            rtp_ports: first..=first.saturating_add(count.saturating_sub(1)),
            dscp: Dscp::of(values),
            handset: Handset::of(values),
            sound: Sound::of(values),
            sound_devices: SoundDevices {
                playback: values.phone_name(&items::PLAYBACK_DEVICE),
                capture: values.phone_name(&items::CAPTURE_DEVICE),
            },
            do_not_disturb: values.phone_flag(&items::DO_NOT_DISTURB),
            call_waiting: values.phone_flag(&items::CALL_WAITING),
            provisioning: Provisioning::of(values),
            lines,
        }
    }
}

impl Sound {
    fn of(values: &Values) -> Self {
        // Values are valid already: what does not parse is the empty one.
        let mixer = |item| values.phone_text(item).parse::<MixerElement>().ok();
        let ear_mixer = mixer(&items::PLAYBACK_MIXER);
        let at_the_ear = values.phone_name(&items::RING_DEVICE).is_none();
        let of_the_ear = ear_mixer.clone().filter(|_| at_the_ear);
        Self {
            ear: values.phone_number(&items::EAR_VOLUME),
            microphone: values.phone_number(&items::MICROPHONE_VOLUME),
            ring: values.phone_number(&items::RING_VOLUME),
            ear_mixer,
            microphone_mixer: mixer(&items::CAPTURE_MIXER),
            ring_mixer: mixer(&items::RING_MIXER).or(of_the_ear),
        }
    }
}

impl Dscp {
    fn of(values: &Values) -> Self {
        if !values.phone_flag(&items::ENABLE_DIFFSERV) {
            return Self { sip: 0, rtp: 0 };
        }
        let number = |item| values.phone_number(item);
        Self { sip: number(&items::SIP_DSCP), rtp: number(&items::RTP_DSCP) }
    }
}

#[cfg(test)]
mod tests;
