//! The evidence table: what an answer, or the lack of one, means (failover design §1).
//!
//! One function, one screen. It says what the *request* does next and what the *line* learns of the
//! hop; it sends nothing, remembers nothing and knows no addresses. Rows are tried from the top and
//! the first that fits wins, as in the design.

use std::time::Duration;

use failover::Cause;

/// The request that got the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// REGISTER of any kind.
    Register,
    /// An INVITE without To tag.
    Invite {
        /// A 1xx above 100 came on this leg.
        ringing: bool,
        /// The user has given up.
        cancelled: bool,
        /// The line is registered at this hop.
        registered_here: bool,
    },
    /// BYE.
    Bye,
    /// re-INVITE or UPDATE.
    Change,
    /// Any other request within a dialog.
    InDialog,
    /// OPTIONS: keep-alive, or the check of a hop that only said 100.
    Options,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A final answer.
    Answer {
        /// Its status code.
        code: u16,
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No answer within the hop's patience, or 64·T1.
    Silence,
    /// The network says that the hop cannot be reached.
    Unreachable(Cause),
    /// Our own network has no way there.
    LocalOutage,
}

impl Heard {
    /// Whether nothing came back, in a drill or truly.
    pub(crate) fn is_silence(&self) -> bool {
        match self {
            Self::Silence => true,
            Self::Unreachable(cause) => cause.is_silence(),
            Self::Answer { .. } | Self::LocalOutage => false,
        }
    }

    /// Why the request goes elsewhere, as it is told.
    pub(crate) const fn cause(&self) -> Cause {
        match self {
            Self::Answer { code, .. } => Cause::Status(*code),
            Self::Silence => Cause::NoAnswer,
            Self::Unreachable(cause) => *cause,
            Self::LocalOutage => Cause::LinkDown,
        }
    }
}

/// What the request does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Goes to the next hop.
    Elsewhere,
    /// Is repeated here with credentials.
    Authenticate,
    /// Is repeated here with the `Min-Expires` that was asked for.
    MinExpires,
    /// Is repeated here with the `Min-SE` that was asked for (RFC 4028 §7.3).
    LongerSession,
    /// Is repeated here without `reg-id` (RFC 5626 §6: 439).
    WithoutOutbound,
    /// Is repeated here without an extension that it offers, or with one that is asked for (RFC 3261
    /// §8.1.3.5: 420, 421).
    OtherExtensions,
    /// Is repeated here after a REGISTER to this hop (setting *register first*).
    RegisterFirst,
    /// Is repeated here after this long.
    RepeatAfter(Duration),
    /// Has its answer.
    Final,
}

/// What the line learns of the hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lesson {
    /// Nothing.
    Nothing,
    /// It lives.
    Alive,
    /// It does not serve.
    Unavailable(Cause),
    /// It asks to be left alone for so long.
    HeldOff(Duration, Cause),
    /// One REGISTER shall find out.
    Suspect(Cause),
}

/// Settings that move rows of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knobs {
    /// A 500 to an initial INVITE or BYE counts as the hop's.
    pub(crate) failover_on_500: bool,
    /// A 403 to an INVITE at a hop without registration registers there first.
    pub(crate) register_first: bool,
}

/// Both halves of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// For the request.
    pub(crate) next: Next,
    /// For the line.
    pub(crate) lesson: Lesson,
}

/// The table.
pub(crate) fn judge(asked: Asked, heard: &Heard, knobs: Knobs) -> Verdict {
    let mut verdict = match heard {
        Heard::Answer { code, retry_after } => judge_answer(asked, *code, *retry_after, knobs),
        Heard::Silence => {
            Verdict { next: Next::Elsewhere, lesson: Lesson::Unavailable(Cause::NoAnswer) }
        }
        Heard::Unreachable(cause) => {
            Verdict { next: Next::Elsewhere, lesson: Lesson::Unavailable(*cause) }
        }
        Heard::LocalOutage => Verdict { next: Next::Elsewhere, lesson: Lesson::Nothing },
    };
    // First row: once the user has cancelled, this INVITE never goes anywhere (asterisk#1716).
    if matches!(asked, Asked::Invite { cancelled: true, .. }) {
        verdict.next = Next::Final;
    }
    verdict
}

