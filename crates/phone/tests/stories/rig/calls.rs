//! Calls as a test makes them: dialled, answered by the other party, coming in.

use phone::CallId;
use phone::input::{Command, Done};
use phone::status::{CallState, CallStatus};
use sip_core::message::{HeaderName, Method, Response};

use super::{Rig, Sent};

impl Rig {
    pub(crate) fn call(&self, id: CallId) -> CallStatus {
        self.phone.calls(self.now).into_iter().find(|call| call.id == id).unwrap()
    }

    pub(crate) fn state(&self, id: CallId) -> CallState {
        self.call(id).state
    }

    /// Dials 1002 on the line.
    pub(crate) fn dial(&mut self) -> CallId {
        match self.command(Command::Dial { line: None, target: "1002".to_owned() }) {
            Ok(Done::Call(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Answers 200 with a session description, as the callee at `contact`, through record-routing
    /// proxies.
    pub(crate) fn answer_call(
        &mut self,
        sent: &Sent,
        tag: &str,
        record_route: &[&str],
        contact: &str,
    ) {
        self.answer_call_as(sent, tag, record_route, contact, |_| {});
    }

    /// The same with a change to the 200.
    pub(crate) fn answer_call_as(
        &mut self,
        sent: &Sent,
        tag: &str,
        record_route: &[&str],
        contact: &str,
        change: impl FnOnce(&mut Response),
    ) {
        let call_id = sent.header(HeaderName::CallId);
        let mut dialog = Default::default();
        self.reply(sent, 200, |response, _| {
            let mut to = response.headers.to().unwrap();
            to.params.set("tag", Some(tag));
            response.headers.set(HeaderName::To, &to);
            dialog = (response.headers.from().unwrap().to_string(), to.to_string(), call_id);
            for entry in record_route {
                response.headers.push(HeaderName::RecordRoute, entry);
            }
            response.headers.push(HeaderName::Contact, contact);
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = sdp("10.0.0.50", 20_000, "sendrecv").into_bytes();
            change(response);
        });
        self.dialog = dialog;
    }

    /// From, To and Call-ID of the dialog of the call that was last answered, as we write them.
    pub(crate) fn dialog_of_call(&self) -> (String, String, String) {
        self.dialog.clone()
    }

    /// A call to 1002 that is up through the first proxy, which record-routes by its address.
    pub(crate) fn call_up(&mut self) -> CallId {
        self.call_up_with(&["<sip:10.0.0.1;lr;ftag=abc>"], "<sip:1002@10.0.0.50:5060>")
    }

    pub(crate) fn call_up_with(&mut self, record_route: &[&str], contact: &str) -> CallId {
        let id = self.dial();
        let invite = self.last(Method::Invite);
        self.answer_call(&invite, "bob", record_route, contact);
        assert_eq!(self.state(id), CallState::Active);
        self.sent.clear();
        self.events.clear();
        id
    }
}

pub(crate) fn sdp(ip: &str, port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na={direction}\r\n"
    )
}

/// An INVITE to the phone as a proxy forwards it.
pub(crate) fn invite(branch: &str, call_id: &str, cseq: u32, via: &str) -> Vec<u8> {
    let body = sdp("10.0.0.50", 20_000, "sendrecv");
    format!(
        "INVITE sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch={branch}\r\n\
         Record-Route: <sip:{via};lr>\r\nMax-Forwards: 69\r\n\
         From: <sip:1002@example.test>;tag=caller\r\nTo: <sip:1001@example.test>\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} INVITE\r\nContact: <sip:1002@10.0.0.50:5060>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
