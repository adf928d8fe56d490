//! The volume of a sound card itself: an element of its mixer, as `amixer` names it, through
//! libasound.
//!
//! Each call opens the card's mixer, which is a few system calls, and closes it: nothing of it stays
//! in memory, and nobody is woken by what others do to it. A card may take a second to refuse, so it
//! is not for the media thread nor for who must answer soon.

use std::ffi::CString;
use std::fmt;

use alsa::mixer::{Mixer, Selem, SelemId};
use alsa::{Round, mixer::MilliBel};
use nix::errno::Errno;
use thiserror::Error;

use super::Way;
use super::alsa::{hush, take_chatter};

/// An element of the mixer of one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The card's name or number, as `/proc/asound/cards` has them.
    pub card: String,
    /// The element's name.
    pub name: String,
    /// Which of those with this name.
    pub index: u32,
}

/// Why an element does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("mixer of the card '{}', element '{}': {why}", element.card, element.label())]
pub struct MixerError {
    /// Which.
    pub element: Element,
    /// Why.
    pub why: MixerFault,
}

/// What is wrong with an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MixerFault {
    /// The card's mixer cannot be opened; in the system's words.
    Open(String),
    /// The card has no such element.
    Missing,
    /// It has no volume in this direction.
    NoVolume(Way),
    /// It cannot be read or set; in the system's words.
    Set(String),
}

impl Element {
    /// Makes it `below` decibels (0 and more) softer than the loudest that it can, and switches it on.
    /// An element that does not know decibels is set to that share of its range, where `span` decibels
    /// (more than 0) are the whole of it.
    ///
    /// Returns the decibels that are still missing, 0 or less, since elements have steps of their own
    /// and an end: whoever makes the sound adds them. It may wait for the card.
    ///
    /// # Errors
    /// [`MixerError`] where the card, the element or its volume is not there, or refuses.
    pub fn soften(&self, way: Way, below: f32, span: f32) -> Result<f32, MixerError> {
        hush();
        let result = self.try_soften(way, below, span);
        take_chatter();
        result.map_err(|why| MixerError { element: self.clone(), why })
    }

    fn try_soften(&self, way: Way, below: f32, span: f32) -> Result<f32, MixerFault> {
        let mixer = self.open()?;
        let element =
            mixer.find_selem(&SelemId::new(&self.name, self.index)).ok_or(MixerFault::Missing)?;
        let volume = Volume::of(&element, way).ok_or(MixerFault::NoVolume(way))?;
        let refused = |error| MixerFault::Set(said(error));
        let (raw, missing) = match volume.decibels() {
            Some((_, loudest)) => {
                let wanted = MilliBel(loudest.0 - MilliBel::from_db(below).0);
                let raw = volume.at(volume.clamped(wanted)).map_err(refused)?;
                (raw, rest(wanted, volume.decibels_at(raw).map_err(refused)?))
            }
            None => (share(volume.range(), below, span), 0.0),
        };
        volume.set(raw).map_err(refused)?;
        Ok(missing)
    }

    fn open(&self) -> Result<Mixer, MixerFault> {
        let no_card = || MixerFault::Open(Errno::ENODEV.desc().to_owned());
        // A name with a NUL is no card's, and no element's either.
        let card = CString::new(format!("hw:{}", self.card)).map_err(|_| no_card())?;
        if self.name.contains('\0') {
            return Err(MixerFault::Missing);
        }
        let opened = || {
            let mut mixer = Mixer::open(true)?;
            mixer.attach(&card)?;
            Selem::register(&mut mixer)?;
            mixer.load()?;
            Ok(mixer)
        };
        opened().map_err(|error| MixerFault::Open(said(error)))
    }

    /// Its name, with its index where it has one.
    fn label(&self) -> String {
        match self.index {
            0 => self.name.clone(),
            index => format!("{},{index}", self.name),
        }
    }
}

/// As the items have it: `Device/PCM`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.card, self.label())
    }
}

fn said(error: alsa::Error) -> String {
    Errno::from_raw(error.errno()).desc().to_owned()
}

/// One direction of an element's volume.
struct Volume<'a> {
    element: &'a Selem<'a>,
    way: Way,
}

impl<'a> Volume<'a> {
    fn of(element: &'a Selem<'a>, way: Way) -> Option<Self> {
        let there = match way {
            Way::Playback => element.has_playback_volume(),
            Way::Capture => element.has_capture_volume(),
        };
        there.then_some(Self { element, way })
    }

    fn range(&self) -> (i64, i64) {
        match self.way {
            Way::Playback => self.element.get_playback_volume_range(),
            Way::Capture => self.element.get_capture_volume_range(),
        }
    }

    /// The softest and the loudest; `None` where it does not know decibels.
    fn decibels(&self) -> Option<(MilliBel, MilliBel)> {
        let (softest, loudest) = match self.way {
            Way::Playback => self.element.get_playback_db_range(),
            Way::Capture => self.element.get_capture_db_range(),
        };
        (softest.0 < loudest.0).then_some((softest, loudest))
    }

