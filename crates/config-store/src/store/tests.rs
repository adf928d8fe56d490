//! The store as its users see it: on a real directory, over restarts, with damage done to its files
//! (D1, F8, F10). That a kill loses nothing is in `tests/kill.rs`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;
use crate::{
    MASK, items,
    limits::{self, MAX_DOCUMENT},
};

fn open(directory: &Path) -> Store {
    Store::open(directory).unwrap()
}

fn set(store: &mut Store, items: &[(&str, &str)]) -> Changes {
    store.set(items, Origin::CommandLine).unwrap()
}

fn value(store: &Store, item: &str) -> String {
    store.get(item).unwrap().1
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn change(item: &str, old: &str, new: &str) -> Change {
    Change::new(ItemName::parse(item).unwrap(), old, new)
}

#[test]
fn what_is_set_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let changes = set(&mut store, &[("sip1 proxy addr", "10.0.0.1"), ("SIP  Port", "5070")]);
    assert_eq!(
        changes.items,
        [change("SIP  Port", "5060", "5070"), change("SIP1 Proxy Addr", "", "10.0.0.1")]
    );
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.recovery(), None);
    assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.1");
    assert_eq!(store.settings().sip_port, 5070);
    set(&mut store, &[("SIP  Port", "")]);
    drop(store);
    assert_eq!(value(&open(directory.path()), "SIP  Port"), "5060");
}

#[test]
fn one_refused_item_refuses_the_whole_change() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let items = [("SIP1 Proxy Addr", "10.0.0.1"), ("SIP1 Proxy Port", "70000"), ("SIP1 Prox", "")];
    let error = store.set(&items, Origin::Web).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`SIP1 Proxy Port`: `70000` is not a whole number from 0 to 65535; no item is called \
         `SIP1 Prox`; `config list` names them all"
    );
    assert_eq!(value(&store, "SIP1 Proxy Addr"), "");
    assert_eq!(store.history(9).unwrap(), []);
}

#[test]
fn a_password_is_never_shown_and_its_mask_leaves_it_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    assert_eq!(value(&store, "SIP1 Register Pswd"), "");
    let line =
        [("SIP1 Phone Number", "1"), ("SIP1 Proxy Addr", "h"), ("SIP1 Register Pswd", "hunter2")];
    let changes = set(&mut store, &line);
    assert!(changes.items.contains(&change("SIP1 Register Pswd", "", MASK)));
    assert_eq!(value(&store, "SIP1 Register Pswd"), MASK);
    assert_eq!(set(&mut store, &[("SIP1 Register Pswd", MASK)]).items, []);
    assert_eq!(store.settings().lines[&1].auth_password.expose(), "hunter2");
    let shown = format!("{:?}{:?}", store.list(), store.history(9).unwrap());
    assert!(!shown.contains("hunter2"));
    let text = String::from_utf8(store.export(Form::Text, false).unwrap()).unwrap();
    assert!(!text.contains("Pswd"), "{text}");
    let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
    assert!(text.contains("SIP1 Register Pswd      :hunter2"), "{text}");
    set(&mut store, &[("SIP1 Register Pswd", "")]);
    assert_eq!(value(&store, "SIP1 Register Pswd"), "");
}

#[test]
fn the_list_has_every_item_of_the_phone_and_of_the_lines_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let names = |store: &Store| store.list().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let phone = items::of_phone().count();
    assert_eq!(names(&store).len(), phone);
    assert_eq!(names(&store)[0], "SIP  Port");
    set(&mut store, &[("SIP12 Phone Number", "12"), ("SIP2 Phone Number", "2")]);
    let per_line = items::ACCOUNT.len() + items::FAILOVER.len();
    let names = names(&store);
    assert_eq!(names.len(), phone + 2 * per_line);
    assert_eq!(names[phone], "SIP2 Phone Number");
    assert_eq!(names[phone + per_line], "SIP12 Phone Number");

    // What a full export of another phone says of its unused lines.
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    set(&mut store, &[("SIP5 Register Port", "5060"), ("SIP5 Enable Reg", "0")]);
    let last = store.list().pop();
    assert_eq!(last, Some(("SIP5 Enable Reg".to_owned(), "0".to_owned())));
    assert_eq!(store.list().len(), phone + 1);
}

