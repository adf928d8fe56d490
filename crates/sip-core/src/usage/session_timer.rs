//! The session timer: a session that nobody refreshes ends on both sides (RFC 4028).
//!
//! Holds what the two sides have agreed on (how long the session lasts, who refreshes it) and says
//! when a refresh or the end is due. It reads and writes the headers of that agreement; it makes no
//! message, and what a refresh is sent as (UPDATE or re-INVITE) is its owner's.

use crate::limits::SESSION_RAISES;
use crate::message::{HeaderName, Headers, Request, Response};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// The shortest session that anybody may ask for, seconds (RFC 4028 §5).
pub const LEAST: u32 = 90;

/// The option tag.
pub const TIMER: &str = "timer";

/// What is to be done about the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTimerOutput {
    /// Send a session refresh.
    Refresh,
    /// The session is over: end it with a BYE (RFC 4028 §10).
    Expired,
}

/// Which side of the *request* that carries it refreshes the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Uac,
    Uas,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        })
    }
}

/// A `Session-Expires` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SessionExpires {
    seconds: u32,
    refresher: Option<Role>,
}

impl SessionExpires {
    /// What the headers say; `None` if nothing that can be read.
    fn of(headers: &Headers) -> Option<Self> {
        let mut parts = headers.get(&HeaderName::SessionExpires)?.split(';').map(str::trim);
        let seconds = seconds(parts.next()?)?;
        let named = parts.filter_map(|part| part.split_once('='));
        let mut named = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("refresher"));
        let refresher = named.next().and_then(|(_, role)| match role.trim() {
            role if role.eq_ignore_ascii_case("uac") => Some(Role::Uac),
            role if role.eq_ignore_ascii_case("uas") => Some(Role::Uas),
            _ => None,
        });
        Some(Self { seconds, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        self.refresher.map_or(Ok(()), |role| write!(f, ";refresher={role}"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    seconds: u32,
    /// Whether we refresh it.
    ours: bool,
    refresh: Option<Instant>,
    /// A refresh has failed.
    late: bool,
    end: Instant,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct SessionTimer {
    /// What we ask for by ourselves, seconds.
    wanted: Option<u32>,
    /// The least that anybody on the way has asked for.
    least: u32,
    /// How often that was raised.
    raised: u8,
    running: Option<Running>,
    outputs: VecDeque<SessionTimerOutput>,
}

impl SessionTimer {
    /// No session yet. `wanted` is how long one shall last, at least [`LEAST`] seconds; `None` asks
    /// for no limit and agrees to what others ask for.
    pub fn new(wanted: Option<Duration>) -> Self {
        let seconds = |wanted: Duration| u32::try_from(wanted.as_secs()).unwrap_or(u32::MAX);
        let wanted = wanted.map(|wanted| seconds(wanted).max(LEAST));
        Self { wanted, least: LEAST, raised: 0, running: None, outputs: VecDeque::new() }
    }

    /// Writes into a session refresh request (INVITE, UPDATE) what we ask for (RFC 4028 §7.1, §7.4):
    /// a first one leaves the refresher to the other side, a later one keeps who it is.
    pub fn ask(&self, headers: &mut Headers) {
        let asked = match (self.running, self.wanted) {
            (Some(running), _) => {
                let refresher = Some(if running.ours { Role::Uac } else { Role::Uas });
                SessionExpires { seconds: running.seconds.max(self.least), refresher }
            }
            (None, Some(wanted)) => {
                SessionExpires { seconds: wanted.max(self.least), refresher: None }
            }
            (None, None) => return,
        };
        headers.set(HeaderName::SessionExpires, asked);
        if self.least > LEAST {
            headers.set(HeaderName::MinSe, self.least);
        }
    }

    /// Reads what a 2xx to a session refresh request of ours agrees on (RFC 4028 §7.2).
    pub fn granted(&mut self, response: &Response, now: Instant) {
        self.outputs.clear();
        // Nobody may grant less than the least, and a refresh every moment would be the result.
        self.running = SessionExpires::of(&response.headers).map(|value| {
            let ours = value.refresher != Some(Role::Uas);
            Running::start(value.seconds.max(LEAST), ours, now)
        });
    }

    /// Takes note of a 422: the next request asks for as long as it says (RFC 4028 §7.3). False
    /// where it names nothing longer than was asked for, so that a repetition would fare no better,
    /// or where this has happened [`SESSION_RAISES`] times.
    pub fn raise(&mut self, response: &Response) -> bool {
        let wanted = response.headers.get(&HeaderName::MinSe).and_then(seconds);
        let longer = wanted.filter(|wanted| *wanted > self.least && self.raised < SESSION_RAISES);
        self.raised += u8::from(longer.is_some());
        self.least = longer.unwrap_or(self.least);
        if let (Some(least), Some(running)) = (longer, &mut self.running) {
            running.seconds = running.seconds.max(least);
        }
        longer.is_some()
    }

    /// Answers a session refresh request with 2xx (RFC 4028 §9): writes into the response what is
    /// agreed on and starts the timer anew. Where the choice is ours we refresh.
    pub fn grant(&mut self, request: &Request, response: &mut Headers, now: Instant) {
        self.outputs.clear();
        let supported = supports(&request.headers);
        let asked = SessionExpires::of(&request.headers);
        let least = min_se(&request.headers);
        let seconds = match (asked, self.wanted) {
            (Some(asked), _) => asked.seconds.max(least),
            // A limit of our own needs a peer who knows that it may be sent a refresh in vain.
            (None, Some(wanted)) if supported => wanted.max(least),
            (None, _) => {
                self.running = None;
                return;
            }
        };
        let refresher = match asked.and_then(|asked| asked.refresher) {
            Some(Role::Uac) if supported => Role::Uac,
            Some(Role::Uac | Role::Uas) | None => Role::Uas,
        };
        response.set(
            HeaderName::SessionExpires,
            SessionExpires { seconds, refresher: Some(refresher) },
        );
        if refresher == Role::Uac {
            response.set(HeaderName::Require, TIMER);
        }
        self.running = Some(Running::start(seconds, refresher == Role::Uas, now));
    }

    /// A refresh did not take; it is tried again at `again`, unless the session is over before.
    pub fn retry(&mut self, again: Instant) {
        if let Some(running) = self.running.as_mut().filter(|running| running.ours) {
            (running.refresh, running.late) = (Some(again), true);
        }
    }

    /// Whether a refresh of ours has failed and waits to be tried again.
    pub fn awaits_refresh(&self) -> bool {
        self.running.is_some_and(|running| running.late && running.refresh.is_some())
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<SessionTimerOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let running = self.running?;
        match running.refresh.filter(|at| *at < running.end) {
            Some(at) => Some((at, "session timer: refresh")),
            None => Some((running.end, "session timer: expired")),
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(running) = &mut self.running else { return };
        if running.end <= now {
            self.running = None;
            self.outputs.push_back(SessionTimerOutput::Expired);
        } else if running.refresh.take_if(|at| *at <= now).is_some() {
            self.outputs.push_back(SessionTimerOutput::Refresh);
        }
    }
}

impl Running {
    /// Refreshed at half of its time (RFC 4028 §10); over by the lesser of 32 s and a third before
    /// its end, so that the BYE gets there in time.
    fn start(seconds: u32, ours: bool, now: Instant) -> Self {
        let whole = Duration::from_secs(u64::from(seconds));
        let margin = (whole / 3).min(Duration::from_secs(32));
        let refresh = ours.then(|| now + whole / 2);
        Self { seconds, ours, refresh, late: false, end: now + (whole - margin) }
    }
}

/// The `Min-SE` that a request deserves as 422, if it asks for too short a session and knows what a
/// 422 is (RFC 4028 §9).
pub fn too_small(request: &Request) -> Option<u32> {
    let asked = SessionExpires::of(&request.headers)?;
    (asked.seconds < LEAST && supports(&request.headers)).then_some(LEAST)
}

fn supports(headers: &Headers) -> bool {
    let all = headers.supported().into_iter().chain(headers.require());
    all.into_iter().any(|tag| tag.eq_ignore_ascii_case(TIMER))
}

fn min_se(headers: &Headers) -> u32 {
    headers.get(&HeaderName::MinSe).and_then(seconds).unwrap_or(LEAST).max(LEAST)
}

/// Seconds at the head of a value; too large a number is the largest that we know.
fn seconds(text: &str) -> Option<u32> {
    let digits = text.split(';').next().unwrap_or_default().trim();
    let number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    number.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Method, StatusCode};

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn request(headers: &[(HeaderName, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:a@h".parse().unwrap());
        for (name, value) in headers {
            request.headers.push(name.clone(), value);
        }
        request
    }

    fn response(code: StatusCode, headers: &[(HeaderName, &str)]) -> Response {
        let mut response = Response::new(code);
        for (name, value) in headers {
            response.headers.push(name.clone(), value);
        }
        response
    }

    fn timer(seconds: u64) -> SessionTimer {
        SessionTimer::new(Some(Duration::from_secs(seconds)))
    }

    fn value(headers: &Headers) -> &str {
        headers.get(&HeaderName::SessionExpires).unwrap_or_default()
    }

    /// Seconds from `start` at which something is said, and what.
    fn run(timer: &mut SessionTimer, start: Instant) -> Vec<(u64, SessionTimerOutput)> {
        let mut said = Vec::new();
        while let Some((at, _)) = timer.poll_timeout() {
            timer.handle_timeout(at);
            while let Some(output) = timer.poll_output() {
                said.push(((at - start).as_secs(), output));
            }
        }
        said
    }

    const SUPPORTED: (HeaderName, &str) = (HeaderName::Supported, "replaces, timer");

    #[test]
    fn a_first_request_leaves_the_refresher_open_and_a_later_one_keeps_it() {
        let mut timer = timer(1800);
        let mut headers = Headers::new();
        timer.ask(&mut headers);
        assert_eq!(value(&headers), "1800");
        assert_eq!(headers.get(&HeaderName::MinSe), None);
        let ok = [(HeaderName::SessionExpires, "600;refresher=uas")];
        timer.granted(&response(StatusCode::OK, &ok), origin());
        timer.ask(&mut headers);
        assert_eq!(value(&headers), "600;refresher=uas");
    }

    /// RFC 4028 §10: half for the refresher, and both end it before it expires.
    #[test]
    fn the_refresher_refreshes_at_half_and_both_sides_end_what_nobody_refreshed() {
        use SessionTimerOutput::{Expired, Refresh};
        for (granted, expected) in [
            ("1800;refresher=uac", vec![(900, Refresh), (1768, Expired)]),
            ("1800", vec![(900, Refresh), (1768, Expired)]),
            ("1800;refresher=uas", vec![(1768, Expired)]),
            ("90;refresher=uac", vec![(45, Refresh), (60, Expired)]),
        ] {
            let (mut timer, start) = (timer(1800), origin());
            timer.granted(
                &response(StatusCode::OK, &[(HeaderName::SessionExpires, granted)]),
                start,
            );
            assert_eq!(run(&mut timer, start), expected, "{granted}");
        }
    }

    #[test]
    fn a_2xx_without_the_header_ends_the_timer() {
        let (mut timer, start) = (timer(1800), origin());
        timer.granted(&response(StatusCode::OK, &[(HeaderName::SessionExpires, "90")]), start);
        timer.granted(&response(StatusCode::OK, &[]), start);
        assert_eq!(timer.poll_timeout(), None);
    }

    #[test]
    fn a_refresh_that_failed_is_tried_again_until_the_end() {
        use SessionTimerOutput::{Expired, Refresh};
        let (mut timer, start) = (timer(90), origin());
        timer.granted(&response(StatusCode::OK, &[(HeaderName::SessionExpires, "90")]), start);
        timer.handle_timeout(start + Duration::from_secs(45));
        assert_eq!(timer.poll_output(), Some(Refresh));
        assert!(!timer.awaits_refresh());
        timer.retry(start + Duration::from_secs(50));
        assert!(timer.awaits_refresh());
        timer.handle_timeout(start + Duration::from_secs(50));
        assert_eq!(timer.poll_output(), Some(Refresh));
        timer.retry(start + Duration::from_secs(70));
        assert_eq!(run(&mut timer, start), [(60, Expired)]);
    }

    /// RFC 4028 §9, table 2.
    #[test]
    fn the_answer_names_the_refresher_that_the_request_allows() {
        for (headers, expected, required) in [
            (vec![(HeaderName::SessionExpires, "600"), SUPPORTED], "600;refresher=uas", false),
            (
                vec![(HeaderName::SessionExpires, "600;refresher=uac"), SUPPORTED],
                "600;refresher=uac",
                true,
            ),
            (
                vec![(HeaderName::SessionExpires, "600;Refresher=UAS"), SUPPORTED],
                "600;refresher=uas",
                false,
            ),
            // A proxy has asked, for a caller that knows nothing of it.
            (vec![(HeaderName::SessionExpires, "600")], "600;refresher=uas", false),
            (
                vec![(HeaderName::SessionExpires, "600"), (HeaderName::MinSe, "700"), SUPPORTED],
                "700;refresher=uas",
                false,
            ),
            (vec![SUPPORTED], "1800;refresher=uas", false),
            (vec![], "", false),
        ] {
            let (mut timer, mut answer) = (timer(1800), Headers::new());
            timer.grant(&request(&headers), &mut answer, origin());
            assert_eq!(value(&answer), expected, "{headers:?}");
            assert_eq!(answer.require() == ["timer"], required, "{headers:?}");
            assert_eq!(timer.poll_timeout().is_some(), !expected.is_empty());
        }
    }

    #[test]
    fn a_phone_that_asks_for_no_limit_agrees_to_the_others() {
        let mut timer = SessionTimer::new(None);
        let mut headers = Headers::new();
        timer.ask(&mut headers);
        timer.grant(&request(&[SUPPORTED]), &mut headers, origin());
        assert_eq!(value(&headers), "");
        let asked = [(HeaderName::SessionExpires, "120;refresher=uac"), SUPPORTED];
        timer.grant(&request(&asked), &mut headers, origin());
        assert_eq!(value(&headers), "120;refresher=uac");
    }

    #[test]
    fn a_422_raises_what_is_asked_for_and_a_useless_one_does_not() {
        let mut timer = timer(90);
        let refusal =
            response(StatusCode::SESSION_INTERVAL_TOO_SMALL, &[(HeaderName::MinSe, "300")]);
        assert!(timer.raise(&refusal));
        let mut headers = Headers::new();
        timer.ask(&mut headers);
        assert_eq!((value(&headers), headers.get(&HeaderName::MinSe)), ("300", Some("300")));
        assert!(!timer.raise(&refusal), "the same again");
        assert!(!timer.raise(&response(StatusCode::SESSION_INTERVAL_TOO_SMALL, &[])));
    }

    #[test]
    fn too_short_a_session_is_refused_to_who_understands_it() {
        let brief = (HeaderName::SessionExpires, "30");
        assert_eq!(too_small(&request(&[brief.clone(), SUPPORTED])), Some(LEAST));
        assert_eq!(too_small(&request(&[brief])), None);
        assert_eq!(too_small(&request(&[(HeaderName::SessionExpires, "90"), SUPPORTED])), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_wish_and_huge_numbers_are_bounded() {
        for text in ["", "soon", "-1", ";refresher=uac"] {
            assert_eq!(
                SessionExpires::of(&request(&[(HeaderName::SessionExpires, text)]).headers),
                None
            );
        }
        let huge = request(&[(HeaderName::SessionExpires, "99999999999999999999"), SUPPORTED]);
        let mut timer = timer(90);
        timer.grant(&huge, &mut Headers::new(), origin());
        assert!(timer.poll_timeout().is_some());
    }
}
