//! SIGHUP: configuration, templates, profile and certificates are read again. What is bad keeps the old
//! and says why; what cannot change in a running process is named.

use super::checks::profile_problems;
use super::{load_profile, load_renderer};
use crate::config::{Config, Sources};
use crate::pages::{Face, Pages};
use crate::proxy::Certificate;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// What is read again, and where it goes. `config` is what the process was started with.
pub(super) struct Reload {
    config: Config,
    sources: Sources,
    pages: Arc<Pages>,
    certificate: Option<Arc<Certificate>>,
}

impl Reload {
    pub(super) fn new(
        config: Config,
        sources: Sources,
        pages: Arc<Pages>,
        certificate: Option<Arc<Certificate>>,
    ) -> Self {
        Self {
            config,
            sources,
            pages,
            certificate,
        }
    }

    /// Waits for the signal until `stop` resolves.
    pub(super) async fn run(self, stop: impl Future<Output = ()>) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => {
                tracing::error!(%error, "SIGHUP cannot be heard: nothing is read again");
                return;
            }
        };
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                heard = hangup.recv() => if heard.is_none() { return },
            }
            match self.read() {
                Ok(()) => tracing::info!(
                    "configuration, templates, profile and certificates were read again"
                ),
                Err(problems) => {
                    for problem in problems {
                        tracing::error!(%problem, "what was there before goes on");
                    }
                }
            }
        }
    }

    /// Reads everything, and takes it over only when all of it is good.
    fn read(&self) -> Result<(), Vec<String>> {
        let new = Config::load(&self.sources).map_err(lines)?;
        let renderer = load_renderer(&new).map_err(|text| vec![text])?;
        none(renderer.check())?;
        let profile = load_profile(&new).map_err(|text| vec![text])?;
        // The prefix that is served may differ from the one that the next start takes.
        let prefixes = [&*self.config.site.own_prefix, &*new.site.own_prefix];
        none(profile_problems(&profile, &new, &prefixes))?;
        let known = self.pages.engine.profile();
        if !profile.goes_on_from(&known) {
            let message =
                "profile: another session cookie, context or limit of the head needs a restart";
            return Err(vec![message.to_owned()]);
        }
        if let (Some(certificate), Some(tls)) = (&self.certificate, &new.listen.tls) {
            certificate.renew(tls).map_err(|why| vec![why])?;
        }
        let waits = self.waits_for_restart(&new);
        if !waits.is_empty() {
            tracing::warn!(
                sections = waits.join(", "),
                "changed, and held from the next start on"
            );
        }
        if new.policy != self.config.policy {
            tracing::warn!("[policy] is only the first policy: change it with `gerbang policy`");
        }
        self.pages.face.store(Arc::new(Face {
            renderer: Arc::new(renderer),
            contacts: new.contacts,
            announcements: new.announcements,
        }));
        self.pages.engine.known.store(Arc::new(profile));
        // Whom a freeze protects may be another type now, and every session is asked again.
        self.pages.engine.take_profile_over();
        Ok(())
    }

    /// Sections that differ from those that run and cannot be changed in a running process.
    fn waits_for_restart(&self, new: &Config) -> Vec<&'static str> {
        let old = &self.config;
        let sections = [
            ("site", old.site != new.site),
            ("listen", !old.listen.same_but_for_files(&new.listen)),
            ("upstream", old.upstream != new.upstream),
            (
                "trusted_proxies",
                old.trusted_proxies != new.trusted_proxies,
            ),
            ("limits", old.limits != new.limits),
            ("session", old.session != new.session),
            ("login", old.login != new.login),
            ("activation", old.activation != new.activation),
            ("state", old.state != new.state),
            ("log", old.log != new.log),
            ("audit", old.audit != new.audit),
            ("mail", old.mail != new.mail),
            ("directory", old.directory != new.directory),
            ("admin", old.admin != new.admin),
            ("canary", old.canary != new.canary),
        ];
        let changed = sections.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(name, _)| name).collect()
    }
}

fn lines(problems: Vec<impl ToString>) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn none(problems: Vec<impl ToString>) -> Result<(), Vec<String>> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(lines(problems))
}
