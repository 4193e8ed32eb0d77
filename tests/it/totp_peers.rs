//! Codes against an implementation that is not ours (oathtool), and the vectors of RFC 6238.

use gerbang::authenticator::totp::{Credential, STEP_SECONDS, Verdict, step_at, verify};
use gerbang::primitives::{OtpCode, SharedSecret, UnixSeconds};
use ring::rand::{SecureRandom, SystemRandom};
use std::process::Command;

/// (secret, time) pairs that are compared.
const PAIRS: usize = 10_000;
/// Codes of one call of oathtool: one secret, so many steps in a row.
const WINDOW: usize = 50;
/// Times are drawn up to here: the year 2255, beyond 32 bits.
const LATEST: u64 = 9_000_000_000;

fn oathtool(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("oathtool")
        .args(arguments)
        .output()
        .expect("oathtool is missing: apt-get install oathtool");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Whether the gateway takes this code at exactly its own step, with no step to either side.
fn accepted_step(secret: &SharedSecret, code: &str, now: UnixSeconds) -> Option<u64> {
    let code = OtpCode::parse(code).expect("six digits");
    match verify(&Credential::new(secret.clone()), &code, now) {
        Verdict::Accepted { step, .. } => Some(step.0),
        Verdict::Used { .. } | Verdict::Late | Verdict::Wrong => None,
    }
}

fn random_number(random: &SystemRandom, below: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes) % below
}

#[test]
fn ten_thousand_random_pairs_agree_with_oathtool() {
    let random = SystemRandom::new();
    let mut compared = 0;
    let mut refused_next_door = 0;
    while compared < PAIRS {
        let mut bytes = [0; 20];
        random.fill(&mut bytes).unwrap();
        let secret = SharedSecret::new(bytes);
        let start = random_number(&random, LATEST) / STEP_SECONDS * STEP_SECONDS;
        let (when, window) = (format!("@{start}"), (WINDOW - 1).to_string());
        let key = secret.to_base32();
        let codes = oathtool(&["--totp", "-b", "-N", &when, "-w", &window, &key]);
        assert_eq!(codes.len(), WINDOW);
        for (place, code) in codes.iter().enumerate() {
            let into_step = random_number(&random, STEP_SECONDS);
            let now = UnixSeconds(start + place as u64 * STEP_SECONDS + into_step);
            let own = step_at(now).0;
            let step = accepted_step(&secret, code, now);
            // A neighbour's code may be the same six digits by chance: then that step is as good.
            assert!(
                step.is_some_and(|step| step.abs_diff(own) <= 1),
                "key {key} at {now:?}: oathtool says {code}, the gateway {step:?}"
            );
            let far = codes.get((place + 7) % WINDOW).unwrap();
            if far != code && accepted_step(&secret, far, now).is_none() {
                refused_next_door += 1;
            }
            compared += 1;
        }
    }
    // Another step's code is refused, but for the few that are the same digits by chance.
    assert!(
        refused_next_door > PAIRS - 20,
        "{refused_next_door} of {PAIRS}"
    );
}

/// RFC 6238 appendix B, SHA-1: eight digits there, of which an authenticator shows the last six.
#[test]
fn the_vectors_of_rfc_6238_are_accepted() {
    let secret = SharedSecret::new(*b"12345678901234567890");
    for (seconds, digits) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        let now = UnixSeconds(seconds);
        let step = accepted_step(&secret, &digits[2..], now);
        assert_eq!(step, Some(step_at(now).0), "{seconds}");
        let long_ago = UnixSeconds(seconds + 86_400);
        assert_eq!(
            accepted_step(&secret, &digits[2..], long_ago),
            None,
            "{seconds}"
        );
    }
}
