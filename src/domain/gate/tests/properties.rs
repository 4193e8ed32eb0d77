//! Whatever is asked, in whatever state.

use super::*;
use proptest::prelude::*;

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
        is_unsafe: bool, password_in_body: bool, navigation: bool, waits: bool,
    ) {
        let facts = RequestFacts {
            class: &class, is_unsafe, password_in_body, override_header: false, navigation,
            waiting: waits.then_some(LOGIN),
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
            waiting: Some(LOGIN),
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
