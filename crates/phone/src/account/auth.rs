//! Credentials: which are shown to whom, how often (failover design §1 row 2, §3; RFC 7616, 8760).
//!
//! Nonces are kept by hop and realm, so that one hop's is never shown to another. A request answers
//! a realm's challenge once at each hop, and `stale=true` at most three times more: a lock-out must
//! not spread from one server to the next, so a second refusal is final. But a REGISTER that went out
//! more than once may have been accepted, the answer lost, and a nonce that is good once was then
//! shown again: its second refusal is excused once.

use std::collections::BTreeSet;

use sip_core::digest::{Credentials, NonceCache, answerable};
use sip_core::message::{HeaderName, Request, Response};
use sip_core::transport::Hop;

use crate::limits;
use crate::settings::LineSettings;

/// Where a nonce belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    hop: Hop,
    /// Asked for by 407, else by 401.
    proxy: bool,
}

/// Nonces of one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthBook {
    nonces: NonceCache<Key>,
}

/// Challenges that one request has answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tries {
    answered: BTreeSet<(Hop, bool, String)>,
    stale: u8,
    resent: bool,
    excused: bool,
}

impl Tries {
    /// Notes how often the request that is now challenged went out.
    pub(crate) fn went_out(&mut self, transmissions: u32) {
        self.resent = transmissions > 1;
    }

    /// Whether a challenge that has been answered before may be answered again.
    fn again(&mut self, stale: bool) -> bool {
        if stale && self.stale < limits::STALE_ANSWERS {
            self.stale += 1;
            return true;
        }
        self.resent && !std::mem::replace(&mut self.excused, true)
    }
}

impl AuthBook {
    /// Adds credentials by nonces of earlier challenges of this hop; they count as no answer.
    pub(crate) fn preempt(
        &mut self,
        hop: Hop,
        request: &mut Request,
        settings: &LineSettings,
        cnonce: &str,
    ) {
        let uri = request.uri.to_string();
        for proxy in [false, true] {
            let key = Key { hop, proxy };
            let name =
                if proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization };
            request.headers.remove(&name);
            let login = login(settings, proxy);
            for realm in self.nonces.realms(&key) {
                let method = request.method.as_str().to_owned();
                let answer = self.nonces.answer(&key, &realm, &login, &method, &uri, cnonce);
                if let Some(value) = answer {
                    request.headers.push(name.clone(), value);
                }
            }
        }
    }

    /// Answers a 401 or 407; `false` where it has been answered already or cannot be.
    pub(crate) fn answer(
        &mut self,
        hop: Hop,
        response: &Response,
        request: &mut Request,
        tries: &mut Tries,
        settings: &LineSettings,
        cnonce: &str,
    ) -> bool {
        let proxy = response.code.as_u16() == 407;
        let name = if proxy { HeaderName::ProxyAuthenticate } else { HeaderName::WwwAuthenticate };
        let challenges = answerable(&response.headers.challenges(name));
        if challenges.is_empty() || login(settings, proxy).user.is_empty() {
            return false;
        }
        for challenge in challenges {
            let first = tries.answered.insert((hop, proxy, challenge.realm.clone()));
            if !first && !tries.again(challenge.stale) {
                self.nonces.forget(&Key { hop, proxy });
                return false;
            }
            self.nonces.learn(Key { hop, proxy }, challenge);
        }
        self.preempt(hop, request, settings, cnonce);
        true
    }
}

/// *Register User* answers the registrar, *Proxy User*, where set, the proxy.
fn login(settings: &LineSettings, proxy: bool) -> Credentials {
    let login = match &settings.proxy_login {
        Some(login) if proxy => login,
        Some(_) | None => &settings.register_login,
    };
    Credentials { user: login.user.clone(), password: login.password.clone() }
}
