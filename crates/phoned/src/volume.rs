//! How loud the phone is: the steps of the items, made by an element of a sound card's mixer where one
//! is named, and by the samples for the rest of it, or for all of it where the card refuses.
//!
//! A card may take its time, so a thread of its own asks it, one at a time: when a step changes, and
//! when a device is opened, since a card that was plugged in comes with a volume of its own. Between
//! those, what another program sets stays: nobody is woken by it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use config_store::{MixerElement, Sound};
use control::{MixerState, Problem, SoundPart};
use media::Levels;
use media::device::{Element, MixerError, Way};
use tokio::sync::{Notify, oneshot};

use crate::limits;

/// What a step is, decibels.
const STEP_DB: f32 = 3.0;
/// The step at which a mixer's element is as loud as it can be.
const LOUDEST: u8 = 9;
/// The steps at which samples pass as they are, where no mixer is named.
const PLAIN_EAR: u8 = 5;
const PLAIN_MICROPHONE: u8 = 3;
const PLAIN_RING: u8 = 8;

/// Something that has a volume.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    part: SoundPart,
    step: u8,
    plain: u8,
    way: Way,
    element: Option<Element>,
}

/// What became of a part's element: the decibels that samples have to add.
type Outcome = Result<f32, MixerError>;

/// The way back for the mixers in use.
pub(crate) type MixersBack = oneshot::Sender<Vec<MixerState>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Volume {
    parts: [Part; 3],
    /// By part; `None`: no mixer, or not asked yet.
    outcomes: [Option<Outcome>; 3],
    asking: Option<Receiver<[Option<Outcome>; 3]>>,
    /// To be asked once more when the answer is there.
    again: bool,
    /// Who wants to know how that went.
    waiting: Vec<MixersBack>,
    wake: Arc<Notify>,
}

impl Volume {
    /// As loud as the samples are; `wake` is told when [`Self::poll`] has something.
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        let part = |part, plain, way| Part { part, step: plain, plain, way, element: None };
        Self {
            parts: [
                part(SoundPart::Ear, PLAIN_EAR, Way::Playback),
                part(SoundPart::Microphone, PLAIN_MICROPHONE, Way::Capture),
                part(SoundPart::Ring, PLAIN_RING, Way::Playback),
            ],
            outcomes: [None, None, None],
            asking: None,
            again: false,
            waiting: Vec::new(),
            wake,
        }
    }

    /// Is so loud from now on. Returns the levels of the samples, which may change once more when the
    /// cards have answered.
    pub(crate) fn set(&mut self, sound: Sound) -> Levels {
        let element = |mixer: Option<MixerElement>| {
            mixer.map(|MixerElement { card, name, index }| Element { card, name, index })
        };
        let wanted = [
            (sound.ear, element(sound.ear_mixer)),
            (sound.microphone, element(sound.microphone_mixer)),
            (sound.ring, element(sound.ring_mixer)),
        ];
        let all = self.parts.iter_mut().zip(&mut self.outcomes);
        for ((part, outcome), (step, element)) in all.zip(wanted) {
            if part.element != element {
                *outcome = None;
            }
            (part.step, part.element) = (step, element);
        }
        self.refresh();
        self.levels()
    }

    /// Sets the elements of the cards again: a device was opened.
    pub(crate) fn refresh(&mut self) {
        if self.parts.iter().all(|part| part.element.is_none()) {
            return;
        }
        if self.asking.is_some() {
            self.again = true;
            return;
        }
        let (sender, answer) = sync_channel(1);
        let (parts, wake) = (self.parts.clone(), Arc::clone(&self.wake));
        let started = thread::Builder::new().name("audio-mixer".into()).spawn(move || {
            // Nobody waits any more when the daemon has ended.
            let _ = sender.send(ask(&parts, Element::soften));
            wake.notify_one();
        });
        match started {
            Ok(_) => self.asking = Some(answer),
            Err(error) => tracing::warn!(%error, "cannot start the audio-mixer thread"),
        }
    }

    /// The new levels of the samples, once the cards have answered.
    pub(crate) fn poll(&mut self) -> Option<Levels> {
        let outcomes = match self.asking.as_ref()?.try_recv() {
            Ok(outcomes) => outcomes,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => [None, None, None],
        };
        self.asking = None;
        if std::mem::take(&mut self.again) {
            // What was answered may be of other steps than those that hold now.
            self.refresh();
            return None;
        }
        for (new, old) in outcomes.iter().zip(&self.outcomes) {
            match new {
                Some(Err(error)) if Some(Err(error)) != old.as_ref().map(Result::as_ref) => {
                    tracing::warn!(%error, "volume by the samples instead");
                }
                Some(Ok(missing)) => tracing::debug!(missing, "the card's mixer is set"),
                Some(Err(_)) | None => {}
            }
        }
        self.outcomes = outcomes;
        for back in std::mem::take(&mut self.waiting) {
            // Whoever asked may have left.
            drop(back.send(self.mixers()));
        }
        Some(self.levels())
    }

    /// Tells the mixers in use and what is wrong with them, when the cards have answered.
    pub(crate) fn tell_mixers(&mut self, back: MixersBack) {
        if self.asking.is_none() {
            drop(back.send(self.mixers()));
        } else if self.waiting.len() < limits::MIXER_ASKERS {
            self.waiting.push(back);
        }
    }

    fn mixers(&self) -> Vec<MixerState> {
        let all = self.parts.iter().zip(&self.outcomes);
        all.filter_map(|(part, outcome)| {
            let name = part.element.as_ref()?.to_string();
            let problem = match outcome {
                Some(Err(error)) => Some(Problem::new(error.to_string(), error.chinese())),
                Some(Ok(_)) | None => None,
            };
            Some(MixerState { part: part.part, name, problem })
        })
        .collect()
    }

    fn levels(&self) -> Levels {
        let ([ear, microphone, bell], [of_ear, of_microphone, of_bell]) =
            (&self.parts, &self.outcomes);
        Levels {
            ear: factor(ear, of_ear),
            microphone: factor(microphone, of_microphone),
            bell: factor(bell, of_bell),
        }
    }
}

