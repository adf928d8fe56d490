//! Files of the XML forms as phones export them and as PBXs make them, read and written again (F8).

use proptest::prelude::*;

use super::*;
use crate::fanvil::{File, Files, Form, read};

/// As a PBX makes it: sections, lines with an index, things that are indexed and no lines, comments,
/// an entity, an empty element of each kind.
const EXPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- made for 0c383e000001 -->
<sysConf>
    <Version>2.0000000000</Version>
    <mm>
        <RTPInitialPort>12000</RTPInitialPort>
    </mm>
    <sip>
        <SIPPort>5060</SIPPort>
        <line index="1">
            <PhoneNumber>1001</PhoneNumber>
            <DisplayName>Jürgen &amp; Co &gt; all</DisplayName>
            <RegisterAddr>example.test</RegisterAddr>
            <RegisterPswd><![CDATA[s3:c<ret]]></RegisterPswd>
            <ProxyAddr>10.0.0.1</ProxyAddr>
            <ProxyPort/>
            <BakProxyAddr> 10.0.0.2 </BakProxyAddr>
            <SignalFailback></SignalFailback>
            <MWINum note='a>b'>*98</MWINum>
        </line>
        <line index="2"><PhoneNumber>1002</PhoneNumber><ProxyAddr>10.0.0.9</ProxyAddr></line>
        <line index="10001"><ProxyAddr>10.9.9.9</ProxyAddr></line>
    </sip>
    <phone>
        <MenuPassword>topsecret</MenuPassword>
    </phone>
    <dsskey>
        <internal index="1"><Fkey index="1"><ProxyPort>x</ProxyPort></Fkey></internal>
    </dsskey>
</sysConf>
"#;

/// Of an older series.
const MODULES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<VOIP_CONFIG_FILE>\r\n\
    <version>2.0002</version>\r\n<SIP_CONFIG_MODULE>\r\n<SIP__Port>5070</SIP__Port>\r\n\
    <SIP_Line_List>\r\n<SIP_Line_List_Entry>\r\n<ID>SIP2</ID>\r\n\
    <Phone_Number>1002</Phone_Number>\r\n<Proxy_Addr>10.0.0.1</Proxy_Addr>\r\n\
    <Enable_Failback>0</Enable_Failback>\r\n</SIP_Line_List_Entry>\r\n</SIP_Line_List>\r\n\
    </SIP_CONFIG_MODULE>\r\n<QOS_CONFIG_MODULE>\r\n<Enable_VLAN>1</Enable_VLAN>\r\n\
    </QOS_CONFIG_MODULE>\r\n</VOIP_CONFIG_FILE>\r\n";

fn imported(text: &str) -> (XmlFile, Values) {
    let imported = read(text.as_bytes()).ok().unwrap();
    let File::Xml(file) = imported.file else { panic!("not of an XML form") };
    (file, imported.patch.applied_to(&Values::default()))
}

fn refusal(octets: &[u8]) -> Vec<String> {
    read(octets).err().unwrap().iter().map(ToString::to_string).collect()
}

fn rendered(file: &XmlFile, values: &Values, with_secrets: bool) -> String {
    String::from_utf8(XmlFile::render(Some(file), values, with_secrets)).unwrap()
}

fn value(values: &Values, item: &str) -> String {
    values.value(ItemName::parse(item).unwrap()).to_owned()
}

fn set(values: &mut Values, item: &str, value: &str) {
    values.put(ItemName::parse(item).unwrap(), Some(value.to_owned()));
}

#[test]
fn every_item_of_a_file_comes_into_force() {
    let (_, values) = imported(EXPORT);
    for (item, expected) in [
        ("RTP Initial Port", "12000"),
        ("SIP1 Phone Number", "1001"),
        ("SIP1 Display Name", "Jürgen & Co > all"),
        ("SIP1 Register Pswd", "s3:c<ret"),
        ("SIP1 Proxy Addr", "10.0.0.1"),
        ("SIP1 Proxy Port", "5060"),
        ("SIP1 BakProxy Addr", "10.0.0.2"),
        ("SIP1 Signal Failback", "0"),
        ("SIP2 Proxy Addr", "10.0.0.9"),
    ] {
        assert_eq!(value(&values, item), expected, "{item}");
    }
}

