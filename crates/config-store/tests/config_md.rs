//! Holds `docs/config.md` equal to the table of items: the page is written from the code, and this
//! test fails when the code has moved on without it.

use std::{fs, path::Path};

#[test]
fn config_md_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, config_store::config_md()).unwrap();
    }
    let written = fs::read_to_string(&path).expect("docs/config.md");
    assert!(
        written == config_store::config_md(),
        "docs/config.md differs from the table of items; \
         BLESS=1 cargo test -p config-store --test config_md writes it again"
    );
}
