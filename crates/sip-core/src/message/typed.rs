//! What the header lines mean, read when asked (RFC 3261 §20).
//!
//! An accessor that a message's fate hangs on returns an error that names the header; one whose value
//! is only advice (a number of seconds, a list of tokens) returns what could be read.

use std::str::FromStr;

use super::{
    CSeq, Challenge, Contacts, HeaderError, HeaderName, Headers, NameAddr, Params, ValueError, Via,
    grammar::{saturating_u32, trim},
};

impl Headers {
    /// The topmost Via.
    pub fn via(&self) -> Result<Via, HeaderError> {
        self.required(HeaderName::Via)
    }

    /// Every Via, topmost first.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list(HeaderName::Via)
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.required(HeaderName::From)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.required(HeaderName::To)
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.required(HeaderName::CSeq)
    }

    /// Call-ID, as it stands; `None` if absent or empty.
    pub fn call_id(&self) -> Option<&str> {
        self.get(&HeaderName::CallId).filter(|id| !id.is_empty())
    }

    /// The Contact lines.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let mut lines = self.all(&HeaderName::Contact);
        if let (Some("*"), None) = (lines.next(), lines.next()) {
            return Ok(Contacts::Star);
        }
        self.list(HeaderName::Contact).map(Contacts::List)
    }

    /// The first Contact address: a dialog's remote target (RFC 3261 §12.1).
    pub fn contact(&self) -> Result<NameAddr, HeaderError> {
        match self.contacts()? {
            Contacts::List(list) => {
                list.into_iter().next().ok_or(HeaderError::missing(HeaderName::Contact))
            }
            Contacts::Star => Err(HeaderError::malformed(
                HeaderName::Contact,
                ValueError("* where an address is needed"),
            )),
        }
    }

    /// The Route entries, topmost first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::Route)
    }

    /// The Record-Route entries, topmost first.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::RecordRoute)
    }

    /// The addresses of any other header that holds some, such as Refer-To or P-Asserted-Identity.
    pub fn addresses(&self, name: HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(name)
    }

    /// Max-Forwards: 0..=255, or `None` if absent.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        let Some(text) = self.get(&HeaderName::MaxForwards) else { return Ok(None) };
        let number = saturating_u32(text).and_then(|number| u8::try_from(number).ok());
        let error = ValueError("not a number of 0 to 255");
        number.map(Some).ok_or(HeaderError::malformed(HeaderName::MaxForwards, error))
    }

    /// Expires in seconds; 2³²−1 if larger, `None` if absent or no number.
    pub fn expires(&self) -> Option<u32> {
        self.get(&HeaderName::Expires).and_then(saturating_u32)
    }

    /// Min-Expires in seconds, as [`Headers::expires`].
    pub fn min_expires(&self) -> Option<u32> {
        self.get(&HeaderName::MinExpires).and_then(saturating_u32)
    }

    /// Flow-Timer in seconds, 1..=86400 (RFC 5626 §10); `None` if absent. A value that is no number or
    /// outside is an error.
    pub fn flow_timer(&self) -> Result<Option<u32>, HeaderError> {
        let Some(text) = self.get(&HeaderName::FlowTimer) else { return Ok(None) };
        let seconds = saturating_u32(text).filter(|seconds| (1..=86_400).contains(seconds));
        let error = ValueError("not a number of seconds from 1 to 86400");
        seconds.map(Some).ok_or(HeaderError::malformed(HeaderName::FlowTimer, error))
    }

    /// The SIP status code that Reason gives (RFC 3326).
    pub fn sip_cause(&self) -> Option<u16> {
        let of_sip = |value: &str| {
            let (protocol, params) = value.split_once(';')?;
            let params = Params::of_header(params).ok()?;
            let cause = params.value("cause")?.trim().parse().ok();
            cause.filter(|_| trim(protocol).eq_ignore_ascii_case("SIP"))
        };
        self.values(&HeaderName::Reason).find_map(of_sip)
    }

    /// Retry-After in seconds, its comment and parameters left out, as [`Headers::expires`].
    pub fn retry_after(&self) -> Option<u32> {
        let digits = self.get(&HeaderName::RetryAfter)?.split([';', '(', ' ', '\t']).next()?;
        saturating_u32(digits)
    }

    /// The challenges of `name` (WWW-Authenticate or Proxy-Authenticate) or the credentials
    /// (Authorization or Proxy-Authorization), in order; lines that cannot be read are left out.
    pub fn challenges(&self, name: HeaderName) -> Vec<Challenge> {
        self.all(&name).filter_map(|line| Challenge::read_line(line).ok()).flatten().collect()
    }

    /// The option tags of Supported.
    pub fn supported(&self) -> Vec<&str> {
        self.tokens(&HeaderName::Supported)
    }

    /// The option tags of Require.
    pub fn require(&self) -> Vec<&str> {
        self.tokens(&HeaderName::Require)
    }

    /// The values of a list of tokens, such as Allow, Proxy-Require or Unsupported.
    pub fn tokens<'a>(&'a self, name: &HeaderName) -> Vec<&'a str> {
        let values = self.all(name).flat_map(|line| line.split(',').map(trim));
        values.filter(|token| !token.is_empty()).collect()
    }

    /// The media type of the body, without its parameters, such as `application/sdp`. Compare it
    /// without regard to case.
    pub fn content_type(&self) -> Option<&str> {
        let text = self.get(&HeaderName::ContentType)?;
        text.split(';').next().map(trim).filter(|text| !text.is_empty())
    }

    fn required<T: FromStr<Err = ValueError>>(&self, name: HeaderName) -> Result<T, HeaderError> {
        let value = self.values(&name).next().map(str::parse);
        match value {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(HeaderError::malformed(name, error)),
            None => Err(HeaderError::missing(name)),
        }
    }

    fn list<T: FromStr<Err = ValueError>>(&self, name: HeaderName) -> Result<Vec<T>, HeaderError> {
        let values: Result<_, _> = self.values(&name).map(str::parse).collect();
        values.map_err(|error| HeaderError::malformed(name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Problem;

    fn headers(lines: &[(HeaderName, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name.clone(), value);
        }
        headers
    }

    #[test]
    fn a_missing_header_is_named() {
        let error = Headers::new().via().unwrap_err();
        assert_eq!(error.to_string(), "Via header is missing");
        let error = headers(&[(HeaderName::To, "\"x")]).to().unwrap_err();
        assert!(matches!(error.problem, Problem::Malformed(_)));
        assert_eq!(error.to_string(), "To header is malformed: a quoted string is not closed");
    }

    #[test]
    fn star_is_a_contact_only_alone() {
        assert_eq!(headers(&[(HeaderName::Contact, "*")]).contacts(), Ok(Contacts::Star));
        let two = headers(&[(HeaderName::Contact, "*"), (HeaderName::Contact, "<sip:a@h>")]);
        assert!(two.contacts().is_err());
        assert_eq!(Headers::new().contacts(), Ok(Contacts::List(vec![])));
    }

    #[test]
    fn seconds_are_read_with_comment_and_parameters() {
        for text in ["120", "120 (in a meeting)", "120;duration=60", "120(x)"] {
            assert_eq!(
                headers(&[(HeaderName::RetryAfter, text)]).retry_after(),
                Some(120),
                "{text}"
            );
        }
        assert_eq!(headers(&[(HeaderName::RetryAfter, "soon")]).retry_after(), None);
        let huge = headers(&[(HeaderName::Expires, "99999999999999999999")]);
        assert_eq!(huge.expires(), Some(u32::MAX));
    }

    #[test]
    fn a_reason_gives_the_status_code_of_sip() {
        let cause = |text| headers(&[(HeaderName::Reason, text)]).sip_cause();
        assert_eq!(cause(r#"SIP ;cause=200 ;text="Call completed elsewhere""#), Some(200));
        assert_eq!(cause(r#"Q.850;cause=16;text="a, b", sip;cause=486"#), Some(486));
        assert_eq!(cause("Q.850;cause=26"), None);
        assert_eq!(cause("SIP;cause=many"), None);
        assert_eq!(cause("SIP"), None);
    }

    #[test]
    fn max_forwards_is_a_small_number() {
        assert_eq!(headers(&[(HeaderName::MaxForwards, "0068")]).max_forwards(), Ok(Some(68)));
        assert_eq!(Headers::new().max_forwards(), Ok(None));
        for text in ["300", "-1", "", "7 0"] {
            assert!(headers(&[(HeaderName::MaxForwards, text)]).max_forwards().is_err(), "{text}");
        }
    }

    #[test]
    fn a_flow_timer_is_a_span_that_a_connection_can_be_kept_alive_by() {
        let timer = |text| headers(&[(HeaderName::FlowTimer, text)]).flow_timer();
        assert_eq!(Headers::new().flow_timer(), Ok(None));
        assert_eq!(
            (timer("1"), timer("120"), timer("86400")),
            (Ok(Some(1)), Ok(Some(120)), Ok(Some(86_400)))
        );
        for text in ["0", "86401", "99999999999999999999", "-1", "", "1.5", "soon", "120;x=1"] {
            let said = timer(text).unwrap_err().to_string();
            assert!(said.starts_with("Flow-Timer header is malformed"), "{text}: {said}");
        }
    }

    #[test]
    fn option_tags_come_from_all_lines() {
        let headers = headers(&[
            (HeaderName::Supported, "path, outbound"),
            (HeaderName::Supported, ""),
            (HeaderName::Supported, "gruu"),
        ]);
        assert_eq!(headers.supported(), ["path", "outbound", "gruu"]);
    }

    #[test]
    fn routes_come_from_all_lines_in_order() {
        let headers = headers(&[
            (HeaderName::Route, "<sip:a;lr>, <sip:b;lr>"),
            (HeaderName::Route, "\"C, c\" <sip:c;lr>"),
        ]);
        let hosts: Vec<_> =
            headers.routes().unwrap().iter().map(|r| r.uri.host.to_string()).collect();
        assert_eq!(hosts, ["a", "b", "c"]);
    }
}
