//! A stand-in for SPSE 4.4: a real HTTP server that behaves like the application behind the gateway, down to the
//! oddities of Play 1 and Netty 3 (`spse44.md` sections 2 to 5, 9 and 10; words of `texts.md` sections 0 and 12).
//!
//! The tests start it with [`Standin::start`], turn its switches while it runs ([`Standin::set`]), hold requests at
//! a barrier ([`Standin::hold`]) and judge what it was sent ([`Standin::records`]). The demo runs it as a program.
//! Every answer with something private carries [`CANARY`] and the user's id; no public one does.
//!
//! Life of a request: `http` reads head and body → `exchange` opens the session (`play`), waits where a test
//! wants it to, and acts (`routes` → `entry`, `pages`, `tables`, `downloads`, `uploads`, `tus`,
//! `apendo`, `live`, `statics`) → cookies → `http` writes the answer.
//!
//! One more page: a variant in `routes`, its path there, and a function in the module that fits.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod apendo;
mod app;
mod barrier;
mod captcha;
mod clock;
mod config;
mod downloads;
mod entry;
mod exchange;
mod http;
mod live;
mod pages;
mod play;
mod record;
mod routes;
mod statics;
mod tables;
mod tus;
mod uploads;
mod users;
mod walk;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use app::{App, lock};
use barrier::Stage;

pub use barrier::Hold;
pub use config::{
    AnonymousAnswer, Config, Fault, FaultKind, Forwarded, HeaderBlock, LoginAnswer, LoginFailure,
    LoginSteps, SessionMode,
};
pub use play::cookie::forge_cookie;
pub use play::session::{
    ERRORS_COOKIE, EXPIRY_KEY, FLASH_COOKIE, ID_KEY, SESSION_COOKIE, TOKEN_KEY, USER_KEY,
};
pub use record::Record;
pub use uploads::Received;
pub use users::{CANARY, HOSTILE_NAME, Habit, User, UserType, crowd, fold, users};
pub use walk::{WalkRequest, WalkStep, walk};

/// A running server. Dropping it ends everything that it does.
pub struct Standin {
    app: Arc<App>,
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Standin {
    /// Binds and serves on the current tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let app = Arc::new(App::new(config));
        let task = tokio::spawn(accept(Arc::clone(&app), listener));
        Ok(Self {
            app,
            address,
            task: Some(task),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Address of the front page, without a slash at the end: `http://127.0.0.1:PORT/eproc4`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.app.config().context)
    }

    /// Turns switches; requests whose head has been read keep the old ones.
    pub fn set(&self, change: impl FnOnce(&mut Config)) {
        self.app.set(change);
    }

    /// The switches as they are now.
    #[must_use]
    pub fn config(&self) -> Config {
        (*self.app.config()).clone()
    }

    /// Everything that it was sent, in order; requests under way included.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        lock(&self.app.records).values().cloned().collect()
    }

    /// Forgets the records. The numbers go on.
    pub fn clear_records(&self) {
        lock(&self.app.records).clear();
    }

    /// Holds requests whose path below the context begins with `path`, after they were read and before they are
    /// acted upon, until the handle lets them go or is dropped.
    #[must_use]
    pub fn hold(&self, path: &str) -> Hold {
        self.app.gates.add(path, Stage::Act)
    }

    /// As [`Self::hold`], but after they were acted upon and before they are answered.
    #[must_use]
    pub fn hold_answer(&self, path: &str) -> Hold {
        self.app.gates.add(path, Stage::Answer)
    }

    /// The captcha that was drawn last.
    #[must_use]
    pub fn captcha(&self) -> Option<String> {
        lock(&self.app.state).last_captcha.clone()
    }

    /// The captcha that a session (`___ID`) has to type.
    #[must_use]
    pub fn captcha_of(&self, session_id: &str) -> Option<String> {
        lock(&self.app.state).captchas.get(session_id).cloned()
    }

    /// Files that arrived, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.app.state).files.clone()
    }

    /// Session ids (`___ID`) with the users they are logged in as, sorted. Empty in [`SessionMode::InCookie`].
    #[must_use]
    pub fn logins(&self) -> Vec<(String, String)> {
        let state = lock(&self.app.state);
        let mut all: Vec<_> = state
            .logins
            .iter()
            .map(|(id, user)| (id.clone(), user.clone()))
            .collect();
        all.sort();
        all
    }

    /// Addresses in the access log of a user, in order.
    #[must_use]
    pub fn access_log(&self, user_id: &str) -> Vec<String> {
        let id = fold(user_id);
        let state = lock(&self.app.state);
        state
            .access
            .iter()
            .filter(|access| access.user_id == id)
            .map(|a| a.address.clone())
            .collect()
    }

    /// Ends logins on the server's side, as a restart or a purged cache would: those of one user, or all.
    /// Without effect in [`SessionMode::InCookie`], where nothing is kept.
    pub fn end_logins(&self, user_id: Option<&str>) {
        self.app.end_logins(user_id);
    }

    /// Ends the server and waits until its tasks are gone.
    pub async fn stop(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // The error says that it was aborted, which is what was wanted.
            let _ = task.await;
        }
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Accepts until it is aborted; its connections end with it.
async fn accept(app: Arc<App>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error here concerns one connection, which is gone then.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(http::connection::serve(Arc::clone(&app), stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
