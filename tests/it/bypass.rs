//! Ways around the second factor, one row for each of the threat model's.
//!
//! A name in backquotes is a test, here or in the room that it tests; `every_row_names_its_tests`
//! looks whether it is there. The other rows say which issue they wait for, or why they cannot apply.
//!
//! | row | tests |
//! |---|---|
//! | 1 | issue 6: doctor connects to the application by every address of the machine, network rules in the packages |
//! | 2 | `every_way_in_asks_for_the_second_factor_whatever_the_answer`, `no_sequence_of_requests_gets_in_without_a_second_factor` |
//! | 3 | `five_hundred_paths_lead_nowhere_and_are_forwarded_as_they_came_or_not_at_all`, `paths_that_read_in_two_ways_are_refused_and_never_forwarded`, `other_spellings_of_a_path_get_no_allowance_and_go_up_byte_for_byte` |
//! | 4 | `heads_that_read_in_two_ways_are_refused_and_the_connection_ends` |
//! | 5 | `method_overrides_are_refused_in_every_spelling`, `overrides_and_unknown_methods_are_refused_for_everybody` |
//! | 6 | `two_hundred_heads_are_refused_and_nothing_goes_up`, `heads_that_read_in_two_ways_are_refused_and_the_connection_ends`, `every_request_that_reaches_the_application_was_decided_on` |
//! | 7 | cannot apply: HTTP/1.1 alone is spoken in this version, no ALPN offers anything else |
//! | 8 | `upgrades_and_foreign_methods_are_refused` |
//! | 9 | `every_forwarding_header_of_the_client_is_replaced_by_ours`, `behind_a_web_server_the_rightmost_untrusted_address_is_the_client` |
//! | 10 | `hosts_that_are_not_served_get_421_and_nothing_goes_up` |
//! | 11 | `own_cookies_twice_in_other_letters_or_too_large_are_refused_before_anything_is_decided` |
//! | 12 | `a_session_planted_before_the_login_opens_nothing_after_it` |
//! | 13 | `late_anonymous_answers_do_not_push_an_accepted_user_out`, `requests_held_up_from_before_the_login_bring_nothing_private` |
//! | 14 | `a_cookie_forged_with_the_leaked_secret_opens_nothing_and_does_not_go_up` |
//! | 15 | `redirects_of_the_application_lead_to_the_public_address`, `references_are_read_as_browsers_read_them`, `other_hosts_and_nonsense` |
//! | 16 | `answers_made_for_one_user_are_kept_by_no_cache` |
//! | 17 | `a_key_is_not_shown_again_once_it_is_confirmed` |
//! | 18 | `answers_packed_against_our_wish_let_nobody_through`, `an_application_that_fails_gets_502_or_504_and_its_own_errors_pass` |
//! | 19 | `a_post_that_breaks_off_is_never_sent_again`, `an_application_that_acts_and_never_answers_leaves_the_session_in_doubt_and_then_over` |
//! | 20 | `known_and_unknown_accounts_take_the_same_time`, `the_answer_is_the_same_whoever_is_named`; before the password nothing else is answered by the gateway at all |
//! | 21 | `nobody_without_the_password_can_count_against_the_owner`, `twenty_failures_close_the_lane_and_the_known_browser_still_gets_in` |
//! | 22 | `guesses_by_64_logins_at_once_are_all_counted`, `no_schedule_beats_the_delays` |
//! | 23 | `the_same_code_for_64_logins_at_once_is_accepted_exactly_once`, `a_kill_between_any_two_steps_loses_nothing` |
//! | 24 | `a_stranger_asks_three_times_and_the_owner_is_asked_all_the_same`, `a_day_of_bombing_is_ten_requests_and_the_owner_gets_in`, `without_the_number_there_is_no_yes`, `not_me_rests_the_lane_and_stands_in_the_audit_log`, `a_stranger_with_the_password_wakes_it_no_more_often_than_he_may_ask`; one request for each waiting login instead of one for each account: two are told apart by their numbers (`two_logins_of_one_account_are_told_apart`) |
//! | 25 | `a_recorded_yes_says_nothing_to_another_login`, `a_yes_to_the_owner_opens_nothing_for_whoever_waits_beside_him`, `a_phone_answers_for_its_own_account_alone`, `only_what_was_signed_for_this_place_and_time_counts`, `a_copy_of_the_phones_storage_without_its_key_is_nothing`, `another_site_cannot_take_a_yes_up`, `the_first_phone_has_the_link_and_has_it_again` |
//! | 26 | `looking_a_hundred_times_changes_nothing`, `polling_logins_after_the_owner_confirmed_gains_nothing`, `a_form_of_another_site_confirms_nothing` |
//! | 27 | `the_address_of_a_link_is_the_configurations` for mails; `hosts_that_are_not_served_get_421_and_nothing_goes_up` for pages |
//! | 28 | `no_line_break_gets_into_a_header`, `nothing_hostile_becomes_markup_and_texts_stay_as_they_are` |
//! | 29 | `a_key_is_not_shown_again_once_it_is_confirmed`, `reload_of_activation_and_acceptor_changes_nothing` |
//! | 30 | `the_owner_is_told_what_happens_to_his_account`, `after_the_start_date_the_password_alone_activates_nothing`, `a_first_activation_by_phone_is_told_with_the_phone` |
//! | 31 | cannot be prevented by codes; what reduces it: `the_owner_is_told_what_happens_to_his_account` for a new browser |
//! | 32 | the module fail_closed; `a_kill_between_any_two_steps_loses_nothing` for used codes |
//! | 33 | the module fail_closed |
//! | 34 | `a_seal_opens_for_its_purpose_site_and_epoch_only`, `records_do_not_change_places` |
//! | 35 | `nothing_secret_stands_in_the_log_even_at_its_most_talkative` |
//! | 36 | `only_root_and_the_gateways_own_user_are_let_in`, `break_glass_takes_two_where_two_are_named` |
//! | 37 | `a_stricter_policy_reaches_a_session_at_its_next_request`, `the_rule_of_a_role_wins_and_an_unknown_role_has_the_default` |
//! | 38 | `hostile_names_stay_text`, `names_that_look_like_other_users_and_ids_in_other_letters_are_who_they_are` |
//! | 39 | `references_are_read_as_browsers_read_them`: where a login leads is kept in the gateway, never in an address |
//! | 40 | `a_new_qr_code_has_a_new_key_and_the_code_of_either_confirms`; decoding the picture: the browser stories |
//! | 41 | `a_head_that_trickles_in_is_cut_and_others_are_served_meanwhile`, `so_many_connections_are_open_and_no_more`, `who_takes_nothing_of_an_answer_is_let_go`, `a_connection_is_kept_for_so_many_requests_and_so_long`, `too_large_requests_are_refused_and_the_application_never_sees_them` |
//! | 42 | `expect_100_continue_is_answered_before_the_body_is_sent`, `every_request_that_reaches_the_application_was_decided_on` |
//! | 43 | `the_applications_own_logout_ends_both_sides`, `the_gateways_logout_ends_both_sides` |
//! | 44 | `a_kill_between_any_two_steps_loses_nothing`, `guesses_by_64_logins_at_once_are_all_counted` |
//! | 45 | `a_stricter_policy_reaches_a_session_at_its_next_request` |
//! | 46 | `cookies_of_the_application_that_imitate_ours_never_reach_a_browser` |
//! | 47 | `too_large_requests_are_refused_and_the_application_never_sees_them` |
//! | 48 | `the_gateways_logout_ends_both_sides`: asking for the page ends nothing; `a_phone_that_nobody_takes_in_is_nothing` and `what_is_no_request_of_the_app_is_refused_in_its_own_form` for approvals |
//! | 49 | issue 6: licences, sources and bill of materials |
//! | 50 | issue 6: the unit's hardening |
//! | 51 | `another_users_password_inside_an_accepted_session_asks_for_his_second_factor`, `another_users_password_inside_a_session_without_a_factor_asks_for_his`, `another_users_password_while_a_login_waits_leads_to_the_waiting_one`, `unknown_routes_with_a_password_inside_an_accepted_session_ask_for_the_second_factor`, `a_user_without_a_factor_inside_an_accepted_session_becomes_himself_and_nobody_else` |
//! | 52 | `hanging_up_before_the_application_acted_leaves_nothing_open`, `hanging_up_at_every_byte_of_the_request_leaves_nothing_open`, `a_gateway_killed_during_a_login_does_not_forget_that_one_was_under_way`, `an_application_that_acts_and_never_answers_leaves_the_session_in_doubt_and_then_over` |
//! | 53 | `a_role_that_home_refuses_is_recognised_by_another_page`, `a_role_that_must_change_its_password_first_passes_the_gate_before_it_does` |
//! | 54 | `a_logout_that_the_application_refuses_is_repeated_and_the_cookies_are_dead_at_once`; restore from backup: issue 6 |
//! | 55 | `every_way_in_asks_for_the_second_factor_whatever_the_answer`, `every_way_in_asks_for_it_where_the_user_is_in_the_cookie`, `every_way_in_asks_for_it_where_a_login_changes_the_id`, `answers_packed_against_our_wish_let_nobody_through` |
//! | 56 | `a_code_counts_for_the_login_of_its_ticket_and_reference_alone`, `two_tabs_of_one_browser_wait_for_two_accounts` |
//! | 57 | `late_anonymous_answers_do_not_push_an_accepted_user_out` |
//! | 58 | `when_the_application_forgets_the_user_the_next_login_asks_for_one_code_and_nothing_loops` |
//! | 59 | `names_that_look_like_other_users_and_ids_in_other_letters_are_who_they_are` |
//! | 60 | `a_flood_of_blind_posts_does_not_keep_logins_out` |
//! | 61 | `twenty_failures_close_the_lane_and_the_known_browser_still_gets_in`, `a_day_of_attack_with_the_password_keeps_nobody_out`, `a_day_of_bombing_is_ten_requests_and_the_owner_gets_in` |
//! | 62 | `an_application_that_logs_in_late_after_the_hang_up_finds_no_free_session` |
//! | 63 | `a_session_planted_before_the_login_opens_nothing_after_it` |
//! | 64 | `beside_what_may_be_a_hop_nothing_unlisted_is_carried_out`, `an_event_stream_that_began_before_the_login_ends_with_it`, `a_slow_page_of_a_visitor_is_cut_when_its_session_logs_in`, `requests_held_up_from_before_the_login_bring_nothing_private` |
//! | 65 | `a_login_without_any_cookie_is_judged_all_the_same`, `no_subset_of_the_cookies_opens_anything_before_the_second_factor` |
//! | 66 | `fifty_posts_of_an_accepted_user_are_under_way_at_once`, `an_acceptor_that_ran_out_is_closed_and_the_same_browser_logs_in_again` |

mod cookies;
mod corpus;
mod guess;
mod hangup;
mod inside;
mod late;
mod routes;
mod sequences;
mod subsets;
mod wire;

use std::fs;
use std::path::Path;

/// Rows of the threat model.
const ROWS: usize = 66;

fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_row_names_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    let rows: Vec<(usize, String)> = include_str!("bypass.rs")
        .lines()
        .filter_map(|line| {
            let (number, text) = line.strip_prefix("//! | ")?.split_once(" | ")?;
            Some((number.parse().ok()?, text.trim_end_matches(" |").to_owned()))
        })
        .collect();
    let numbers: Vec<usize> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
    for (number, text) in rows {
        assert!(text.len() > 10, "row {number} is empty");
        let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let reasoned = ["issue", "cannot", "module"]
            .iter()
            .any(|word| text.contains(word));
        assert!(
            !names.is_empty() || reasoned,
            "row {number} has neither a test nor a reason"
        );
        for name in names {
            assert!(
                all.contains(&format!("fn {name}(")),
                "row {number}: there is no test {name}"
            );
        }
    }
}
