//! Stories in a real Chromium: somebody sits in front of it, the gateway and the stand-in behind.
//!
//! `chromium` starts the browser, `person` is who uses it, `samples` are pages
//! without a gateway, `png` makes pictures small; the stories stand in the modules that
//! begin with `browser_` (nextest runs these one at a time). Every story ends with
//! `person.leaves()`, which fails on any console error, violation of the content security policy
//! or request to another host. One more story: a function in the module that fits.

mod chromium;
mod person;
mod png;
mod samples;

mod browser_acceptor;
mod browser_activation;
mod browser_axe;
mod browser_harness;
mod browser_help;
mod browser_help_pictures;
mod browser_look;
mod browser_offer;
mod browser_phone;
mod browser_recovery;
mod browser_reset;
mod browser_status;
mod browser_tabs;

use crate::support::World;
use crate::support::builder::Builder;
use crate::support::login::first;
use crate::support::otp::Phone;
use spse_standin::Config;

/// A gateway whose clock can be moved, at the beginning of a step of the authenticator.
async fn world() -> World {
    world_with(Config::default(), |gateway| gateway).await
}

/// The same with switches of the stand-in and keys of the gateway.
async fn world_with(config: Config, build: impl FnOnce(Builder) -> Builder) -> World {
    let world = World::with(config, |gateway| build(gateway.moving_clock())).await;
    world.gateway.to_next_step().await;
    world
}

/// Somebody who activated in another browser before, and his phone.
async fn enrolled(world: &World, id: &str) -> Phone {
    first(&world.browser(), id).await
}
