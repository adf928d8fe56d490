//! Binding an address of record to where we are: RFC 3261 §10, from the client's side.
//!
//! [`Registration`] is one registration "dialog" (a Call-ID with rising CSeq); it makes REGISTERs and
//! reads what a 2xx grants. The binding is the same wherever it is registered: user part,
//! `+sip.instance` and `reg-id=1` never change, or a location table that two proxies share would
//! hold it twice (failover design §3).
//!
//! It never decides where a REGISTER goes, when, or what follows an answer.

use crate::endpoint::Tokens;
use crate::limits::FOREIGN_BINDINGS;
use crate::message::{CSeq, Contacts, HeaderName, Method, NameAddr, Request, Response, Uri};
use crate::transport::Hop;
use std::sync::Arc;

/// A Call-ID and what is registered under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// From and To as they are written, without a tag.
    aor: Box<str>,
    contact_user: Box<str>,
    instance: Arc<str>,
    call_id: Box<str>,
    from_tag: Box<str>,
    reg_id: u8,
    cseq: u32,
}

/// What a 2xx to a REGISTER says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Seconds until our binding ends: its own `expires`, else the Expires header, else what was
    /// asked for. 0 after un-registering.
    pub expires: u32,
    /// Whether our binding is among those listed. Some registrars list none.
    pub listed: bool,
    /// Bindings of the same address that are not ours: other phones.
    pub foreign: Vec<NameAddr>,
}

impl Registration {
    /// A registration of `aor` (From and To, the display name included) with a new Call-ID.
    /// `contact_user` is the user part of our Contact; `instance` is the URN of this device, such as
    /// `urn:uuid:…`, which all lines of a device may share.
    pub fn new(
        aor: &NameAddr,
        contact_user: &str,
        instance: impl Into<Arc<str>>,
        tokens: &mut Tokens,
    ) -> Self {
        Self {
            aor: aor.to_string().into(),
            contact_user: contact_user.into(),
            instance: instance.into(),
            call_id: tokens.call_id().into(),
            from_tag: tokens.tag().into(),
            reg_id: 1,
            cseq: 0,
        }
    }

    /// The same binding under a new Call-ID: the probe of a register failback (C4).
    pub fn with_new_call_id(&self, tokens: &mut Tokens) -> Self {
        let (call_id, from_tag) = (tokens.call_id().into(), tokens.tag().into());
        Self { call_id, from_tag, cseq: 0, ..self.clone() }
    }

    /// The same with another `reg-id`: a second binding of the device beside its first (RFC 5626
    /// §4.2), for a line that is registered at two servers at once.
    #[must_use]
    pub fn with_reg_id(self, reg_id: u8) -> Self {
        Self { reg_id, ..self }
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our Contact URI at `here`, the address we are reached at.
    pub fn contact_uri(&self, here: Hop) -> Uri {
        let mut uri = Uri::sip(Some(&self.contact_user), here.addr.ip());
        uri.port = Some(here.addr.port());
        here.transport.name_in(&mut uri);
        uri
    }

    /// The next REGISTER, CSeq + 1: binds our Contact at `here` for `expires` seconds. `registrar`
    /// names the domain and has no user part (§10.2).
    pub fn register(&mut self, registrar: &Uri, here: Hop, expires: u32) -> Request {
        self.cseq = self.cseq.saturating_add(1);
        let mut request = Request::new(Method::Register, registrar.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::From, format_args!("{};tag={}", self.aor, self.from_tag));
        headers.push(HeaderName::To, &self.aor);
        headers.push(HeaderName::CallId, &self.call_id);
        headers.push(HeaderName::CSeq, CSeq::new(self.cseq, Method::Register));
        let mut contact = NameAddr::new(self.contact_uri(here));
        contact.params.set_quoted("+sip.instance", &format!("<{}>", self.instance));
        contact.params.set("reg-id", Some(&self.reg_id.to_string()));
        contact.params.set("expires", Some(&expires.to_string()));
        headers.push(HeaderName::Contact, contact);
        request
    }

    /// The REGISTER that removes our binding and nobody else's: our Contact with `expires=0`, never
    /// `*` (failover design §3).
    pub fn unregister(&mut self, registrar: &Uri, here: Hop) -> Request {
        self.register(registrar, here, 0)
    }

    /// Reads the 2xx to a REGISTER that bound our Contact at `here` for `requested` seconds.
    pub fn granted(&self, response: &Response, here: Hop, requested: u32) -> Granted {
        let listed = match response.headers.contacts() {
            Ok(Contacts::List(list)) => list,
            Ok(Contacts::Star) | Err(_) => Vec::new(),
        };
        let uri = self.contact_uri(here);
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|binding| is_at(&binding.uri, &uri));
        let (same_device, foreign): (Vec<_>, Vec<_>) =
            elsewhere.into_iter().partition(|binding| self.is_this_device(binding));
        let ours = here.first().or(same_device.first());
        let granted = ours.and_then(NameAddr::expires).or(response.headers.expires());
        Granted {
            expires: granted.unwrap_or(requested),
            listed: ours.is_some(),
            foreign: foreign.into_iter().take(FOREIGN_BINDINGS).collect(),
        }
    }

    fn is_this_device(&self, binding: &NameAddr) -> bool {
        let reg_id = binding.params.value("reg-id");
        let instance = binding.params.value("+sip.instance");
        let instance = instance.and_then(|urn| urn.strip_prefix('<')?.strip_suffix('>'));
        instance == Some(&*self.instance)
            && reg_id.is_none_or(|reg_id| reg_id == self.reg_id.to_string())
    }
}

