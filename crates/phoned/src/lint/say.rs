//! A sentence with numbers, said in both languages of the web page.

use std::time::Duration;

use config_store::Address;

/// A [`config_store::Sentence`] from its two forms; what stands in braces is the same in both.
macro_rules! say {
    ($en:literal, $zh:literal) => { config_store::Sentence::new($en, $zh) };
    ($en:literal, $zh:literal; $($name:ident = $value:expr),+) => {
        config_store::Sentence::new(
            { $(let $name = $crate::lint::say::Said::en(&$value);)+ format!($en) },
            { $(let $name = $crate::lint::say::Said::zh(&$value);)+ format!($zh) },
        )
    };
}
pub(super) use say;

/// What a sentence may have in it.
pub(super) trait Said {
    fn en(&self) -> String;
    fn zh(&self) -> String;
}

/// `33.5 s`, `59 min 23 s`, `2 h 12 min 7 s`; below two minutes in seconds.
impl Said for Duration {
    fn en(&self) -> String {
        span(*self, ["h", "min", "s"])
    }

    fn zh(&self) -> String {
        span(*self, ["小时", "分", "秒"])
    }
}

fn span(time: Duration, [hour, minute, second]: [&str; 3]) -> String {
    let seconds = time.as_secs();
    if seconds < 120 {
        let tenths = (time.as_secs_f64() * 10.0).round() / 10.0;
        return format!("{tenths} {second}");
    }
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let parts = [(hours, hour), (minutes, minute), (rest, second)];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// How long a request waits at a silent server; less where a connection is set up sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) time: Duration,
    pub(super) at_most: bool,
}

impl Said for Wait {
    fn en(&self) -> String {
        let up_to = if self.at_most { "up to " } else { "" };
        format!("{up_to}{}", self.time.en())
    }

    fn zh(&self) -> String {
        let up_to = if self.at_most { "最多 " } else { "" };
        format!("{up_to}{}", self.time.zh())
    }
}

impl Said for Address {
    fn en(&self) -> String {
        self.to_string()
    }

    fn zh(&self) -> String {
        self.to_string()
    }
}

/// The name of an item.
impl Said for String {
    fn en(&self) -> String {
        self.clone()
    }

    fn zh(&self) -> String {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_in_the_units_that_people_use() {
        let cases = [(500, "0.5 s"), (3500, "3.5 s"), (30_000, "30 s"), (3_563_000, "59 min 23 s")];
        for (millis, text) in cases {
            assert_eq!(Duration::from_millis(millis).en(), text);
        }
        assert_eq!(Duration::from_secs(7927).en(), "2 h 12 min 7 s");
        assert_eq!(Duration::from_secs(7927).zh(), "2 小时 12 分 7 秒");
        assert_eq!(Duration::from_secs(7200).en(), "2 h");
    }

    #[test]
    fn both_forms_have_the_same_numbers() {
        let said = say!("{a}, later {b}", "{a}，之后 {b}"; a = Duration::from_secs(4),
            b = Wait { time: Duration::from_secs(180), at_most: true });
        assert_eq!(said.en, "4 s, later up to 3 min");
        assert_eq!(said.zh, "4 秒，之后 最多 3 分");
    }
}
