//! Replays the fuzzer's plays before a whole phone, with the fuzzer's own checks, so that what it once
//! found stays mended on every run of the tests.

#![expect(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../fuzz/checks/phone.rs"]
mod play;

#[test]
#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn every_play_of_the_corpus_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/phone");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        play::check(&std::fs::read(path).unwrap(), std::time::Instant::now());
        count += 1;
    }
    assert!(count >= 10);
}
