//! Replays the fuzzer's datagrams with the fuzzer's own checks, so that what it once found stays mended
//! on every run of the tests.

#[path = "../../../fuzz/checks/rtp.rs"]
mod rtp;

#[test]
fn every_datagram_of_the_corpus_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/rtp");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        rtp::check(&std::fs::read(path).unwrap(), std::time::Instant::now());
        count += 1;
    }
    assert!(count >= 5);
}