const FILE: &[u8] = b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n\
    SIP1 Phone Number :1001\nSIP1 Proxy Addr :10.0.0.1\nSIP1 Ring Type :7\n<<END OF FILE>>\n";

#[test]
fn an_imported_file_is_given_back_after_a_restart_octet_for_octet() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let changes = store.import(FILE, Origin::Provisioning).unwrap();
    assert_eq!(changes.kept, 1);
    assert_eq!(changes.items.len(), 2);
    assert_eq!(changes.warnings, []);
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.export(Form::Text, true).unwrap(), FILE);
    let again = store.import(FILE, Origin::Provisioning).unwrap();
    assert_eq!((again.items, again.kept), (vec![], 1));
}

/// F8: a PBX may change from one form to the other; nothing of either file is lost.
#[test]
fn a_file_of_each_form_is_kept_and_given_back_in_its_form() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let xml = b"<sysConf>\n<sip><line index=\"1\"><ProxyAddr>10.0.0.5</ProxyAddr>\
        <MWINum>*98</MWINum></line></sip>\n</sysConf>\n";
    store.import(FILE, Origin::Provisioning).unwrap();
    let changes = store.import(xml, Origin::Provisioning).unwrap();
    assert_eq!((changes.items.len(), changes.kept), (1, 2));
    drop(store);
    let store = open(directory.path());
    assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.5");
    let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
    assert_eq!(text.as_bytes(), String::from_utf8_lossy(FILE).replace("0.1", "0.5").as_bytes());
    let back = String::from_utf8(store.export(Form::Xml, true).unwrap()).unwrap();
    assert!(back.contains("<MWINum>*98</MWINum>") && back.contains("10.0.0.5"), "{back}");
    assert!(back.contains("<PhoneNumber>1001</PhoneNumber>"), "{back}");
}

#[test]
fn an_import_never_clears_an_item_that_it_does_not_name() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    set(&mut store, &[("SIP1 BakProxy Addr", "10.0.0.2"), ("SIP1 Register Pswd", "p")]);
    store.import(FILE, Origin::Provisioning).unwrap();
    let second = b"<<VOIP CONFIG FILE>>Version:2.0002\nSIP1 Proxy Addr :10.0.0.9\n";
    store.import(second, Origin::Provisioning).unwrap();
    assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.9");
    assert_eq!(value(&store, "SIP1 Phone Number"), "1001");
    assert_eq!(value(&store, "SIP1 BakProxy Addr"), "10.0.0.2");
    assert_eq!(value(&store, "SIP1 Register Pswd"), MASK);
    let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
    assert!(text.contains("SIP1 Ring Type :7\n"), "{text}");
    assert!(text.contains("SIP1 Phone Number       :1001\n"), "{text}");
}

#[test]
fn a_refused_file_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    store.import(FILE, Origin::Provisioning).unwrap();
    let text = String::from_utf8(FILE.to_vec()).unwrap();
    let bad = text.replace("10.0.0.1", "10.0.0.3").replace("1001", "\x01");
    let error = store.import(bad.as_bytes(), Origin::Provisioning).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3: `SIP1 Phone Number`: `\\u{1}` is not text of at most 255 octets without control \
         characters"
    );
    assert_eq!(store.export(Form::Text, true).unwrap(), FILE);
}

