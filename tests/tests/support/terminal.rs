//! A person at a terminal: the program sees one, and this side reads the screen and types.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

/// A program at a terminal, which is its standard input and its standard error.
pub struct Terminal {
    keyboard: File,
    process: Child,
    seen: String,
    /// Up to where the screen was read.
    read: usize,
}

impl Terminal {
    /// Start `command`; its standard output is no terminal, and is read at the end.
    pub fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let side = || Stdio::from(OpenOptions::new().read(true).write(true).open(&name).unwrap());
        let process = command.stdin(side()).stderr(side()).stdout(Stdio::piped()).spawn().unwrap();
        // What the program writes is seen until the last one who holds this end lets go of it.
        drop(command);
        Self { keyboard: File::from(master), process, seen: String::new(), read: 0 }
    }

    /// Read the screen until `text` is there, beyond what was waited for before.
    pub fn see(&mut self, text: &str) {
        loop {
            let rest = self.seen.get(self.read..).unwrap();
            if let Some(at) = rest.find(text) {
                self.read += at + text.len();
                return;
            }
            assert!(self.more(), "{text:?} never came:\n{}", self.seen);
        }
    }

    /// Type a line.
    pub fn say(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Its exit code, its standard output, and everything that was to be seen.
    pub fn end(mut self) -> (i32, String, String) {
        while self.more() {}
        let mut out = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        (self.process.wait().unwrap().code().unwrap(), out, self.seen)
    }

    /// Whether more came. The other end that is gone reads as an error.
    fn more(&mut self) -> bool {
        let mut bytes = [0; 4_096];
        let count = self.keyboard.read(&mut bytes).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }
}
