//! Writes `docs/config.md` from the table of items, so that the document cannot differ from the
//! code. A test holds the file equal.

use crate::{
    items::{self, CODECS, Item, Kind},
    limits::{MAX_LINES, MAX_VALUE},
};

/// The whole document.
#[must_use]
pub fn config_md() -> String {
    let mut page = format!(
        "# Configuration items\n\n\
         <!-- Written from the table of items in crates/config-store/src/items; \
         BLESS=1 cargo test -p config-store --test config_md writes it again. -->\n\n\
         Each item can be read and set with `phonectl config get` and `config set`, on the web page, \
         and by a provisioning file in Fanvil's forms, whose text form has the same names. `N` stands \
         for the number of a line, 1 to {MAX_LINES}. Case and repeated blanks in a name do not \
         matter. A change takes effect when it is submitted; calls go on.\n\n\
         An empty value means the default. A password that is set reads `********`, and setting \
         `********` leaves it as it is. A line is in use when it has a phone number or a register \
         user, and an address of SIP Server 1, SIP Server 2 or a proxy.\n"
    );
    for (title, prefix, list) in [
        ("The phone", "", items::PHONE),
        ("The phone: how its packets are marked", "", items::NETWORK),
        ("The phone: hook, keys, lamps and bell", "", items::HANDSET),
        ("The phone: where its configuration comes from", "", items::PROVISIONING),
        ("A line: account and servers", "SIPN ", items::ACCOUNT),
        ("A line: failover and failback", "SIPN ", items::FAILOVER),
    ] {
        page.push_str(&format!("\n## {title}\n\n"));
        page.push_str("| item | meaning | values | unit | default |\n|---|---|---|---|---|\n");
        for item in list {
            page.push_str(&row(prefix, item));
        }
    }
    page.push_str(
        "\n## Files\n\n\
         `phonectl config import` takes Fanvil's text form and both of its XML forms, told apart by \
         content, and changes what the file names, nothing else; a file with any wrong value is \
         refused as a whole, naming line, item, value and range. Items that the phone does not know \
         are kept. `phonectl config export` gives back the file of the text form that was imported \
         last, `--format xml` that of the XML form, octet for octet, with only those values \
         rewritten that have changed since; what earlier files of that form or `config set` brought \
         beyond it stands at the end of its section. Without `--with-secrets` password items are \
         left out, also those that the phone knows only by their name (`… Password`, `… Pswd`, \
         cipher keys).\n\n\
         How strict the text form is read: the first line must be `<<VOIP CONFIG FILE>>Version:2.…`; \
         every other line is a section (`<… MODULE>`), an item (`name :value`), a comment (`#`, \
         `;`) or blank; an item of this page may stand in it once; `<<END OF FILE>>` may be missing, \
         but then the last line must be whole. A file has at most 4 MiB.\n\n\
         The XML form is `<sysConf>` with `<sip><line index=\"1\"><ProxyAddr>…`: an element is \
         called as the item without blanks and `SIPN`, and stands in the element of its line. The \
         older series' `<VOIP_CONFIG_FILE>` with `<SIP_Line_List_Entry><ID>SIP1</ID><Proxy_Addr>…` \
         is taken as well. It must be well-formed UTF-8 without a document type, with tags of at \
         most 1024 octets; nothing in it is ever fetched.\n",
    );
    page
}

fn row(prefix: &str, item: &Item) -> String {
    let name = format!("{prefix}{}", item.name);
    let (values, unit) = values(&item.kind);
    let default = if item.default.is_empty() { "empty" } else { item.default };
    format!("| `{name}` | {} | {values} | {unit} | {default} |\n", item.en)
}

fn values(kind: &Kind) -> (String, &'static str) {
    match kind {
        Kind::Text => (format!("text, at most {MAX_VALUE} octets"), ""),
        Kind::Secret => (format!("password, at most {MAX_VALUE} octets"), ""),
        Kind::Number { min, max, unit } => (format!("{min}–{max}"), unit),
        Kind::Hours => ("0.01–8760, decimals allowed".to_owned(), "h"),
        Kind::Flag => ("0 off, 1 on".to_owned(), ""),
        Kind::Choice(values) => {
            let shown = |(value, meaning, _): &(&str, &str, &str)| match *value {
                "" => format!("empty {meaning}"),
                value => format!("{value} {meaning}"),
            };
            (values.iter().map(shown).collect::<Vec<_>>().join(", "), "")
        }
        Kind::Address => ("IPv4 or IPv6 address, or domain name".to_owned(), ""),
        Kind::Callee => ("number, user@host or SIP URI".to_owned(), ""),
        Kind::Codecs => (format!("codecs with commas, at least one of {}", CODECS.join(", ")), ""),
        Kind::Pin => ("a GPIO and its level, such as gpiochip0:17:low".to_owned(), ""),
        Kind::Keys => ("keys with meanings, such as KEY_F1=hook,KEY_F2=hold".to_owned(), ""),
        Kind::Pcm => ("a sound device, such as plughw:CARD=Device,DEV=0".to_owned(), ""),
        Kind::Mixer => ("a card's mixer element, such as Device/PCM".to_owned(), ""),
    }
}
