//! What lines and calls share: the transaction layer, who owns which transaction, the way out.
//!
//! A [`Core`] sends for its owners and remembers whose each transaction is; it decides nothing of
//! calls or registrations. [`crate::Phone`] takes an answer from it and hands it to the owner.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Bound;
use std::time::{Duration, Instant};

use failover::{Budget, Cause, Policy};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sip_core::endpoint::{ClientId, Endpoint, Tokens};
use sip_core::message::{HeaderName, Request, Response};
use sip_core::transport::Hop;

use crate::CallId;
use crate::account::evidence::{Heard, Lesson};
use crate::accounts::Accounts;
use crate::call::farewell::Farewell;
use crate::call::referral::{Progress, Wish};
use crate::call::stray::Stray;
use crate::drill::Drills;
use crate::flows::Flows;
use crate::journal::Journal;
use crate::limits;
use crate::names::NameBook;
use crate::output::{Event, MediaCommand, Output, Switch, Tone};
use crate::ports::Ports;
use crate::settings::LineNumber;

/// Whose a client transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A line's REGISTER or OPTIONS.
    Line(LineNumber),
    /// A REGISTER of a line's second registration.
    Standby(LineNumber),
    /// An INVITE leg of a call that is being set up, or is up and may see its 2xx again.
    Leg(CallId),
    /// The OPTIONS that finds out about a hop which said 100 and nothing more.
    Check(CallId),
    /// A request within the dialog of a call.
    InDialog(CallId),
    /// A BYE.
    Farewell(u32),
    /// An INVITE leg that nobody waits for.
    Stray,
    /// A CANCEL, sent through this hop of the line.
    Cancel {
        /// The line.
        line: LineNumber,
        /// Where it went.
        hop: Hop,
        /// The INVITE.
        invite: ClientId,
    },
}

/// What became of a request, as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A 1xx.
    Provisional(Response),
    /// A final answer.
    Final(Response),
    /// Patience is over; a late answer may still come.
    Silent,
    /// Nothing came in 64·T1.
    TimedOut,
    /// The network says it cannot be delivered.
    Failed(Heard),
}

impl Reply {
    /// Whether a CANCEL has not reached what it should cancel: nobody took it, or who took it knows
    /// nothing of the INVITE (RFC 3261 §9.2).
    pub(crate) fn is_loss_of_cancel(&self) -> bool {
        match self {
            Self::Final(response) => response.code.as_u16() == 481,
            Self::Silent | Self::TimedOut | Self::Failed(_) => true,
            Self::Provisional(_) => false,
        }
    }

    /// The evidence in a reply that ends the wait at a hop.
    pub(crate) fn heard(&self) -> Option<Heard> {
        match self {
            Self::Provisional(_) => None,
            Self::Final(response) => Some(Heard::Answer {
                code: response.code.as_u16(),
                retry_after: response.headers.retry_after().map(u64::from).map(Duration::from_secs),
            }),
            Self::Silent | Self::TimedOut => Some(Heard::Silence),
            Self::Failed(heard) => Some(heard.clone()),
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) endpoint: Endpoint,
    pub(crate) flows: Flows,
    pub(crate) accounts: Accounts,
    pub(crate) strays: BTreeMap<ClientId, Stray>,
    pub(crate) farewells: BTreeMap<u32, Farewell>,
    pub(crate) names: NameBook,
    pub(crate) ports: Ports,
    pub(crate) journal: Journal,
    pub(crate) drills: Drills,
    pub(crate) auto_answer: bool,
    pub(crate) do_not_disturb: bool,
    pub(crate) no_call_waiting: bool,
    pub(crate) user_agent: String,
    /// Hops just found unavailable: calls that wait there move on.
    pub(crate) deaths: VecDeque<(LineNumber, Hop, Cause)>,
    /// Lines of which some hop has just answered: what waits for one, such as a BYE, may go.
    pub(crate) alive: VecDeque<LineNumber>,
    /// Calls that somebody wants us to make.
    pub(crate) wishes: VecDeque<Wish>,
    /// How those stand, for who asked.
    pub(crate) progress: VecDeque<Progress>,
    /// When a tone that tells of a failure has been heard long enough.
    pub(crate) tone_until: Option<Instant>,
    owners: BTreeMap<ClientId, Owner>,
    /// Up to here it has been seen which owners' transactions are over.
    swept: Option<ClientId>,
    out: VecDeque<Output>,
    /// Whose sound is at the ear and mouth.
    focus: Option<CallId>,
    /// Tags, Call-IDs and client nonces.
    pub(crate) tokens: Tokens,
    rng: ChaCha8Rng,
    next_farewell: u32,
}

impl Core {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let mut seeds = [[0; 32]; 2];
        for seed in &mut seeds {
            rng.fill_bytes(seed);
        }
        let [endpoint_seed, token_seed] = seeds;
        Self {
            endpoint: Endpoint::new(endpoint_seed),
            flows: Flows::default(),
            accounts: Accounts::default(),
            strays: BTreeMap::new(),
            farewells: BTreeMap::new(),
            names: NameBook::default(),
            ports: Ports::default(),
            journal: Journal::default(),
            drills: Drills::default(),
            auto_answer: false,
            do_not_disturb: false,
            no_call_waiting: false,
            user_agent: String::new(),
            deaths: VecDeque::new(),
            alive: VecDeque::new(),
            wishes: VecDeque::new(),
            progress: VecDeque::new(),
            tone_until: None,
            owners: BTreeMap::new(),
            swept: None,
            out: VecDeque::new(),
            focus: None,
            tokens: Tokens::new(token_seed),
            rng,
            next_farewell: 0,
        }
    }

