//! The file on its way from one host to the other. Nothing of it is kept here but a slice.

use super::{ATTEMPTS, Mover, PAUSE_MS};
use crate::outcome::Problem;
use crate::transfer::Scan;
use bytes::Bytes;
use kernel::seal::TransferKey;

/// Bytes of one request: at least one whole frame, and no more than any host takes.
const SLICE: usize = 1 << 20;

/// What came from here and was not taken in there.
#[derive(Default)]
struct Waiting {
    /// The file up to the end of its first frame; empty before it came.
    head: Vec<u8>,
    /// Where in the file the bytes begin.
    offset: u64,
    bytes: Vec<u8>,
}

impl Mover<'_> {
    /// Take the workspace over, under a key that nobody else ever sees. How many bytes it had.
    ///
    /// What is cut off is begun again under another key: nothing of the key or the file outlives this.
    pub(super) async fn transfer(&self) -> Result<u64, Problem> {
        let random = self.machine.random().map_err(|why| Problem::failed("entropy", why.0, ""))?;
        let key = TransferKey::new(random);
        let mut file = self.here.export(&key).await?;
        let (mut scan, mut waiting) = (Scan::default(), Waiting::default());
        while let Some(piece) = file.chunk().await.map_err(cut)? {
            scan.feed(&piece)?;
            waiting.bytes.extend_from_slice(&piece);
            if waiting.head.is_empty()
                && let Some(head) = scan.head().and_then(|size| waiting.bytes.get(..size))
            {
                waiting.head = head.to_vec();
                waiting.taken_up_to(self.begin(&waiting.head, &key).await?)?;
            }
            while !waiting.head.is_empty() && waiting.bytes.len() >= SLICE {
                self.send(&mut waiting, &key).await?;
            }
        }
        let scanned = scan.end().map_err(|problem| match problem.code.as_str() {
            "import_cut" => cut(problem.what),
            _ => problem,
        })?;
        while !waiting.bytes.is_empty() {
            self.send(&mut waiting, &key).await?;
        }
        Ok(scanned.bytes)
    }

    /// Begin there. What an earlier attempt has begun is of no use: its key is gone.
    async fn begin(&self, head: &[u8], key: &TransferKey) -> Result<u64, Problem> {
        match self.there.begin(head, key).await {
            Err(problem) if problem.code == "import_under_way" => {
                self.there.discard(None).await?;
                self.there.begin(head, key).await
            }
            begun => begun,
        }
    }

    /// Send a slice, which holds a whole frame at least. When nobody answers it may have been taken in all the same: asked to
    /// begin again, the host says how far it is.
    async fn send(&self, waiting: &mut Waiting, key: &TransferKey) -> Result<(), Problem> {
        let (before, mut failures) = (waiting.offset, 0);
        while waiting.offset == before {
            let slice = waiting.bytes.get(..SLICE).unwrap_or(&waiting.bytes);
            match self.there.append(waiting.offset, Bytes::copy_from_slice(slice)).await {
                Ok(offset) if offset == before => {
                    let what = format!("the host takes nothing in of what stands at byte {before}");
                    return Err(Problem::failed("protocol", what, ""));
                }
                Ok(offset) => return waiting.taken_up_to(offset),
                Err(problem) if nobody_answered(&problem) && failures < ATTEMPTS => {}
                Err(problem) => return Err(problem),
            }
            self.machine.sleep(PAUSE_MS << failures).await;
            failures += 1;
            match self.there.begin(&waiting.head, key).await {
                Ok(offset) => waiting.taken_up_to(offset)?,
                // Only the answer to the last slice was lost. Whether it is the right one is looked at next.
                Err(problem) if problem.code == "workspace_exists" => waiting.taken_up_to(waiting.end())?,
                Err(problem) if nobody_answered(&problem) => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }
}

fn nobody_answered(problem: &Problem) -> bool {
    ["host_unreachable", "unavailable"].contains(&problem.code.as_str())
}

impl Waiting {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// The host has the file up to here.
    fn taken_up_to(&mut self, offset: u64) -> Result<(), Problem> {
        if offset < self.offset || offset > self.end() {
            let what = format!("the host is at byte {offset}, and {} to {} are here", self.offset, self.end());
            return Err(Problem::failed("import_offset", what, "Ask for the same move again."));
        }
        self.bytes.drain(..usize::try_from(offset - self.offset).unwrap_or_default());
        self.offset = offset;
        Ok(())
    }
}

fn cut(why: String) -> Problem {
    Problem::failed("export_cut", format!("the export broke off: {why}"), "Ask for the same move again.")
}
