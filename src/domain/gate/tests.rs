mod properties;

use super::*;

const KEY: UpstreamKey = UpstreamKey([1; 16]);
const SESSION: GatewaySessionId = GatewaySessionId([2; 16]);
const LOGIN: WaitingRef = WaitingRef([3; 8]);

fn class(lane: Lane) -> Classified {
    Classified {
        lane,
        login: false,
        logout: false,
        private_page: false,
        reset_address: false,
        login_page: false,
        method_override: false,
        method_allowed: true,
        same_for_all: false,
    }
}

fn facts(class: &Classified) -> RequestFacts<'_> {
    RequestFacts {
        class,
        is_unsafe: false,
        password_in_body: false,
        override_header: false,
        navigation: true,
        waiting: None,
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
fn a_ticket_leads_to_its_login_whatever_became_of_the_session() {
    let home = Classified {
        private_page: true,
        ..class(Lane::Other)
    };
    let with_ticket = |class| RequestFacts {
        waiting: Some(LOGIN),
        ..facts(class)
    };
    let places = [
        Presented::Nothing,
        stamped(State::Free, false),
        stamped(State::Ended, false),
        stamped(State::Accepted(SESSION), false),
    ];
    for presented in places {
        let verdict = request_verdict(with_ticket(&home), presented);
        assert_eq!(verdict, RequestVerdict::ToWaitingLogin(LOGIN));
        let script = RequestFacts {
            navigation: false,
            ..with_ticket(&home)
        };
        let verdict = request_verdict(script, presented);
        assert_eq!(verdict, RequestVerdict::SecondFactorDue(LOGIN));
        // Nothing but pages: a password is a login of its own.
        let login = RequestFacts {
            password_in_body: true,
            ..with_ticket(&home)
        };
        let verdict = request_verdict(login, presented);
        assert!(matches!(verdict, RequestVerdict::Carry(_)), "{verdict:?}");
    }
}

#[test]
fn the_login_form_is_shown_anew_while_a_login_waits() {
    let form = Classified {
        login_page: true,
        ..class(Lane::Public)
    };
    let RequestVerdict::Forward(permit) =
        request_verdict(facts(&form), stamped(State::Awaiting(LOGIN), true))
    else {
        panic!()
    };
    assert_eq!(permit.bind(), &Bind::Bare { hand_out: true });
    // Other pages go on without taking the waiting session's place.
    let list = class(Lane::Public);
    let RequestVerdict::Forward(permit) =
        request_verdict(facts(&list), stamped(State::Awaiting(LOGIN), true))
    else {
        panic!()
    };
    assert_eq!(permit.bind(), &Bind::Bare { hand_out: false });
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
    for body in [BodyFacts::Other, BodyFacts::Fragment, BodyFacts::Empty] {
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
