//! What gerbang is measured against, of the same build: same pingora, same allocator, same profile.
//!
//! ```text
//! bench-peers bare  --listen 127.0.0.1:1 --upstream 127.0.0.1:2    a pingora proxy that decides nothing
//! bench-peers check --listen 127.0.0.1:3                           a cookie check for nginx's auth_request
//! ```

mod bare;
mod check;

use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

/// The gateway's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const USAGE: &str = "bench-peers bare --listen ADDRESS --upstream ADDRESS
bench-peers check --listen ADDRESS";

/// Buffers of one connection in bytes, as the gateway has them (`src/proxy/serve.rs`).
const READ_BUFFER_BYTES: usize = 4 * 1024;
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Idle upstream connections kept: more than the load has.
const POOL_SIZE: usize = 256;

/// What the command line asks for.
enum Wish {
    Bare {
        listen: SocketAddr,
        upstream: SocketAddr,
    },
    Check {
        listen: SocketAddr,
    },
}

fn wish(arguments: &[String]) -> Option<Wish> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bare", "--listen", listen, "--upstream", upstream] => Some(Wish::Bare {
            listen: listen.parse().ok()?,
            upstream: upstream.parse().ok()?,
        }),
        ["check", "--listen", listen] => Some(Wish::Check {
            listen: listen.parse().ok()?,
        }),
        _ => None,
    }
}

/// A listener with the gateway's buffers.
fn listener(address: SocketAddr) -> ListenerConfig {
    ListenerConfig::tcp(address.to_string())
        .l4_buffer(L4BufferSettings::new(READ_BUFFER_BYTES, WRITE_BUFFER_BYTES))
}

/// One thread, as the gateway has it in the measurement; it ends at once.
fn server() -> Server {
    let conf = ServerConf {
        threads: 1,
        work_stealing: true,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        upstream_keepalive_pool_size: POOL_SIZE,
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    server
}

fn run(wish: Wish) -> Result<(), Box<dyn Error>> {
    match wish {
        Wish::Bare { listen, upstream } => bare::serve(listen, upstream),
        Wish::Check { listen } => check::serve(listen)?,
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(wish) = wish(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(wish) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}
