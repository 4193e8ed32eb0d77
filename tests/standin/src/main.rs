//! The stand-in as a program, for the demo: prints its address and users, runs until SIGINT or SIGTERM.

use std::process::ExitCode;

use spse_standin::{Config, LoginSteps, SessionMode, Standin, crowd, users};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "spse-standin [--listen 127.0.0.1:9009] [--context /eproc4] \
[--session-mode server|cookie|new-id] [--steps two|one] [--captcha] [--secure-cookie] [--crowd N] [--users]";

/// How many requests the program remembers; nobody reads them.
const RECORDS: usize = 100;

/// What the command line asks for.
enum Wish {
    Serve(Box<Config>),
    /// Print the users and end.
    Users,
}

fn wish(mut arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut config = Config {
        record_limit: RECORDS,
        ..Config::default()
    };
    config.listen = "127.0.0.1:9009"
        .parse()
        .map_err(|_| "default address".to_owned())?;
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "--users" => return Ok(Wish::Users),
            "--captcha" => config.captcha = true,
            "--secure-cookie" => config.secure_cookie = true,
            "--listen" => {
                let text = value()?;
                config.listen = text.parse().map_err(|_| format!("{text} is no address"))?;
            }
            "--context" => {
                let text = value()?;
                config.context = text.trim_end_matches('/').to_owned();
                if !text.starts_with('/') {
                    return Err(format!("the context {text} does not begin with a slash"));
                }
            }
            "--crowd" => {
                let text = value()?;
                let count = text.parse().map_err(|_| format!("{text} is no number"))?;
                config.users.extend(crowd(count));
            }
            "--session-mode" => {
                config.session_mode = match value()?.as_str() {
                    "server" => SessionMode::ServerSide,
                    "cookie" => SessionMode::InCookie,
                    "new-id" => SessionMode::NewId,
                    other => return Err(format!("{other} is no session mode")),
                };
            }
            "--steps" => {
                config.login_steps = match value()?.as_str() {
                    "two" => LoginSteps::Two,
                    "one" => LoginSteps::One,
                    other => return Err(format!("{other} is no number of steps")),
                };
            }
            other => return Err(format!("{other} is unknown")),
        }
    }
    Ok(Wish::Serve(Box::new(config)))
}

fn print_users() {
    println!("{:<12} {:<20} {:<13} Peran", "User ID", "Password", "Tipe");
    for user in users() {
        println!(
            "{:<12} {:<20} {:<13} {}",
            user.id,
            user.password,
            user.kind.label(),
            user.role
        );
    }
}

async fn serve(config: Config) -> std::io::Result<()> {
    let standin = Standin::start(config).await?;
    println!("SPSE stand-in: {}", standin.url());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    standin.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = match wish(std::env::args().skip(1)) {
        Ok(Wish::Serve(config)) => config,
        Ok(Wish::Users) => {
            print_users();
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("spse-standin: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(*config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spse-standin: {error}");
            ExitCode::FAILURE
        }
    }
}
