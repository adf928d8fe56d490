//! What the events of an input device mean: the usual keys of telephones and keypads, and what the
//! item `Handset Keys` says otherwise. No device here, so that recorded events can be played.

use std::collections::BTreeMap;

use config_store::KeyMeaning;
use evdev::{AttributeSetRef, EventType, InputEvent, KeyCode, SwitchCode};
use handset::Key;

use super::Signal;

/// A key or a switch of an input device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    Key(u16),
    Switch(u16),
}

impl Code {
    /// By the kernel's name.
    fn named(name: &str) -> Option<Self> {
        let key = || name.parse::<KeyCode>().ok().map(|key| Self::Key(key.code()));
        key().or_else(|| name.parse::<SwitchCode>().ok().map(|switch| Self::Switch(switch.0)))
    }
}

/// The ten digits on a keyboard, on its keypad, and on a telephone's (HID usage page 0x0B).
const DIGITS: [[KeyCode; 3]; 10] = [
    [KeyCode::KEY_0, KeyCode::KEY_KP0, KeyCode::KEY_NUMERIC_0],
    [KeyCode::KEY_1, KeyCode::KEY_KP1, KeyCode::KEY_NUMERIC_1],
    [KeyCode::KEY_2, KeyCode::KEY_KP2, KeyCode::KEY_NUMERIC_2],
    [KeyCode::KEY_3, KeyCode::KEY_KP3, KeyCode::KEY_NUMERIC_3],
    [KeyCode::KEY_4, KeyCode::KEY_KP4, KeyCode::KEY_NUMERIC_4],
    [KeyCode::KEY_5, KeyCode::KEY_KP5, KeyCode::KEY_NUMERIC_5],
    [KeyCode::KEY_6, KeyCode::KEY_KP6, KeyCode::KEY_NUMERIC_6],
    [KeyCode::KEY_7, KeyCode::KEY_KP7, KeyCode::KEY_NUMERIC_7],
    [KeyCode::KEY_8, KeyCode::KEY_KP8, KeyCode::KEY_NUMERIC_8],
    [KeyCode::KEY_9, KeyCode::KEY_KP9, KeyCode::KEY_NUMERIC_9],
];

/// The other keys with a usual meaning. A hook has none: there is no usual key for it.
const USUAL: [(KeyCode, KeyMeaning); 10] = [
    (KeyCode::KEY_KPASTERISK, KeyMeaning::Digit('*')),
    (KeyCode::KEY_NUMERIC_STAR, KeyMeaning::Digit('*')),
    (KeyCode::KEY_NUMERIC_POUND, KeyMeaning::Digit('#')),
    (KeyCode::KEY_ENTER, KeyMeaning::Call),
    (KeyCode::KEY_KPENTER, KeyMeaning::Call),
    (KeyCode::KEY_PICKUP_PHONE, KeyMeaning::Call),
    (KeyCode::KEY_ESC, KeyMeaning::HangUp),
    (KeyCode::KEY_HANGUP_PHONE, KeyMeaning::HangUp),
    (KeyCode::KEY_PHONE, KeyMeaning::CallOrHangUp),
    (KeyCode::KEY_BACKSPACE, KeyMeaning::Erase),
];

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Keys(BTreeMap<Code, KeyMeaning>);

impl Keys {
    /// The usual meanings with these in their place, and a warning for each name that the kernel does
    /// not have.
    pub(super) fn new(own: &[(String, KeyMeaning)]) -> (Self, Vec<String>) {
        let digits = ('0'..='9').zip(DIGITS);
        let digits =
            digits.flat_map(|(digit, keys)| keys.map(|key| (key, KeyMeaning::Digit(digit))));
        let usual = digits.chain(USUAL).map(|(key, meaning)| (Code::Key(key.code()), meaning));
        let mut map: BTreeMap<Code, KeyMeaning> = usual.collect();
        let mut warnings = Vec::new();
        for (name, meaning) in own {
            match Code::named(name) {
                Some(code) => drop(map.insert(code, *meaning)),
                None => warnings.push(format!("item Handset Keys: there is no key {name}")),
            }
        }
        (Self(map), warnings)
    }

    /// What an event means; repetitions of a key that is held down, and letting go, mean nothing.
    pub(super) fn signal(&self, event: InputEvent) -> Option<Signal> {
        let code = match event.event_type() {
            EventType::KEY => Code::Key(event.code()),
            EventType::SWITCH => Code::Switch(event.code()),
            _ => return None,
        };
        let value = event.value();
        let on = value != 0;
        let key = |key| (value == 1).then_some(Signal::Key(key));
        match self.0.get(&code)? {
            KeyMeaning::Hook => (value != 2).then_some(Signal::Hook(on)),
            KeyMeaning::Cradle => (value != 2).then_some(Signal::Hook(!on)),
            KeyMeaning::Call => key(Key::Call),
            KeyMeaning::HangUp => key(Key::HangUp),
            KeyMeaning::CallOrHangUp => key(Key::CallOrHangUp),
            KeyMeaning::Hold => key(Key::Hold),
            KeyMeaning::Erase => key(Key::Erase),
            KeyMeaning::Digit(digit) => key(Key::Digit(*digit)),
            KeyMeaning::Ignored => None,
        }
    }