#[test]
fn files_that_together_exceed_the_limit_are_refused_before_anything_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let file = |item: &str| {
        let half = "x".repeat(MAX_DOCUMENT / 2);
        format!("<<VOIP CONFIG FILE>>Version:2.0\n{item} :{half}\n").into_bytes()
    };
    store.import(&file("One"), Origin::Provisioning).unwrap();
    let error = store.import(&file("Two"), Origin::Provisioning).unwrap_err();
    assert!(error.to_string().starts_with("configuration of 4194"), "{error}");
    assert_eq!(store.export(Form::Text, true).unwrap(), file("One"));

    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let file = |item: &str| {
        let items: Vec<String> = (0..55_000).map(|n| format!("{item}{n} :x\n")).collect();
        format!("<<VOIP CONFIG FILE>>Version:2.0\n{}", items.concat()).into_bytes()
    };
    store.import(&file("One"), Origin::Provisioning).unwrap();
    let error = store.import(&file("Two"), Origin::Provisioning).unwrap_err();
    assert!(error.to_string().starts_with("line 100000: the configuration goes on"), "{error}");
    drop(store);
    assert_eq!(open(directory.path()).export(Form::Text, true).unwrap(), file("One"));
}

#[test]
fn a_change_warns_of_what_contradicts_in_its_lines() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let line = [("SIP3 Phone Number", "1"), ("SIP3 Proxy Addr", "a"), ("SIP3 Backup Addr", "b")];
    let warning = "line 3: with `SIP3 Proxy Addr` set, SIP Server 2 is not used";
    assert_eq!(set(&mut store, &line).warnings[0].en, warning);
    assert_eq!(set(&mut store, &[("SIP4 Phone Number", "1")]).warnings, []);
}

#[test]
fn the_history_says_who_changed_what_and_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    set(&mut store, &[("SIP  Port", "5070")]);
    store.set(&[("SIP  Port", "5080")], Origin::Web).unwrap();
    store.set(&[("SIP  Port", "5080")], Origin::Web).unwrap();
    let history = store.history(9).unwrap();
    assert_eq!(history.len(), 2, "what changes nothing is no history");
    assert_eq!(history[0].origin, "web");
    assert_eq!(history[0].items, [change("SIP  Port", "5070", "5080")]);
    assert_eq!(history[1].origin, "command line");
    let connection = &mut store.connection;
    for _ in 0..limits::MAX_HISTORY + 5 {
        let transaction = connection.transaction().unwrap();
        change::write_history(&transaction, &[change("SIP  Port", "1", "2")], Origin::Web).unwrap();
        transaction.commit().unwrap();
    }
    assert_eq!(store.history(u32::MAX).unwrap().len(), limits::MAX_HISTORY as usize);
    let rows: u32 =
        store.connection.query_row("SELECT count(*) FROM change", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, limits::MAX_HISTORY, "the foreign key removes the changes as well");
}

#[test]
fn state_is_kept_apart_from_the_configuration_and_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    assert_eq!(store.state_get("instance id").unwrap(), None);
    store.state_put("instance id", "urn:uuid:1").unwrap();
    store.state_put("instance id", "urn:uuid:2").unwrap();
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.state_get("instance id").unwrap().as_deref(), Some("urn:uuid:2"));
    store.state_remove("instance id").unwrap();
    assert_eq!(store.state_get("instance id").unwrap(), None);
    let long = "x".repeat(limits::MAX_STATE_VALUE + 1);
    let error = store.state_put("answers", &long).unwrap_err().to_string();
    assert_eq!(error, "state entry `answers`: value longer than 65536 octets");
    assert!(store.state_put(&long, "x").is_err());
}

