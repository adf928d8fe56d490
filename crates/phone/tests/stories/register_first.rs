//! The setting *register first*: a server that takes calls only of lines that are registered there
//! (failover design §1).

use phone::CallId;
use phone::input::Command;
use phone::status::CallState;
use sip_core::message::{HeaderName, Method};

use crate::rig::{LINE, Mode, Rig, Sent, p2};

/// A call that the backup has refused with 403, and that is repeated there once the line was registered:
/// the call, and its second INVITE.
fn repeated() -> (Rig, CallId, Sent) {
    let mut rig = Rig::registered_with(|line| line.register_first = true);
    rig.modes = vec![Mode::Dead, Mode::Silent];
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.to, p2());
    let register = rig.last(Method::Register);
    rig.answer(&invite, 403);
    assert_eq!(rig.state(id), CallState::Dialing, "it waits for the REGISTER");
    rig.reply(&register, 200, |response, request| {
        let contact = request.headers.get(&HeaderName::Contact).unwrap();
        response.headers.push(HeaderName::Contact, contact);
    });
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, second.cseq()), (p2(), invite.cseq() + 1));
    (rig, id, second)
}

#[test]
fn a_403_at_the_backup_is_repeated_once_the_line_is_registered_there() {
    let (mut rig, id, second) = repeated();
    rig.answer(&second, 403);
    assert_eq!(rig.call(id).ended.unwrap().code, 403, "the server does not mean the registration");
}

/// "Repeat once": the line being registered there now is not what ends it, for it may not be any more.
#[test]
fn a_403_to_the_repeated_invite_is_final_also_where_the_registration_has_gone_meanwhile() {
    let (mut rig, id, second) = repeated();
    rig.command(Command::Unregister(LINE)).unwrap();
    let farewell = rig.last(Method::Register);
    rig.answer(&farewell, 200);
    let (registers, invites) = (rig.log(Method::Register).len(), rig.log(Method::Invite).len());
    rig.answer(&second, 403);
    assert_eq!(rig.call(id).ended.unwrap().code, 403, "at once");
    rig.advance(60_000);
    assert_eq!(rig.log(Method::Register).len(), registers, "nobody is registered for it again");
    assert_eq!(rig.log(Method::Invite).len(), invites, "and nobody called again");
}