    /// How the hook stands on a device whose keys and switches stand so; `None`: it has no hook.
    pub(super) fn hook(
        &self,
        (has_keys, keys): (Option<&AttributeSetRef<KeyCode>>, &AttributeSetRef<KeyCode>),
        (has_switches, switches): (
            Option<&AttributeSetRef<SwitchCode>>,
            &AttributeSetRef<SwitchCode>,
        ),
    ) -> Option<Signal> {
        self.0.iter().find_map(|(code, meaning)| {
            let lifted_while = match meaning {
                KeyMeaning::Hook => true,
                KeyMeaning::Cradle => false,
                KeyMeaning::Call
                | KeyMeaning::HangUp
                | KeyMeaning::CallOrHangUp
                | KeyMeaning::Hold
                | KeyMeaning::Erase
                | KeyMeaning::Digit(_)
                | KeyMeaning::Ignored => return None,
            };
            let on = match *code {
                Code::Key(code) => {
                    has_keys?.contains(KeyCode(code)).then(|| keys.contains(KeyCode(code)))
                }
                Code::Switch(code) => has_switches?
                    .contains(SwitchCode(code))
                    .then(|| switches.contains(SwitchCode(code))),
            }?;
            Some(Signal::Hook(on == lifted_while))
        })
    }
}

#[cfg(test)]
mod tests {
    use evdev::AttributeSet;

    use super::*;

    /// What the kernel gives for a key that is pressed, held down and let go.
    fn stroke(key: KeyCode) -> Vec<InputEvent> {
        let event = |value| InputEvent::new(EventType::KEY.0, key.code(), value);
        let scan = InputEvent::new(EventType::MISC.0, 4, 0x0b_00b1);
        let sync = InputEvent::new(EventType::SYNCHRONIZATION.0, 0, 0);
        vec![scan, event(1), sync, event(2), sync, event(0), sync]
    }

    fn signals(keys: &Keys, events: impl IntoIterator<Item = InputEvent>) -> Vec<Signal> {
        events.into_iter().filter_map(|event| keys.signal(event)).collect()
    }

    #[test]
    fn a_number_on_a_usb_handset_is_its_digits_and_its_green_key() {
        let (keys, warnings) = Keys::new(&[]);
        assert!(warnings.is_empty());
        let pressed = [
            KeyCode::KEY_NUMERIC_1,
            KeyCode::KEY_KP0,
            KeyCode::KEY_2,
            KeyCode::KEY_NUMERIC_STAR,
            KeyCode::KEY_NUMERIC_POUND,
            KeyCode::KEY_ENTER,
            KeyCode::KEY_VOLUMEUP,
            KeyCode::KEY_PHONE,
        ];
        let heard = signals(&keys, pressed.into_iter().flat_map(stroke));
        let digits = ['1', '0', '2', '*', '#'].map(|digit| Signal::Key(Key::Digit(digit)));
        let (call, both) = (Signal::Key(Key::Call), Signal::Key(Key::CallOrHangUp));
        assert_eq!(heard, [&digits[..], &[call, both]].concat());
    }

    #[test]
    fn own_meanings_replace_the_usual_ones_and_unknown_names_are_told() {
        let own = [
            ("KEY_ENTER".to_owned(), KeyMeaning::Hold),
            ("KEY_0".to_owned(), KeyMeaning::Ignored),
            ("SW_LID".to_owned(), KeyMeaning::Cradle),
            ("KEY_NONSENSE".to_owned(), KeyMeaning::Hook),
        ];
        let (keys, warnings) = Keys::new(&own);
        assert_eq!(warnings, ["item Handset Keys: there is no key KEY_NONSENSE"]);
        let heard =
            signals(&keys, [KeyCode::KEY_ENTER, KeyCode::KEY_0].into_iter().flat_map(stroke));
        assert_eq!(heard, [Signal::Key(Key::Hold)]);
        let lid = |value| InputEvent::new(EventType::SWITCH.0, SwitchCode::SW_LID.0, value);
        assert_eq!(signals(&keys, [lid(0), lid(1)]), [Signal::Hook(true), Signal::Hook(false)]);
    }

    #[test]
    fn the_hook_is_read_when_its_device_appears() {
        let (keys, _) = Keys::new(&[("KEY_F1".to_owned(), KeyMeaning::Hook)]);
        let mut has = AttributeSet::<KeyCode>::new();
        has.insert(KeyCode::KEY_1);
        let switches = AttributeSet::<SwitchCode>::new();
        let off = AttributeSet::<KeyCode>::new();
        let hook = |has: &AttributeSet<KeyCode>, on: &AttributeSet<KeyCode>| {
            keys.hook((Some(has), on), (None, &switches))
        };
        assert_eq!(hook(&has, &off), None, "a keypad without a hook");
        has.insert(KeyCode::KEY_F1);
        assert_eq!(hook(&has, &off), Some(Signal::Hook(false)));
        assert_eq!(hook(&has, &has), Some(Signal::Hook(true)));
    }
}
