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
//! | `candidate.rs` | whose a session is before an unlisted POST goes up in it |
//! | `carry.rs`, `relay.rs` | known logins and guarded pages, by the gateway's own client |
//! | `early.rs` | the beginning of a body, where a password may be |
//! | `upward.rs` | headers on their way up |
//! | `answer.rs`, `judging.rs`, `release.rs` | what an answer says, its judgement, what goes down of it |
//! | `shape.rs`, `coding.rs` | what else becomes of a body: unpacked, a link written in, packed |
//! | `tripwire.rs` | pages that name the wrong user |
//! | `respond.rs`, `failure.rs` | own answers; what an error means |
//! | `hsts.rs`, `redirect.rs` | in front: https alone, and the way there |
//! | `client.rs` | the own client |
//! | `push.rs` | messages to push services |
//! | `connection.rs` | how many connections, how long a head may take |
//! | `admin.rs` | metrics and health, on a listener of their own |
//! | `serve.rs` | listeners, TLS, background work |
//! | `handed.rs`, `ending.rs` | listening sockets that are handed over; how the process ends |

mod admin;
mod admit;
mod answer;
mod candidate;
mod carry;
mod certificate;
mod client;
mod coding;
mod connection;
mod context;
mod door;
mod early;
mod ending;
mod events;
mod failure;
mod gateway;
mod handed;
mod head;
mod hsts;
mod intake;
mod judging;
mod push;
mod redirect;
mod relay;
mod release;
mod respond;
mod serve;
mod shape;
mod tripwire;
mod upward;

pub use admin::AdminListener;
pub use certificate::Certificate;
pub use client::OwnClient;
pub use gateway::{DoorLimits, Gateway};
pub use handed::Pulse;
pub use push::PushClient;
pub use serve::{Background, Begin, Doors, ServeError, Work, serve, upstream_peer};
