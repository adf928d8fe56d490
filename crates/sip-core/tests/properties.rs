//! What holds of every message and description, tried on many drawn at random.
//!
//! Two kinds of input: messages built from parts, for round trips, and torture messages with octets
//! changed at random, for what must hold of any octets at all.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../../../fuzz/checks/message.rs"]
mod check_message;
#[path = "../../../fuzz/checks/sdp.rs"]
mod check_sdp;

use check_sdp::local;
use proptest::{collection::vec, option, prelude::*, sample::select};
use sip_core::{
    message::{
        CSeq, HeaderName, Headers, Host, Message, Method, NameAddr, Params, Request, Response,
        StatusCode, Transport, Uri, Via, read_datagram,
    },
    sdp::{Codec, Description, Direction, LocalMedia, Negotiator},
};
use sipx_testkit::{rfc4475, rfc5118};

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z][a-z0-9_-]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,3}".prop_map(Host::Name),
        any::<std::net::Ipv4Addr>().prop_map(Host::V4),
        any::<std::net::Ipv6Addr>().prop_map(Host::V6),
    ]
}

fn params(value: &'static str) -> impl Strategy<Value = Params> {
    vec((token(), option::of(value)), 0..4).prop_map(|list| {
        let mut params = Params::new();
        for (name, value) in list {
            params.set(&name, value.as_deref());
        }
        params
    })
}

prop_compose! {
    fn uri()(
        scheme in select(vec!["sip", "sips"]),
        user in option::of("[a-zA-Z0-9._;?/&=+$,!~*'()-]{1,12}(%[0-9A-F]{2}){0,2}"),
        password in option::of("[a-z0-9&=+$,]{0,6}"),
        host in host(),
        port in option::of(any::<u16>()),
        params in params("[A-Za-z0-9:/&+$=\\[\\]._%-]{0,10}"),
        headers in option::of("[A-Za-z0-9=&%_-]{0,16}"),
    ) -> Uri {
        let mut uri: Uri = format!("{scheme}:h").parse().unwrap();
        uri.password = password.filter(|_| user.is_some());
        uri.user = user;
        uri.host = host;
        uri.port = port;
        uri.params = params;
        uri.headers = headers;
        uri
    }
}

fn any_uri() -> impl Strategy<Value = Uri> {
    prop_oneof![
        4 => uri(),
        1 => "(tel:\\+[0-9]{3,9}(;phone-context=[a-z.]{1,9})?|[a-z]{2,4}[0-9]:[a-z/:.@]{1,12})"
            .prop_map(|text| text.parse().unwrap()),
    ]
}

prop_compose! {
    fn name_addr()(
        display in option::of("\\PC{1,12}"),
        uri in any_uri(),
        mut params in params("[A-Za-z0-9._:\\[\\]-]{1,10}"),
        quoted in option::of("\\PC{0,8}"),
    ) -> NameAddr {
        if let Some(text) = quoted {
            params.set_quoted("quoted", &text);
        }
        NameAddr { display, uri, params }
    }
}

prop_compose! {
    fn via()(
        transport in prop_oneof![
            Just(Transport::Udp), Just(Transport::Tcp), Just(Transport::Tls),
            "[A-Z]{4,6}[0-9]".prop_map(|name| Transport::Other(name.into())),
        ],
        host in host(),
        port in option::of(any::<u16>()),
        params in params("[A-Za-z0-9._-]{1,10}"),
    ) -> Via {
        Via { transport, host, port, params }
    }
}

prop_compose! {
    fn headers()(
        vias in vec(via(), 1..4),
        from in name_addr(),
        to in name_addr(),
        contacts in vec(name_addr(), 0..3),
        routes in vec(name_addr(), 0..3),
        others in vec(("X-[A-Za-z]{1,6}", "[!-~][ -~]{0,20}[!-~]"), 0..4),
    ) -> Headers {
        let mut headers = Headers::new();
        for via in &vias {
            headers.push(HeaderName::Via, via);
        }
        headers.push(HeaderName::From, from);
        headers.push(HeaderName::To, to);
        headers.push(HeaderName::CallId, "c@h");
        headers.push(HeaderName::CSeq, CSeq::new(1, Method::Invite));
        let joined: Vec<_> = contacts.iter().map(NameAddr::to_string).collect();
        if !joined.is_empty() {
            headers.push(HeaderName::Contact, joined.join(" ,"));
        }
        for route in &routes {
            headers.push(HeaderName::Route, route);
        }
        for (name, value) in others {
            headers.push(HeaderName::from(name.as_str()), value);
        }
        headers
    }
}