#[test]
fn the_older_form_sets_the_same_items() {
    let (file, values) = imported(MODULES);
    assert_eq!(value(&values, "SIP  Port"), "5070");
    assert_eq!(value(&values, "SIP2 Proxy Addr"), "10.0.0.1");
    assert_eq!(value(&values, "SIP2 Enable Failback"), "0");
    assert_eq!(file.unknown_items(), 1);
    assert_eq!(rendered(&file, &values, true), MODULES);
}

#[test]
fn what_was_imported_is_given_back_octet_for_octet() {
    let (file, values) = imported(EXPORT);
    assert_eq!(rendered(&file, &values, true), EXPORT);
    assert_eq!(file.unknown_items(), 4, "MWINum, line 99, the menu's password, the key");
}

#[test]
fn only_what_has_changed_is_rewritten_and_what_is_missing_is_added_to_its_line() {
    let (file, mut values) = imported(EXPORT);
    set(&mut values, "SIP1 Proxy Addr", "10.0.0.3");
    set(&mut values, "SIP1 Proxy Port", "5062");
    set(&mut values, "SIP1 Display Name", "<A&B>");
    set(&mut values, "SIP1 Failback Interval", "60");
    set(&mut values, "SIP3 Phone Number", "1003");
    let expected = EXPORT
        .replace("<ProxyAddr>10.0.0.1<", "<ProxyAddr>10.0.0.3<")
        .replace("<ProxyPort/>", "<ProxyPort>5062</ProxyPort>")
        .replace("Jürgen &amp; Co &gt; all", "&lt;A&amp;B&gt;")
        .replace(
            "*98</MWINum>\n",
            "*98</MWINum>\n            <FailbackInterval>60</FailbackInterval>\n",
        )
        .replace(
            "10.9.9.9</ProxyAddr></line>\n",
            "10.9.9.9</ProxyAddr></line>\n        <line index=\"3\">\n            \
             <PhoneNumber>1003</PhoneNumber>\n        </line>\n",
        );
    let got = rendered(&file, &values, true);
    // Line 3 is in use, so all of its items are not at their default only by name.
    assert_eq!(got, expected);
    assert_eq!(imported(&got).1, values);
}

#[test]
fn an_item_is_added_to_a_line_of_the_older_form_too() {
    let (file, mut values) = imported(MODULES);
    set(&mut values, "SIP1 Phone Number", "1001");
    let text = rendered(&file, &values, true);
    assert!(text.contains("<ID>SIP1</ID>"), "{text}");
    assert!(text.contains("<Phone_Number>1001</Phone_Number>"), "{text}");
    assert_eq!(imported(&text).1, values);
}

#[test]
fn without_secrets_no_password_is_in_the_file_known_or_not() {
    let (file, values) = imported(EXPORT);
    let text = rendered(&file, &values, false);
    for secret in ["s3:c", "topsecret", "RegisterPswd", "MenuPassword"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("<PhoneNumber>1001</PhoneNumber>"));
    imported(&text);
}

#[test]
fn a_phone_that_imported_nothing_exports_all_of_its_lines() {
    let mut values = Values::default();
    set(&mut values, "SIP1 Phone Number", "1001");
    set(&mut values, "SIP1 Proxy Addr", "10.0.0.1");
    let text = String::from_utf8(XmlFile::render(None, &values, true)).unwrap();
    assert!(text.contains("<line index=\"1\">"), "{text}");
    assert!(text.contains("<SignalRetryCounts>3</SignalRetryCounts>"), "{text}");
    assert!(text.contains("<RTPInitialPort>10000</RTPInitialPort>"), "{text}");
    let (_, again) = imported(&text);
    assert_eq!(value(&again, "SIP1 Proxy Addr"), "10.0.0.1");
}

