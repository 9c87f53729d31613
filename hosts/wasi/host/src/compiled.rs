//! What components were compiled to, kept from one start to the next.
//!
//! Machine code that is read from a file is run as it stands there. So the sum of every file is written down when it is
//! whole; what has another sum at the next start, or none, is thrown away and compiled again. Whoever may write both into
//! this directory may read the keys beside it, too.

use crate::HostError;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wasmtime::{Cache, CacheConfig};

/// The sums, beside what they are of.
const SUMS: &str = "sums.json";
/// Ends of files that say how often another one was used. They are no code, and change while the host runs.
const STATISTICS: &str = "stats";
/// Bytes that are kept, before the library removes what was used least.
const KEPT_BYTES: u64 = 256 << 20;

/// A directory of compiled components.
pub struct Compiled {
    folder: PathBuf,
    /// What is kept there.
    pub cache: Cache,
}

impl Compiled {
    /// What is kept in `folder` and is as it was written.
    pub fn open(folder: PathBuf) -> Result<Self, HostError> {
        let broken = |why: String| HostError::Broken(format!("{}: {why}", folder.display()));
        fs::create_dir_all(&folder).and_then(|()| weed(&folder)).map_err(|why| broken(why.to_string()))?;
        let mut config = CacheConfig::new();
        config.with_directory(std::path::absolute(&folder).map_err(|why| broken(why.to_string()))?);
        // What is kept is not written again: its sum is known.
        config
            .with_optimized_compression_usage_counter_threshold(u64::MAX)
            .with_files_total_size_soft_limit(KEPT_BYTES);
        let cache = Cache::new(config).map_err(|why| broken(format!("{why:#}")))?;
        Ok(Self { folder, cache })
    }

    /// Write down the sums of what is there. A disk that is full costs the next start its time, and this one nothing.
    pub fn keep(&self) {
        let written = || {
            let sums: Map<String, Value> =
                found(&self.folder)?.into_iter().map(|(name, sum)| (name, sum.into())).collect();
            let (half, whole) = (self.folder.join("sums.new"), self.folder.join(SUMS));
            fs::write(&half, Value::Object(sums).to_string())?;
            fs::rename(&half, &whole)
        };
        let _: io::Result<()> = written();
    }
}

/// Remove what is not as it was written.
fn weed(folder: &Path) -> io::Result<()> {
    let known: BTreeMap<String, String> =
        fs::read(folder.join(SUMS)).ok().and_then(|sums| serde_json::from_slice(&sums).ok()).unwrap_or_default();
    let altered = found(folder)?.into_iter().filter(|(name, sum)| known.get(name) != Some(sum));
    altered.map(|(name, _)| name).try_for_each(|name| fs::remove_file(folder.join(name)))
}

/// Names and sums of the files in the folders below `folder`.
fn found(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let (mut sums, mut folders) = (BTreeMap::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if !below.as_os_str().is_empty() && name.extension().is_none_or(|end| end != STATISTICS) {
                let sum = Sha256::digest(fs::read(entry.path())?);
                let sum = sum.iter().map(|byte| format!("{byte:02x}")).collect();
                sums.insert(name.to_string_lossy().into_owned(), sum);
            }
        }
    }
    Ok(sums)
}
