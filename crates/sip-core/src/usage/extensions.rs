//! A request that was refused for an extension, as it goes out again: without what somebody on its
//! way does not know (420), or with what somebody needs (421) (RFC 3261 §8.1.3.5, §21.4.15, §21.4.16).

use crate::message::{HeaderName, Headers, Response};
use crate::usage::session_timer::TIMER;

/// Whether `headers` offer an extension in their `Supported`.
pub fn offers(headers: &Headers, tag: &str) -> bool {
    contains(&headers.supported(), tag)
}

/// Changes what `headers` of a request offer as a 420 or 421 asks: `Supported`, and with `timer` also
/// what that extension adds. `known` are the option tags that the sender understands, written as in
/// `Supported`. False, and nothing is changed, where the answer asks for nothing that can be: a 420 to
/// what the request never offered, a 421 for what the sender does not understand or has offered.
///
/// A 420 that names nothing (it must) is taken to mean everything that the request offers.
pub fn adapt(headers: &mut Headers, known: &str, response: &Response) -> bool {
    match response.code.as_u16() {
        420 => withdraw(headers, response),
        421 => offer(headers, known, response),
        _ => false,
    }
}

fn withdraw(headers: &mut Headers, response: &Response) -> bool {
    let unknown = response.headers.tokens(&HeaderName::Unsupported);
    let offered = headers.supported();
    let refused = |tag: &str| unknown.is_empty() || contains(&unknown, tag);
    let left: Vec<&str> = offered.iter().copied().filter(|tag| !refused(tag)).collect();
    if left.len() == offered.len() {
        return false;
    }
    let (without_timer, left) = (!contains(&left, TIMER), left.join(", "));
    headers.remove(&HeaderName::Supported);
    if !left.is_empty() {
        headers.set(HeaderName::Supported, left);
    }
    if without_timer {
        headers.remove(&HeaderName::SessionExpires);
        headers.remove(&HeaderName::MinSe);
    }
    true
}

fn offer(headers: &mut Headers, known: &str, response: &Response) -> bool {
    let known: Vec<&str> = known.split(',').map(str::trim).collect();
    let mut offered = headers.supported();
    let needed = response.headers.require();
    if !needed.iter().all(|tag| contains(&known, tag)) {
        return false;
    }
    let had = offered.len();
    for tag in needed {
        if !contains(&offered, tag) {
            offered.push(tag);
        }
    }
    if offered.len() == had {
        return false;
    }
    let offered = offered.join(", ");
    headers.set(HeaderName::Supported, offered);
    true
}

/// Option tags are tokens, which are alike in any case (RFC 3261 §7.3.1).
fn contains(tags: &[&str], tag: &str) -> bool {
    tags.iter().any(|held| held.eq_ignore_ascii_case(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StatusCode;

    const KNOWN: &str = "timer, replaces, 100rel";

    fn invite(supported: &str) -> Headers {
        let mut headers = Headers::new();
        headers.push(HeaderName::Supported, supported);
        headers.push(HeaderName::SessionExpires, "1800");
        headers.push(HeaderName::MinSe, "120");
        headers
    }

    fn refusal(code: u16, name: HeaderName, tags: &str) -> Response {
        let mut response = Response::new(StatusCode::new(code).unwrap());
        if !tags.is_empty() {
            response.headers.push(name, tags);
        }
        response
    }

    fn after_420(supported: &str, unsupported: &str) -> Option<Headers> {
        let mut headers = invite(supported);
        let response = refusal(420, HeaderName::Unsupported, unsupported);
        adapt(&mut headers, KNOWN, &response).then_some(headers)
    }

    fn after_421(supported: &str, required: &str) -> Option<Headers> {
        let mut headers = invite(supported);
        let response = refusal(421, HeaderName::Require, required);
        adapt(&mut headers, KNOWN, &response).then_some(headers)
    }

    #[test]
    fn what_a_420_names_is_left_out_and_the_rest_is_offered_still() {
        let headers = after_420(KNOWN, "100REL").unwrap();
        assert_eq!(headers.get(&HeaderName::Supported), Some("timer, replaces"));
        assert_eq!(headers.get(&HeaderName::SessionExpires), Some("1800"));
    }

    #[test]
    fn without_timer_there_is_no_session_that_expires() {
        let headers = after_420(KNOWN, "timer").unwrap();
        assert_eq!(headers.get(&HeaderName::Supported), Some("replaces, 100rel"));
        assert_eq!(headers.get(&HeaderName::SessionExpires), None);
        assert_eq!(headers.get(&HeaderName::MinSe), None);
    }

    #[test]
    fn a_420_that_names_nothing_means_everything() {
        let headers = after_420(KNOWN, "").unwrap();
        assert_eq!(headers.get(&HeaderName::Supported), None);
    }

    #[test]
    fn a_420_for_what_was_not_offered_changes_nothing() {
        assert!(after_420("timer", "100rel, path").is_none());
    }

    #[test]
    fn what_a_421_needs_is_offered_if_it_is_known_and_was_not() {
        let headers = after_421("timer, replaces", "100rel, Timer").unwrap();
        assert_eq!(headers.get(&HeaderName::Supported), Some("timer, replaces, 100rel"));
        assert!(after_421(KNOWN, "100rel").is_none(), "it was offered");
        assert!(after_421("timer", "100rel, sec-agree").is_none(), "not all of it is known");
        assert!(after_421("timer", "").is_none(), "it names nothing");
    }

    #[test]
    fn other_answers_ask_for_nothing() {
        let response = refusal(486, HeaderName::Unsupported, "timer");
        assert!(!adapt(&mut invite(KNOWN), KNOWN, &response));
        assert!(offers(&invite(KNOWN), "Replaces") && !offers(&invite(KNOWN), "path"));
    }
}
