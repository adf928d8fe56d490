//! Header names: their usual spelling, their compact form, and whether a line may hold a list.
//!
//! Names are equal whatever their case; a compact form is the same name (RFC 3261 §7.3.3). A name
//! that is not known here is a value and keeps its spelling.

use std::{cmp::Ordering, fmt, mem::discriminant};

macro_rules! names {
    ($($variant:ident = $name:literal, $compact:literal, $shape:ident;)*) => {
        /// The name of a header.
        #[derive(Debug, Clone, Eq)]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )*
            /// Any other, as spelled.
            Other(Box<str>),
        }

        /// Name, compact form (empty if there is none) and variant of every known header, in the
        /// order of their names whatever their case.
        const KNOWN: &[(&str, &str, HeaderName)] =
            &[$(($name, $compact, HeaderName::$variant),)*];

        impl HeaderName {
            /// The name in its usual spelling.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }

            /// Whether a line may hold several values with commas between (RFC 3261 §7.3.1).
            ///
            /// Not so for a header that is not known, nor for challenges and credentials, whose
            /// own commas look the same.
            pub fn is_list(&self) -> bool {
                match self {
                    $(Self::$variant => names!(@$shape),)*
                    Self::Other(_) => false,
                }
            }
        }
    };
    (@list) => { true };
    (@single) => { false };
}

names! {
    Accept = "Accept", "", list;
    AcceptContact = "Accept-Contact", "a", list;
    AcceptEncoding = "Accept-Encoding", "", list;
    AcceptLanguage = "Accept-Language", "", list;
    AlertInfo = "Alert-Info", "", list;
    Allow = "Allow", "", list;
    AllowEvents = "Allow-Events", "u", list;
    AuthenticationInfo = "Authentication-Info", "", single;
    Authorization = "Authorization", "", single;
    CallId = "Call-ID", "i", single;
    CallInfo = "Call-Info", "", list;
    Contact = "Contact", "m", list;
    ContentDisposition = "Content-Disposition", "", single;
    ContentEncoding = "Content-Encoding", "e", list;
    ContentLanguage = "Content-Language", "", list;
    ContentLength = "Content-Length", "l", single;
    ContentType = "Content-Type", "c", single;
    CSeq = "CSeq", "", single;
    Date = "Date", "", single;
    Diversion = "Diversion", "", list;
    ErrorInfo = "Error-Info", "", list;
    Event = "Event", "o", single;
    Expires = "Expires", "", single;
    FlowTimer = "Flow-Timer", "", single;
    From = "From", "f", single;
    HistoryInfo = "History-Info", "", list;
    Identity = "Identity", "y", single;
    InReplyTo = "In-Reply-To", "", list;
    Join = "Join", "", single;
    MaxForwards = "Max-Forwards", "", single;
    MimeVersion = "MIME-Version", "", single;
    MinExpires = "Min-Expires", "", single;
    MinSe = "Min-SE", "", single;
    Organization = "Organization", "", single;
    PAssertedIdentity = "P-Asserted-Identity", "", list;
    PPreferredIdentity = "P-Preferred-Identity", "", list;
    Path = "Path", "", list;
    Priority = "Priority", "", single;
    Privacy = "Privacy", "", single;
    ProxyAuthenticate = "Proxy-Authenticate", "", single;
    ProxyAuthorization = "Proxy-Authorization", "", single;
    ProxyRequire = "Proxy-Require", "", list;
    RAck = "RAck", "", single;
    Reason = "Reason", "", list;
    RecordRoute = "Record-Route", "", list;
    ReferSub = "Refer-Sub", "", single;
    ReferTo = "Refer-To", "r", single;
    ReferredBy = "Referred-By", "b", single;
    RejectContact = "Reject-Contact", "j", list;
    RemotePartyId = "Remote-Party-ID", "", list;
    Replaces = "Replaces", "", single;
    ReplyTo = "Reply-To", "", single;
    RequestDisposition = "Request-Disposition", "d", list;
    Require = "Require", "", list;
    RetryAfter = "Retry-After", "", single;
    Route = "Route", "", list;
    RSeq = "RSeq", "", single;
    Server = "Server", "", single;
    ServiceRoute = "Service-Route", "", list;
    SessionExpires = "Session-Expires", "x", single;
    SipEtag = "SIP-ETag", "", single;
    SipIfMatch = "SIP-If-Match", "", single;
    Subject = "Subject", "s", single;
    SubscriptionState = "Subscription-State", "", single;
    Supported = "Supported", "k", list;
    Timestamp = "Timestamp", "", single;
    To = "To", "t", single;
    Unsupported = "Unsupported", "", list;
    UserAgent = "User-Agent", "", single;
    Via = "Via", "v", list;
    Warning = "Warning", "", list;
    WwwAuthenticate = "WWW-Authenticate", "", single;
}

impl From<&str> for HeaderName {
    fn from(name: &str) -> Self {
        let known = match name.len() {
            0 => None,
            // Every compact form is one letter, and no full name is.
            1 => KNOWN.iter().find(|(_, compact, _)| compact.eq_ignore_ascii_case(name)),
            _ => {
                let at = KNOWN.binary_search_by(|(full, _, _)| order(full, name)).ok();
                at.and_then(|at| KNOWN.get(at))
            }
        };
        known.map_or_else(|| Self::Other(name.into()), |(_, _, known)| known.clone())
    }
}

/// The order of two names whatever their case.
fn order(one: &str, other: &str) -> Ordering {
    let lower = |octet: u8| octet.to_ascii_lowercase();
    one.bytes().map(lower).cmp(other.bytes().map(lower))
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        if let (Self::Other(one), Self::Other(two)) = (self, other) {
            return one.eq_ignore_ascii_case(two);
        }
        discriminant(self) == discriminant(other)
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_in_its_compact_form() {
        for (full, compact, known) in KNOWN {
            assert_eq!(&HeaderName::from(full.to_ascii_uppercase().as_str()), known);
            if !compact.is_empty() {
                assert_eq!(&HeaderName::from(*compact), known);
                assert_eq!(&HeaderName::from(compact.to_ascii_uppercase().as_str()), known);
            }
        }
    }

    #[test]
    fn the_known_names_are_in_order_and_their_compact_forms_are_letters() {
        assert!(KNOWN.is_sorted_by(|(one, _, _), (other, _, _)| order(one, other).is_lt()));
        assert!(KNOWN.iter().all(|(full, compact, _)| full.len() > 1 && compact.len() <= 1));
    }

    #[test]
    fn no_two_headers_share_a_name_or_a_compact_form() {
        for (index, (full, compact, _)) in KNOWN.iter().enumerate() {
            for (other, other_compact, _) in KNOWN.iter().skip(index + 1) {
                assert_ne!(full, other);
                assert!(compact.is_empty() || compact != other_compact, "{full} and {other}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_equal_whatever_its_case_and_keeps_its_spelling() {
        let name = HeaderName::from("X-Custom");
        assert_eq!(name, HeaderName::from("x-CUSTOM"));
        assert_ne!(name, HeaderName::from("X-Other"));
        assert_eq!(name.to_string(), "X-Custom");
        assert_eq!(HeaderName::from("C%6Fntact"), HeaderName::Other("C%6Fntact".into()));
        assert_eq!(HeaderName::from(""), HeaderName::Other("".into()));
    }
}
