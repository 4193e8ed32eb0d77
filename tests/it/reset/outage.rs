//! A reset while the mail server is down.

use super::{EMAIL, ask, links_in, register, say, with_mail};
use crate::post::outbox_says_times;
use crate::support::World;
use crate::support::login::first;
use crate::support::smtp::MailServer;
use spse_standin::SessionMode;

/// Somebody whose three requests wait in the outbox: the server went down behind the first letter.
async fn asked_three_times() -> (MailServer, World) {
    let mut server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    server.stop();
    for nth in 1..=3 {
        ask(&world.browser(), "PPK301", EMAIL).await;
        outbox_says_times(&world, "reset-link", nth).await;
        world.gateway.advance(61).await;
    }
    (server, world)
}

/// Whoever asked in vain, and whoever asked in his name, used nothing up.
#[tokio::test(flavor = "multi_thread")]
async fn letters_that_never_left_are_not_those_of_the_day() {
    let (mut server, world) = asked_three_times().await;
    world.gateway.advance(31 * 60).await;
    outbox_says_times(&world, "reset-link", 0).await;
    server.run();
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, _) = links_in(&server.nth(2).await);
    let page = say(&world.browser(), &link).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_left_late_are_those_of_the_day() {
    let (mut server, world) = asked_three_times().await;
    server.run();
    world.gateway.advance(10 * 60).await;
    server.nth(4).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 4);
}
