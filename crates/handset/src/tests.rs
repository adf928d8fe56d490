//! A telephone on a desk in virtual time: what hook, keys and lamps lead to.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// A telephone on a desk in virtual time.
struct Desk {
    handset: Handset,
    now: Instant,
}

impl Desk {
    #[expect(clippy::disallowed_methods, reason = "time begins somewhere")]
    fn new(lamps: &[Lamp]) -> Self {
        Self { handset: Handset::new(lamps), now: Instant::now() }
    }

    fn input(&mut self, input: Input) -> Vec<Output> {
        self.handset.handle_input(input, self.now);
        std::iter::from_fn(|| self.handset.poll_output()).collect()
    }

    fn lift(&mut self) -> Vec<Output> {
        self.input(Input::Hook { lifted: true })
    }

    fn put_down(&mut self) -> Vec<Output> {
        self.input(Input::Hook { lifted: false })
    }

    fn key(&mut self, key: Key) -> Vec<Output> {
        self.input(Input::Key(key))
    }

    fn type_in(&mut self, digits: &str) -> Vec<Output> {
        digits.chars().flat_map(|digit| self.key(Key::Digit(digit))).collect()
    }

    fn calls(&mut self, calls: &[(u32, CallState)]) -> Vec<Output> {
        let calls = calls.iter().map(|&(id, state)| Call { id, state }).collect();
        self.input(Input::Calls(calls))
    }

    /// Lets time pass; returns what happens and after how many milliseconds.
    fn pass(&mut self, time: Duration) -> Vec<(u128, Output)> {
        let (began, end) = (self.now, self.now + time);
        let mut happened = Vec::new();
        while let Some((at, _)) = self.handset.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.handset.handle_timeout(self.now);
            let after = (self.now - began).as_millis();
            happened.extend(std::iter::from_fn(|| self.handset.poll_output()).map(|o| (after, o)));
        }
        self.now = end;
        happened
    }
}

fn dial(number: &str) -> Output {
    Output::Dial(number.into())
}

#[test]
fn lifting_gives_the_dial_tone_and_a_number_is_complete_after_a_pause() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.lift(), [Output::DialTone(true)]);
    assert_eq!(desk.type_in("1002"), [Output::DialTone(false)]);
    assert_eq!(desk.pass(Duration::from_millis(3999)), []);
    assert_eq!(desk.pass(Duration::from_millis(1)), [(1, dial("1002"))]);
}

#[test]
fn a_hash_completes_a_number_at_once_unless_it_begins_with_it() {
    let mut desk = Desk::new(&[]);
    desk.lift();
    assert_eq!(desk.type_in("#21"), [Output::DialTone(false)]);
    assert_eq!(desk.type_in("#"), [dial("#21")]);
}

#[test]
fn a_number_typed_before_lifting_is_dialled_by_lifting() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.type_in("10023"), []);
    assert_eq!(desk.key(Key::Erase), []);
    assert_eq!(desk.lift(), [dial("1002")]);
}

#[test]
fn a_number_typed_and_left_alone_is_forgotten() {
    let mut desk = Desk::new(&[]);
    desk.type_in("1002");
    assert_eq!(desk.pass(Duration::from_secs(30)), []);
    assert_eq!(desk.lift(), [Output::DialTone(true)]);
}

#[test]
fn lifting_answers_a_call_that_rings_and_putting_down_ends_it() {
    let mut desk = Desk::new(&[]);
    desk.calls(&[(7, CallState::RingsHere)]);
    assert_eq!(desk.lift(), [Output::Answer(7)]);
    desk.calls(&[(7, CallState::Talking)]);
    assert_eq!(desk.type_in("5"), [Output::Digit(7, '5')]);
    assert_eq!(desk.put_down(), [Output::HangUp(7)]);
    assert_eq!(desk.put_down(), [], "it lies there already");
}

#[test]
fn lifting_and_putting_down_at_once_leaves_no_call() {
    let mut desk = Desk::new(&[]);
    desk.calls(&[(7, CallState::RingsHere)]);
    assert_eq!(desk.lift(), [Output::Answer(7)]);
    assert_eq!(desk.calls(&[(7, CallState::RingsHere)]), [], "the phone has not yet obeyed");
    assert_eq!(desk.put_down(), [Output::HangUp(7)]);
}

#[test]
fn putting_down_leaves_held_calls_and_those_that_ring() {
    let mut desk = Desk::new(&[]);
    desk.lift();
    desk.calls(&[(1, CallState::Held), (2, CallState::Outgoing), (3, CallState::RingsHere)]);
    assert_eq!(desk.put_down(), [Output::HangUp(2)]);
    desk.calls(&[(1, CallState::Held), (3, CallState::RingsHere)]);
    assert_eq!(desk.lift(), [Output::Answer(3)]);
}

#[test]
fn keys_do_for_a_handset_without_a_hook() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.key(Key::Call), [Output::DialTone(true)]);
    assert_eq!(desk.key(Key::HangUp), [Output::DialTone(false)]);
    desk.type_in("1002");
    assert_eq!(desk.key(Key::Call), [dial("1002")]);
    desk.calls(&[(1, CallState::Outgoing)]);
    assert_eq!(desk.type_in("9"), [], "nobody is there to hear it");
    assert_eq!(desk.key(Key::CallOrHangUp), [Output::HangUp(1)]);
    desk.calls(&[(2, CallState::RingsHere)]);
    assert_eq!(desk.key(Key::HangUp), [Output::Reject(2)]);
    assert_eq!(desk.key(Key::CallOrHangUp), [Output::Answer(2)]);
}

