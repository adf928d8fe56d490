//! Trust as a whole: first visit, log-in, lock-out, what a change of users leads to.

use std::net::IpAddr;

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const PASSWORD: &str = "correct horse";

fn wait<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn set_up(folder: &tempfile::TempDir) -> Trust {
    let trust = Trust::open(folder.path()).unwrap();
    let code = trust.code().unwrap();
    wait(trust.set_up(&code, PASSWORD, HERE)).unwrap();
    trust
}

#[test]
fn nobody_is_let_in_before_the_first_visit_and_the_code_serves_once() {
    let folder = tempfile::tempdir().unwrap();
    let trust = Trust::open(folder.path()).unwrap();
    let code = trust.code().unwrap();
    assert_eq!(wait(trust.log_in("admin", "", HERE)).unwrap_err(), Refusal::Wrong);
    assert_eq!(wait(trust.set_up("0000", PASSWORD, HERE)).unwrap_err(), Refusal::Wrong);
    assert_eq!(wait(trust.set_up(&code, "short", HERE)).unwrap_err(), Refusal::Length);
    let session = wait(trust.set_up(&code, PASSWORD, HERE)).unwrap();
    assert_eq!((session.user.as_str(), session.role), ("admin", Role::Admin));
    assert!(!trust.is_new() && trust.code().is_none());
    assert_eq!(wait(trust.set_up(&code, "another one", HERE)).unwrap_err(), Refusal::Wrong);
    assert_eq!(trust.session(session.cookie()).unwrap().csrf, session.csrf);
}

#[test]
fn a_phone_that_restarts_asks_for_the_password_and_for_no_code() {
    let folder = tempfile::tempdir().unwrap();
    drop(set_up(&folder));
    let trust = Trust::open(folder.path()).unwrap();
    assert!(!trust.is_new());
    assert!(wait(trust.log_in("admin", PASSWORD, HERE)).is_ok());
    assert_eq!(wait(trust.log_in("Admin", PASSWORD, HERE)).unwrap_err(), Refusal::Wrong);
}

#[test]
fn guessing_is_locked_out_even_with_the_right_password_and_it_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let trust = set_up(&folder);
    for _ in 0..limits_of_failures() {
        assert_eq!(wait(trust.log_in("admin", "wrong", HERE)).unwrap_err(), Refusal::Wrong);
    }
    let refused = wait(trust.log_in("admin", PASSWORD, HERE)).unwrap_err();
    assert!(matches!(refused, Refusal::Locked(1..=30)), "{refused:?}");
    assert!(trust.audit()[0].what.starts_with("locked out for"), "{:?}", trust.audit());
}

fn limits_of_failures() -> u32 {
    crate::limits::FAILURES
}

#[test]
fn a_changed_password_ends_other_sessions_and_the_last_admin_stays() {
    let folder = tempfile::tempdir().unwrap();
    let trust = set_up(&folder);
    let here = wait(trust.log_in("admin", PASSWORD, HERE)).unwrap();
    let elsewhere = wait(trust.log_in("admin", PASSWORD, HERE)).unwrap();
    wait(trust.set_password("admin", "battery staple", &here)).unwrap();
    assert!(trust.session(here.cookie()).is_some());
    assert!(trust.session(elsewhere.cookie()).is_none());
    assert_eq!(trust.remove_user("admin"), Err(Refusal::LastAdmin));
    wait(trust.add_user("desk", PASSWORD, Role::User)).unwrap();
    assert_eq!(wait(trust.add_user("desk", PASSWORD, Role::User)), Err(Refusal::Name));
    assert_eq!(wait(trust.add_user("a b", PASSWORD, Role::User)), Err(Refusal::Name));
    let desk = wait(trust.log_in("desk", PASSWORD, HERE)).unwrap();
    trust.remove_user("desk").unwrap();
    assert!(trust.session(desk.cookie()).is_none());
}

#[test]
fn a_token_is_told_once_and_known_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let trust = set_up(&folder);
    let token = trust.add_token("prometheus", Role::User).unwrap();
    assert_eq!(trust.token(token.text(), HERE), Ok(("prometheus".to_owned(), Role::User)));
    let written = std::fs::read_to_string(folder.path().join("users.json")).unwrap();
    assert!(!written.contains(token.text()) && !written.contains(PASSWORD));
    trust.remove_token("prometheus").unwrap();
    assert_eq!(trust.token(token.text(), HERE), Err(Refusal::Wrong));
}

#[test]
fn users_that_cannot_be_read_open_no_door() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("users.json"), "{").unwrap();
    let Err(error) = Trust::open(folder.path()) else { panic!("opened") };
    assert!(error.to_string().contains("users.json"), "{error}");
}
