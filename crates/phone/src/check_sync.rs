//! `NOTIFY` with `Event: check-sync`: somebody wants the configuration fetched again (F8).
//!
//! A hop of a line may ask, and, where a login is set for it, whoever proves to know it by digest
//! (RFC 3261 §22). The request stands outside any subscription, as PBXs send it; its parameter
//! `reboot` means nothing here, because a change is put in force without one.

use std::time::Instant;

use sip_core::digest::{Credentials, Guard, Verdict};
use sip_core::message::{HeaderName, Method, Request, StatusCode, Uri};

use crate::Phone;
use crate::call::incoming::{Arrival, tagged};
use crate::output::Output;
use crate::settings::Login;

/// The event package, and the only one outside a call.
pub(crate) const PACKAGE: &str = "check-sync";
/// What the login is for, as challenges name it.
const REALM: &str = "phoned";

/// Who may ask besides the hops.
#[derive(Clone, Debug)]
pub(crate) struct CheckSync {
    login: Option<Login>,
    guard: Guard,
}

impl CheckSync {
    /// Nobody; `key` is random.
    pub(crate) fn new(key: String, now: Instant) -> Self {
        Self { login: None, guard: Guard::new(REALM, key, now) }
    }

    /// Who knows this login from now on.
    pub(crate) fn set(&mut self, login: Option<Login>) {
        self.login = login;
    }
}

/// Whether a request is one.
pub(crate) fn is_one(request: &Request) -> bool {
    let event = request.headers.get(&HeaderName::Event).unwrap_or_default();
    let package = event.split(';').next().unwrap_or_default().trim();
    request.method == Method::Notify
        && package.eq_ignore_ascii_case(PACKAGE)
        && request.headers.to().is_ok_and(|to| to.tag().is_none())
}

impl Phone {
    pub(crate) fn on_check_sync(&mut self, arrival: &Arrival, now: Instant) {
        let known = self.core.accounts.trusting(arrival.remote.addr.ip()).next().is_some();
        let (code, challenges) = if known {
            (StatusCode::OK, Vec::new())
        } else if !self.strangers.allows(now) {
            (StatusCode::SERVICE_UNAVAILABLE, Vec::new())
        } else {
            self.judge(&arrival.request, now)
        };
        let mut response = tagged(&arrival.request, code, &self.core.tokens.tag());
        for challenge in challenges {
            response.headers.push(HeaderName::WwwAuthenticate, challenge);
        }
        self.core.endpoint.respond(arrival.server, response, now);
        if code == StatusCode::OK {
            self.core.output(Output::FetchConfiguration);
        }
    }

    /// What a stranger gets, and how to do better.
    fn judge(&mut self, request: &Request, now: Instant) -> (StatusCode, Vec<String>) {
        let CheckSync { login, guard } = &mut self.check_sync;
        let Some(login) = login else { return (StatusCode::FORBIDDEN, Vec::new()) };
        let expected = Credentials { user: login.user.clone(), password: login.password.clone() };
        let given = request.headers.challenges(HeaderName::Authorization);
        // A PBX may have signed for the address of record, which a proxy has led to our Contact.
        let of_ours = |user: &str| self.core.accounts.of_user(user).next().is_some();
        let meant = |uri: &Uri| {
            uri.matches(&request.uri) || uri.user_text().is_some_and(|user| of_ours(&user))
        };
        match guard.judge(&given, &expected, request.method.as_str(), meant, now) {
            Verdict::Right => (StatusCode::OK, Vec::new()),
            Verdict::Stale => (StatusCode::UNAUTHORIZED, guard.challenges(true, now)),
            Verdict::Wrong => (StatusCode::UNAUTHORIZED, guard.challenges(false, now)),
        }
    }
}
