//! Which next hop does a line use now? Failover and failback of a SIP line as one pure machine.
//!
//! A *hop* is one transport, address and port that a line's servers resolve to. Here it is only a
//! [`HopId`], its place in the order of preference: 0 is the *primary*, every other a *backup*, and
//! the one that the line is registered through is *current*. [`Machine`] decides when to REGISTER
//! and where, when to ask with OPTIONS whether the hop lives, when to go back to the primary, and
//! in which [`Order`] any other request tries the hops. It learns from [`Outcome`]s of its own
//! [`Attempt`]s and from [`Evidence`] of other requests.
//!
//! It refuses to know SIP messages, addresses, transactions and retransmissions: its owner sends a
//! request for every [`Output::Attempt`], applies [`Attempt::wait`], answers challenges, and gives
//! back exactly one outcome. It reads no clock and draws random numbers only from its seed.
//!
//! Implements requirements A3, A4, B1, B4, C1–C5, F1 and F6 and failover design §1 (column *Line*),
//! §2, §6 and §7.
//!
//! ```
//! use failover::{HopId, LineState, Machine, Outcome, Output, Policy, Start, Task};
//! use std::time::{Duration, Instant};
//!
//! let now = Instant::now();
//! let mut line = Machine::new(2, Policy::default(), Start::cold(), 7, now);
//! let Some(Output::Attempt(first)) = line.poll_output() else { panic!("it registers at once") };
//! assert_eq!((first.task, first.hop, first.last), (Task::Register, HopId(0), false));
//!
//! // The primary stays silent for its 3.5 s; the backup takes the line.
//! let now = now + first.wait;
//! line.handle_outcome(first.id, Outcome::Unavailable(failover::Cause::NoAnswer), now);
//! let next = std::iter::from_fn(|| line.poll_output())
//!     .find_map(|output| if let Output::Attempt(next) = output { Some(next) } else { None })
//!     .unwrap();
//! assert_eq!((next.hop, next.last), (HopId(1), true));
//! let expires = Duration::from_secs(3600);
//! line.handle_outcome(next.id, Outcome::Registered { expires }, now);
//! assert_eq!(line.current(), Some(HopId(1)));
//! ```
//!
//! # The loop
//!
//! Take [`Machine::poll_output`] empty, then wait for the next outcome or for [`Machine::poll_timeout`],
//! whichever comes first. Here the servers are a script: the primary is silent for the first ten minutes.
//!
//! ```
//! use failover::{Cause, HopId, Machine, Outcome, Output, Policy, Start, Task};
//! use std::time::{Duration, Instant};
//!
//! let begin = Instant::now(); // the only look at a clock; a daemon has one in each turn of its loop
//! let minutes = |count: u64| Duration::from_secs(60 * count);
//! let answers = |hop: HopId, now| !hop.is_primary() || now > begin + minutes(10);
//!
//! let mut line = Machine::new(2, Policy::default(), Start::cold(), 7, begin);
//! let (mut now, mut on_their_way, mut story) = (begin, Vec::new(), Vec::new());
//! while now < begin + minutes(60) {
//!     while let Some(output) = line.poll_output() {
//!         match output {
//!             Output::Attempt(attempt) if answers(attempt.hop, now) => {
//!                 let outcome = match attempt.task {
//!                     Task::KeepAlive | Task::Watch => Outcome::Alive,
//!                     Task::Unregister => Outcome::Unregistered,
//!                     Task::Register | Task::Probe | Task::SuspectCheck => {
//!                         Outcome::Registered { expires: minutes(60) }
//!                     }
//!                 };
//!                 on_their_way.push((now + Duration::from_millis(20), attempt.id, outcome));
//!             }
//!             Output::Attempt(attempt) => {
//!                 let silence = Outcome::Unavailable(Cause::NoAnswer);
//!                 on_their_way.push((now + attempt.wait, attempt.id, silence));
//!             }
//!             Output::Abandon(id) => on_their_way.retain(|(_, abandoned, _)| *abandoned != id),
//!             Output::Moved { to, .. } => story.push((now - begin, to)),
//!             _news_for_the_user => {}
//!         }
//!     }
//!     let timer = line.poll_timeout().map(|(at, _why)| at);
//!     let outcome = on_their_way.iter().map(|(at, ..)| *at).min();
//!     now = timer.into_iter().chain(outcome).min().expect("a registered line has a timer");
//!     for (_, id, outcome) in on_their_way.extract_if(.., |(at, ..)| *at <= now) {
//!         line.handle_outcome(id, outcome, now);
//!     }
//!     line.handle_timeout(now);
//! }
//!
//! let [(failover, HopId(1)), (failback, HopId::PRIMARY)] = story[..] else { panic!("{story:?}") };
//! assert_eq!(failover, Duration::from_millis(3520)); // three transmissions, and the backup's round trip
//! assert!(failback <= Duration::from_secs(1800 * 11 / 10 + 4)); // a probe every 30 min ± 10 %
//! ```

mod attempt;
mod backoff;
mod cause;
mod dice;
mod health;
mod journal;
mod limits;
mod machine;
mod order;
mod outcome;
mod policy;
mod start;
#[cfg(test)]
mod testing;
mod worst_case;

pub use attempt::{Attempt, AttemptId, HopId, Output, Reason, ReturnCause, Task, Why};
pub use cause::{Cause, TlsFault};
pub use health::{Health, HopState};
pub use journal::{Entry, EntryCause, EntryKind, Method};
pub use machine::{LineState, Machine};
pub use order::{Budget, Order, RequestKind};
pub use outcome::{Evidence, Outcome};
pub use policy::{Policy, PolicyError, Retry, T1, T2, TIMEOUT};
pub use start::{LastGood, Start, Trigger};
pub use worst_case::{Reach, WorstCase, worst_case, worst_case_of};
