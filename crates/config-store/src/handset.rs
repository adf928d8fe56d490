//! Hook, keys, lamps and bell, with types (F7). Whether that hardware is there shows when it is used.

pub use crate::items::{KeyMeaning, Pin};
use crate::{
    items::{self, key_map},
    values::Values,
};

/// Which hardware the phone has, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handset {
    /// Input devices with hook and keys: paths or names.
    pub inputs: Vec<String>,
    /// Keys and switches by the kernel's names, where they do not have their usual meaning.
    pub keys: Vec<(String, KeyMeaning)>,
    /// The hook switch; on while the handset is lifted.
    pub hook: Option<Pin>,
    /// The lamp of the lines.
    pub line_lamp: Option<Pin>,
    /// The lamp of calls.
    pub call_lamp: Option<Pin>,
    /// The PCM that rings; `None`: the one of calls.
    pub ring_device: Option<String>,
}

impl Handset {
    pub(crate) fn of(values: &Values) -> Self {
        let text = |item| values.phone_text(item);
        let list = |text: &str| -> Vec<String> {
            text.split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        // Values are valid already: what does not parse is the empty one.
        let pin = |item| text(item).parse().ok();
        Self {
            inputs: list(text(&items::HANDSET_INPUTS)),
            keys: key_map(text(&items::HANDSET_KEYS)).unwrap_or_default(),
            hook: pin(&items::HOOK_GPIO),
            line_lamp: pin(&items::LINE_LAMP_GPIO),
            call_lamp: pin(&items::CALL_LAMP_GPIO),
            ring_device: values.phone_name(&items::RING_DEVICE),
        }
    }
}
