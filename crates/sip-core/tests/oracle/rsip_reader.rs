//! rsip, with its own framing and typed headers, as a program that trusted it would use it.

use super::facts::{Address, Facts, Hop, Reading, Start, Target, of_text};
use rsip::{Header, SipMessage, prelude::*};

pub(crate) fn read(octets: &[u8]) -> Reading {
    let message = SipMessage::try_from(octets).map_err(|error| error.to_string())?;
    let start = match &message {
        SipMessage::Request(request) => {
            Start::Request(of_text(&request.method.to_string()), target(&request.uri))
        }
        SipMessage::Response(response) => Start::Response(response.status_code.code()),
    };
    facts(start, &message).map_err(|error| error.to_string())
}

fn facts(start: Start, message: &SipMessage) -> Result<Facts, rsip::Error> {
    let mut vias = Vec::new();
    for header in message.headers().iter() {
        if let Header::Via(via) = header {
            let via = via.typed()?;
            vias.push(Hop {
                transport: of_text(&via.transport.to_string()),
                host: host(&via.uri),
                port: via.uri.host_with_port.port.map(|port| *port.value()),
                branch: via.branch().map(|branch| of_text(branch.value())),
            });
        }
    }
    let mut contacts = Vec::new();
    for contact in message.contact_headers() {
        let contact = contact.typed()?;
        contacts.push(Address { target: target(&contact.uri), tag: None });
    }
    let (from, to) = (message.from_header()?.typed()?, message.to_header()?.typed()?);
    let cseq = message.cseq_header()?.typed()?;
    let max_forwards = message.max_forwards_header().ok().map(|header| header.num()).transpose()?;
    Ok(Facts {
        start,
        vias,
        from: Address {
            tag: from.tag().map(|tag| of_text(tag.value())),
            target: target(&from.uri),
        },
        to: Address { tag: to.tag().map(|tag| of_text(tag.value())), target: target(&to.uri) },
        call_id: of_text(message.call_id_header()?.value()),
        cseq: (cseq.seq, of_text(&cseq.method.to_string())),
        max_forwards: max_forwards.and_then(|hops| u8::try_from(hops).ok()),
        contacts,
        body: message.body().clone(),
    })
}

fn target(uri: &rsip::Uri) -> Target {
    let scheme = uri.scheme.as_ref().map(ToString::to_string).unwrap_or_default();
    let param = |param: &rsip::Param| {
        let text = param.to_string();
        let text = text.trim_start_matches(';');
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        (of_text(&name.to_ascii_lowercase()), value.map(of_text))
    };
    Target {
        scheme: of_text(&scheme.to_ascii_lowercase()),
        user: uri.auth.as_ref().map(|auth| of_text(&auth.user)),
        host: host(uri),
        port: uri.host_with_port.port.as_ref().map(|port| *port.value()),
        params: uri.params.iter().map(param).collect(),
    }
}

fn host(uri: &rsip::Uri) -> String {
    of_text(&uri.host_with_port.host.to_string().to_ascii_lowercase())
}
