//! The real nginx and Apache in front of the gateway, with the lines that README gives.

use crate::support::eventually;
use crate::support::ports::Port;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub(super) const HOST: &str = "lpse.contoh.go.id";
pub(super) const PUBLIC_URL: &str = "https://lpse.contoh.go.id/eproc4";
/// Where README's lines say that the gateway listens.
const README_ADDRESS: &str = "127.0.0.1:8044";

/// Certificate and key of [`HOST`].
pub(super) struct Paper {
    folder: TempDir,
}

impl Paper {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        fs::write(folder.path().join("a.pem"), made.cert.pem()).unwrap();
        let key = folder.path().join("a.key");
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        Self { folder }
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.path().join("a.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("a.key")
    }

    /// The papers of another one in the place of these.
    pub(super) fn renew_from(&self, other: &Self) {
        fs::copy(other.certificate(), self.certificate()).unwrap();
        fs::copy(other.key(), self.key()).unwrap();
    }

    /// A certificate that is not the key's.
    pub(super) fn spoil_with(&self, other: &Self) {
        fs::copy(other.certificate(), self.certificate()).unwrap();
    }

    pub(super) fn certificate_toml(&self) -> String {
        format!("\"{}\"", self.certificate().display())
    }

    pub(super) fn key_toml(&self) -> String {
        format!("\"{}\"", self.key().display())
    }
}

/// What curl prints for a path of [`HOST`] served at `server`.
pub(super) fn curl(server: SocketAddr, paper: &Paper, options: &[&str], path: &str) -> String {
    let certificate = paper.certificate();
    let options = [&["--cacert", certificate.to_str().unwrap()], options].concat();
    curl_url(server, &options, &format!("{PUBLIC_URL}{path}"))
}

/// What curl prints for a URL of any host, served at `server`.
pub(super) fn curl_url(server: SocketAddr, options: &[&str], url: &str) -> String {
    let out = Command::new("curl")
        .args(["-sS", "--noproxy", "*"])
        .args(["--connect-to", &format!("::{server}")])
        .args(options)
        .arg(url)
        .output()
        .expect("curl is missing: apt-get install curl");
    assert!(out.status.success(), "{out:?}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// README's block in this language, in front of `gateway`.
fn readme_block(language: &str, gateway: SocketAddr) -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let begin = format!("```{language}\n");
    let block = readme.split(&begin).nth(1).unwrap().split("```").next();
    let block = block.unwrap();
    assert!(block.contains(README_ADDRESS), "{block}");
    block.replace(README_ADDRESS, &gateway.to_string())
}

/// A front server; ended by its own process id when dropped.
pub(super) struct Front {
    child: Child,
    port: Port,
    folder: TempDir,
}

impl Front {
    pub(super) fn nginx(paper: &Paper, gateway: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, here) = (Port::lend(), folder.path().display());
        let addr = port.addr();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {here}/pid;\nerror_log {here}/log;\n\
             events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {here}/body;\n\
             proxy_temp_path {here}/proxy;\nfastcgi_temp_path {here}/fastcgi;\n\
             uwsgi_temp_path {here}/uwsgi;\nscgi_temp_path {here}/scgi;\n\
             server {{\nlisten {addr} ssl;\nserver_name {HOST};\n\
             ssl_certificate {};\nssl_certificate_key {};\n{}\n}}\n}}\n",
            paper.certificate().display(),
            paper.key().display(),
            readme_block("nginx", gateway),
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&file).args(["-e", "stderr"]);
        Self::start(command, "apt-get install nginx", port, folder)
    }

    pub(super) fn apache(paper: &Paper, gateway: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, here) = (Port::lend(), folder.path().display());
        let addr = port.addr();
        let modules: String = ["mpm_event", "authz_core", "ssl", "proxy", "proxy_http"]
            .iter()
            .map(|name| {
                format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
            })
            .collect();
        // The workers give up root; the folder is theirs to enter.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let config = format!(
            "{modules}ServerRoot {here}\nDefaultRuntimeDir {here}\nPidFile {here}/pid\n\
             ErrorLog {here}/log\nUser nobody\nGroup nogroup\nListen {addr}\n\
             ServerName {HOST}\nSSLEngine on\nSSLCertificateFile {}\nSSLCertificateKeyFile {}\n{}",
            paper.certificate().display(),
            paper.key().display(),
            readme_block("apache", gateway),
        );
        let file = folder.path().join("apache.conf");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("apache2");
        command.arg("-f").arg(&file).arg("-DFOREGROUND");
        Self::start(command, "apt-get install apache2-bin", port, folder)
    }

    fn start(mut command: Command, install: &str, port: Port, folder: TempDir) -> Self {
        let log = fs::File::create(folder.path().join("output")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("{error}: {install}"));
        Self {
            child,
            port,
            folder,
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// Waits until it listens.
    pub(super) async fn answers(&self) {
        let addr = self.addr();
        let folder = self.folder.path().to_owned();
        let mut tries = 0;
        eventually("the front server listens", move || {
            tries += 1;
            let up = TcpStream::connect(addr).is_ok();
            if !up && tries == 150 {
                for name in ["output", "log"] {
                    println!(
                        "{}",
                        fs::read_to_string(folder.join(name)).unwrap_or_default()
                    );
                }
            }
            up
        })
        .await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}