#[test]
fn many_entries_of_the_state_are_put_together_and_read_by_what_their_keys_begin_with() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let entries = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    store.state_put("line_x", "not of the lines").unwrap();
    store.state_put_all(&entries(&[("line/1", "a"), ("line/20", "b")])).unwrap();
    let long = "x".repeat(limits::MAX_STATE_VALUE + 1);
    assert!(store.state_put_all(&entries(&[("line/1", "c"), ("line/3", &long)])).is_err());
    assert_eq!(store.state_under("line/").unwrap(), entries(&[("1", "a"), ("20", "b")]));
    store.state_put("line/1", "d").unwrap();
    assert_eq!(store.state_under("line/").unwrap(), entries(&[("1", "d"), ("20", "b")]));
    store.state_remove_under("line/").unwrap();
    assert_eq!(store.state_under("line/").unwrap(), entries(&[]));
    assert_eq!(store.state_get("line_x").unwrap().as_deref(), Some("not of the lines"));
}

/// Requirement F11: the flash is not worn by what is known already.
#[test]
fn an_entry_of_the_state_that_says_the_same_already_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let log = || fs::metadata(directory.path().join("config.db-wal")).unwrap().len();
    store.state_put("names", "A one.test 10.0.0.1").unwrap();
    let before = log();
    store.state_put("names", "A one.test 10.0.0.1").unwrap();
    let entries = [("names".to_owned(), "A one.test 10.0.0.1".to_owned())];
    store.state_put_all(&entries.into()).unwrap();
    assert_eq!(log(), before);
    store.state_put("names", "A one.test 10.0.0.2").unwrap();
    assert!(log() > before);
}

#[test]
fn no_more_entries_of_the_state_are_put_together_than_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let most = limits::MAX_STATE_ENTRIES;
    let entries = |numbers: std::ops::Range<u32>| {
        numbers.map(|number| (format!("x/{number}"), "y".to_owned())).collect()
    };
    store.state_put_all(&entries(0..most - 1)).unwrap();
    let error = store.state_put_all(&entries(most - 1..most + 1)).unwrap_err().to_string();
    assert_eq!(error, format!("state entry `x/{most}`: more than {most} entries"));
    store.state_put_all(&entries(most - 1..most)).unwrap();
    assert!(store.state_put("another", "y").is_err());
    store.state_put("x/0", "z").unwrap();
}

#[test]
fn nobody_else_can_read_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/state");
    let mut store = open(&directory);
    set(&mut store, &[("SIP  Port", "5070")]);
    assert_eq!(mode(&directory), 0o700);
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(directory.join("config.db"), fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&directory));
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("config.db")), 0o600);
}

#[test]
fn a_directory_of_others_is_not_closed_to_them() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(parent.path().join("somebody's"), "").unwrap();
    drop(open(parent.path()));
    assert_eq!(mode(parent.path()), 0o755);
}

#[test]
fn a_commit_is_durable_and_the_log_is_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let pragma = |name: &str| -> String {
        let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        store.connection.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2", "FULL");
    assert_eq!(pragma("foreign_keys"), "1");
}

#[test]
fn a_second_process_is_refused_while_the_first_runs() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let error = Store::open(directory.path()).err().unwrap().to_string();
    assert_eq!(
        error,
        format!("{}: in use by another process", directory.path().join("config.db").display())
    );
    drop(store);
    open(directory.path());
}

#[test]
fn a_damaged_database_is_set_aside_and_restored_as_of_the_last_change() {
    for damage in ["overwritten", "garbage", "empty", "missing"] {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("config.db");
        let mut store = open(directory.path());
        store.import(FILE, Origin::Provisioning).unwrap();
        set(&mut store, &[("SIP  Port", "5070")]);
        drop(store);
        let mut octets = fs::read(&database).unwrap();
        match damage {
            "overwritten" => {
                let middle = 4096..octets.len();
                octets[middle].fill(0x55);
                fs::write(&database, octets).unwrap();
            }
            "garbage" => fs::write(&database, b"not a database at all").unwrap(),
            "empty" => fs::write(&database, b"").unwrap(),
            _ => fs::remove_file(&database).unwrap(),
        }
        let store = open(directory.path());
        let recovery = store.recovery().unwrap();
        assert_eq!(recovery.set_aside.is_some(), matches!(damage, "overwritten" | "garbage"));
        if let Some(path) = &recovery.set_aside {
            assert!(path.exists());
        }
        assert_eq!(value(&store, "SIP  Port"), "5070", "{damage}");
        assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.1", "{damage}");
        drop(store);
        assert_eq!(open(directory.path()).recovery(), None, "{damage}");
    }
}

