//! Who may import whom: the table of the architecture, as data. It knows crate names and kinds of
//! dependency only; `tests/house.rs` reads them from `cargo metadata`.

use crate::Finding;

/// Why one crate needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// In what is shipped.
    Normal,
    /// In tests only.
    Dev,
    /// In a build script.
    Build,
}

/// One dependency as a manifest states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The crate of ours that needs it.
    pub from: String,
    /// What it needs.
    pub to: String,
    /// What for.
    pub need: Need,
}

/// What one crate of ours may import of ours.
struct Row {
    name: &'static str,
    ours: &'static [&'static str],
}

/// The table. Siblings never import each other: `phone` joins the cores, `phoned` joins everything
/// with the world.
const TABLE: &[Row] = &[
    Row { name: "phonectl", ours: &["control", "sealed"] },
    Row {
        name: "phoned",
        ours: &[
            "phone",
            "sip-core",
            "failover",
            "media",
            "handset",
            "config-store",
            "control",
            "sealed",
            "web",
        ],
    },
    Row { name: "phone", ours: &["sip-core", "failover"] },
    Row { name: "sip-core", ours: &[] },
    Row { name: "failover", ours: &[] },
    Row { name: "media", ours: &[] },
    Row { name: "handset", ours: &[] },
    Row { name: "config-store", ours: &[] },
    Row { name: "web", ours: &["control"] },
    Row { name: "control", ours: &[] },
    Row { name: "sealed", ours: &[] },
    Row { name: "netem", ours: &[] },
    Row { name: "sim", ours: &["phone", "sip-core", "failover", "netem"] },
    Row { name: "tidy", ours: &[] },
];

/// What the pure crates may import of others: arithmetic, hashing, derives. Nothing that could
/// read a clock or open a socket.
const PURE_THIRD_PARTY: &[(&str, &[&str])] = &[
    ("sip-core", &["md-5", "sha2", "rand_chacha", "thiserror"]),
    ("failover", &["rand_chacha", "thiserror"]),
    ("phone", &["rand_chacha", "thiserror"]),
    ("netem", &["rand_chacha"]),
    ("handset", &[]),
];

/// Holds `edges` against the table. `ours` are all crates of the workspace.
#[must_use]
pub fn check(ours: &[String], edges: &[Edge]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in ours {
        if !TABLE.iter().any(|row| row.name == name) {
            findings.push(at(name, "is not in the import table: add its row to crates/tidy/src/imports.rs and to ARCHITECTURE.md"));
        }
    }
    for edge in edges {
        let allowed = if ours.contains(&edge.to) { of_ours(edge) } else { of_others(edge) };
        if !allowed {
            findings.push(at(
                &edge.from,
                &format!(
                    "must not depend on {} ({}): move the code to the crate that may, or pass the data in",
                    edge.to,
                    match edge.need {
                        Need::Normal => "normal dependency",
                        Need::Dev => "dev-dependency",
                        Need::Build => "build-dependency",
                    }
                ),
            ));
        }
    }
    findings
}

fn of_ours(edge: &Edge) -> bool {
    let row = TABLE.iter().find(|row| row.name == edge.from);
    edge.need != Need::Build && row.is_some_and(|row| row.ours.contains(&edge.to.as_str()))
}

fn of_others(edge: &Edge) -> bool {
    edge.need == Need::Dev
        || PURE_THIRD_PARTY
            .iter()
            .find(|(name, _)| *name == edge.from)
            .is_none_or(|(_, allowed)| allowed.contains(&edge.to.as_str()))
}

fn at(name: &str, what: &str) -> Finding {
    Finding {
        path: format!("crates/{name}/Cargo.toml"),
        line: 0,
        what: format!("crate {name} {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(from: &str, to: &str, need: Need) -> usize {
        let ours: Vec<String> = TABLE.iter().map(|row| row.name.to_owned()).collect();
        check(&ours, &[Edge { from: from.to_owned(), to: to.to_owned(), need }]).len()
    }

    #[test]
    fn siblings_never_import_each_other() {
        assert_eq!(findings("failover", "sip-core", Need::Normal), 1);
        assert_eq!(findings("media", "sip-core", Need::Dev), 1);
        assert_eq!(findings("phone", "sip-core", Need::Normal), 0);
    }

    #[test]
    fn the_wire_is_for_the_simulation_only() {
        assert_eq!(findings("sim", "netem", Need::Normal), 0);
        assert_eq!(findings("phone", "netem", Need::Dev), 1);
    }

    #[test]
    fn a_pure_crate_has_no_runtime() {
        assert_eq!(findings("sip-core", "tokio", Need::Normal), 1);
        assert_eq!(findings("sip-core", "proptest", Need::Dev), 0);
        assert_eq!(findings("phoned", "tokio", Need::Normal), 0);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(check(&["novel".to_owned()], &[]).len(), 1);
    }
}
