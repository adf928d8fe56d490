//! sipx-sip, which reads lazily as we do and judges with its own `validate`.

use super::facts::{Address, Facts, Hop, Reading, Start, Target, latin1};
use sipx_sip::{
    Limits, Message, Uri,
    headers::{self, ContactValue},
    parse_datagram, validate,
};

pub(crate) fn read(octets: &[u8]) -> Reading {
    let message =
        parse_datagram(octets.to_vec().into(), &Limits::datagram()).map_err(|e| e.to_string())?;
    // A request of an RFC 2543 peer has no Max-Forwards, and is served all the same.
    let findings: Vec<_> = validate(&message)
        .into_iter()
        .map(|finding| format!("{finding:?}"))
        .filter(|finding| finding != r#"MissingRequiredHeader("Max-Forwards")"#)
        .collect();
    if !findings.is_empty() {
        return Err(findings.join(", "));
    }
    let start = match &message {
        Message::Request(request) => {
            Start::Request(latin1(request.method.as_bytes()), target(&request.uri))
        }
        Message::Response(response) => Start::Response(response.status.code()),
    };
    facts(start, &message).map_err(|error| error.to_string())
}

fn facts(start: Start, message: &Message) -> Result<Facts, sipx_sip::HeaderError> {
    let headers = message.headers();
    let vias: Result<Vec<_>, _> = headers.typed_all::<headers::Via>().collect();
    let vias = vias?.into_iter().map(|via| Hop {
        transport: latin1(&via.transport).to_ascii_uppercase(),
        host: latin1(&via.host.to_bytes()).to_ascii_lowercase(),
        port: via.port,
        branch: via.branch().map(latin1),
    });
    let contacts: Result<Vec<_>, _> = headers.typed_all::<ContactValue>().collect();
    let contacts = contacts?.into_iter().filter_map(|contact| match contact {
        ContactValue::Wildcard => None,
        ContactValue::Address(contact) => Some(address(&contact)),
    });
    let missing = |header| sipx_sip::HeaderError::Syntax { header };
    let cseq = headers.typed::<headers::CSeq>().ok_or(missing("CSeq"))??;
    let max_forwards = headers.typed::<headers::MaxForwards>().transpose()?;
    Ok(Facts {
        start,
        vias: vias.collect(),
        from: address(&headers.typed::<headers::From>().ok_or(missing("From"))??.0),
        to: address(&headers.typed::<headers::To>().ok_or(missing("To"))??.0),
        call_id: latin1(&headers.typed::<headers::CallId>().ok_or(missing("Call-ID"))??.0),
        cseq: (cseq.sequence, latin1(cseq.method.as_bytes())),
        max_forwards: max_forwards.map(|hops| hops.0),
        contacts: contacts.collect(),
        body: message.body().to_vec(),
    })
}

fn address(address: &headers::Address) -> Address {
    let tag = address.tag().filter(|tag| !tag.is_empty());
    Address { target: target(&address.uri), tag: tag.map(latin1) }
}

fn target(uri: &Uri) -> Target {
    let scheme = latin1(uri.scheme().as_bytes()).to_ascii_lowercase();
    let Some(host) = uri.host() else { return Target { scheme, ..Target::default() } };
    let params = uri.params().into_iter().flat_map(|params| params.iter());
    let param = |param: &sipx_sip::Param| {
        (latin1(param.name()).to_ascii_lowercase(), param.value().map(latin1))
    };
    Target {
        scheme,
        user: uri.user().map(latin1),
        host: latin1(&host.to_bytes()).to_ascii_lowercase(),
        port: uri.port(),
        params: params.map(param).collect(),
    }
}