#[test]
fn the_hold_key_holds_and_takes_back() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.key(Key::Hold), []);
    desk.calls(&[(1, CallState::Talking)]);
    assert_eq!(desk.key(Key::Hold), [Output::Hold(1)]);
    desk.calls(&[(1, CallState::Held)]);
    assert_eq!(desk.key(Key::Hold), [Output::Resume(1)]);
    assert_eq!(desk.key(Key::Call), [Output::Resume(1)]);
}

#[test]
fn the_dial_tone_ends_by_itself_and_when_a_call_begins_elsewhere() {
    let mut desk = Desk::new(&[]);
    desk.lift();
    assert_eq!(desk.pass(Duration::from_secs(25)), [(20_000, Output::DialTone(false))]);
    desk.put_down();
    desk.lift();
    assert_eq!(desk.calls(&[(1, CallState::Outgoing)]), [Output::DialTone(false)]);
}

#[test]
fn lamps_show_calls_and_lines_and_rest_while_nothing_blinks() {
    let mut desk = Desk::new(&[Lamp::Line, Lamp::Call]);
    let lamp = |lamp, lit| Output::Lamp { lamp, lit };
    assert_eq!(desk.input(Input::Lines(Lines::Well)), [lamp(Lamp::Line, true)]);
    assert_eq!(desk.handset.poll_timeout(), None, "a steady lamp wakes nobody");
    assert_eq!(desk.calls(&[(1, CallState::RingsHere)]), [lamp(Lamp::Call, true)]);
    assert_eq!(
        desk.pass(Duration::from_millis(500)),
        [(250, lamp(Lamp::Call, false)), (500, lamp(Lamp::Call, true))]
    );
    assert_eq!(desk.calls(&[(1, CallState::Talking)]), []);
    assert_eq!(desk.input(Input::Lines(Lines::OnBackup)), [], "it begins with light");
    assert_eq!(desk.pass(Duration::from_secs(1)), [(1000, lamp(Lamp::Line, false))]);
    assert_eq!(desk.calls(&[]), [lamp(Lamp::Call, false)]);
    assert_eq!(desk.input(Input::Lines(Lines::None)), []);
    assert_eq!(desk.handset.poll_timeout(), None);
}

#[test]
fn lamps_that_are_not_wired_are_never_switched_and_wake_nobody() {
    let mut desk = Desk::new(&[]);
    assert_eq!(desk.calls(&[(1, CallState::RingsHere)]), []);
    assert_eq!(desk.input(Input::Lines(Lines::Down)), []);
    assert_eq!(desk.handset.poll_timeout(), None);
}

fn any_input() -> impl Strategy<Value = Input> {
    let state = prop_oneof![
        Just(CallState::RingsHere),
        Just(CallState::Outgoing),
        Just(CallState::Talking),
        Just(CallState::Held)
    ];
    let calls = prop::collection::vec((0..4u32, state), 0..4).prop_map(|calls| {
        Input::Calls(calls.into_iter().map(|(id, state)| Call { id, state }).collect())
    });
    prop_oneof![
        any::<bool>().prop_map(|lifted| Input::Hook { lifted }),
        prop::char::range(' ', '~').prop_map(|digit| Input::Key(Key::Digit(digit))),
        Just(Input::Key(Key::Call)),
        Just(Input::Key(Key::HangUp)),
        Just(Input::Key(Key::CallOrHangUp)),
        Just(Input::Key(Key::Hold)),
        Just(Input::Key(Key::Erase)),
        calls,
    ]
}

proptest! {
    /// Whatever is done with it: the dial tone begins and ends in turn, only calls that are there are
    /// named, only digits are dialled, and with everything put down it comes to rest.
    #[test]
    fn no_order_of_events_confuses_it(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut desk = Desk::new(&[Lamp::Line, Lamp::Call]);
        let mut tone = false;
        let mut ids: Vec<u32> = Vec::new();
        let rest = [Input::Calls(vec![]), Input::Hook { lifted: true }, Input::Hook { lifted: false }];
        for input in inputs.into_iter().chain(rest) {
            if let Input::Calls(calls) = &input {
                ids = calls.iter().map(|call| call.id).collect();
            }
            for output in desk.input(input) {
                match output {
                    Output::DialTone(on) => prop_assert_ne!(std::mem::replace(&mut tone, on), on),
                    Output::Dial(number) => prop_assert!(
                        !number.is_empty() && number.chars().all(|c| "0123456789*#".contains(c))
                    ),
                    Output::Answer(id) | Output::Reject(id) | Output::HangUp(id)
                    | Output::Hold(id) | Output::Resume(id) | Output::Digit(id, _) => {
                        prop_assert!(ids.contains(&id));
                    }
                    Output::Lamp { .. } => {}
                }
            }
        }
        prop_assert!(!tone);
        prop_assert_eq!(desk.handset.poll_timeout(), None);
    }
}
