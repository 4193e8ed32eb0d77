//! Whether the time of an answer tells that an account exists (threats.md row 20). What is done behind the
//! answer differs: the known one gets its letters of the day, which whoever asks does not see.

use super::{EMAIL, TAKEN, form, register, send, sum_of, with_mail};
use crate::support::login::first;
use crate::support::smtp::MailServer;
use spse_standin::SessionMode;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Requests for each of the two.
const TIMES: usize = 1_000;
/// So many at once: the gateway lets a thousand wait.
const PACE: usize = 500;
/// The post has looked at them meanwhile.
const PAUSE: Duration = Duration::from_secs(6);
/// Below this two samples are taken for different.
const P_MIN: f64 = 0.01;

/// Two-sided Kolmogorov-Smirnov test of two samples: the asymptotic p-value.
fn p_value(one: &mut [Duration], two: &mut [Duration]) -> f64 {
    one.sort();
    two.sort();
    let (n, m) = (one.len() as f64, two.len() as f64);
    let (mut i, mut j, mut widest) = (0, 0, 0.0_f64);
    while i < one.len() && j < two.len() {
        let at = one[i].min(two[j]);
        while i < one.len() && one[i] <= at {
            i += 1;
        }
        while j < two.len() && two[j] <= at {
            j += 1;
        }
        widest = widest.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * widest;
    if lambda < 0.2 {
        // The series does not converge there; it is 1 to more than ten places.
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * lambda * lambda).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[test]
fn the_test_itself_tells_samples_apart() {
    let sample = |shift: u64| -> Vec<Duration> {
        let micros = (0..1_000_u64).map(|n| n * 7_919 % 1_000 + shift);
        micros.map(Duration::from_micros).collect()
    };
    assert!(p_value(&mut sample(0), &mut sample(0)) > 0.99);
    assert!(p_value(&mut sample(0), &mut sample(20)) > 0.5);
    assert!(p_value(&mut sample(0), &mut sample(120)) < 1e-4);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_accounts_take_the_same_time() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    let browser = world.browser();
    // A difference that is there shows in every run; chance alone does it once in a million.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for turn in 0..2 * TIMES {
            if turn % PACE == 0 {
                sleep(PAUSE).await;
            }
            let id = if turn % 2 == 0 { "PPK301" } else { "PPK999" };
            let page = form(&browser).await;
            let sum = sum_of(&page);
            let begun = Instant::now();
            let answer = send(&browser, &page, (id, EMAIL), &sum).await;
            let took = begun.elapsed();
            assert!(answer.has(TAKEN), "{answer:?}");
            if turn % 2 == 0 {
                &mut known
            } else {
                &mut unknown
            }
            .push(took);
        }
        let p = p_value(&mut known, &mut unknown);
        if p > P_MIN {
            return;
        }
        seen.push(p);
    }
    panic!("the time tells whether an account exists: {seen:?}");
}
