//! The only room that names pingora. Each phase builds a view, asks the flows, applies the answer;
//! `gateway.rs` reads like pingora's phase chart.
//!
//! May import: everything below. To change how bytes travel: one file here; what is decided lives in
//! `domain/gate.rs` and `flow/`.
//!
//! | file | phase |
//! |---|---|
//! | `head.rs`, `intake.rs`, `door.rs` | what is refused before anything is decided |
//! | `admit.rs` | the gate's verdict, and what is done with it |
//! | `carry.rs`, `relay.rs` | known logins and guarded pages, by the gateway's own client |
//! | `answer.rs`, `release.rs` | what an answer says, and what goes down of it |
//! | `tripwire.rs` | pages that name the wrong user |
//! | `respond.rs` | own answers |
//! | `client.rs` | the own client |
//! | `serve.rs` | listeners, TLS, background work |

mod admit;
mod answer;
mod carry;
mod client;
mod context;
mod door;
mod gateway;
mod head;
mod intake;
mod relay;
mod release;
mod respond;
mod serve;
mod tripwire;

pub use client::OwnClient;
pub use gateway::{DoorLimits, Gateway};
pub use serve::{ServeError, serve, upstream_peer};
