//! sipx and we on messages spoilt at random, from one seed.
//!
//! Which characters to allow in a value is a matter of taste, and we allow more, so what both take is
//! compared whole and what only one takes is counted. At the time of writing what only sipx takes has
//! another protocol than SIP/2.0 in a Via, or a comma or an odd scheme in a URI; what only we take has
//! characters that should be escaped or quoted, a bare line feed, or a bare `%`.

use super::{everyday, ours, sipx_reader, torture};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::cell::Cell;

const CASES: u32 = 6000;

#[test]
fn where_both_take_a_spoilt_message_both_read_the_same() {
    let all = torture().into_iter().chain(everyday::messages()).map(|(_, octets)| octets);
    let corpus: Vec<_> = all.filter(|octets| ours::read(octets).is_ok()).collect();
    let spice = b"\r\n \t:;,=<>\"\\@?[]%/*.0z".to_vec();
    let change = (any::<Index>(), select(spice), 0..3_u8);
    let spoilt = (select(corpus), proptest::collection::vec(change, 1..3)).prop_map(spoil);
    let (both, we, they) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, seed).run(&spoilt, |octets| {
        match (ours::read(&octets), sipx_reader::read(&octets)) {
            (Ok(ours), Ok(theirs)) if ours == theirs => count(&both),
            (Ok(ours), Ok(theirs)) => {
                let text = octets.escape_ascii();
                return Err(TestCaseError::fail(format!("{ours:#?}\n{theirs:#?}\n{text}")));
            }
            (Ok(_), Err(_)) => count(&we),
            (Err(_), Ok(_)) => count(&they),
            (Err(_), Err(_)) => {}
        }
        Ok(())
    });
    result.unwrap();
    assert!(both.get() > CASES / 4, "{} compared", both.get());
    assert!(we.get() < CASES / 15, "{} taken only by us", we.get());
    assert!(they.get() < CASES / 30, "{} taken only by sipx", they.get());
}

fn spoil((mut octets, changes): (Vec<u8>, Vec<(Index, u8, u8)>)) -> Vec<u8> {
    for (index, octet, kind) in changes {
        let at = index.index(octets.len());
        match kind {
            0 => octets[at] = octet,
            1 => octets.insert(at, octet),
            _ => drop(octets.remove(at)),
        }
    }
    octets
}
