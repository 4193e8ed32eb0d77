//! The limits and the sense of what callers hand in, checked before anything else happens.

use super::engine::{
    BATCH_BYTES_MAX, BATCH_OPS_MAX, Batch, FORMAT_KEY, INSTANCE_KEY, KEY_BYTES_MAX, Kind, Op,
    SCAN_RECORDS_MAX, SEQUENCE_BYTES, VALUE_BYTES_MAX,
};
use super::error::{Limit, Misuse, StoreError};

/// Checks limits and sense of a batch.
pub(super) fn check_batch(batch: &Batch) -> Result<(), StoreError> {
    if batch.0.len() > BATCH_OPS_MAX {
        return Err(StoreError::TooLarge(Limit::Ops));
    }
    let mut seen = std::collections::BTreeSet::new();
    for op in &batch.0 {
        match op {
            Op::Put {
                kind, key, bytes, ..
            } => {
                check_key(key)?;
                check_value(bytes)?;
                check_writable(*kind, key)?;
            }
            Op::Delete { kind, key, .. } => {
                check_key(key)?;
                check_writable(*kind, key)?;
            }
            Op::Append { kind, bytes, index } => {
                check_value(bytes)?;
                if *kind != Kind::Audit {
                    return Err(StoreError::Misuse(Misuse::NotALog));
                }
                if index
                    .as_ref()
                    .is_some_and(|i| i.len() > KEY_BYTES_MAX - SEQUENCE_BYTES)
                {
                    return Err(StoreError::TooLarge(Limit::Key));
                }
            }
            Op::Redact { bytes, .. } => check_value(bytes)?,
        }
        let key = match op {
            Op::Put { kind, key, .. } | Op::Delete { kind, key, .. } => (*kind, key.clone()),
            Op::Redact { sequence, .. } => (Kind::Audit, sequence.to_be_bytes().to_vec()),
            Op::Append { .. } => continue,
        };
        if !seen.insert(key) {
            return Err(StoreError::Misuse(Misuse::SameKeyTwice));
        }
    }
    if batch.bytes() > BATCH_BYTES_MAX {
        return Err(StoreError::TooLarge(Limit::Batch));
    }
    Ok(())
}

impl Batch {
    /// Bytes of all keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.0
            .iter()
            .map(|op| match op {
                Op::Put { key, bytes, .. } => key.len() + bytes.len(),
                Op::Delete { key, .. } => key.len(),
                Op::Append { bytes, index, .. } => {
                    bytes.len() + index.as_ref().map_or(0, Vec::len) + 2 * SEQUENCE_BYTES
                }
                Op::Redact { bytes, .. } => bytes.len() + SEQUENCE_BYTES,
            })
            .sum()
    }
}

/// Checks the length of a key.
pub(super) fn check_key(key: &[u8]) -> Result<(), StoreError> {
    if key.len() > KEY_BYTES_MAX {
        Err(StoreError::TooLarge(Limit::Key))
    } else {
        Ok(())
    }
}

/// Checks what a scan was given.
pub(super) fn check_scan(
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<(), StoreError> {
    check_key(prefix)?;
    check_key(after.unwrap_or_default())?;
    if limit > SCAN_RECORDS_MAX {
        Err(StoreError::TooLarge(Limit::Scan))
    } else {
        Ok(())
    }
}

fn check_value(bytes: &[u8]) -> Result<(), StoreError> {
    if bytes.len() > VALUE_BYTES_MAX {
        Err(StoreError::TooLarge(Limit::Value))
    } else {
        Ok(())
    }
}

fn check_writable(kind: Kind, key: &[u8]) -> Result<(), StoreError> {
    if kind.is_log() {
        return Err(StoreError::Misuse(Misuse::AppendOnly));
    }
    if kind == Kind::Meta && (key == INSTANCE_KEY || key == FORMAT_KEY) {
        return Err(StoreError::Misuse(Misuse::Reserved));
    }
    Ok(())
}
