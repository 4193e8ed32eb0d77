use super::*;
use proptest::prelude::*;

const KEY: UpstreamKey = UpstreamKey([1; 16]);
const SESSION: GatewaySessionId = GatewaySessionId([2; 16]);
const LOGIN: WaitingRef = WaitingRef([3; 8]);

fn class(lane: Lane) -> Classified {
    Classified {
        lane,
        login: false,
        logout: false,
        private_page: false,
        login_page: false,
        method_override: false,
        method_allowed: true,
    }
}

fn facts(class: &Classified) -> RequestFacts<'_> {
    RequestFacts {
        class,
        is_unsafe: false,
        password_in_body: false,
        override_header: false,
        navigation: true,
    }
}

fn stamped(state: State, has_ticket: bool) -> Presented {
    Presented::Stamped {
        key: KEY,
        state,
        generation: 7,
        has_ticket,
    }
}

#[test]
fn overrides_and_unknown_methods_are_refused_for_everybody() {
    for presented in [
        Presented::Nothing,
        Presented::Sealed {
            session: SESSION,
            held: false,
        },
    ] {
        let plain = class(Lane::Public);
        let overridden = Classified {
            method_override: true,
            ..plain
        };
        let refused = request_verdict(facts(&overridden), presented);
        assert_eq!(refused, RequestVerdict::Refuse(Refusal::MethodOverride));
        let header = RequestFacts {
            override_header: true,
            ..facts(&plain)
        };
        assert_eq!(
            request_verdict(header, presented),
            RequestVerdict::Refuse(Refusal::MethodOverride)
        );
        let unknown = Classified {
            method_allowed: false,
            ..plain
        };
        assert_eq!(
            request_verdict(facts(&unknown), presented),
            RequestVerdict::Refuse(Refusal::Method)
        );
    }
}

#[test]
fn while_somebody_else_may_have_logged_in_nothing_is_changed() {
    let other = class(Lane::Other);
    let held = Presented::Sealed {
        session: SESSION,
        held: true,
    };
    let change = RequestFacts {
        is_unsafe: true,
        ..facts(&other)
    };
    assert_eq!(request_verdict(change, held), RequestVerdict::Wait);
    // Not by GET either: the upstream's catch-all routes take it.
    assert_eq!(request_verdict(facts(&other), held), RequestVerdict::Wait);
    let file = class(Lane::Static);
    assert!(matches!(
        request_verdict(facts(&file), held),
        RequestVerdict::Forward(_)
    ));
}

#[test]
fn a_waiting_login_is_reached_with_its_ticket_only() {
    let home = Classified {
        private_page: true,
        ..class(Lane::Other)
    };
    let waiting = State::Awaiting(LOGIN);
    assert_eq!(
        request_verdict(facts(&home), stamped(waiting, true)),
        RequestVerdict::ToWaitingLogin(LOGIN)
    );
    let script = RequestFacts {
        navigation: false,
        ..facts(&home)
    };
    assert_eq!(
        request_verdict(script, stamped(waiting, true)),
        RequestVerdict::SecondFactorDue(LOGIN)
    );
    let RequestVerdict::Relay(permit) = request_verdict(facts(&home), stamped(waiting, false))
    else {
        panic!()
    };
    assert_eq!(permit.bind(), &Bind::Bare { hand_out: true });
}

#[test]
fn a_token_needs_no_session_and_gets_none() {
    let exempt = class(Lane::Exempt);
    for presented in [Presented::Nothing, stamped(State::Free, false)] {
        let RequestVerdict::Forward(permit) = request_verdict(facts(&exempt), presented) else {
            panic!()
        };
        assert!(matches!(permit.bind(), Bind::Bare { .. }));
    }
}

