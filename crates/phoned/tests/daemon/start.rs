//! How it starts, and what it says when it cannot (interfaces: one line, naming what and where).

use std::os::unix::fs::PermissionsExt;

use crate::daemon::{Daemon, fails, file, free_port};

fn only_line(said: &str) -> &str {
    assert_eq!(said.lines().filter(|line| line.starts_with("phoned: ")).count(), 1, "{said}");
    said.lines().last().unwrap()
}

#[test]
fn with_no_line_configured_it_starts_and_says_how_to_configure_one() {
    let mut daemon = Daemon::start(&[]);
    let said = daemon.says("no line is configured");
    assert!(said.contains("phonectl --control") && said.contains("SIP1 Register Addr"), "{said}");
    assert!(daemon.client().ask(&control::Request::Status {}).is_ok());
}

#[test]
fn a_second_daemon_on_the_same_port_is_refused_by_name() {
    let first = Daemon::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let port = first.port();
    let config = folder.path().join("phone.cfg");
    std::fs::write(&config, file(&[("SIP  Port".into(), port.to_string())])).unwrap();
    let (code, said) = fails(&folder, &["--provision", config.to_str().unwrap()]);
    assert_eq!(code, Some(3));
    let line = only_line(&said);
    assert!(line.contains(&format!("UDP port {port} is in use")), "{line}");
}

#[test]
fn a_second_daemon_on_the_same_control_socket_or_state_is_refused_by_name() {
    let first = Daemon::start(&[]);
    let (code, said) = fails(&first.folder, &[]);
    assert_eq!(code, Some(3));
    assert!(only_line(&said).contains("in use by another process"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("phone.cfg");
    std::fs::write(&config, file(&[("SIP  Port".into(), free_port().to_string())])).unwrap();
    std::os::unix::fs::symlink(first.control(), folder.path().join("control.sock")).unwrap();
    let (code, said) = fails(&folder, &["--provision", config.to_str().unwrap()]);
    assert_eq!(code, Some(3));
    assert!(only_line(&said).contains("control.sock is in use by another phoned"), "{said}");
    assert!(first.client().ask(&control::Request::Status {}).is_ok(), "the first is untouched");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state"), "a file").unwrap();
    let (code, said) = fails(&folder, &[]);
    assert_eq!(code, Some(3));
    let line = only_line(&said);
    assert!(line.contains("--state") && line.contains("/state: "), "{line}");
}

#[test]
fn a_bad_provisioning_file_is_named_with_line_item_value_and_range() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("phone.cfg");
    let items = [("SIP1 Signal Retry Counts".to_owned(), "11".to_owned())];
    std::fs::write(&config, file(&items)).unwrap();
    let (code, said) = fails(&folder, &["--provision", config.to_str().unwrap()]);
    assert_eq!(code, Some(3));
    let line = only_line(&said);
    for part in ["phone.cfg", "line 3", "SIP1 Signal Retry Counts", "`11`", "1 to 10"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[test]
fn a_missing_provisioning_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = fails(&folder, &["--provision", "/nowhere/phone.cfg"]);
    assert_eq!(code, Some(3));
    assert!(only_line(&said).contains("/nowhere/phone.cfg: No such file"), "{said}");
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = fails(&folder, &["--log-format", "xml"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--log-format"), "{said}");
}

#[test]
fn a_sound_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_phoned"))
        .args(["run", "--audio", "wav:/nowhere/in.wav", "--state"])
        .arg(state)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(only_line(&said).contains("option --audio: audio file '/nowhere/in.wav'"), "{said}");
}

#[test]
fn the_state_directory_is_closed_to_others() {
    let daemon = Daemon::start(&[]);
    let state = daemon.folder.path().join("state");
    assert_eq!(state.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}
