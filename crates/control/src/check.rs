//! What the settings of a line mean: worst cases as numbers, and what a user ought to know as
//! sentences.

use serde::{Deserialize, Serialize};

/// What the settings of one line lead to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineCheck {
    /// The line, from 1.
    pub line: u16,
    /// How many different servers it has, each address counted.
    pub hops: u8,
    /// The worst cases.
    pub bounds: Bounds,
    /// What a user ought to know, warnings first.
    pub findings: Vec<Finding>,
}

/// Worst cases in seconds, round trips of the network not counted. `null`: there is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// From the silent death of the line's server until incoming calls come again through another,
    /// at a server that answers keep-alives; without keep-alives, found out by the refresh.
    pub incoming_s: Option<f64>,
    /// The same before that server has answered its first keep-alive.
    pub incoming_first_s: Option<f64>,
    /// The same at a server that never answers keep-alives.
    pub incoming_unnoticed_s: Option<f64>,
    /// A REGISTER goes to the next server after so long at a silent one.
    pub register_s: f64,
    /// A dialled call does so.
    pub invite_s: f64,
    /// A hang-up does so.
    pub bye_s: f64,
    /// A dialled call fails after so long if every server is silent.
    pub all_silent_s: f64,
    /// From the recovery of the primary until the line is back, from a backup where it is settled.
    pub failback_s: Option<f64>,
    /// The same from whatever state, once every server is well.
    pub failback_any_s: Option<f64>,
    /// The longest wait between two rounds of attempts while every server is dead.
    pub retry_s: f64,
    /// From when one server works, all others being dead, until the line is registered there,
    /// whatever went before, at servers that answer keep-alives.
    pub recovery_s: f64,
    /// The same at servers that answer none, or without keep-alives.
    pub recovery_unnoticed_s: f64,
}

/// One thing that a user ought to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// The item that it is about, if it is about one.
    pub item: Option<String>,
    /// A sentence.
    pub text: String,
    /// The same in Chinese.
    #[serde(default)]
    pub text_zh: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Probably not what was meant, or costly.
    Warning,
    /// What the settings mean.
    Note,
}