#[test]
fn only_the_owner_logs_out_and_only_when_it_is_no_login() {
    let out = Classified {
        logout: true,
        ..class(Lane::Other)
    };
    let owner = Presented::Sealed {
        session: SESSION,
        held: false,
    };
    let post = RequestFacts {
        is_unsafe: true,
        ..facts(&out)
    };
    assert_eq!(
        request_verdict(post, owner),
        RequestVerdict::Logout(SESSION)
    );
    // A link from elsewhere or a prefetch ends nothing on our side by itself.
    assert!(matches!(
        request_verdict(facts(&out), owner),
        RequestVerdict::Forward(_)
    ));
    let both = RequestFacts {
        password_in_body: true,
        ..post
    };
    assert!(matches!(
        request_verdict(both, owner),
        RequestVerdict::Carry(_)
    ));
}

fn verdict(watch: Watch, facts: AnswerFacts) -> AnswerVerdict {
    let bind = Bind::Anonymous {
        key: KEY,
        generation: 1,
    };
    answer_verdict(&Permit { bind, watch }, facts)
}

fn page() -> AnswerFacts {
    AnswerFacts {
        status: 200,
        redirects: false,
        to_private: false,
        looks_logged_out: false,
        session_differs: false,
        sets_session: true,
        body: BodyFacts::FullPage,
    }
}

#[test]
fn redirects_from_unknown_addresses_are_judged() {
    let away = AnswerFacts {
        status: 302,
        redirects: true,
        body: BodyFacts::Empty,
        ..page()
    };
    // Nobody knows what it did, and it shows nothing.
    assert_eq!(
        verdict(Watch::Guarded, away),
        AnswerVerdict::Judge(Evidence::PartialAnswer)
    );
    for watch in [Watch::Listed, Watch::Owner, Watch::OwnerUnlisted] {
        assert_eq!(verdict(watch, away), AnswerVerdict::Release);
    }
    let home = AnswerFacts {
        to_private: true,
        ..away
    };
    // An owner is sent to private pages all day; from an unknown address it may be a hop.
    assert_eq!(verdict(Watch::Owner, home), AnswerVerdict::Release);
    assert_eq!(
        verdict(Watch::OwnerUnlisted, home),
        AnswerVerdict::Judge(Evidence::PrivateRedirect)
    );
}

#[test]
fn answers_of_visitors_are_judged_by_what_they_show() {
    let plain = page();
    assert_eq!(
        verdict(Watch::Listed, plain),
        AnswerVerdict::ReleaseWithTripwire
    );
    for body in [BodyFacts::Other, BodyFacts::Fragment] {
        let partial = AnswerFacts { body, ..plain };
        assert_eq!(
            verdict(Watch::Guarded, partial),
            AnswerVerdict::Judge(Evidence::PartialAnswer)
        );
        assert!(!matches!(
            verdict(Watch::Listed, partial),
            AnswerVerdict::Judge(_)
        ));
    }
    let home = AnswerFacts {
        status: 302,
        redirects: true,
        to_private: true,
        body: BodyFacts::Empty,
        ..plain
    };
    assert_eq!(
        verdict(Watch::Guarded, home),
        AnswerVerdict::Judge(Evidence::PrivateRedirect)
    );
    let changed = AnswerFacts {
        session_differs: true,
        ..plain
    };
    for watch in [
        Watch::Listed,
        Watch::Guarded,
        Watch::Exempt,
        Watch::Owner,
        Watch::OwnerUnlisted,
    ] {
        assert_eq!(
            verdict(watch, changed),
            AnswerVerdict::Judge(Evidence::SessionChanged)
        );
    }
    let coded = AnswerFacts {
        body: BodyFacts::UnreadableHtml,
        ..plain
    };
    for watch in [
        Watch::Listed,
        Watch::Guarded,
        Watch::Exempt,
        Watch::Owner,
        Watch::OwnerUnlisted,
    ] {
        assert_eq!(verdict(watch, coded), AnswerVerdict::Unreadable);
    }
}

fn lanes() -> impl Strategy<Value = Lane> {
    prop_oneof![
        Just(Lane::Static),
        Just(Lane::Exempt),
        Just(Lane::Public),
        Just(Lane::Other)
    ]
}

