//! Lines a person types, read by a thread that reads only when it is asked to: an editor needs the terminal for itself.

use std::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The lines of standard input.
pub struct Lines {
    ask: mpsc::Sender<()>,
    heard: UnboundedReceiver<Option<String>>,
    is_asked: bool,
}

impl Lines {
    /// Nothing is read yet.
    pub fn new() -> Self {
        let (ask, asked) = mpsc::channel();
        let (say, heard) = unbounded_channel();
        // It ends with the program: whoever waits for a person at the end waits for nothing.
        std::thread::spawn(move || read(&asked, &say));
        Self { ask, heard, is_asked: false }
    }

    /// The next line; none at the end of the input. Giving up waiting loses no line.
    pub async fn next(&mut self) -> Option<String> {
        if !self.is_asked {
            self.is_asked = self.ask.send(()).is_ok();
        }
        let line = self.heard.recv().await.flatten();
        self.is_asked = false;
        line
    }
}

fn read(asked: &mpsc::Receiver<()>, say: &UnboundedSender<Option<String>>) {
    for () in asked {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        let line = read.is_ok_and(|bytes| bytes > 0).then_some(line);
        if say.send(line).is_err() {
            return;
        }
    }
}
