//! The location table that all proxies of a world share, as if by a database: which contacts a user
//! has, until when. It keeps Kamailio's rule that a binding is changed within one Call-ID only by
//! a higher CSeq.

use std::collections::BTreeMap;
use std::time::Instant;

use sip_core::transport::Hop;

/// One contact of one user.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The contact's URI, as it was registered.
    pub contact: String,
    /// Where that leads.
    pub hop: Hop,
    /// When it runs out.
    pub expires_at: Instant,
    call_id: String,
    cseq: u32,
}

/// What a REGISTER asks of one contact.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The contact's URI.
    pub contact: String,
    /// Where that leads.
    pub hop: Hop,
    /// When it shall run out; `None` removes it.
    pub expires_at: Option<Instant>,
    /// The REGISTER's Call-ID.
    pub call_id: String,
    /// The REGISTER's CSeq.
    pub cseq: u32,
}

/// The shared table. Bounded by the users of a world times their contacts.
#[derive(Debug, Clone, Default)]
pub struct Location {
    users: BTreeMap<String, Vec<Binding>>,
}

impl Location {
    /// Takes a REGISTER's word for one contact; false if its CSeq is not higher than the last of
    /// the same Call-ID (RFC 3261 §10.3 step 7; Kamailio answers 400).
    pub fn register(&mut self, user: &str, wish: Wish, now: Instant) -> bool {
        let bindings = self.users.entry(user.to_owned()).or_default();
        bindings.retain(|binding| binding.expires_at > now);
        let known = bindings.iter().position(|binding| binding.contact == wish.contact);
        if let Some(at) = known {
            let binding = &bindings[at];
            if binding.call_id == wish.call_id && binding.cseq >= wish.cseq {
                return false;
            }
            bindings.remove(at);
        }
        if let Some(expires_at) = wish.expires_at {
            let Wish { contact, hop, call_id, cseq, .. } = wish;
            bindings.push(Binding { contact, hop, expires_at, call_id, cseq });
        }
        true
    }

    /// The contacts of a user that have not run out.
    #[must_use]
    pub fn lookup(&self, user: &str, now: Instant) -> Vec<Binding> {
        let bindings = self.users.get(user).map(Vec::as_slice).unwrap_or_default();
        bindings.iter().filter(|binding| binding.expires_at > now).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn start() -> Instant {
        Instant::now()
    }

    fn wish(call_id: &str, cseq: u32, expires_at: Option<Instant>) -> Wish {
        Wish {
            contact: "sip:1001@10.0.1.1:5060".to_owned(),
            hop: "udp:10.0.1.1:5060".parse().unwrap(),
            expires_at,
            call_id: call_id.to_owned(),
            cseq,
        }
    }

    #[test]
    fn an_old_cseq_of_the_same_call_id_is_refused_and_another_call_id_takes_over() {
        let now = start();
        let later = Some(now + Duration::from_secs(60));
        let mut table = Location::default();
        assert!(table.register("1001", wish("a", 2, later), now));
        assert!(!table.register("1001", wish("a", 2, later), now));
        assert!(!table.register("1001", wish("a", 1, later), now));
        assert!(table.register("1001", wish("b", 1, later), now));
        assert_eq!(table.lookup("1001", now).len(), 1);
    }

    #[test]
    fn a_binding_runs_out_or_is_removed() {
        let now = start();
        let mut table = Location::default();
        table.register("1001", wish("a", 1, Some(now + Duration::from_secs(60))), now);
        assert!(table.lookup("1001", now + Duration::from_secs(60)).is_empty());
        table.register("1001", wish("a", 2, Some(now + Duration::from_secs(60))), now);
        table.register("1001", wish("a", 3, None), now);
        assert!(table.lookup("1001", now).is_empty());
    }
}