fn message() -> impl Strategy<Value = Message> {
    let method = prop_oneof![Just("INVITE".to_owned()), token()];
    let start = prop_oneof![
        (method, any_uri()).prop_map(|(method, uri)| {
            Message::Request(Request::new(method.as_str().into(), uri))
        }),
        (100..=699_u16, "[ -~]{0,20}").prop_map(|(code, reason)| {
            let mut response = Response::new(StatusCode::new(code).unwrap());
            response.reason = reason;
            Message::Response(response)
        }),
    ];
    (start, headers(), vec(any::<u8>(), 0..64)).prop_map(|(mut message, headers, body)| {
        match &mut message {
            Message::Request(request) => (request.headers, request.body) = (headers, body),
            Message::Response(response) => (response.headers, response.body) = (headers, body),
        }
        message
    })
}

/// A torture message with a few octets changed, removed, doubled, or another message put inside.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let corpus: Vec<&'static [u8]> = rfc4475::CASES
        .iter()
        .map(|case| case.bytes)
        .chain(rfc5118::CASES.iter().map(|case| case.bytes))
        .collect();
    let spice = b"\r\n \t:;,=<>\"\\@?[]%/*\0\x80\xFF0z".to_vec();
    let change = (any::<prop::sample::Index>(), select(spice), 0..4_u8);
    (select(corpus.clone()), vec(change, 0..12), select(corpus), any::<prop::sample::Index>())
        .prop_map(|(octets, changes, other, at)| {
            let mut octets = octets.to_vec();
            for (index, octet, kind) in changes {
                let at = index.index(octets.len());
                match kind {
                    0 => octets[at] = octet,
                    1 => octets.insert(at, octet),
                    2 if octets.len() > 1 => drop(octets.remove(at)),
                    _ => {
                        let doubled = octets[at..octets.len().min(at + 40)].to_vec();
                        octets.splice(at..at, doubled);
                    }
                }
            }
            if at.index(8) == 0 {
                let at = at.index(octets.len());
                octets.splice(at..at, other.iter().copied());
            }
            octets
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back_the_same(message in message()) {
        let octets = message.to_bytes();
        let mut read = read_datagram(&octets).unwrap();
        prop_assert_eq!(read.to_bytes(), octets);
        match &mut read {
            Message::Request(request) => drop(request.headers.remove(&HeaderName::ContentLength)),
            Message::Response(response) => drop(response.headers.remove(&HeaderName::ContentLength)),
        }
        prop_assert_eq!(read, message);
    }

    #[test]
    fn typed_headers_are_read_back_the_same(via in via(), from in name_addr(), uri in any_uri()) {
        prop_assert_eq!(&via.to_string().parse::<Via>().unwrap(), &via);
        prop_assert_eq!(&from.to_string().parse::<NameAddr>().unwrap(), &from);
        prop_assert_eq!(&uri.to_string().parse::<Uri>().unwrap(), &uri);
        prop_assert!(uri.matches(&uri));
    }

    #[test]
    fn lists_are_cut_where_they_were_joined(
        contacts in vec(name_addr(), 1..6), taken in 0..6_usize
    ) {
        let joined: Vec<_> = contacts.iter().map(NameAddr::to_string).collect();
        let mut headers = Headers::new();
        headers.push(HeaderName::Route, joined.join(","));
        prop_assert_eq!(&headers.routes().unwrap(), &contacts);
        for _ in 0..taken {
            headers.remove_first(&HeaderName::Route);
        }
        let rest: Vec<_> = contacts.into_iter().skip(taken).collect();
        prop_assert_eq!(headers.routes().unwrap(), rest);
    }

    #[test]
    fn folding_and_case_and_compact_names_change_nothing(message in message()) {
        let text = message.to_bytes();
        let end = text.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, rest) = text.split_at(end);
        let folded = String::from_utf8(head.to_vec()).unwrap()
            .replace("\r\nVia: ", "\r\nv :\r\n\t")
            .replace("\r\nFrom: ", "\r\nF:")
            .replace("\r\nCSeq: 1 ", "\r\ncseq:\t1\r\n  ")
            .replace("\r\nContent-Length: ", "\r\nL  :  ");
        let folded = [folded.as_bytes(), rest].concat();
        prop_assert_eq!(read_datagram(&folded).unwrap().to_bytes(), text);
    }

    #[test]
    fn no_octets_make_the_reader_panic(octets in vec(any::<u8>(), 0..512)) {
        check_message::check(&octets);
        check_sdp::check(&octets);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_message_holds_what_the_fuzzer_checks(octets in mutated()) {
        check_message::check(&octets);
        let body = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        check_sdp::check(&octets[body..]);
    }
}

fn codec() -> impl Strategy<Value = Codec> {
    let named = ("[A-Za-z][A-Za-z0-9-]{0,6}", select(vec![8000, 16000, 48000]), 1..3_u8);
    let named =
        (named, option::of("[a-z]{1,5}=[0-9]{1,3}")).prop_map(|((name, rate, channels), fmtp)| {
            Codec { channels, fmtp, ..Codec::new(0, &name, rate) }
        });
    prop_oneof![Just(Codec::pcma()), Just(Codec::pcmu()), named]
}

prop_compose! {
    /// What a phone has to offer: different codecs under different payload types.
    fn phone()(
        mut codecs in vec(codec(), 1..5),
        dtmf in option::of(120..=127_u8),
        direction in select(vec![
            Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive,
        ]),
        port in 1024..65000_u16,
        version in any::<u32>(),
    ) -> LocalMedia {
        let mut different: Vec<Codec> = Vec::new();
        for codec in codecs.drain(..) {
            let telephone = codec.is_telephone_event();
            if !telephone && !different.iter().any(|held| held.is_same_encoding(&codec)) {
                different.push(codec);
            }
        }
        for (codec, number) in different.iter_mut().zip(96..) {
            let is_static = codec.name == "PCMA" || codec.name == "PCMU";
            if !is_static || codec.clock_rate != 8000 || codec.channels != 1 {
                codec.payload_type = number;
            }
        }
        LocalMedia {
            port, direction, codecs: different, dtmf_payload_type: dtmf,
            session_version: version.into(), ..local()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_of_an_exchange_agree(alice in phone(), bob in phone(), later in phone()) {
        let (mut here, mut there) = (Negotiator::new(alice.clone()), Negotiator::new(bob.clone()));
        let offer = here.offer().unwrap();
        let offer = Description::read(&offer.to_bytes()).unwrap();
        prop_assert_eq!(here.is_offer_outstanding(), true);
        let common = alice.codecs.iter().find(|one| bob.codecs.iter().any(|two| one.is_same_encoding(two)));
        let Ok((answer, at_bob)) = there.answer(&offer) else {
            prop_assert!(common.is_none(), "only for want of a codec");
            return Ok(());
        };
        let at_alice = here.accept(&Description::read(&answer.to_bytes()).unwrap()).unwrap();
        prop_assert!(at_alice.codec.is_same_encoding(common.unwrap()));
        prop_assert!(at_alice.codec.is_same_encoding(&at_bob.codec));
        prop_assert_eq!(at_alice.direction, at_bob.direction.reversed());
        prop_assert_eq!(at_alice.remote.port(), bob.port);
        prop_assert_eq!(at_bob.remote.port(), alice.port);
        let dtmf = alice.dtmf_payload_type.is_some() && bob.dtmf_payload_type.is_some();
        prop_assert_eq!((at_alice.dtmf_payload_type.is_some(), at_bob.dtmf_payload_type.is_some()), (dtmf, dtmf));
        for (sent, received) in [(&at_alice, &at_bob), (&at_bob, &at_alice)] {
            let known = received.receive.iter().find(|codec| codec.payload_type == sent.payload_type);
            prop_assert!(known.is_some_and(|codec| codec.is_same_encoding(&sent.codec)));
            if let Some(number) = sent.dtmf_payload_type {
                let known = received.receive.iter().find(|codec| codec.payload_type == number);
                prop_assert!(known.is_some_and(Codec::is_telephone_event));
            }
        }

        // The other side offers later: payload types keep their meaning, the version goes up by one
        // if anything changed.
        there.set_direction(later.direction);
        let again = there.offer().unwrap();
        let number = |d: &Description| d.origin.as_ref().unwrap().version.parse::<u64>().unwrap();
        let mut same = again.clone();
        same.origin.clone_from(&answer.origin);
        prop_assert_eq!(number(&again) - number(&answer), u64::from(same != answer));
        let types = again.media[0].codecs();
        for codec in &types {
            prop_assert_eq!(types.iter().filter(|c| c.payload_type == codec.payload_type).count(), 1);
        }
        for agreed in &at_bob.receive {
            prop_assert!(types.iter().any(|c| c.payload_type == agreed.payload_type && c.is_same_encoding(agreed)));
        }
        let (answer, at_alice) = here.answer(&again).unwrap();
        let at_bob = there.accept(&answer).unwrap();
        prop_assert_eq!(at_alice.direction, at_bob.direction.reversed());
    }

    #[test]
    fn a_description_is_read_back_the_same(local in phone()) {
        let offer = Negotiator::new(local).offer().unwrap();
        prop_assert_eq!(&Description::read(&offer.to_bytes()).unwrap(), &offer);
        let with_line_feeds = offer.to_string().replace("\r\n", "\n");
        prop_assert_eq!(Description::read(with_line_feeds.as_bytes()).unwrap(), offer);
    }
}
