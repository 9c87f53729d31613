//! Server-sent events, from bytes that are cut anywhere.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What the peer calls it; empty when it has no name.
    pub name: Vec<u8>,
    /// Its data; lines are joined by line feeds.
    pub data: Vec<u8>,
}

/// What has come of the next event. Bytes are kept and not text, because a character may be cut in two.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Option<Vec<u8>>,
    /// The last byte was a carriage return: a line feed now ends no other line.
    returned: bool,
    /// A first line was read: a byte order mark from now on is data.
    begun: bool,
}

impl Events {
    /// Read one byte; the event that it completes, if it does.
    pub fn push(&mut self, byte: u8) -> Option<Event> {
        let returned = std::mem::replace(&mut self.returned, byte == b'\r');
        match byte {
            b'\n' if returned => None,
            b'\n' | b'\r' => self.end_line(),
            _ => {
                self.line.push(byte);
                None
            }
        }
    }

    /// The event that only lacked its line end and its empty line, for some servers send neither at the very end.
    pub fn finish(&mut self) -> Option<Event> {
        if !self.line.is_empty() {
            // A line with text in it ends no event.
            let _ = self.end_line();
        }
        self.dispatch()
    }

    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        let text = if self.begun { line.as_slice() } else { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line) };
        self.begun = true;
        if text.is_empty() {
            return self.dispatch();
        }
        let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let (field, value) = text.split_at_checked(colon).unwrap_or((text, &[]));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => self.name = value.to_vec(),
            // Comments, which keep the connection open, and fields that matter to browsers.
            _ => {}
        }
        line.clear();
        self.line = line;
        None
    }

    /// An event without data is none.
    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        self.data.take().map(|data| Event { name, data })
    }
}
