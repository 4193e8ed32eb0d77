use super::*;
use proptest::prelude::*;

fn code_at(secret: &SharedSecret, step: u64) -> OtpCode {
    let text = calculator(secret).generate(step * STEP_SECONDS).to_string();
    OtpCode::parse(&text).unwrap()
}

fn rfc_secret() -> SharedSecret {
    SharedSecret::new(*b"12345678901234567890")
}

/// RFC 6238 appendix B, SHA-1; six digits are the last six of the eight printed.
#[test]
fn rfc_6238_vectors() {
    for (time, eight) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        let code = OtpCode::parse(&eight[2..]).unwrap();
        let verdict = verify(&Credential::new(rfc_secret()), &code, UnixSeconds(time));
        assert!(
            matches!(verdict, Verdict::Accepted { step, .. } if step.0 == time / 30),
            "{time}: {verdict:?}"
        );
    }
}

#[test]
fn a_step_is_accepted_once_and_steps_only_grow() {
    let mut credential = Credential::new(rfc_secret());
    let now = UnixSeconds(1_800_000_010);
    let current = step_at(now).0;
    let code = code_at(&credential.secret, current);
    let Verdict::Accepted { step, .. } = verify(&credential, &code, now) else {
        panic!()
    };
    credential.last_step = Some(step);
    assert_eq!(
        verify(&credential, &code, now),
        Verdict::Used { wait_seconds: 20 }
    );
    let older = code_at(&credential.secret, current - 1);
    assert!(matches!(
        verify(&credential, &older, now),
        Verdict::Used { .. }
    ));
    let next = code_at(&credential.secret, current + 1);
    assert!(matches!(
        verify(&credential, &next, now),
        Verdict::Accepted { .. }
    ));
}

#[test]
fn late_and_wrong_are_told_apart_and_neither_is_accepted() {
    let credential = Credential::new(rfc_secret());
    let now = UnixSeconds(1_800_000_010);
    let current = step_at(now).0;
    assert_eq!(
        verify(&credential, &code_at(&credential.secret, current - 2), now),
        Verdict::Late
    );
    assert_eq!(
        verify(&credential, &code_at(&credential.secret, current - 11), now),
        Verdict::Wrong
    );
    assert_eq!(
        verify(&credential, &code_at(&credential.secret, current + 2), now),
        Verdict::Wrong
    );
}

#[test]
fn a_remembered_drift_moves_the_window_and_never_widens_it() {
    let mut credential = Credential::new(rfc_secret());
    credential.drift_steps = 1;
    let now = UnixSeconds(1_800_000_010);
    let current = step_at(now).0;
    let verdict = |offset: i64| {
        let step = current.checked_add_signed(offset).unwrap();
        verify(&credential, &code_at(&credential.secret, step), now)
    };
    assert!(matches!(
        verdict(2),
        Verdict::Accepted { drift_steps: 1, .. }
    ));
    assert!(matches!(
        verdict(0),
        Verdict::Accepted { drift_steps: 0, .. }
    ));
    assert_eq!(verdict(-1), Verdict::Late);
    assert_eq!(verdict(3), Verdict::Wrong);
}

#[test]
fn the_otpauth_address_is_standard() {
    let url = otpauth_url(&rfc_secret(), "LPSE Kab: Contoh", "PPK2 (B)").unwrap();
    assert!(
        url.starts_with("otpauth://totp/LPSE%20Kab%20%20Contoh:PPK2%20%28B%29?secret=")
            || url.starts_with("otpauth://totp/LPSE%20Kab%20%20Contoh:PPK2%20(B)?secret="),
        "{url}"
    );
    assert!(url.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    assert!(otpauth_url(&rfc_secret(), "x", "").is_err());
}

proptest! {
    /// Whatever drift is remembered, the code of this very step is accepted once.
    #[test]
    fn the_current_step_is_always_in_the_window(
        secret in any::<[u8; 20]>(), now in 3_000u64..4_000_000_000, drift in -5i64..=5,
    ) {
        let mut credential = Credential::new(SharedSecret::new(secret));
        credential.drift_steps = drift;
        let now = UnixSeconds(now);
        let typed = code_at(&credential.secret, step_at(now).0);
        let verdict = verify(&credential, &typed, now);
        prop_assert!(matches!(verdict, Verdict::Accepted { .. }), "{:?}", verdict);
    }

    /// Whatever is typed, at most three steps are accepted, each greater than the last one.
    #[test]
    fn the_window_is_three_steps(
        secret in any::<[u8; 20]>(), now in 3_000u64..4_000_000_000, drift in -5i64..=5,
        offset in -8i64..=8, last in -8i64..=8,
    ) {
        let current = now / STEP_SECONDS;
        let credential = Credential {
            secret: SharedSecret::new(secret),
            last_step: current.checked_add_signed(last).map(TimeStep),
            drift_steps: drift,
        };
        let typed = code_at(&credential.secret, current.checked_add_signed(offset).unwrap());
        if let Verdict::Accepted { step, drift_steps } = verify(&credential, &typed, UnixSeconds(now)) {
            let drift = drift.clamp(-DRIFT_STEPS_MAX, DRIFT_STEPS_MAX);
            let found = i64::try_from(step.0).unwrap() - i64::try_from(current).unwrap();
            prop_assert!((found - drift).abs() <= SKEW_STEPS);
            prop_assert!(found > last);
            prop_assert!(drift_steps.abs() <= DRIFT_STEPS_MAX);
        }
    }
}
