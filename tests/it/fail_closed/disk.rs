//! Disks that are read-only, limited or full, with the real program.

use super::machine::{
    STORE_SENTENCE, WHO, begin_login, copy_folder, logins_pause, public_goes_on, settled,
};
use crate::support::gateway::Gateway;
use crate::support::login::{again, assert_home, assert_nobody, first, user};
use crate::support::{World, assert_nothing_private, eventually, quick};
use spse_standin::SessionMode;
use std::fs::{self};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::sleep;

/// Something mounted, taken away when dropped.
struct Mount(PathBuf);

impl Mount {
    fn new(arguments: &[&str], at: &Path) -> Self {
        let mounted = Command::new("mount").args(arguments).arg(at).output();
        let mounted = mounted.expect("mount is missing: apt-get install mount");
        let why = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(
            mounted.status.success(),
            "{why}: run the tests as root, in a container"
        );
        Self(at.to_owned())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_cannot_be_written_pauses_logins() {
    let (mut world, browser, mut phone) = settled(SessionMode::NewId).await;
    world.gateway.stop();
    let state = world.gateway.state();
    if rustix::process::geteuid().is_root() {
        // Nothing but a mount keeps root from writing.
        let source = state.to_str().unwrap();
        let bound = Mount::new(&["--bind", source], &state);
        let read_only = Mount::new(&["-o", "remount,bind,ro"], &state);
        world.gateway.restart().await;
        logins_pause(&world, &browser, "read-only").await;
        world.gateway.stop();
        drop((read_only, bound));
    } else {
        let mode = |folder: &str| {
            Command::new("chmod")
                .args(["-R", folder])
                .arg(&state)
                .status()
        };
        mode("a-w").unwrap();
        world.gateway.restart().await;
        logins_pause(&world, &browser, "read-only").await;
        world.gateway.stop();
        mode("u+w").unwrap();
    }
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

/// The program on this gateway's configuration, its files limited to so many KiB.
fn limited(gateway: &Gateway, kib: u64) -> Running {
    let folder = gateway.state().parent().unwrap().to_owned();
    // Writing beyond the limit is an error then, not a signal: as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" serve --config \"$1\"");
    let child = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_gerbang")])
        .arg(folder.join("gerbang.toml"))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash is missing: apt-get install bash");
    Running(child)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A login by whoever has no binding yet, as far as it goes: true when its store failed.
async fn login_meets_a_full_disk(world: &World) -> bool {
    let browser = world.browser();
    let answer = begin_login(&browser).await;
    if answer.status == 503 {
        assert!(answer.has(STORE_SENTENCE), "{answer:?}");
        return true;
    }
    let form = browser.follow(answer).await;
    let token = form.hidden("authenticityToken");
    let fields = [
        ("authenticityToken", token.as_str()),
        ("txtPassword", &user(WHO).password as &str),
    ];
    let answer = browser.post("/loginpass", &fields).await;
    assert_nothing_private(&browser.seen());
    match answer.status {
        503 => assert!(answer.has(STORE_SENTENCE), "{answer:?}"),
        _ => assert_eq!(answer.status, 303, "{answer:?}"),
    }
    answer.status == 503
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_beyond_the_limit_pauses_logins_until_a_restart_and_loses_nothing() {
    let (mut world, browser, mut phone) = settled(SessionMode::ServerSide).await;
    world.gateway.stop();
    let size = fs::metadata(world.gateway.state().join("store/db"))
        .unwrap()
        .len();
    let running = limited(&world.gateway, size.div_ceil(1024) + 8);
    let probe = world.browser();
    for _ in 0..100 {
        sleep(Duration::from_millis(100)).await;
        if std::net::TcpStream::connect(world.gateway.addr()).is_ok() {
            break;
        }
    }
    public_goes_on(&probe, "limited").await;
    let mut logins = 0;
    while !login_meets_a_full_disk(&world).await {
        logins += 1;
        assert!(logins < 400, "the limit was never met");
    }
    println!("{logins} logins before the limit");
    for _ in 0..3 {
        assert!(
            login_meets_a_full_disk(&world).await,
            "a stopped store goes on"
        );
        assert_home(&browser, WHO).await;
        public_goes_on(&probe, "limited").await;
    }
    drop(running);
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

/// A disk that fills up and is cleared: noticed before it is full, and over without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_pauses_logins_until_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        println!("a small disk needs a mount, and that needs root: left out");
        return;
    }
    let config = quick(SessionMode::InCookie);
    let mut world = World::with(config, |gateway| gateway.moving_clock()).await;
    let browser = world.browser();
    let mut phone = first(&browser, WHO).await;
    world.gateway.stop();
    let (state, aside) = (
        world.gateway.state(),
        world.gateway.state().with_extension("aside"),
    );
    copy_folder(&state, &aside);
    let mounted = Mount::new(&["-t", "tmpfs", "-o", "size=48m", "none"], &state);
    copy_folder(&aside.join("."), &state);
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    let bystander = world.browser();
    again(&bystander, WHO, &mut phone).await;
    fs::write(state.join("filler"), vec![0; 34 << 20]).unwrap();
    for _ in 0..3 {
        let other = world.browser();
        let refused = begin_login(&other).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.has(STORE_SENTENCE), "{refused:?}");
        assert_home(&browser, WHO).await;
        public_goes_on(&other, "no room").await;
    }
    // A logout meanwhile counts at once and is written when there is room.
    let out = browser.post("/logout", &[]).await;
    assert!(matches!(out.status, 302 | 303), "{out:?}");
    let thief = browser.thief();
    assert_nobody(&thief).await;
    // A crash before that ends everybody rather than to revive who had left.
    let other = World::browser(&world);
    other.set_jar(bystander.jar());
    world.gateway.kill9();
    fs::remove_file(state.join("filler")).unwrap();
    world.gateway.restart_after_kill().await;
    assert_nobody(&thief).await;
    assert_nobody(&other).await;
    world.gateway.restart().await;
    assert_nobody(&thief).await;
    assert_nobody(&other).await;
    again(&world.browser(), WHO, &mut phone).await;
    let log = world.gateway.log();
    assert!(log.contains("it will be replayed"), "{log}");
    world.gateway.stop();
    drop(mounted);
    eventually("the mount goes", || {
        !state.join("store").exists() || state.exists()
    })
    .await;
}