/// What samples are multiplied by.
fn factor(part: &Part, outcome: &Option<Outcome>) -> f32 {
    if part.step == 0 {
        return 0.0;
    }
    let db = match outcome {
        Some(Ok(missing)) => *missing,
        Some(Err(_)) | None => STEP_DB * (f32::from(part.step) - f32::from(part.plain)),
    };
    10_f32.powf(db / 20.0)
}

/// Sets each element to the loudest that a part of it is to be; the others of it are made softer by
/// their samples.
fn ask(
    parts: &[Part; 3],
    soften: impl Fn(&Element, Way, f32, f32) -> Outcome,
) -> [Option<Outcome>; 3] {
    let below = |step: u8| STEP_DB * f32::from(LOUDEST.saturating_sub(step));
    parts.each_ref().map(|part| {
        let element = part.element.as_ref()?;
        let same = |other: &&Part| other.element.as_ref() == Some(element) && other.way == part.way;
        let loudest = parts.iter().filter(same).map(|other| other.step).max().unwrap_or(part.step);
        let outcome = soften(element, part.way, below(loudest), below(0));
        Some(outcome.map(|missing| missing + below(loudest) - below(part.step)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Sound = Sound {
        ear: PLAIN_EAR,
        microphone: PLAIN_MICROPHONE,
        ring: PLAIN_RING,
        ear_mixer: None,
        microphone_mixer: None,
        ring_mixer: None,
    };

    fn mixer(name: &str) -> Option<MixerElement> {
        // No kernel has this card.
        Some(MixerElement { card: "NoSuchCard".into(), name: name.into(), index: 0 })
    }

    fn volume() -> Volume {
        Volume::new(Arc::new(Notify::new()))
    }

    /// Waits for the cards' answer.
    fn answered(volume: &mut Volume) -> Levels {
        let start = std::time::Instant::now();
        loop {
            if let Some(levels) = volume.poll() {
                return levels;
            }
            assert!(start.elapsed().as_secs() < 10, "no answer");
            thread::yield_now();
        }
    }

    #[test]
    fn a_step_of_a_volume_is_3_db_and_the_bell_can_be_silent() {
        let at = |ear, microphone, ring| volume().set(Sound { ear, microphone, ring, ..SOUND });
        assert_eq!(at(5, 3, 8), Levels::default());
        let loud = at(7, 1, 0);
        assert!((loud.ear - 1.995).abs() < 0.001, "6 dB are twice as much: {loud:?}");
        assert!((loud.microphone - 0.501).abs() < 0.001, "{loud:?}");
        assert_eq!(loud.bell, 0.0);
        // The bell's peak is 22,000 of 32,767: even the loudest step does not distort it.
        assert!(at(5, 3, 9).bell * 22_000.0 < 32_767.0);
    }

    #[test]
    fn without_a_mixer_no_card_is_asked() {
        let mut volume = volume();
        volume.set(SOUND);
        volume.refresh();
        assert!(volume.asking.is_none() && volume.mixers().is_empty());
        assert_eq!(volume.poll(), None);
    }

    #[test]
    fn an_element_is_as_loud_as_its_loudest_part_and_samples_do_the_rest() {
        let mut volume = volume();
        let (ear_mixer, ring_mixer) = (mixer("PCM"), mixer("PCM"));
        volume.set(Sound { ear: 5, ring: 7, ear_mixer, ring_mixer, ..SOUND });
        let outcomes = ask(&volume.parts, |element, way, below, span| {
            assert_eq!((element.name.as_str(), way), ("PCM", Way::Playback));
            assert_eq!((below, span), (6.0, 27.0), "step 7 of 9");
            Ok(-0.5)
        });
        assert_eq!(outcomes, [Some(Ok(-6.5)), None, Some(Ok(-0.5))]);
        let [ear, ..] = &volume.parts;
        let [ear_outcome, ..] = &outcomes;
        assert!((factor(ear, ear_outcome) - 0.473).abs() < 0.001);
    }

    #[test]
    fn a_silent_bell_is_silent_whatever_its_card_says() {
        let mut volume = volume();
        volume.set(Sound { ring: 0, ring_mixer: mixer("PCM"), ..SOUND });
        let outcomes = ask(&volume.parts, |_, _, below, span| {
            assert_eq!(below, span, "the softest");
            Ok(0.0)
        });
        let ([.., bell], [.., outcome]) = (&volume.parts, &outcomes);
        assert_eq!(factor(bell, outcome), 0.0);
    }

    #[test]
    fn a_card_that_refuses_leaves_the_volume_to_the_samples_and_is_named() {
        let mut volume = volume();
        volume.set(Sound { ear: 7, ear_mixer: mixer("Speaker"), ..SOUND });
        let levels = answered(&mut volume);
        assert!((levels.ear - 1.995).abs() < 0.001, "{levels:?}");
        let [state] = &volume.mixers()[..] else { panic!("one mixer") };
        assert_eq!((state.part, state.name.as_str()), (SoundPart::Ear, "NoSuchCard/Speaker"));
        let problem = state.problem.as_ref().unwrap();
        assert!(problem.message.contains("'NoSuchCard', element 'Speaker'"), "{problem:?}");
        assert!(problem.message_zh.contains("`NoSuchCard`"), "{problem:?}");
        // The item is emptied: nothing is asked any more, and nothing is wrong.
        assert_eq!(volume.set(SOUND), Levels::default());
        assert!(volume.mixers().is_empty());
    }

    #[test]
    fn what_changes_while_a_card_is_asked_is_asked_after_it() {
        let mut volume = volume();
        volume.set(Sound { ear: 7, ear_mixer: mixer("Speaker"), ..SOUND });
        volume.set(Sound { ear: 3, ear_mixer: mixer("Other"), ..SOUND });
        let levels = answered(&mut volume);
        assert!((levels.ear - 0.501).abs() < 0.001, "{levels:?}");
        let [state] = &volume.mixers()[..] else { panic!("one mixer") };
        assert!(state.problem.as_ref().unwrap().message.contains("'Other'"), "{state:?}");
        assert!(volume.asking.is_none());
    }
}
