//! The arguments that every verb which reads the configuration shares.

use crate::config::{Flags, Sources, system_resolver};
use clap::Args;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where packages put the configuration.
const USUAL_FILE: &str = "/etc/gerbang/gerbang.toml";

/// Each of these wins over the environment (`GERBANG__SECTION__KEY`), which wins over the file.
#[derive(Args, Debug, Default)]
pub(super) struct SourceArguments {
    /// Configuration file (TOML); without --upstream and --state it is /etc/gerbang/gerbang.toml, where
    /// that is there
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the application listens, like http://127.0.0.1:9009 or unix:/run/spse.sock
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Path of the application, like /eproc4; "" is the root
    #[arg(long, value_name = "PATH")]
    context: Option<String>,
    /// Addresses to listen on, with commas between
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder for the store and the key
    #[arg(long, value_name = "FOLDER")]
    state: Option<String>,
    /// How browsers reach the site, like https://spse.example.go.id/eproc4
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Name of the site, as users and their authenticator apps show it
    #[arg(long, value_name = "NAME")]
    site_name: Option<String>,
}

impl SourceArguments {
    pub(super) fn into_sources(self, environment: BTreeMap<OsString, OsString>) -> Sources {
        let bare = self.upstream.is_none() && self.state.is_none();
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|file| bare && file.is_file());
        let file = self.config.or_else(usual);
        let flags = Flags {
            upstream: self.upstream,
            context: self.context,
            listen: self.listen,
            state: self.state,
            public_url: self.public_url,
            site_name: self.site_name,
        };
        Sources {
            file,
            environment,
            flags,
            resolve: system_resolver,
        }
    }
}
