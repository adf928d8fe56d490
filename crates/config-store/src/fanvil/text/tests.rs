//! Files as phones export them and as provisioning servers make them, read and written again (F8).
//! Reading, merging and rendering are tested together, for what counts is what a file becomes.

use proptest::prelude::*;

use super::*;
use crate::{
    fanvil::{File, merge::merge, read, render::render},
    limits::{MAX_DOCUMENT, MAX_FILE_LINES},
    values::Values,
};

/// As a phone exports it: padded header, both widths of names, headings, values with colons.
const EXPORT: &str = "<<VOIP CONFIG FILE>>Version:2.0000000000                      \r\n\
    \r\n\
    <NET CONFIG MODULE>\r\n\
    WAN TYPE           :0\r\n\
    PPPoE Password     :topsecret\r\n\
    \r\n\
    <SIP CONFIG MODULE>\r\n\
    SIP  Port          :5060\r\n\
    SIP Pswd Encryption:0\r\n\
    --SIP Line List--  :\r\n\
    SIP1 Phone Number       :1001\r\n\
    SIP1 Display Name       :J\u{fc}rgen: desk\r\n\
    SIP1 Register Addr      :example.test\r\n\
    SIP1 Register Pswd      :s3:cret\r\n\
    SIP1 Proxy Addr         :10.0.0.1\r\n\
    SIP1 Proxy Port         :\r\n\
    SIP1 BakProxy Addr      :10.0.0.2\r\n\
    SIP1 Record Start       :Record:on\r\n\
    \r\n\
    # a note\r\n\
    <PHONE FEATURE MODULE>\r\n\
    Language   :de\r\n\
    <<END OF FILE>>\r\n";

