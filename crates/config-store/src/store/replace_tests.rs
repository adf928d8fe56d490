//! Restoring a backup, and going back.

use super::*;
use crate::fanvil::Form;

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let line = [
        ("SIP1 Phone Number", "1001"),
        ("SIP1 Register Addr", "a.test"),
        ("SIP1 Register Pswd", "one"),
    ];
    store.set(&line, Origin::CommandLine).unwrap();
    (directory, store)
}

fn value(store: &Store, item: &str) -> String {
    store.get(item).unwrap().1
}

fn add_more(store: &mut Store) {
    let more = [
        ("SIP1 Failback Interval", "77"),
        ("SIP2 Phone Number", "1002"),
        ("SIP2 Register Addr", "b.test"),
        ("SIP2 Register Pswd", "two"),
        ("P1 DND", "1"),
    ];
    store.set(&more, Origin::CommandLine).unwrap();
}

#[test]
fn a_restore_makes_the_configuration_equal_to_the_backup_in_both_forms() {
    for form in [Form::Text, Form::Xml] {
        let (directory, mut store) = store();
        let backup = store.export(form, true).unwrap();
        let before = store.list();
        add_more(&mut store);
        let (would, gone) = store.would_replace(&backup).unwrap();
        assert_eq!(gone, BTreeSet::from([2]));
        assert_eq!(value(&store, "SIP2 Phone Number"), "1002", "nothing has changed yet");
        let changes = store.replace(&backup, Origin::Web, None).unwrap();
        assert_eq!(changes.items, would.items, "what was told is what came");
        let changed: Vec<&str> = changes.items.iter().map(|c| c.item.as_str()).collect();
        assert!(changed.contains(&"SIP2 Phone Number") && changed.contains(&"P1 DND"));
        assert_eq!(store.list(), before);
        drop(store);
        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.list(), before, "it is kept");
        assert_eq!(store.settings().lines[&1].auth_password.expose(), "one");
    }
}

#[test]
fn unknown_items_become_those_of_the_backup() {
    let (_directory, mut store) = store();
    let file = |more: &str| {
        format!(
            "<<VOIP CONFIG FILE>>Version:2.0\n<SIP CONFIG MODULE>\nSIP1 Phone Number :1001\n\
             SIP1 Register Addr :a.test\n{more}<<END OF FILE>>\n"
        )
    };
    let backup = file("SIP1 Odd Item :7\n");
    store.import(file("SIP1 Strange Item :8\n").as_bytes(), Origin::Provisioning).unwrap();
    store.import(b"<sysConf><other><Thing>1</Thing></other></sysConf>", Origin::Web).unwrap();
    let changes = store.replace(backup.as_bytes(), Origin::Web, None).unwrap();
    assert_eq!((changes.kept, changes.dropped), (1, 1));
    let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
    assert!(text.contains("Odd Item") && !text.contains("Strange Item"), "{text}");
    let xml = String::from_utf8(store.export(Form::Xml, true).unwrap()).unwrap();
    assert!(!xml.contains("Thing"), "{xml}");
    store.revert(Origin::Web).unwrap();
    let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
    assert!(!text.contains("Odd Item") && text.contains("Strange Item"), "{text}");
}

#[test]
fn a_backup_without_passwords_leaves_those_of_its_lines_and_says_so() {
    let (_directory, mut store) = store();
    let backup = store.export(Form::Text, false).unwrap();
    add_more(&mut store);
    let changes = store.replace(&backup, Origin::Web, None).unwrap();
    assert_eq!(changes.warnings[0].en, "the file has no passwords: 1 stay as they are");
    assert_eq!(store.settings().lines[&1].auth_password.expose(), "one");
    assert_eq!(value(&store, "SIP2 Register Pswd"), "", "its line is gone");
}

#[test]
fn the_step_back_is_kept_through_a_restart_and_leads_forward_again() {
    let (directory, mut store) = store();
    assert!(matches!(store.revert(Origin::Web), Err(StoreError::NothingBefore)));
    let backup = store.export(Form::Text, true).unwrap();
    add_more(&mut store);
    let richer = store.list();
    store.replace(&backup, Origin::Web, None).unwrap();
    let restored = store.list();
    store.replace(&backup, Origin::Web, None).unwrap();
    drop(store);
    let mut store = Store::open(directory.path()).unwrap();
    assert_eq!(store.would_revert().unwrap().1, BTreeSet::new());
    store.revert(Origin::Web).unwrap();
    assert_eq!(store.list(), richer, "the same file once more is no step");
    assert_eq!(store.settings().lines[&2].auth_password.expose(), "two");
    store.revert(Origin::Web).unwrap();
    assert_eq!(store.list(), restored);
}