    /// Sends a request for its owner.
    pub(crate) fn send(&mut self, owner: Owner, parcel: Parcel, now: Instant) -> ClientId {
        let Parcel { line, mut request, to, local, patience } = parcel;
        self.dress(&mut request);
        let id = self.endpoint.send(request, to, local, patience, now);
        self.owners.insert(id, owner);
        if self.drills.covers(line, to) {
            self.drills.withhold(id);
        }
        id
    }

    /// Sends the ACK of a 2xx, which is no transaction of its own (RFC 3261 §13.2.2.4).
    pub(crate) fn send_ack(&mut self, ack: Request, to: Hop, local: SocketAddr) {
        self.endpoint.send_stateless(ack, to, local);
    }

    /// Cancels an INVITE at the hop where it went (RFC 3261 §9.1) and lets go of it.
    pub(crate) fn cancel(&mut self, id: ClientId, line: LineNumber, hop: Hop, now: Instant) {
        // A line that is gone has no settings any more.
        let usual = || Policy::default().wait(Budget::Retry);
        let account = self.accounts.get(&line);
        let patience = account.map_or_else(usual, |account| account.patience(false, false));
        if let Some(cancel) = self.endpoint.cancel(id, patience, now) {
            self.owners.insert(cancel, Owner::Cancel { line, hop, invite: id });
        }
    }

    fn dress(&self, request: &mut Request) {
        if !self.user_agent.is_empty() {
            request.headers.set(HeaderName::UserAgent, &self.user_agent);
        }
    }

    pub(crate) fn owner(&self, id: ClientId) -> Option<Owner> {
        self.owners.get(&id).copied()
    }

    pub(crate) fn set_owner(&mut self, id: ClientId, owner: Owner) {
        self.owners.insert(id, owner);
    }

    pub(crate) fn forget(&mut self, id: ClientId) {
        self.owners.remove(&id);
    }

    /// Forgets owners of transactions that are over: a few each time, in turn, for there may be many.
    pub(crate) fn forget_the_dead(&mut self) {
        let from = self.swept.map_or(Bound::Unbounded, Bound::Excluded);
        let some = self.owners.range((from, Bound::Unbounded)).take(limits::SWEPT);
        let seen: Vec<ClientId> = some.map(|(id, _)| *id).collect();
        self.swept = seen.last().filter(|_| seen.len() == limits::SWEPT).copied();
        for id in seen {
            if self.endpoint.request_of(id).is_none() {
                self.owners.remove(&id);
            }
        }
        let endpoint = &self.endpoint;
        self.drills.retain(|id| endpoint.request_of(id).is_some());
    }

    /// Lets the line learn; a hop found unavailable is told to the calls as well.
    pub(crate) fn learn(&mut self, line: LineNumber, hop: usize, lesson: Lesson, now: Instant) {
        let Some(account) = self.accounts.get_mut(&line) else { return };
        let over = |hop| !self.drills.covers(line, hop);
        if lesson == Lesson::Unavailable(Cause::Drill)
            && account.hops.get(hop).is_some_and(|entry| over(entry.hop))
        {
            return;
        }
        account.learn(hop, lesson, now);
        if let (Lesson::Unavailable(cause), Some(at)) = (lesson, account.hops.get(hop)) {
            self.deaths.push_back((line, at.hop, cause));
        }
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn media(&mut self, command: MediaCommand) {
        self.out.push_back(Output::Media(command));
    }

    /// Gives a call ear and mouth, or takes them from it where it has them.
    pub(crate) fn focus(&mut self, call: CallId, wanted: bool) {
        if wanted || self.focus == Some(call) {
            self.focus = wanted.then_some(call);
            self.media(MediaCommand::Focus(self.focus));
        }
    }

    /// Plays a tone: ringback until told otherwise, one that tells of a failure for a while.
    pub(crate) fn tone(&mut self, tone: Option<Tone>, now: Instant) {
        self.tone_until = match tone {
            Some(Tone::Busy | Tone::AllProxiesFailed) => Some(now + limits::FAILURE_TONE),
            Some(Tone::Ringback) | None => None,
        };
        self.media(MediaCommand::Tone(tone));
    }

    /// Tells listeners, and keeps what belongs in the journal.
    pub(crate) fn event(&mut self, event: Event, now: Instant) {
        if let Event::Failover(switch) = &event {
            self.drills.note(switch);
        }
        self.journal.record(&event, self.accounts.len(), now);
        self.out.push_back(Output::Event(event));
    }

    /// A request goes to a next hop.
    pub(crate) fn failover(&mut self, switch: Switch, now: Instant) {
        self.event(Event::Failover(switch), now);
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        let output = self.out.pop_front();
        if output.is_none() {
            // All lines at once may have had something to say, which needs much room and is rare.
            self.out.shrink_to(limits::OUTPUTS_KEPT);
        }
        output
    }

    pub(crate) fn random_u32(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// Takes over a dialog that is to be ended.
    pub(crate) fn add_farewell(&mut self, farewell: Farewell) -> Option<u32> {
        if self.farewells.len() >= limits::FAREWELLS {
            return None;
        }
        self.next_farewell = self.next_farewell.wrapping_add(1);
        self.farewells.insert(self.next_farewell, farewell);
        Some(self.next_farewell)
    }
}

/// A request, ready to go.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// The line whose request it is.
    pub(crate) line: LineNumber,
    /// Without Via.
    pub(crate) request: Request,
    /// Where to.
    pub(crate) to: Hop,
    /// From which address of ours.
    pub(crate) local: SocketAddr,
    /// How long it may stay unanswered (requirement A3).
    pub(crate) patience: Duration,
}