    fn clamped(&self, wanted: MilliBel) -> MilliBel {
        self.decibels().map_or(wanted, |(softest, _)| MilliBel(wanted.0.max(softest.0)))
    }

    /// The value that is not softer than this, so that what is missing only makes samples smaller.
    fn at(&self, level: MilliBel) -> alsa::Result<i64> {
        match self.way {
            Way::Playback => self.element.ask_playback_db_vol(level, Round::Ceil),
            Way::Capture => self.element.ask_capture_db_vol(level, Round::Ceil),
        }
    }

    fn decibels_at(&self, raw: i64) -> alsa::Result<MilliBel> {
        match self.way {
            Way::Playback => self.element.ask_playback_vol_db(raw),
            Way::Capture => self.element.ask_capture_vol_db(raw),
        }
    }

    fn set(&self, raw: i64) -> alsa::Result<()> {
        match self.way {
            Way::Playback => {
                self.element.set_playback_volume_all(raw)?;
                if self.element.has_playback_switch() {
                    self.element.set_playback_switch_all(1)?;
                }
            }
            Way::Capture => {
                self.element.set_capture_volume_all(raw)?;
                if self.element.has_capture_switch() {
                    self.element.set_capture_switch_all(1)?;
                }
            }
        }
        Ok(())
    }
}

/// What `reached` is louder than `wanted`, as decibels to be added; never above 0.
fn rest(wanted: MilliBel, reached: MilliBel) -> f32 {
    MilliBel(wanted.0 - reached.0).to_db().min(0.0)
}

/// The value of a range that is `below` of `span` decibels from its upper end.
fn share((softest, loudest): (i64, i64), below: f32, span: f32) -> i64 {
    let of_range = (1.0 - below / span).clamp(0.0, 1.0);
    softest + ((loudest - softest) as f32 * of_range).round() as i64
}

impl MixerError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        let Self { element, why } = self;
        format!("声卡 `{}` 的混音控件 `{}`：{}", element.card, element.label(), why.chinese())
    }
}

impl MixerFault {
    fn chinese(&self) -> String {
        match self {
            Self::Open(reason) => format!("无法打开：「{reason}」"),
            Self::Missing => "没有这个控件".to_owned(),
            Self::NoVolume(Way::Playback) => "没有播放音量".to_owned(),
            Self::NoVolume(Way::Capture) => "没有录音音量".to_owned(),
            Self::Set(reason) => format!("无法设置：「{reason}」"),
        }
    }
}

impl fmt::Display for MixerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(reason) => write!(f, "cannot open it: {reason}"),
            Self::Missing => f.write_str("there is none"),
            Self::NoVolume(way) => write!(f, "it has no {way} volume"),
            Self::Set(reason) => write!(f, "cannot set it: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(index: u32) -> Element {
        // No kernel has this card.
        Element { card: "NoSuchCard".into(), name: "Speaker".into(), index }
    }

    #[test]
    fn what_an_element_cannot_do_is_left_to_the_samples_and_never_makes_them_larger() {
        let rest = |wanted, reached| rest(MilliBel::from_db(wanted), MilliBel::from_db(reached));
        assert_eq!(rest(-12.0, -12.0), 0.0);
        assert_eq!(rest(-12.0, -11.5), -0.5, "its steps are not ours");
        assert_eq!(rest(-24.0, -20.0), -4.0, "its end is louder than what is wanted");
        assert_eq!(rest(-12.0, -12.5), 0.0);
    }

    #[test]
    fn without_decibels_a_level_is_a_share_of_the_range() {
        let at = |below| share((0, 100), below, 27.0);
        assert_eq!((at(0.0), at(13.5), at(27.0), at(90.0)), (100, 50, 0, 0));
        assert_eq!(share((-20, 31), 9.0, 27.0), 14);
    }

    #[test]
    fn an_error_names_card_and_element() {
        let error = element(1).soften(Way::Playback, 3.0, 27.0).unwrap_err();
        let said = error.to_string();
        assert!(
            said.starts_with(
                "mixer of the card 'NoSuchCard', element 'Speaker,1': cannot open it: "
            ),
            "{said}"
        );
        assert!(error.chinese().starts_with("声卡 `NoSuchCard` 的混音控件 `Speaker,1`：无法打开"));
        assert_eq!(element(0).to_string(), "NoSuchCard/Speaker");
        assert_eq!(element(1).to_string(), "NoSuchCard/Speaker,1");
    }

    #[test]
    fn a_name_with_a_nul_is_nobodys() {
        let card = Element { card: "a\0b".into(), name: "PCM".into(), index: 0 };
        let why = card.soften(Way::Capture, 0.0, 27.0).unwrap_err().why;
        assert!(matches!(why, MixerFault::Open(_)), "{why:?}");
        let name = Element { card: "0".into(), name: "a\0b".into(), index: 0 };
        let why = name.soften(Way::Capture, 0.0, 27.0).unwrap_err().why;
        assert_eq!(why, MixerFault::Missing);
    }
}
