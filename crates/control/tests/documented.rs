//! `docs/control.md` shows what this crate reads and writes: every example on the page is read, and
//! written again as it stands there.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail loudly")]

use control::{Notification, Reply, Request};
use serde::{Serialize, de::DeserializeOwned};

const PAGE: &str = include_str!("../../../docs/control.md");

/// The lines of the code block that is opened with `mark`.
fn block(mark: &str) -> Vec<&'static str> {
    let (_, rest) = PAGE.split_once(&format!("```{mark}\n")).unwrap();
    rest.split_once("```").unwrap().0.lines().collect()
}

fn comes_back<T: Serialize + DeserializeOwned>(json: &str) -> T {
    let value: T = control::decode(json.as_bytes()).unwrap_or_else(|error| {
        panic!("{json}: {error}");
    });
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    value
}

#[test]
fn every_reply_on_the_page_is_one() {
    let replies = block("json reply");
    assert!(replies.len() >= 10, "{}", replies.len());
    for json in replies {
        comes_back::<Reply>(json);
    }
}

#[test]
fn every_event_on_the_page_is_one_and_no_kind_is_missing() {
    let kinds: std::collections::BTreeSet<String> = block("json event")
        .into_iter()
        .map(|json| {
            let event = comes_back::<Notification>(json);
            serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = [
        "audio",
        "call",
        "config",
        "drill",
        "failback",
        "failover",
        "network",
        "quality",
        "redundancy",
        "registration",
        "unavailable",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn every_request_on_the_page_is_one() {
    let (_, rest) = PAGE.split_once("## Requests").unwrap();
    let (table, _) = rest.split_once("## Replies").unwrap();
    let requests: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').filter(|text| text.starts_with("{\"")))
        .collect();
    assert!(requests.len() >= 18, "{}", requests.len());
    for json in requests {
        control::decode::<Request>(json.as_bytes()).unwrap_or_else(|error| {
            panic!("{json}: {error}");
        });
    }
}