#[test]
fn unknown_items_of_earlier_files_go_on_with_a_new_one() {
    let (old, _) = imported(EXPORT);
    let (new, _) = imported(
        "<sysConf><sip><line index=\"1\"><ProxyAddr>10.0.0.7</ProxyAddr>\
         <MWINum>*99</MWINum></line></sip></sysConf>",
    );
    let merged = new.with_unknown_of(&old);
    let text = String::from_utf8(merged.octets()).unwrap();
    assert!(text.contains("<ProxyAddr>10.0.0.7</ProxyAddr>"), "{text}");
    assert!(text.contains("<MWINum>*99</MWINum>") && !text.contains("*98"), "{text}");
    assert!(text.contains("topsecret") && text.contains("<Fkey index=\"1\">"), "{text}");
    assert!(text.contains("10.9.9.9") && !text.contains("1002"), "{text}");
    let again = XmlFile::parse(text.as_bytes()).unwrap();
    assert_eq!(again.with_unknown_of(&old), again, "once is enough");
}

#[test]
fn a_file_of_one_form_leaves_that_of_the_other_alone() {
    let text = b"<<VOIP CONFIG FILE>>Version:2.0\n<X CONFIG MODULE>\nOnly Here :1\n";
    let files = Files::default().with(File::parse(EXPORT.as_bytes()).unwrap()).unwrap();
    let files = files.with(File::parse(text).unwrap()).unwrap();
    assert_eq!(files.unknown_items(), 5);
    let values = Values::default();
    assert_eq!(files.render(Form::Text, &values, true), text);
    let xml = String::from_utf8(files.render(Form::Xml, &values, true)).unwrap();
    assert!(xml.contains("topsecret") && !xml.contains("OnlyHere"), "{xml}");
}

#[test]
fn a_wrong_value_is_named_with_its_line_and_item() {
    let bad = EXPORT.replace("<ProxyPort/>", "<ProxyPort>70000</ProxyPort>").replace(
        "<SignalFailback></SignalFailback>",
        "<SignalFailback>2</SignalFailback>\n<ProxyAddr>10.0.0.4</ProxyAddr>",
    );
    assert_eq!(
        refusal(bad.as_bytes()),
        [
            "line 16: `SIP1 Proxy Port`: `70000` is not a whole number from 0 to 65535",
            "line 18: `SIP1 Signal Failback`: `2` is not 0 (off) or 1 (on)",
            "line 19: `SIP1 Proxy Addr` is given twice, first on line 15",
        ]
    );
}