fn refusal(octets: &[u8]) -> Vec<String> {
    let errors = read(octets).err().unwrap();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_line_that_an_error_names_is_also_its_place() {
    for octets in [&b"x"[..], b"<<VOIP CONFIG FILE>>Version:2.0\nx\n"] {
        for error in read(octets).err().unwrap() {
            let line = error.line().unwrap();
            assert!(error.to_string().starts_with(&format!("line {line}: ")), "{error}");
        }
    }
    assert_eq!(FormError::TooLong { octets: 1 }.line(), None);
}

fn imported(text: &str) -> (TextFile, Values) {
    let imported = read(text.as_bytes()).ok().unwrap();
    let File::Text(file) = imported.file else { panic!("not of the text form") };
    (file, imported.patch.applied_to(&Values::default()))
}

fn set(values: &mut Values, item: &str, value: Option<&str>) {
    values.put(ItemName::parse(item).unwrap(), value.map(str::to_owned));
}

fn exported(file: &TextFile, values: &Values, with_secrets: bool) -> String {
    String::from_utf8(render(Some(file), values, with_secrets)).unwrap()
}

#[test]
fn a_phones_own_export_comes_back_octet_for_octet() {
    let (file, values) = imported(EXPORT);
    assert_eq!(exported(&file, &values, true), EXPORT);
    assert_eq!(values.value(ItemName::parse("SIP1 Register Pswd").unwrap()), "s3:cret");
    assert_eq!(values.value(ItemName::parse("SIP1 Display Name").unwrap()), "Jürgen: desk");
    assert_eq!(file.unknown_items(), 5);
}

#[test]
fn without_secrets_password_items_are_left_out_and_nothing_else() {
    let (file, values) = imported(EXPORT);
    let expected: String = EXPORT
        .split_inclusive('\n')
        .filter(|line| !line.contains("s3:cret") && !line.contains("topsecret"))
        .collect();
    assert_eq!(exported(&file, &values, false), expected);
}

#[test]
fn only_the_value_that_changed_is_rewritten() {
    let (file, mut values) = imported(EXPORT);
    set(&mut values, "SIP1 Proxy Addr", Some("192.0.2.7"));
    set(&mut values, "SIP1 Proxy Port", Some("5070"));
    set(&mut values, "SIP1 BakProxy Addr", None);
    let expected = EXPORT
        .replace("Proxy Addr         :10.0.0.1", "Proxy Addr         :192.0.2.7")
        .replace("SIP1 Proxy Port         :", "SIP1 Proxy Port         :5070")
        .replace("BakProxy Addr      :10.0.0.2", "BakProxy Addr      :");
    assert_eq!(exported(&file, &values, true), expected);
}

#[test]
fn what_the_file_lacks_stands_at_the_end_of_its_section() {
    let (file, mut values) = imported(EXPORT);
    set(&mut values, "SIP1 Signal Retry Counts", Some("5"));
    set(&mut values, "SIP1 Failback Interval", Some("1800"));
    set(&mut values, "RTP Initial Port", Some("20000"));
    let text = exported(&file, &values, true);
    let expected =
        EXPORT.replace("Record:on\r\n", "Record:on\r\nSIP1 Signal Retry Counts:5\r\n").replace(
            "Language   :de\r\n",
            "Language   :de\r\n\r\n<MM CONFIG MODULE>\r\nRTP Initial Port        :20000\r\n",
        );
    // The comment belongs to the section it stands in, so the new line follows it.
    let expected = expected
        .replace("SIP1 Signal Retry Counts:5\r\n", "")
        .replace("# a note\r\n", "# a note\r\nSIP1 Signal Retry Counts:5\r\n");
    assert_eq!(text, expected);
    let again = read(text.as_bytes()).ok().unwrap();
    assert_eq!(again.patch.applied_to(&Values::default()), values_without_defaults(values));
}

/// `values` less what was set to its default, which a file need not say.
fn values_without_defaults(mut values: Values) -> Values {
    set(&mut values, "SIP1 Failback Interval", None);
    values
}

#[test]
fn a_phone_without_a_file_exports_all_items_in_use() {
    let mut values = Values::default();
    set(&mut values, "SIP2 Phone Number", Some("1002"));
    let text = String::from_utf8(render(None, &values, false)).unwrap();
    assert!(text.contains("\r\nSIP2 Phone Number       :1002\r\n"), "{text}");
    assert!(text.contains("\r\nSIP2 Signal Retry Counts:3\r\n"), "{text}");
    assert!(text.contains("\r\nSIP  Port               :5060\r\n"), "{text}");
    assert!(!text.contains("Pswd") && !text.contains("SIP1 "), "{text}");
    assert_eq!(read(text.as_bytes()).ok().unwrap().patch.applied_to(&values), {
        let mut all = values.clone();
        for name in values.names() {
            let value = values.value(name).to_owned();
            let is_secret = name.item().kind == crate::Kind::Secret;
            if !value.is_empty() && !is_secret {
                all.put(name, Some(value));
            }
        }
        all
    });
}

#[test]
fn unknown_items_of_an_earlier_file_go_on_with_a_later_one() {
    let (old, _) = imported(EXPORT);
    let (new, _) = imported(
        "<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\nSIP1 Record Start :x\n\n\
         <TELE CONFIG MODULE>\nP1 DND :1\n",
    );
    let merged = String::from_utf8(merge(&old, &new).octets()).unwrap();
    assert_eq!(
        merged,
        "<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\nSIP1 Record Start :x\n\
         SIP Pswd Encryption:0\n\n<TELE CONFIG MODULE>\nP1 DND :1\n\n\
         <NET CONFIG MODULE>\nWAN TYPE           :0\nPPPoE Password     :topsecret\n\n\
         <PHONE FEATURE MODULE>\nLanguage   :de\n"
    );
    let again = merge(&old, &TextFile::parse(merged.as_bytes()).unwrap());
    assert_eq!(String::from_utf8(again.octets()).unwrap(), merged);
}

#[test]
fn spellings_found_in_the_field_are_read() {
    let (_, values) = imported(
        "\u{feff}<<VOIP CONFIG FILE>>Version:2.0002   \n<SIP CONFIG MODULE>\n\
         \x20  sip1  proxy addr: [2001:db8::1]\t\nSIP1 Enable Failbac:0\n; other comment\n\
         SIP1 VoiceCodecMap :PCMU,PCMA,G726-32,G729,iLBC,G722\nSIP2 VoiceCodecMap :G711A\n",
    );
    let value = |item| values.value(ItemName::parse(item).unwrap());
    assert_eq!(value("SIP1 Proxy Addr"), "2001:db8::1");
    assert_eq!(value("SIP1 Enable Failback"), "0");
    assert_eq!(value("SIP1 VoiceCodecMap"), "PCMU,PCMA,G726-32,G729,iLBC,G722");
    assert_eq!(value("SIP2 VoiceCodecMap"), "PCMA");
}

#[test]
fn octets_that_are_not_utf_8_are_kept_in_items_the_phone_does_not_know() {
    let octets = b"<<VOIP CONFIG FILE>>Version:2.0002\nGreeting :\xc4\xe3\xba\xc3\n";
    let file = read(octets).ok().unwrap().file;
    let File::Text(file) = file else { panic!("not of the text form") };
    assert_eq!(render(Some(&file), &Values::default(), false), octets);
    assert_eq!(
        refusal(b"<<VOIP CONFIG FILE>>Version:2.0002\nSIP1 Display Name :\xc4\xe3\n"),
        ["line 2: `SIP1 Display Name`: the value is not UTF-8 text"]
    );
}

#[test]
fn a_file_that_is_no_text_configuration_is_named_as_what_it_is() {
    let no_header =
        "line 1: not `<<VOIP CONFIG FILE>>Version:2.…`, so not a Fanvil text configuration";
    for (octets, message) in [
        (&b""[..], no_header),
        (b"\n<<VOIP CONFIG FILE>>Version:2.0\n", no_header),
        (b"<<VOIP CONFIG FILE>>\n", no_header),
        (b"\x7fELF\0\0", no_header),
        (
            b"<<VOIP CONFIG FILE>>Version:1.0002\n",
            "line 1: version `1.0002` is not supported, only 2.…",
        ),
        (b"<<VOIP CONFIG FILE>>Version:2.\n", "line 1: version `2.` is not supported, only 2.…"),
    ] {
        assert_eq!(refusal(octets), [message], "{}", String::from_utf8_lossy(octets));
    }
}

#[test]
fn a_line_that_is_none_is_refused_with_its_number_and_no_password() {
    let with =
        |line: &str| refusal(format!("{}{line}\n", "<<VOIP CONFIG FILE>>Version:2.0\n").as_bytes());
    for line in ["nonsense", "< no section", ":no name", " : x"] {
        let [error] = with(line).try_into().unwrap();
        assert!(
            error.starts_with("line 2: `") && error.contains("is neither `name :value`"),
            "{error}"
        );
    }
    let [error] = with("<Pswd:hunter2").try_into().unwrap();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_file_cut_short_is_refused_unless_it_ends_with_a_line() {
    let cut = EXPORT.find("10.0.0.2").unwrap() + "10.0.".len();
    assert_eq!(
        refusal(&EXPORT.as_bytes()[..cut]),
        ["line 17: the file ends within this line and has no <<END OF FILE>>: cut short?"]
    );
    let whole = EXPORT.replace("<<END OF FILE>>\r\n", "");
    let imported = read(whole.as_bytes()).ok().unwrap();
    assert_eq!(
        imported.warnings[0].en,
        "the file does not end with <<END OF FILE>>; taken as complete"
    );
    let without_last_line_end = EXPORT.trim_end();
    assert!(read(without_last_line_end.as_bytes()).is_ok());
    assert_eq!(
        refusal(format!("{EXPORT}\r\nSIP1 Proxy Port :1\r\n").as_bytes()),
        ["line 25: content after <<END OF FILE>>"]
    );
}

#[test]
fn every_refused_item_is_named_with_line_value_and_range() {
    let text = "<<VOIP CONFIG FILE>>Version:2.0\n<SIP CONFIG MODULE>\nSIP1 Proxy Port:70000\n\
                SIP1 Transport:2\nSIP1 Proxy Port:5060\nSIP2 Register Pswd: ok \n";
    assert_eq!(
        refusal(text.as_bytes()),
        [
            "line 3: `SIP1 Proxy Port`: `70000` is not a whole number from 0 to 65535",
            "line 4: `SIP1 Transport`: `2` is not one of 0 (UDP), 1 (TCP), 3 (TLS)",
            "line 5: `SIP1 Proxy Port` is given twice, first on line 3",
        ]
    );
}

#[test]
fn length_and_lines_are_bounded() {
    let mut octets = b"<<VOIP CONFIG FILE>>Version:2.0\n".to_vec();
    octets.resize(MAX_DOCUMENT + 1, b'\n');
    assert_eq!(
        refusal(&octets),
        ["configuration of 4194305 octets, more than the 4194304 allowed"]
    );
    octets.truncate(MAX_DOCUMENT);
    assert_eq!(
        refusal(&octets),
        ["line 100000: the configuration goes on beyond this line, the last allowed"]
    );
    octets.truncate(32 + MAX_FILE_LINES - 1);
    assert!(read(&octets).is_ok());
}

#[test]
fn a_file_with_encrypted_passwords_gets_a_warning() {
    let text = EXPORT.replace("Pswd Encryption:0", "Pswd Encryption:1");
    let warnings = read(text.as_bytes()).ok().unwrap().warnings;
    assert_eq!(
        warnings[0].en,
        "`SIP Pswd Encryption` is 1: the passwords in the file are taken as they stand, not \
         decrypted"
    );
}

/// Lines of files as they may be, known and unknown items with blanks everywhere.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \t]{0,2}",
        "#[ -~]{0,20}",
        "<[A-Z]{1,6} CONFIG MODULE>",
        "X[A-Za-z0-9]{1,6} {0,3}[a-z]{0,5} {0,5}:[ -~]{0,20}",
        "--[A-Z]{1,5}--  :",
    ]
}

