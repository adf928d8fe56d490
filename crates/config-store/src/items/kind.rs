//! Which texts are values of an item: checks a text, brings it into its one canonical form, and
//! says in words what would have been accepted.

use std::net::IpAddr;

use super::wiring::{MixerElement, Pin, key_map, meanings};
use crate::{Sentence, limits::MAX_VALUE};

/// The codecs that the phone has, by the names that Fanvil files use.
pub const CODECS: &[&str] = &["PCMA", "PCMU"];

/// Which values an item takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text without control characters, at most [`MAX_VALUE`] octets; blanks at its ends are cut.
    Text,
    /// A password: as text, but never shown, and with no blanks at its ends, because the text form
    /// of the configuration could not carry them.
    Secret,
    /// A whole number.
    Number {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
        /// Its unit; empty if it has none.
        unit: &'static str,
    },
    /// A number of hours from 0.01 to 8760, with up to two decimals.
    Hours,
    /// 0 for no, 1 for yes.
    Flag,
    /// One of these values, each with its meaning in English and in Chinese; the empty value is
    /// "not set".
    Choice(&'static [(&'static str, &'static str, &'static str)]),
    /// An IPv4 or IPv6 address or a domain name, or nothing.
    Address,
    /// A number, `user@host` or a SIP URI, or nothing.
    Callee,
    /// Names of codecs, separated by commas, at least one of [`CODECS`].
    Codecs,
    /// A GPIO with its level, such as `gpiochip0:17:low`, or nothing.
    Pin,
    /// Keys with their meanings, such as `KEY_F1=hook,KEY_F2=hold`, or nothing.
    Keys,
    /// The name of a PCM of libasound, such as `plughw:CARD=Device,DEV=0`, or nothing.
    Pcm,
    /// An element of a card's mixer, such as `Device/PCM`, or nothing.
    Mixer,
}

/// A number of seconds.
pub(super) const fn seconds(min: u32, max: u32) -> Kind {
    Kind::Number { min, max, unit: "s" }
}

impl Kind {
    /// A port of a server; 0 means none given.
    pub(super) const PORT: Self = Self::Number { min: 0, max: 65535, unit: "" };

    /// The canonical form of `text` if it is a value; `None` if it is not. The empty text passes
    /// only where it is itself a value: that it means the default elsewhere is up to the caller.
    #[must_use]
    pub fn check(&self, text: &str) -> Option<String> {
        if text.len() > MAX_VALUE || text.chars().any(char::is_control) {
            return None;
        }
        let trimmed = text.trim();
        match self {
            Self::Text => Some(trimmed.to_owned()),
            Self::Secret => (trimmed == text).then(|| text.to_owned()),
            Self::Number { min, max, .. } => number(trimmed, *min, *max),
            Self::Hours => hours(trimmed),
            Self::Flag => matches!(trimmed, "0" | "1").then(|| trimmed.to_owned()),
            Self::Choice(values) => {
                values.iter().any(|(value, ..)| *value == trimmed).then(|| trimmed.to_owned())
            }
            Self::Address => address(trimmed),
            Self::Callee => is_callee(trimmed).then(|| trimmed.to_owned()),
            Self::Codecs => codecs(trimmed),
            Self::Pin => {
                (trimmed.is_empty() || trimmed.parse::<Pin>().is_ok()).then(|| trimmed.to_owned())
            }
            Self::Keys => {
                let compact = trimmed.split(',').map(str::trim).collect::<Vec<_>>().join(",");
                key_map(&compact).is_ok().then_some(compact)
            }
            Self::Pcm => pcm(trimmed).then(|| trimmed.to_owned()),
            Self::Mixer => (trimmed.is_empty() || trimmed.parse::<MixerElement>().is_ok())
                .then(|| trimmed.to_owned()),
        }
    }