#[test]
fn a_file_that_is_none_is_refused_by_line_without_quoting_what_may_be_a_password() {
    let cases: [(&[u8], &str); 8] = [
        (b"<sysConf>\n<a>\n</sysConf>", "line 3: not well-formed XML: an end tag"),
        (
            b"<sysConf>\n<RegisterPswd>a&secret;b</RegisterPswd></sysConf>",
            "line 2: not well-formed",
        ),
        (b"<sysConf>\n<sip>", "line 2: not well-formed XML: the file ends before"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>\n<sysConf/>", "line 1: not well-formed XML: a document"),
        (b"<html></html>", "line 1: the root element is <html>, not <sysConf>"),
        (b"<sysConf>\n<Version>3.0</Version></sysConf>", "line 2: version `3.0` is not supported"),
        (b"<sysConf>\n\n\xff</sysConf>", "line 3: not UTF-8 text"),
        (b"<sysConf>\x01</sysConf>", "line 1: not well-formed XML: a character"),
    ];
    for (octets, expected) in cases {
        let [error] = refusal(octets).try_into().unwrap();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn what_is_too_deep_or_too_much_is_refused() {
    let deep = format!("<sysConf>{}{}</sysConf>", "<a>".repeat(99), "</a>".repeat(99));
    assert_eq!(refusal(deep.as_bytes()), ["line 1: elements more than 32 deep"]);
    let deeper = format!("<sysConf>{}", "<a>".repeat(300_000));
    assert_eq!(refusal(deeper.as_bytes()).len(), 1);
    let attributes: String = (0..200_000).map(|i| format!(" a{i}='>'")).collect();
    let wide = format!("<sysConf>\n<!-- a < b -->\n<a{attributes}/></sysConf>");
    assert_eq!(
        refusal(wide.as_bytes()),
        ["line 3: not well-formed XML: a tag longer than any of a configuration"]
    );
    let nested: String = (0..50_000).map(|i| format!("<a xmlns:n{i}='u'>\n")).collect();
    let nested = format!("<sysConf>{nested}{}</sysConf>", "</a>".repeat(50_000));
    assert_eq!(
        refusal(nested.as_bytes()),
        ["line 17: not well-formed XML: more namespaces than a configuration may have"]
    );
}

/// F10: a file of the most octets and elements that are taken holds nobody up. Measured: 0.1 s, and
/// minutes while each element's line was counted from the beginning of the file.
#[test]
fn a_file_as_large_as_can_be_is_read_in_one_go() {
    let lines = "\n".repeat(MAX_DOCUMENT / 2);
    let elements: String = (0..40_000).map(|i| format!("<a{i}>1</a{i}>")).collect();
    let began = std::time::Instant::now();
    let (file, _) = imported(&format!("<sysConf>{lines}{elements}</sysConf>"));
    assert_eq!(file.unknown_items(), 40_000);
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    let many = format!("<sysConf>{}</sysConf>", "<a/>".repeat(200_000));
    assert!(
        refusal(many.as_bytes())[0].contains("more elements"),
        "{:?}",
        refusal(many.as_bytes())
    );
}

proptest! {
    #[test]
    fn no_octets_make_the_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = XmlFile::parse(&octets);
    }

    #[test]
    fn a_spoilt_file_is_refused_or_given_back(at in 0..EXPORT.len(), octet in any::<u8>()) {
        let mut octets = EXPORT.as_bytes().to_vec();
        octets[at] = octet;
        if let Ok(file) = XmlFile::parse(&octets) {
            prop_assert_eq!(file.octets(), octets);
        }
    }

    #[test]
    fn a_cut_file_is_refused(at in 0..EXPORT.rfind('>').unwrap()) {
        prop_assert!(XmlFile::parse(&EXPORT.as_bytes()[..at]).is_err());
    }

    /// F8: what a backup of the configuration is worth.
    #[test]
    fn any_settings_survive_export_and_import(
        settings in proptest::collection::btree_map(
            (1..=3_u16, 0..20_usize), "[0-9a-z.<&]{1,12}", 0..30),
        base in proptest::option::of(prop_oneof![Just(EXPORT), Just(MODULES)]),
    ) {
        let mut values = Values::default();
        for ((line, item), text) in settings {
            let item = crate::items::ACCOUNT[item];
            if let Some(value) = item.kind.check(&text) {
                values.put(ItemName::of_line(item, line), Some(value));
            }
        }
        let file = base.map(|text| XmlFile::parse(text.as_bytes()).unwrap());
        let octets = XmlFile::render(file.as_ref(), &values, true);
        let back = read(&octets).ok().unwrap().patch.applied_to(&Values::default());
        for name in values.names() {
            prop_assert_eq!(back.value(name), values.value(name), "{}", name);
        }
    }

    #[test]
    fn a_value_survives_being_written_and_read(text in "[ -~]{0,40}") {
        let (file, mut values) = imported(EXPORT);
        let text = text.trim();
        let name = ItemName::parse("SIP1 Display Name").unwrap();
        values.put(name, Some(text.to_owned()).filter(|text| !text.is_empty()));
        let (_, again) = imported(&rendered(&file, &values, true));
        prop_assert_eq!(again.value(name), text);
    }
}
