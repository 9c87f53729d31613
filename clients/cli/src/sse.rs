//! Server-sent events, from bytes to messages. Reads nothing itself: it is given what came, in whatever pieces.

/// The largest message that is taken; a peer that sends more is not one of ours.
pub const MESSAGE_MAX: usize = 64 << 20;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The last id that was told, with this message or before it.
    pub id: String,
    /// Its name; `message` when it has none.
    pub name: String,
    /// What it says.
    pub data: String,
}

/// More came without an end than any message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// What has come so far of a stream.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it ends no other line.
    after_return: bool,
    begun: bool,
    id: String,
    name: String,
    data: String,
    retry_ms: Option<u64>,
}

impl Parser {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait before coming back, when the stream said so.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Take `bytes`; the messages they complete go to `out`.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<Message>) -> Result<(), TooLarge> {
        let mut rest = bytes;
        if self.after_return {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_return = bytes.is_empty();
        }
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, end) = rest.split_at(at);
            self.line.extend_from_slice(line);
            rest = match end {
                [b'\r', b'\n', more @ ..] | [_, more @ ..] => more,
                [] => &[],
            };
            self.after_return = end == b"\r";
            out.extend(self.end_of_line());
        }
        self.line.extend_from_slice(rest);
        if self.line.len() + self.data.len() > MESSAGE_MAX { Err(TooLarge) } else { Ok(()) }
    }

    fn end_of_line(&mut self) -> Option<Message> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let text = if self.begun { &*text } else { text.strip_prefix('\u{feff}').unwrap_or(&text) };
        self.begun = true;
        if text.is_empty() {
            return self.end_of_message();
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry_ms = value.parse().ok().or(self.retry_ms);
            }
            // A comment begins with a colon; other fields are of a time to come.
            _ => {}
        }
        None
    }

    fn end_of_message(&mut self) -> Option<Message> {
        let (name, mut data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        data.pop()?;
        let name = if name.is_empty() { "message".to_owned() } else { name };
        Some(Message { id: self.id.clone(), name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, name: &str, data: &str) -> Message {
        Message { id: id.into(), name: name.into(), data: data.into() }
    }

    fn all(parts: &[&[u8]]) -> (Vec<Message>, Parser) {
        let (mut parser, mut out) = (Parser::new(), Vec::new());
        parts.iter().for_each(|part| parser.take(part, &mut out).unwrap());
        (out, parser)
    }

    #[test]
    fn a_stream_cut_anywhere_has_the_same_messages() {
        let text = "\u{feff}retry: 1000\n\nid: 7\nevent: event\ndata: {\"a\":\"é\"}\n\n: heartbeat\n\nevent: delta\r\n\
            data: one\r\ndata:two\r\n\r\ndata\rid: 8\r\rdata:  x\n\n";
        let expected = [
            message("7", "event", "{\"a\":\"é\"}"),
            message("7", "delta", "one\ntwo"),
            message("8", "message", ""),
            message("8", "message", " x"),
        ];
        let bytes = text.as_bytes();
        for first in 0..=bytes.len() {
            let (one, rest) = bytes.split_at(first);
            for second in 0..=rest.len() {
                let (two, three) = rest.split_at(second);
                let (told, parser) = all(&[one, b"", two, three]);
                assert_eq!((told.as_slice(), parser.retry_ms()), (&expected[..], Some(1000)), "{first} {second}");
            }
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        for text in ["", "\n\n\n", ": x\n\n", "event: lonely\n\n", "id: 3\n\n", "data: unfinished\n", "colour: red\n\n"]
        {
            assert_eq!(all(&[text.as_bytes()]).0, [], "{text:?}");
        }
        assert_eq!(all(&[b"event: lonely\n\ndata: x\n\n"]).0, [message("", "message", "x")]);
        assert_eq!(all(&[b"retry: soon\nretry: 5\nretry: \n\n"]).1.retry_ms(), Some(5));
        assert_eq!(all(&[b"id: 3\nid: 4\0\ndata: x\n\n"]).0, [message("3", "message", "x")]);
    }

    #[test]
    fn a_message_without_end_is_not_kept_for_ever() {
        let (mut parser, mut out) = (Parser::new(), Vec::new());
        let part = vec![b'x'; 1 << 20];
        let taken = (0..).take_while(|_| parser.take(&part, &mut out).is_ok()).count();
        assert_eq!(taken, MESSAGE_MAX >> 20);
    }
}
