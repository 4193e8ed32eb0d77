//! Ports for servers that bind theirs a moment later: each is lent to one of them alone, over all
//! processes of the suite, and lies where the system takes none for outgoing connections.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// First port that is lent, and how many: below those for outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port on loopback, lent as long as this lives.
pub(crate) struct Port {
    addr: SocketAddr,
    /// Locked; the system lets go of it however the process ends.
    _lock: File,
}

impl Port {
    /// One that nobody uses.
    pub(crate) fn lend() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("gerbang-test-ports");
        fs::create_dir_all(&folder).unwrap();
        let start = u16::try_from(process::id() % u32::from(COUNT)).unwrap();
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = FIRST + start.wrapping_mul(17).wrapping_add(step) % COUNT;
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join(port.to_string()))
                .unwrap();
            let addr = SocketAddr::from(([127, 0, 0, 1], port));
            let alone =
                rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
            if alone.is_ok() && TcpListener::bind(addr).is_ok() {
                return Self { addr, _lock: file };
            }
        }
        panic!("no port is free between {FIRST} and {}", FIRST + COUNT);
    }

    /// Its address.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}
