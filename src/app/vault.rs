//! Key and store at start: opened, or made at the very first start.

use super::wait::patiently;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::{Entropy, random};
use crate::flow::WatchedStore;
use crate::observe::Metrics;
use crate::seal::{HeadSigner, MasterKey, RecordSeal, Seals};
use crate::store::records::{KEY_CHECK, KeyCheck, Records};
use crate::store::{Expect, Mode, OpenError, Reminder, SledStore, Store, instance};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Folder of the store below the state folder.
pub(super) const STORE_DIR: &str = "store";
/// The note that ends could not be written.
const REMINDER_FILE: &str = "ends-owed";

/// Key and store, opened.
pub(super) struct Opened {
    pub(super) records: Records,
    pub(super) seals: Seals,
    pub(super) store: Arc<SledStore>,
    pub(super) signer: HeadSigner,
    pub(super) reminder: Reminder,
}

/// Opens key and store, or makes both at the very first start. Anything in between is refused: a
/// store that will not open is never replaced by an empty one (invariant I8).
pub(super) fn open_vault(
    config: &Config,
    (entropy, clock): (&Arc<dyn Entropy>, &dyn Clock),
    runtime: &tokio::runtime::Runtime,
    metrics: &Arc<Metrics>,
    patience: Duration,
) -> Result<Opened, String> {
    let dir = &config.state.dir;
    let store_dir = dir.join(STORE_DIR);
    let key_file = &config.state.key_file;
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let first = !key_file.exists() && !store_dir.exists();
    let master = if first {
        make_key(key_file, entropy)?
    } else {
        read_key(key_file)?
    };
    let mode = if first {
        let bits = random(&**entropy).map_err(|error| error.to_string())?;
        Mode::CreateNew {
            instance: u64::from_be_bytes(bits),
        }
    } else {
        Mode::Existing
    };
    let seal = RecordSeal::new(&master, entropy.clone()).map_err(|error| error.to_string())?;
    let signer = HeadSigner::new(&master).map_err(|error| error.to_string())?;
    let open = || SledStore::open(&store_dir, mode, seal.chain().clone());
    let locked = |error: &OpenError| matches!(error, OpenError::Locked(_));
    let store = patiently(patience, "the store", locked, open)
        .map_err(|error| format!("store {}: {error}", store_dir.display()))?;
    let store = Arc::new(store);
    let watched = WatchedStore::new(store.clone() as Arc<dyn Store>, metrics.clone());
    let records = Records::new(Arc::new(watched), Arc::new(seal));
    let epoch = runtime.block_on(async {
        check_key(&records, first, clock).await?;
        instance(&*store)
            .await
            .map_err(|error| format!("store: {error}"))
    })?;
    let seals = Seals::new(&master, &config.site.id, epoch, entropy.clone())
        .map_err(|error| error.to_string())?;
    let path = dir.join(REMINDER_FILE);
    let reminder = Reminder::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Opened {
        records,
        seals,
        store,
        signer,
        reminder,
    })
}

async fn check_key(records: &Records, first: bool, clock: &dyn Clock) -> Result<(), String> {
    if first {
        let check = KeyCheck {
            clock_high: clock.now(),
        };
        let draft = records.draft().put(KEY_CHECK, Expect::Absent, &check);
        return records
            .commit(draft)
            .await
            .map_err(|error| error.to_string());
    }
    match records.get::<KeyCheck>(KEY_CHECK).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(
            "the store was never finished; remove it together with the key file to \
                         begin anew"
                .into(),
        ),
        Err(_) => Err("the key file does not fit the store".into()),
    }
}

fn make_key(path: &Path, entropy: &Arc<dyn Entropy>) -> Result<MasterKey, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let master = MasterKey::generate(&**entropy).map_err(|error| error.to_string())?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(fail)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(fail)?;
    file.write_all(master.to_file_text().as_bytes())
        .map_err(fail)?;
    file.sync_all().map_err(fail)?;
    Ok(master)
}

pub(super) fn read_key(path: &Path) -> Result<MasterKey, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("key file {}: {error}", path.display()))?;
    let text = zeroize::Zeroizing::new(text);
    MasterKey::from_file_text(&text)
        .ok_or_else(|| format!("key file {}: not a key of gerbang", path.display()))
}
