//! The store's table of items, and its changes, in the words of the control socket. Nothing is added
//! to them here.

use config_store::items::CODECS;
use config_store::limits::{MAX_LINES, MAX_VALUE};
use config_store::{Item, Kind, Scope, items};
use control::{
    ChangeReport, Changed, Choice, ConfigDescription, Help, ItemDescription, ItemScope, ItemValues,
};

/// Every item, in the table's order.
pub(super) fn all() -> ConfigDescription {
    ConfigDescription { lines: MAX_LINES.into(), items: items::all().map(item).collect() }
}

/// What an accepted change has changed, or would change.
pub(super) fn changes(changes: config_store::Changes) -> ChangeReport {
    let changed = |change: config_store::Change| Changed {
        item: change.item,
        old: change.old,
        new: change.new,
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ChangeReport {
        contacts: 0,
        items: changes.items.into_iter().map(changed).collect(),
        dry_run: false,
        kept: count(changes.kept),
        dropped: count(changes.dropped),
        warnings_zh: changes.warnings.iter().map(|warning| warning.zh.clone()).collect(),
        warnings: changes.warnings.into_iter().map(|warning| warning.en).collect(),
    }
}

fn item(item: &Item) -> ItemDescription {
    ItemDescription {
        name: item.name.into(),
        scope: match item.scope {
            Scope::Phone => ItemScope::Phone,
            Scope::Line => ItemScope::Line,
        },
        values: values(&item.kind),
        range: item.kind.range().en,
        default: item.default.into(),
        help: Help { en: item.en.into(), zh: item.zh.into() },
    }
}

fn values(kind: &Kind) -> ItemValues {
    let longest = || u32::try_from(MAX_VALUE).unwrap_or(u32::MAX);
    match kind {
        // Decimals, GPIOs, keys, sound devices and mixers are text to a form.
        Kind::Text | Kind::Hours | Kind::Pin | Kind::Keys | Kind::Pcm | Kind::Mixer => {
            ItemValues::Text { max: longest() }
        }
        Kind::Secret => ItemValues::Secret { max: longest() },
        Kind::Number { min, max, unit } => {
            ItemValues::Number { min: *min, max: *max, unit: (*unit).into() }
        }
        Kind::Flag => ItemValues::Flag {},
        Kind::Choice(values) => {
            let choice = |(value, meaning, zh): &(&str, &str, &str)| Choice {
                value: (*value).into(),
                meaning: (*meaning).into(),
                meaning_zh: (*zh).into(),
            };
            ItemValues::Choice { of: values.iter().map(choice).collect() }
        }
        Kind::Address => ItemValues::Address {},
        Kind::Callee => ItemValues::Callee {},
        Kind::Codecs => {
            ItemValues::Codecs { known: CODECS.iter().map(ToString::to_string).collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_told_whole_and_in_its_order() {
        let told = all();
        let names: Vec<&str> = told.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, items::all().map(|item| item.name).collect::<Vec<_>>());
        let interval = told.items.iter().find(|item| item.name == "Failback Interval").unwrap();
        assert_eq!(interval.values, ItemValues::Number { min: 1, max: 86400, unit: "s".into() });
        assert_eq!((interval.scope, interval.default.as_str()), (ItemScope::Line, "1800"));
        assert_eq!(interval.help.zh, items::FAILBACK_INTERVAL.zh);
    }
}