fn states() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Free),
        Just(State::Suspect),
        Just(State::Awaiting(LOGIN)),
        Just(State::Accepted(SESSION)),
        Just(State::Held(SESSION)),
        Just(State::Ended),
    ]
}

prop_compose! {
    fn any_class()(
        lane in lanes(), login: bool, logout: bool, private_page: bool, login_page: bool,
    ) -> Classified {
        Classified { login, logout, private_page, login_page, ..class(lane) }
    }
}

proptest! {
    /// Whatever is asked with only a stamp: no session goes up unless it is free, and what may log
    /// in is marked or carried, never simply forwarded.
    #[test]
    fn a_stamp_alone_never_sends_a_session_that_is_not_free(
        class in any_class(), state in states(), has_ticket: bool,
        is_unsafe: bool, password_in_body: bool, navigation: bool,
    ) {
        let facts = RequestFacts {
            class: &class, is_unsafe, password_in_body, override_header: false, navigation,
        };
        let verdict = request_verdict(facts, stamped(state, has_ticket));
        let permit = match &verdict {
            RequestVerdict::Forward(p) | RequestVerdict::Relay(p) | RequestVerdict::Carry(p)
            | RequestVerdict::MarkThenForward(p) => Some(p),
            _ => None,
        };
        if let Some(permit) = permit {
            let owner = matches!(permit.bind(), Bind::Owner { .. });
            prop_assert!(!owner, "owner without a seal");
            if state != State::Free {
                let bare = matches!(permit.bind(), Bind::Bare { .. });
                prop_assert!(bare);
            }
            let may_log_in = class.login || password_in_body;
            if may_log_in {
                prop_assert_eq!(permit.watch(), Watch::Login);
            }
        }
        if matches!(verdict, RequestVerdict::Forward(_)) && is_unsafe {
            prop_assert!(matches!(class.lane, Lane::Public | Lane::Exempt));
        }
        prop_assert!(!matches!(verdict, RequestVerdict::Logout(_)));
    }

    /// With a live seal: logins are carried, and nothing else is marked; while held nothing unsafe
    /// goes up.
    #[test]
    fn an_owner_changes_nothing_while_his_session_is_in_doubt(
        class in any_class(), held: bool, is_unsafe: bool, password_in_body: bool, navigation: bool,
    ) {
        let facts = RequestFacts {
            class: &class, is_unsafe, password_in_body, override_header: false, navigation,
        };
        let verdict = request_verdict(facts, Presented::Sealed { session: SESSION, held });
        let login = class.login || password_in_body;
        match &verdict {
            RequestVerdict::Wait => prop_assert!(held),
            RequestVerdict::Carry(_) => prop_assert!(login && !held),
            RequestVerdict::Logout(_) => {
                prop_assert!(class.logout && is_unsafe);
                prop_assert!(!login && !held);
            }
            RequestVerdict::Forward(_) => {
                prop_assert!(!login);
                prop_assert!(!held || class.lane == Lane::Static);
            },
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Nothing that may log in is released unjudged, whatever its answer looks like.
    #[test]
    fn what_may_log_in_is_always_judged(
        status in 200u16..600, to_private: bool, session_differs: bool, sets_session: bool,
        body in prop_oneof![
            Just(BodyFacts::Empty), Just(BodyFacts::FullPage), Just(BodyFacts::Html),
            Just(BodyFacts::Fragment), Just(BodyFacts::UnreadableHtml), Just(BodyFacts::Other)],
        watch in prop_oneof![Just(Watch::Login), Just(Watch::Candidate)],
    ) {
        let looks_logged_out = false;
        let facts = AnswerFacts {
            status, redirects: to_private, to_private, looks_logged_out, session_differs, sets_session, body,
        };
        let permit = Permit { bind: Bind::Bare { hand_out: true }, watch };
        prop_assert!(matches!(answer_verdict(&permit, facts), AnswerVerdict::Judge(_)));
    }
}
