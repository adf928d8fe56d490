//! The reader under test, in the terms of the comparison.

use super::facts::{Address, Facts, Hop, Reading, Start, Target, of_text};
use sip_core::message::{Contacts, Headers, Message, NameAddr, Uri, read_datagram};

pub(crate) fn read(octets: &[u8]) -> Reading {
    let message = read_datagram(octets).map_err(|error| error.to_string())?;
    let start = match &message {
        Message::Request(request) => {
            request.validate().map_err(|fault| fault.to_string())?;
            Start::Request(of_text(request.method.as_str()), target(&request.uri))
        }
        Message::Response(response) => {
            response.validate().map_err(|fault| fault.to_string())?;
            Start::Response(response.code.as_u16())
        }
    };
    facts(start, message.headers(), message.body()).map_err(|error| error.to_string())
}

fn facts(
    start: Start,
    headers: &Headers,
    body: &[u8],
) -> Result<Facts, sip_core::message::HeaderError> {
    let hops = headers.vias()?.into_iter().map(|via| Hop {
        transport: of_text(&via.transport.as_str().to_ascii_uppercase()),
        host: host(&via.host.to_string()),
        port: via.port,
        branch: via.branch().map(of_text),
    });
    let contacts = match headers.contacts()? {
        Contacts::Star => vec![],
        Contacts::List(list) => list.iter().map(address).collect(),
    };
    let cseq = headers.cseq()?;
    Ok(Facts {
        start,
        vias: hops.collect(),
        from: address(&headers.from()?),
        to: address(&headers.to()?),
        call_id: of_text(headers.call_id().unwrap_or_default()),
        cseq: (cseq.number, of_text(cseq.method.as_str())),
        max_forwards: headers.max_forwards()?,
        contacts,
        body: body.to_vec(),
    })
}

fn address(address: &NameAddr) -> Address {
    Address { target: target(&address.uri), tag: address.tag().map(of_text) }
}

fn target(uri: &Uri) -> Target {
    let scheme = of_text(&uri.scheme.as_str().to_ascii_lowercase());
    if !uri.is_sip() {
        return Target { scheme, ..Target::default() };
    }
    let param = |(name, value): (&str, Option<&str>)| {
        (of_text(&name.to_ascii_lowercase()), value.map(of_text))
    };
    Target {
        scheme,
        user: uri.user.as_deref().map(of_text),
        host: host(&uri.host.to_string()),
        port: uri.port,
        params: uri.params.iter().map(param).collect(),
    }
}

fn host(text: &str) -> String {
    text.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}
