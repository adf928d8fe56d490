//! Replays the fuzzer's corpora with the fuzzer's own checks, so that what it once found stays mended
//! on every run of the tests, with a stable compiler.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../../../fuzz/checks/message.rs"]
mod message;
#[path = "../../../fuzz/checks/resolve.rs"]
mod resolve;
#[path = "../../../fuzz/checks/sdp.rs"]
mod sdp;

/// Gives each file of a corpus to `check` and says how many there were.
#[expect(clippy::print_stdout, reason = "names the file of a failure")]
fn replay(corpus: &str, check: fn(&[u8])) -> usize {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
    let files = std::fs::read_dir(format!("{folder}{corpus}")).unwrap();
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        println!("{}", path.display());
        check(&std::fs::read(path).unwrap());
        count += 1;
    }
    count
}

#[test]
fn every_message_of_the_corpus_holds() {
    assert!(replay("message", message::check) >= 16);
}

#[test]
fn every_description_of_the_corpus_holds() {
    assert!(replay("sdp", sdp::check) >= 9);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn every_word_of_dns_in_the_corpus_holds() {
    assert!(replay("resolve", |octets| resolve::check(octets, std::time::Instant::now())) >= 3);
}