fn judge_answer(asked: Asked, code: u16, retry_after: Option<Duration>, knobs: Knobs) -> Verdict {
    let ringing = matches!(asked, Asked::Invite { ringing: true, .. });
    let status = Cause::Status(code);
    let row = |next, lesson| Verdict { next, lesson };
    match (code, asked) {
        // OPTIONS challenges are not answered: any final answer but these three is life.
        (503, Asked::Options) => match retry_after {
            Some(wait) => row(Next::Elsewhere, Lesson::HeldOff(wait, status)),
            None => row(Next::Elsewhere, Lesson::Unavailable(status)),
        },
        (500 | 408, Asked::Options) => row(Next::Elsewhere, Lesson::Unavailable(status)),
        (_, Asked::Options) => row(Next::Final, Lesson::Alive),
        (401 | 407, _) => row(Next::Authenticate, Lesson::Alive),
        (423, Asked::Register) => row(Next::MinExpires, Lesson::Alive),
        (422, Asked::Invite { .. } | Asked::Change) => row(Next::LongerSession, Lesson::Alive),
        (439, Asked::Register) => row(Next::WithoutOutbound, Lesson::Alive),
        // No other request of ours offers any.
        (420 | 421, Asked::Register | Asked::Invite { .. } | Asked::Change) => {
            row(Next::OtherExtensions, Lesson::Alive)
        }
        (503, _) if retry_after.is_some() && !ringing => {
            row(Next::Elsewhere, Lesson::HeldOff(retry_after.unwrap_or_default(), status))
        }
        (500 | 502 | 503 | 504 | 408, Asked::Register) => {
            row(Next::Elsewhere, Lesson::Unavailable(status))
        }
        // After a 1xx above 100 any 5xx is the callee's.
        (500..=599, Asked::Invite { .. }) if ringing => row(Next::Final, Lesson::Alive),
        (500, Asked::Invite { .. } | Asked::Bye) if knobs.failover_on_500 => {
            row(Next::Elsewhere, Lesson::Nothing)
        }
        (500, Asked::Change) => match retry_after {
            Some(wait) => row(Next::RepeatAfter(wait), Lesson::Nothing),
            None => row(Next::Final, Lesson::Nothing),
        },
        (503, _) => row(Next::Elsewhere, Lesson::Suspect(status)),
        // RFC 3261 §16.7: these may come from far behind the proxy.
        (502 | 504, _) => row(Next::Elsewhere, Lesson::Nothing),
        (403, Asked::Invite { registered_here: false, .. }) if knobs.register_first => {
            row(Next::RegisterFirst, Lesson::Alive)
        }
        (500, _) => row(Next::Final, Lesson::Nothing),
        _ => row(Next::Final, Lesson::Alive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOBS: Knobs = Knobs { failover_on_500: true, register_first: false };
    const INVITE: Asked = Asked::Invite { ringing: false, cancelled: false, registered_here: true };
    const RINGING: Asked = Asked::Invite { ringing: true, cancelled: false, registered_here: true };

    fn answer(asked: Asked, code: u16) -> Verdict {
        judge(asked, &Heard::Answer { code, retry_after: None }, KNOBS)
    }

    fn answer_after(asked: Asked, code: u16, seconds: u64) -> Verdict {
        let retry_after = Some(Duration::from_secs(seconds));
        judge(asked, &Heard::Answer { code, retry_after }, KNOBS)
    }

    /// Failover design §1, row 1.
    #[test]
    fn a_cancelled_invite_never_goes_to_another_hop_but_a_bye_always_does() {
        let cancelled = Asked::Invite { ringing: false, cancelled: true, registered_here: true };
        for heard in [
            Heard::Silence,
            Heard::Unreachable(Cause::IcmpPort),
            Heard::Answer { code: 503, retry_after: None },
        ] {
            let verdict = judge(cancelled, &heard, KNOBS);
            assert_eq!(verdict.next, Next::Final);
            assert_ne!(verdict.lesson, Lesson::Alive, "the line still learns");
            assert_eq!(judge(Asked::Bye, &heard, KNOBS).next, Next::Elsewhere);
        }
    }

    /// Failover design §1, row 2 (baresip#39, janus#1747).
    #[test]
    fn a_challenge_is_answered_at_the_same_hop_and_proves_it_alive() {
        for asked in [Asked::Register, INVITE, Asked::Bye, Asked::Change, Asked::InDialog] {
            for code in [401, 407] {
                assert_eq!(
                    answer(asked, code),
                    Verdict { next: Next::Authenticate, lesson: Lesson::Alive }
                );
            }
        }
        assert_eq!(answer(Asked::Options, 407).next, Next::Final, "keep-alives answer none");
    }

    /// Failover design §1, row 3; RFC 4028 §7.3.
    #[test]
    fn an_interval_too_brief_and_a_refused_outbound_are_repeated_here() {
        assert_eq!(answer(Asked::Register, 423).next, Next::MinExpires);
        assert_eq!(answer(INVITE, 422).next, Next::LongerSession);
        assert_eq!(answer(Asked::Change, 422).next, Next::LongerSession);
        assert_eq!(answer(Asked::Register, 439).next, Next::WithoutOutbound);
    }

    /// Failover design §1, row 3: "421/420 for an optional extension".
    #[test]
    fn a_refused_extension_is_left_out_here_and_the_hop_is_alive() {
        for asked in [Asked::Register, INVITE, Asked::Change] {
            for code in [420, 421] {
                let verdict = answer(asked, code);
                assert_eq!(verdict.next, Next::OtherExtensions, "{asked:?} {code}");
                assert_eq!(verdict.lesson, Lesson::Alive, "{asked:?} {code}");
            }
        }
        assert_eq!(answer(Asked::Bye, 420).next, Next::Final, "a BYE offers none");
        assert_eq!(answer(Asked::InDialog, 421).next, Next::Final);
    }

    /// Failover design §1, row 4 (freeswitch#2917).
    #[test]
    fn a_503_with_retry_after_holds_the_hop_off_unless_the_call_rings_already() {
        for asked in [Asked::Register, INVITE, Asked::Bye, Asked::Change, Asked::Options] {
            let verdict = answer_after(asked, 503, 7);
            assert_eq!(verdict.next, Next::Elsewhere, "{asked:?}");
            let held = Lesson::HeldOff(Duration::from_secs(7), Cause::Status(503));
            assert_eq!(verdict.lesson, held, "{asked:?}");
        }
        let ringing = answer_after(RINGING, 503, 7);
        assert_eq!(ringing, Verdict { next: Next::Final, lesson: Lesson::Alive });
    }

    /// Requirement A2; failover design §1, rows 5 and 6.
    #[test]
    fn a_registrar_that_fails_is_unavailable_and_one_that_refuses_is_alive() {
        for code in [500, 502, 503, 504, 408] {
            let verdict = answer(Asked::Register, code);
            assert_eq!(verdict.next, Next::Elsewhere, "{code}");
            assert_eq!(verdict.lesson, Lesson::Unavailable(Cause::Status(code)), "{code}");
        }
        for code in [403, 404, 480, 603] {
            let verdict = answer(Asked::Register, code);
            assert_eq!(verdict, Verdict { next: Next::Final, lesson: Lesson::Alive }, "{code}");
        }
    }

    /// Failover design §1, row 7 (RFC 3261 §16.7, §21.5.4).
    #[test]
    fn a_5xx_to_an_invite_or_bye_moves_the_request_and_only_503_makes_the_hop_suspect() {
        for asked in [INVITE, Asked::Bye] {
            assert_eq!(answer(asked, 503).lesson, Lesson::Suspect(Cause::Status(503)));
            for code in [500, 502, 503, 504] {
                assert_eq!(answer(asked, code).next, Next::Elsewhere, "{asked:?} {code}");
            }
            for code in [500, 502, 504] {
                assert_eq!(answer(asked, code).lesson, Lesson::Nothing, "{asked:?} {code}");
            }
            assert_eq!(answer(asked, 501).next, Next::Final);
        }
        for code in [500, 502, 503, 504] {
            assert_eq!(answer(RINGING, code).next, Next::Final, "{code} is the callee's");
        }
    }

    /// Failover design §1, row 7: the setting for 500.
    #[test]
    fn a_500_to_an_invite_is_final_where_the_setting_says_so() {
        let knobs = Knobs { failover_on_500: false, ..KNOBS };
        let heard = Heard::Answer { code: 500, retry_after: None };
        assert_eq!(judge(INVITE, &heard, knobs).next, Next::Final);
        assert_eq!(judge(Asked::Register, &heard, knobs).next, Next::Elsewhere);
    }

    /// Failover design §1, row 7: in-dialog.
    #[test]
    fn a_500_to_a_change_of_the_session_is_final_or_repeated_here() {
        assert_eq!(answer(Asked::Change, 500).next, Next::Final);
        let wait = Duration::from_secs(3);
        assert_eq!(answer_after(Asked::Change, 500, 3).next, Next::RepeatAfter(wait));
        assert_eq!(answer(Asked::Change, 504).next, Next::Elsewhere);
    }

    /// Failover design §1, row 7: "other in-dialog: 503, 502, 504"; a 500 is the other party's.
    #[test]
    fn any_other_request_of_a_dialog_goes_on_after_503_502_and_504_only() {
        for code in [503, 502, 504] {
            assert_eq!(answer(Asked::InDialog, code).next, Next::Elsewhere, "{code}");
        }
        for code in [500, 501, 404, 481, 603] {
            assert_eq!(answer(Asked::InDialog, code).next, Next::Final, "{code}");
        }
    }

    /// Failover design §1, row 8.
    #[test]
    fn a_403_at_a_hop_without_registration_registers_there_where_the_setting_says_so() {
        let stranger = Asked::Invite { ringing: false, cancelled: false, registered_here: false };
        let heard = Heard::Answer { code: 403, retry_after: None };
        assert_eq!(judge(stranger, &heard, KNOBS).next, Next::Final);
        let knobs = Knobs { register_first: true, ..KNOBS };
        assert_eq!(judge(stranger, &heard, knobs).next, Next::RegisterFirst);
        assert_eq!(judge(INVITE, &heard, knobs).next, Next::Final);
    }

    /// Failover design §1, row 9.
    #[test]
    fn only_503_500_and_408_fail_a_keep_alive() {
        for code in [503, 500, 408] {
            let lesson = answer(Asked::Options, code).lesson;
            assert_eq!(lesson, Lesson::Unavailable(Cause::Status(code)));
        }
        for code in [200, 401, 404, 405, 481, 501, 603] {
            assert_eq!(answer(Asked::Options, code).lesson, Lesson::Alive, "{code}");
        }
    }

    /// Failover design §1, rows 12 to 17 (requirements A2, F2).
    #[test]
    fn silence_and_unreachable_move_on_and_a_local_outage_blames_nobody() {
        let silent = judge(INVITE, &Heard::Silence, KNOBS);
        assert_eq!(silent.lesson, Lesson::Unavailable(Cause::NoAnswer));
        let refused = judge(Asked::Bye, &Heard::Unreachable(Cause::IcmpPort), KNOBS);
        assert_eq!(refused.next, Next::Elsewhere);
        let local = judge(INVITE, &Heard::LocalOutage, KNOBS);
        assert_eq!(local, Verdict { next: Next::Elsewhere, lesson: Lesson::Nothing });
    }
}
