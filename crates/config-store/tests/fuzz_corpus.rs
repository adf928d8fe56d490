//! Replays the fuzzer's corpus of configuration files with the fuzzer's own check (F8, F10), so that what
//! it once found stays mended on every run of the tests, with a stable compiler.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../../../fuzz/checks/config.rs"]
mod config;

#[test]
fn every_configuration_of_the_corpus_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/config");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        config::check(&std::fs::read(path).unwrap());
        count += 1;
    }
    assert!(count >= 8, "{count} files");
}