/// Equal by RFC 3261 §19.1.4, or but for parameters that a registrar has added or left out.
fn is_at(listed: &Uri, ours: &Uri) -> bool {
    let place = |uri: &Uri| (uri.user.clone(), uri.port);
    listed.matches(ours) || listed.host == ours.host && place(listed) == place(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StatusCode;

    fn registration() -> (Registration, Tokens) {
        let mut tokens = Tokens::new([1; 32]);
        let aor: NameAddr = "\"Alice\" <sip:1001@example.test>".parse().unwrap();
        let instance = "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF";
        (Registration::new(&aor, "1001", instance, &mut tokens), tokens)
    }

    fn here() -> Hop {
        "udp:192.0.2.9:5060".parse().unwrap()
    }

    fn registrar() -> Uri {
        "sip:example.test".parse().unwrap()
    }

    fn granted(headers: &[(HeaderName, &str)]) -> Granted {
        let mut response = Response::new(StatusCode::OK);
        for (name, value) in headers {
            response.headers.push(name.clone(), value);
        }
        registration().0.granted(&response, here(), 3600)
    }

    #[test]
    fn a_register_names_the_domain_and_binds_our_contact() {
        let (mut registration, _) = registration();
        let request = registration.register(&registrar(), here(), 3600);
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert!(text.starts_with("REGISTER sip:example.test SIP/2.0\r\n"));
        assert!(text.contains("\r\nTo: Alice <sip:1001@example.test>\r\n"));
        assert!(text.contains(
            "\r\nContact: <sip:1001@192.0.2.9:5060>;+sip.instance=\"<urn:uuid:\
             00000000-0000-1000-8000-AABBCCDDEEFF>\";reg-id=1;expires=3600\r\n"
        ));
    }

    /// C1 and failover design §3: same Call-ID, CSeq + 1, the binding the same at every hop.
    #[test]
    fn a_refresh_keeps_call_id_tag_and_contact_and_raises_cseq() {
        let (mut registration, _) = registration();
        let first = registration.register(&registrar(), here(), 60).headers;
        let second = registration.register(&registrar(), here(), 60).headers;
        for name in [HeaderName::CallId, HeaderName::From, HeaderName::To, HeaderName::Contact] {
            assert_eq!(first.get(&name), second.get(&name), "{name}");
        }
        assert_eq!(first.cseq().unwrap().number + 1, second.cseq().unwrap().number);
    }

    /// C4.
    #[test]
    fn a_probe_has_a_new_call_id_and_the_same_contact() {
        let (mut registration, mut tokens) = registration();
        let mut probe = registration.with_new_call_id(&mut tokens);
        let first = registration.register(&registrar(), here(), 60).headers;
        let second = probe.register(&registrar(), here(), 60).headers;
        assert_ne!(first.call_id(), second.call_id());
        assert_ne!(first.from().unwrap().tag(), second.from().unwrap().tag());
        assert_eq!(first.get(&HeaderName::Contact), second.get(&HeaderName::Contact));
    }

    #[test]
    fn unregistering_names_our_contact_never_all() {
        let (mut registration, _) = registration();
        let request = registration.unregister(&registrar(), here());
        let contact = request.headers.contact().unwrap();
        assert_eq!(contact.uri.to_string(), "sip:1001@192.0.2.9:5060");
        assert_eq!(contact.expires(), Some(0));
    }

    #[test]
    fn a_contact_over_tcp_says_so() {
        let hop = "tcp:[2001:db8::9]:5062".parse().unwrap();
        let uri = registration().0.contact_uri(hop).to_string();
        assert_eq!(uri, "sip:1001@[2001:db8::9]:5062;transport=tcp");
    }

    #[test]
    fn the_expiry_of_our_own_binding_counts_and_others_are_listed() {
        let granted = granted(&[
            (HeaderName::Contact, "<sip:1001@192.0.2.7:5060>;expires=7"),
            (HeaderName::Contact, "<sip:1001@192.0.2.9:5060>;q=1;expires=1800"),
            (HeaderName::Expires, "99"),
        ]);
        assert_eq!((granted.expires, granted.listed), (1800, true));
        assert_eq!(granted.foreign.len(), 1);
        assert_eq!(granted.foreign[0].expires(), Some(7));
    }

    #[test]
    fn without_an_expiry_of_its_own_the_header_counts_then_what_was_asked_for() {
        let contact = (HeaderName::Contact, "<sip:1001@192.0.2.9:5060>");
        assert_eq!(granted(&[contact.clone(), (HeaderName::Expires, "99")]).expires, 99);
        assert_eq!(granted(&[contact]).expires, 3600);
        let silent = granted(&[]);
        assert_eq!((silent.expires, silent.listed), (3600, false));
    }

    #[test]
    fn our_binding_is_known_by_its_instance_where_the_address_was_rewritten() {
        let granted = granted(&[(
            HeaderName::Contact,
            "<sip:1001@203.0.113.1:40000>;+sip.instance=\"<urn:uuid:\
             00000000-0000-1000-8000-AABBCCDDEEFF>\";reg-id=1;expires=120",
        )]);
        assert_eq!((granted.expires, granted.listed), (120, true));
        assert!(granted.foreign.is_empty());
    }

    /// After a change of address the registrar still lists where this device was.
    #[test]
    fn the_binding_at_our_address_counts_before_an_earlier_one_of_this_device() {
        let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"";
        let before = format!("<sip:1001@192.0.2.8:5060>;{instance};reg-id=1;expires=7");
        let now = format!("<sip:1001@192.0.2.9:5060>;{instance};reg-id=1;expires=600");
        let granted = granted(&[(HeaderName::Contact, &before), (HeaderName::Contact, &now)]);
        assert_eq!(granted.expires, 600);
        assert!(granted.foreign.is_empty());
    }
}