proptest! {
    #[test]
    fn any_file_without_known_items_comes_back_octet_for_octet(
        lines in proptest::collection::vec((any_line(), any::<bool>()), 0..30),
        footer in any::<bool>(),
    ) {
        let mut text = "<<VOIP CONFIG FILE>>Version:2.0000000000\r\n".to_owned();
        for (line, crlf) in &lines {
            text.push_str(line);
            text.push_str(if *crlf { "\r\n" } else { "\n" });
        }
        if footer {
            text.push_str("<<END OF FILE>>");
        }
        let (file, values) = imported(&text);
        prop_assert_eq!(exported(&file, &values, true), text);
        let merged = merge(&file, &file);
        prop_assert_eq!(merged.octets(), file.octets());
    }

    #[test]
    fn any_settings_survive_export_and_import(
        settings in proptest::collection::btree_map(
            (1..=3_u16, 0..20_usize), "[0-9a-z.]{1,12}", 0..30),
        base in any::<bool>(),
    ) {
        let mut values = Values::default();
        for ((line, item), text) in settings {
            let item = crate::items::ACCOUNT[item];
            if let Some(value) = item.kind.check(&text) {
                values.put(ItemName::of_line(item, line), Some(value));
            }
        }
        let file = base.then(|| TextFile::parse(EXPORT.as_bytes()).unwrap());
        let octets = render(file.as_ref(), &values, true);
        let back = read(&octets).ok().unwrap().patch.applied_to(&Values::default());
        for name in values.names() {
            prop_assert_eq!(back.value(name), values.value(name), "{}", name);
        }
    }

    #[test]
    fn no_octets_make_reading_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets);
        let _ = read(&[b"<<VOIP CONFIG FILE>>Version:2.0\n", octets.as_slice()].concat());
    }
}