    /// What is accepted, in words that follow "is not".
    #[must_use]
    pub fn range(&self) -> Sentence {
        match self {
            Self::Text => Sentence::new(
                format!("text of at most {MAX_VALUE} octets without control characters"),
                format!("最多 {MAX_VALUE} 字节的文本，不含控制字符"),
            ),
            Self::Secret => Sentence::new(
                format!(
                    "a password of at most {MAX_VALUE} octets without control characters or blanks \
                     at its ends"
                ),
                format!("最多 {MAX_VALUE} 字节的密码，不含控制字符，首尾不含空格"),
            ),
            Self::Number { min, max, unit } => number_range(*min, *max, unit),
            Self::Hours => {
                Sentence::new("a number of hours from 0.01 to 8760", "0.01 至 8760 的小时数")
            }
            Self::Flag => Sentence::new("0 (off) or 1 (on)", "0（关）或 1（开）"),
            Self::Choice(values) => choice_range(values),
            Self::Address => Sentence::new(
                "an IPv4 or IPv6 address or a domain name",
                "IPv4 或 IPv6 地址，或域名",
            ),
            Self::Callee => {
                Sentence::new("a number, user@host or a SIP URI", "号码、user@host 或 SIP URI")
            }
            Self::Codecs => Sentence::new(
                format!(
                    "a list of codecs separated by commas with at least one of {}",
                    CODECS.join(", ")
                ),
                format!("用逗号分隔的编解码，至少包含 {} 之一", CODECS.join("、")),
            ),
            Self::Pin => Sentence::new(
                "a GPIO as CHIP:LINE:LEVEL, e.g. gpiochip0:17:low",
                "GPIO，写作 `CHIP:LINE:LEVEL`，如 `gpiochip0:17:low`",
            ),
            Self::Keys => Sentence::new(
                format!("a list NAME=MEANING with commas, MEANING being {}", meanings()),
                format!("用逗号分隔的 `NAME=MEANING`，其中 MEANING 为：`{}`", meanings()),
            ),
            Self::Pcm => Sentence::new(
                "the name of a sound device, of letters, digits and . _ - : = , + @, that does not \
                 write to a file (file, tee)",
                "声音设备名称，由字母、数字和 `. _ - : = , + @` 组成，不得写入文件（`file`、`tee`）",
            ),
            Self::Mixer => Sentence::new(
                "an element of a card's mixer as CARD/ELEMENT or CARD/ELEMENT,INDEX, e.g. Device/PCM",
                "声卡的混音控件，写作 `CARD/ELEMENT` 或 `CARD/ELEMENT,INDEX`，如 `Device/PCM`",
            ),
        }
    }
}

fn number_range(min: u32, max: u32, unit: &str) -> Sentence {
    let en = format!("a whole number from {min} to {max}");
    let zh = format!("{min} 至 {max} 的整数");
    match unit {
        "" => Sentence::new(en, zh),
        "transmissions" => Sentence::new(format!("{en} ({unit})"), format!("{zh}（次发送）")),
        unit => Sentence::new(format!("{en} ({unit})"), format!("{zh}（{unit}）")),
    }
}

fn choice_range(values: &[(&str, &str, &str)]) -> Sentence {
    let en = values.iter().map(|(value, meaning, _)| match *value {
        "" => format!("empty ({meaning})"),
        value => format!("{value} ({meaning})"),
    });
    let zh = values.iter().map(|(value, _, meaning)| match *value {
        "" => format!("空（{meaning}）"),
        value => format!("`{value}`（{meaning}）"),
    });
    let (en, zh): (Vec<String>, Vec<String>) = (en.collect(), zh.collect());
    Sentence::new(format!("one of {}", en.join(", ")), format!("以下之一：{}", zh.join("、")))
}

/// Whether this names a device and nothing else. libasound reads a name as a piece of configuration:
/// with quotes, braces and blanks it could hold a whole one, and the plugins `file` and `tee` write
/// to files and even start commands, which no setting may do (F10).
fn pcm(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:=,+@".contains(c);
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    name.chars().all(plain) && !words.any(|word| matches!(word, "file" | "tee"))
}

fn number(text: &str, min: u32, max: u32) -> Option<String> {
    // The digits are checked because `parse` would take a plus sign as well.
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let value: u32 = digits.then(|| text.parse().ok())??;
    (min..=max).contains(&value).then(|| value.to_string())
}

/// As few digits as say it: `1.50` is `1.5`.
fn hours(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let whole: u32 = number(whole, 0, 8760)?.parse().ok()?;
    let part = match part.len() {
        1 | 2 => number(&format!("{part:0<2}"), 0, 99)?.parse::<u32>().ok()?,
        _ => return None,
    };
    let hundredths = whole * 100 + part;
    (1..=876_000).contains(&hundredths).then(|| match hundredths % 100 {
        0 => whole.to_string(),
        part => format!("{whole}.{part:02}").trim_end_matches('0').to_owned(),
    })
}