#[test]
fn a_broken_backup_changes_nothing() {
    let (_directory, mut store) = store();
    let backup = store.export(Form::Text, true).unwrap();
    let broken = String::from_utf8(backup).unwrap().replace("a.test", "no address!");
    let before = store.list();
    assert!(matches!(
        store.replace(broken.as_bytes(), Origin::Web, None),
        Err(ImportError::Form(_))
    ));
    assert_eq!(store.list(), before);
    assert!(matches!(store.revert(Origin::Web), Err(StoreError::NothingBefore)));
}

fn section(entries: &[(&str, &str)]) -> Section {
    let entries = entries.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Section { prefix: "book/".into(), entries }
}

fn book(store: &Store) -> Vec<(String, String)> {
    store.state_under("book/").unwrap().into_iter().collect()
}

/// F7, F11: the phone book of a backup comes with its configuration and goes back with it.
#[test]
fn a_section_of_the_state_comes_and_goes_with_the_configuration() {
    let (directory, mut store) = store();
    let backup = store.export(Form::Text, true).unwrap();
    add_more(&mut store);
    store.state_put("book/1", "old").unwrap();
    store.state_put("other", "stays").unwrap();
    let new = section(&[("2", "new"), ("3", "newer")]);
    store.replace(&backup, Origin::Web, Some(&new)).unwrap();
    drop(store);
    let mut store = Store::open(directory.path()).unwrap();
    assert_eq!(value(&store, "SIP2 Phone Number"), "");
    assert_eq!(book(&store), [("2".into(), "new".into()), ("3".into(), "newer".into())]);
    store.revert(Origin::Web).unwrap();
    assert_eq!(value(&store, "SIP2 Phone Number"), "1002");
    assert_eq!(book(&store), [("1".into(), "old".into())]);
    store.revert(Origin::Web).unwrap();
    assert_eq!(book(&store).len(), 2, "and forward again");
    assert_eq!(store.state_get("other").unwrap().as_deref(), Some("stays"));
}

#[test]
fn a_restore_that_changes_the_section_alone_can_be_taken_back() {
    let (_directory, mut store) = store();
    let backup = store.export(Form::Text, true).unwrap();
    store.state_put("book/1", "old").unwrap();
    store.replace(&backup, Origin::Web, Some(&section(&[]))).unwrap();
    assert_eq!(book(&store), []);
    store.revert(Origin::Web).unwrap();
    assert_eq!(book(&store), [("1".into(), "old".into())]);
}

/// What was entered since a restore that has left the section alone is not lost with its way back.
#[test]
fn a_restore_without_a_section_leaves_it_alone_and_so_does_its_way_back() {
    let (_directory, mut store) = store();
    let backup = store.export(Form::Text, true).unwrap();
    add_more(&mut store);
    store.replace(&backup, Origin::Web, Some(&section(&[("1", "one")]))).unwrap();
    add_more(&mut store);
    store.replace(&backup, Origin::Web, None).unwrap();
    store.state_put("book/2", "since").unwrap();
    store.revert(Origin::Web).unwrap();
    assert_eq!(value(&store, "SIP2 Phone Number"), "1002");
    assert_eq!(book(&store).len(), 2);
}

#[test]
fn a_section_that_exceeds_a_bound_changes_no_configuration() {
    let (_directory, mut store) = store();
    let backup = store.export(Form::Text, true).unwrap();
    add_more(&mut store);
    let before = store.list();
    let long = "x".repeat(crate::limits::MAX_STATE_VALUE + 1);
    let many = (0..=crate::limits::MAX_STATE_ENTRIES).map(|n| (n.to_string(), "1".into()));
    let many = Section { prefix: "book/".into(), entries: many.collect() };
    for refused in [section(&[("1", "one"), ("2", &long)]), many] {
        let replaced = store.replace(&backup, Origin::Web, Some(&refused));
        assert!(matches!(replaced, Err(ImportError::Store(StoreError::State { .. }))));
        let imported = store.import_with(&backup, Origin::Web, Some(&refused));
        assert!(matches!(imported, Err(ImportError::Store(StoreError::State { .. }))));
        assert_eq!(store.list(), before);
        assert_eq!(book(&store), []);
        assert!(matches!(store.revert(Origin::Web), Err(StoreError::NothingBefore)));
    }
}