#[test]
fn a_damaged_database_without_a_copy_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("config.db");
    fs::write(&database, b"not a database at all, but long enough to be looked at as one").unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().starts_with(&database.display().to_string()), "{error}");
    assert!(error.to_string().ends_with("start with an empty configuration"), "{error}");
    assert!(fs::read(&database).unwrap().starts_with(b"not a database"), "left as it was");
}

#[test]
fn a_database_of_a_newer_phoned_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = Store::open(directory.path()).err().unwrap().to_string();
    assert!(
        error.ends_with("written by a newer phoned (form 99; this one knows up to 3)"),
        "{error}"
    );
}

/// An update that is taken back (requirement F11).
#[test]
fn what_was_there_before_an_update_is_kept_for_the_former_phoned() {
    let directory = tempfile::tempdir().unwrap();
    let former = |name: &str| Connection::open(directory.path().join(name)).unwrap();
    let mut connection = former("config.db");
    migrations::run(&mut connection, 1).unwrap();
    connection.execute("INSERT INTO item VALUES ('SIP  Port', '5070')", []).unwrap();
    drop(connection);
    let mut store = open(directory.path());
    assert_eq!(value(&store, "SIP  Port"), "5070");
    set(&mut store, &[("SIP  Port", "5080")]);
    drop(store);
    assert_eq!(mode(&directory.path().join("config.db.form1")), 0o600);
    let kept = former("config.db.form1");
    assert_eq!(migrations::found(&kept).unwrap(), 1);
    let port: String = kept.query_row("SELECT value FROM item", [], |row| row.get(0)).unwrap();
    assert_eq!(port, "5070", "as it was before the update");
}

#[test]
fn the_former_phoned_goes_on_from_what_was_kept_before_the_update() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    set(&mut store, &[("SIP  Port", "5070")]);
    backup::renew(&store.connection, &store.place, &backup::of_form(migrations::newest())).unwrap();
    // The newer phoned, with its change and its copy.
    set(&mut store, &[("SIP  Port", "5080")]);
    store.connection.pragma_update(None, "user_version", migrations::newest() + 1).unwrap();
    store.back_up();
    drop(store);
    let mut store = open(directory.path());
    let recovery = store.recovery().unwrap();
    assert!(recovery.reason.contains("written by a newer phoned"), "{}", recovery.reason);
    assert!(recovery.set_aside.as_ref().unwrap().ends_with("config.db.newer"));
    assert_eq!(value(&store, "SIP  Port"), "5070");
    set(&mut store, &[("SIP  Port", "5090")]);
    drop(store);
    // Also when the power went while the newer one was put aside.
    fs::remove_file(directory.path().join("config.db")).unwrap();
    fs::copy(directory.path().join("config.db.newer"), directory.path().join("config.db.bak"))
        .unwrap();
    assert_eq!(value(&open(directory.path()), "SIP  Port"), "5070");
}

#[test]
fn a_stored_value_that_is_not_accepted_has_its_default() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let insert = "INSERT INTO item VALUES ('SIP  Port', 'x'), ('SIP1 Gone', '1'),
                  ('SIP1 Proxy Addr', 'pbx')";
    store.connection.execute(insert, []).unwrap();
    drop(store);
    let store = open(directory.path());
    assert_eq!(value(&store, "SIP  Port"), "5060");
    assert_eq!(value(&store, "SIP1 Proxy Addr"), "pbx");
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let error = Store::open(Path::new("/proc/nowhere")).err().unwrap().to_string();
    assert!(error.starts_with("/proc/nowhere: "), "{error}");
}
