//! Shows whatever the phone has answered: as JSON, or as the text that the noun's file makes of it.
//! The one place that knows every kind of answer.

use control::{Payload, encode};

use crate::{
    account, audio, call, config, contact, drill, failure::Failure, journal, network,
    output::Output, provision, status, system, timing, trace,
};

/// What a command adds to the text of its answer; JSON has nothing of it.
#[derive(Default)]
pub(crate) struct Wording {
    /// What is said where the answer is only that it was done.
    pub(crate) done: String,
    /// Whether lines are shown with all their servers, messages with all their text.
    pub(crate) detailed: bool,
}

impl Wording {
    /// For a command that only does something.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { done: text.into(), detailed: false }
    }
}

/// Shows an answer.
pub(crate) fn show(
    payload: &Payload,
    wording: &Wording,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let line = encode(payload).map_err(Failure::NotSent)?;
        return output.octets(&line);
    }
    match payload {
        Payload::Done {} => output.line(&wording.done),
        Payload::Accounts(accounts) => account::show(accounts, wording.detailed, output),
        Payload::Calls(calls) => call::show(calls, output),
        Payload::CallLog(calls) => call::show_log(calls, output),
        Payload::Audio(volumes) => audio::show(volumes, output),
        Payload::AudioDevices(devices) => audio::show_devices(devices, output),
        Payload::AudioTest(test) => audio::show_test(test, output),
        Payload::Contacts(contacts) => contact::show(contacts, output),
        Payload::Contact(contact) => contact::show(std::slice::from_ref(contact), output),
        Payload::Imported(done) => contact::show_imported(*done, output),
        Payload::Id(id) => output.line(id),
        Payload::Items(items) => config::show_items(items, output),
        Payload::Description(description) => config::show_description(description, output),
        Payload::Changes(report) => config::show_changes(report, output),
        Payload::Check(checks) => config::show_check(checks, output),
        Payload::Document(document) => config::show_document(document, output),
        Payload::Entries(entries) => journal::show(entries, output),
        Payload::Drill(status) => output.line(&drill::sentence(status)),
        Payload::Network(status) => network::show(status, output),
        Payload::Provision(status) => provision::show(status, output),
        Payload::Timing(report) => timing::show(report, output),
        Payload::Log(report) => system::show_log(report, output),
        Payload::Trace(report) => trace::show(report, wording.detailed, output),
        Payload::Status(status) => status::show(status, output),
        Payload::Watching {} => Ok(()),
    }
}