fn address(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare.unwrap_or(text).parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) if bare.is_some() => None,
        Ok(address) => Some(address.to_string()),
        Err(_) => is_domain(text).then(|| text.to_owned()),
    }
}

/// RFC 1123 §2.1, and underscores, which names in the field have. A last label of digits only would
/// be a mistyped IPv4 address.
fn is_domain(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_digits = name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(label) && !last_is_digits
}

/// What can be dialled: as a number or user part what a URI takes without escapes, else a host behind
/// an optional user. Nothing is a value too.
fn is_callee(text: &str) -> bool {
    if text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',')) {
        return false;
    }
    let bare = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"));
    let place = match (bare.unwrap_or(text).split_once('@'), bare) {
        (Some((user, place)), _) if !user.is_empty() => place,
        (Some(_), _) => return false,
        (None, Some(place)) => place,
        (None, None) => return !text.contains([';', '?', ':', '/']),
    };
    // Parameters and header fields of a URI are its own business.
    let place = place.split([';', '?']).next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        Some(_) | None => (place, "1"),
    };
    !host.is_empty() && address(host).is_some() && number(port, 1, 65535).is_some()
}

fn codecs(text: &str) -> Option<String> {
    // Files that were made for older series call both by their ITU-T names.
    let today = |name: &str| match name.to_ascii_uppercase().as_str() {
        "G711A" => "PCMA".to_owned(),
        "G711U" => "PCMU".to_owned(),
        _ => name.to_owned(),
    };
    let names: Vec<String> = text.split(',').map(|name| today(name.trim())).collect();
    let plain = |name: &String| {
        !name.is_empty()
            && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(&octet))
    };
    let known = |name: &String| CODECS.iter().any(|codec| codec.eq_ignore_ascii_case(name));
    (names.iter().all(plain) && names.iter().any(known)).then(|| names.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::items;

    #[test]
    fn hours_may_have_decimals_as_files_in_the_field_have_them() {
        for (text, canonical) in
            [("1", "1"), ("0.01", "0.01"), ("1.50", "1.5"), ("24.0", "24"), ("8760", "8760")]
        {
            assert_eq!(Kind::Hours.check(text).as_deref(), Some(canonical), "{text}");
        }
        for text in ["0", "0.001", "8760.01", "-1", "1,5", "1.", ".5", "1e3"] {
            assert_eq!(Kind::Hours.check(text), None, "{text}");
        }
    }

    #[test]
    fn a_callee_is_what_can_be_dialled() {
        for text in [
            "",
            "1009",
            "+49301234",
            "*21#",
            "desk@other.test",
            "sip:desk@other.test:5070",
            "sips:desk@[2001:db8::1]:5061;transport=tcp",
            "sip:10.0.0.1",
            "a@10.0.0.1",
        ] {
            assert_eq!(Kind::Callee.check(text).as_deref(), Some(text));
        }
        for text in [
            "not an address",
            "<sip:a@b>",
            "@other.test",
            "desk@",
            "sip:",
            "1009;x",
            "http://a/",
            "desk@other.test:0",
            "desk@other..test",
            "1009,1010",
            "desk@10.0.0.256",
        ] {
            assert_eq!(Kind::Callee.check(text), None, "{text}");
        }
    }

    #[test]
    fn every_number_takes_both_ends_of_its_range_and_nothing_beyond() {
        for item in items::all() {
            let Kind::Number { min, max, .. } = item.kind else { continue };
            for value in [min, max] {
                let text = value.to_string();
                assert_eq!(item.kind.check(&text), Some(text.clone()), "{}", item.name);
                assert_eq!(item.kind.check(&format!(" 0{text} ")), Some(text), "{}", item.name);
            }
            assert_eq!(item.kind.check(&(max + 1).to_string()), None, "{}", item.name);
            if let Some(below) = min.checked_sub(1) {
                assert_eq!(item.kind.check(&below.to_string()), None, "{}", item.name);
            }
            for text in ["", "+1", "-1", "1.0", "0x1", "1 0", "99999999999", "eins"] {
                assert_eq!(item.kind.check(text), None, "{} `{text}`", item.name);
            }
        }
    }

    #[test]
    fn every_flag_and_choice_takes_its_values_and_nothing_else() {
        for item in items::all() {
            let values: Vec<&str> = match item.kind {
                Kind::Flag => vec!["0", "1"],
                Kind::Choice(values) => values.iter().map(|(value, ..)| *value).collect(),
                Kind::Text
                | Kind::Secret
                | Kind::Number { .. }
                | Kind::Hours
                | Kind::Address
                | Kind::Callee
                | Kind::Codecs
                | Kind::Pin
                | Kind::Keys
                | Kind::Pcm
                | Kind::Mixer => continue,
            };
            for text in ["", "0", "1", "2", "3", "4", "-1", "yes", "00"] {
                let expected = values.contains(&text).then(|| text.to_owned());
                assert_eq!(item.kind.check(text), expected, "{} `{text}`", item.name);
            }
        }
    }

    #[test]
    fn addresses_are_ip_literals_or_domain_names() {
        for (text, canonical) in [
            ("", ""),
            ("10.0.0.1", "10.0.0.1"),
            ("::1", "::1"),
            (" [2001:DB8:0::1] ", "2001:db8::1"),
            ("sip.example.com", "sip.example.com"),
            ("sip.example.com.", "sip.example.com."),
            ("_sip._udp.example", "_sip._udp.example"),
            ("pbx", "pbx"),
            ("1and1.example", "1and1.example"),
        ] {
            assert_eq!(Kind::Address.check(text).as_deref(), Some(canonical));
        }
        for text in [
            "10.0.0.256",
            "10.0.0",
            "1.2.3.4.5",
            "[10.0.0.1]",
            "[::1",
            "a..b",
            ".a",
            "-a.b",
            "a-.b",
            "a b",
            "sip:a@b",
            "a:5060",
            "ä.example",
            "a/b",
            "10.0.0.1:5060",
            "a,b",
        ] {
            assert_eq!(Kind::Address.check(text), None, "{text}");
        }
        assert_eq!(Kind::Address.check(&format!("{}.example", "a".repeat(64))), None);
    }

    #[test]
    fn codec_lists_may_name_unknown_codecs_but_not_only_such() {
        let check = |text| Kind::Codecs.check(text);
        assert_eq!(check("PCMU, G729 ,iLBC").as_deref(), Some("PCMU,G729,iLBC"));
        assert_eq!(check("pcma").as_deref(), Some("pcma"));
        assert_eq!(check("G711A,g711u,G722").as_deref(), Some("PCMA,PCMU,G722"));
        for text in ["", "G729", "PCMA,", "PCMA;PCMU", "PCMA,,PCMU"] {
            assert_eq!(check(text), None, "{text}");
        }
    }

    /// libasound was seen to start the command of the third of the refused names (F10).
    #[test]
    fn the_name_of_a_sound_device_writes_no_file_and_starts_no_command_f10() {
        for name in ["", "default", "plughw:1,0", "sysdefault:CARD=Device", "bluealsa:DEV=00:11:22"]
        {
            assert_eq!(Kind::Pcm.check(name).as_deref(), Some(name));
        }
        for name in [
            "file:x,raw",
            "tee:null,x,raw",
            "tee:null,'|reboot',raw",
            "plug:SLAVE=tee:null",
            "plug:'null'",
            "plug:{SLAVE=null}",
            "hw:1;x",
            "a b",
            "../x",
            "ä",
        ] {
            assert_eq!(Kind::Pcm.check(name), None, "{name}");
        }
    }

    #[test]
    fn no_value_holds_control_characters_or_more_than_its_length() {
        for kind in [Kind::Text, Kind::Secret] {
            assert_eq!(kind.check(&"x".repeat(MAX_VALUE)), Some("x".repeat(MAX_VALUE)));
            for text in ["a\nb", "a\rb", "a\0b", "a\u{85}b", &"x".repeat(MAX_VALUE + 1)] {
                assert_eq!(kind.check(text), None);
            }
        }
        assert_eq!(Kind::Text.check(" a  b "), Some("a  b".to_owned()));
        assert_eq!(Kind::Secret.check(" a"), None);
    }

    proptest! {
        #[test]
        fn what_was_accepted_once_is_accepted_again_unchanged(text in "\\PC{0,40}") {
            for item in items::all() {
                if let Some(canonical) = item.kind.check(&text) {
                    prop_assert_eq!(item.kind.check(&canonical), Some(canonical));
                }
            }
        }
    }
}
