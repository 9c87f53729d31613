//! A client of a stream that blocks, and reads only when it is told to.

use kernelos::sse::{Message, Parser};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any story waits: a host that hangs fails a test and does not hang it.
const NEWS_WITHIN: Duration = Duration::from_secs(60);

/// An open stream.
pub struct Stream {
    connection: BufReader<TcpStream>,
    parser: Parser,
    told: VecDeque<Message>,
    over: bool,
}

impl Stream {
    /// Follow `path`, after `place` if there is one; `behind` is sent after the request at once.
    pub fn open(address: SocketAddr, token: &str, path: &str, place: Option<u64>, behind: &str) -> Self {
        let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
        connection.get_mut().set_read_timeout(Some(NEWS_WITHIN)).unwrap();
        let mut head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n");
        head += "accept: text/event-stream\r\n";
        if let Some(place) = place {
            head += &format!("last-event-id: {place}\r\n");
        }
        connection.get_mut().write_all(format!("{head}\r\n{behind}").as_bytes()).unwrap();
        let mut stream = Self { connection, parser: Parser::new(), told: VecDeque::new(), over: false };
        assert_eq!(stream.line(), "HTTP/1.1 200 OK");
        let mut headers: Vec<String> = Vec::new();
        while headers.last().is_none_or(|header| !header.is_empty()) {
            headers.push(stream.line().to_ascii_lowercase());
        }
        for header in ["content-type: text/event-stream", "cache-control: no-store", "transfer-encoding: chunked"] {
            assert!(headers.iter().any(|known| known == header), "{header} is not in {headers:?}");
        }
        stream
    }

    /// The next message; none when the host ended the stream as HTTP ends an answer.
    pub fn message(&mut self) -> Option<Message> {
        while self.told.is_empty() && !self.over {
            let mut chunk = vec![0; usize::from_str_radix(&self.line(), 16).unwrap()];
            self.connection.read_exact(&mut chunk).unwrap();
            assert_eq!(self.line(), "");
            self.over = chunk.is_empty();
            let mut told = Vec::new();
            self.parser.take(&chunk, &mut told).unwrap();
            self.told.extend(told);
        }
        self.told.pop_front()
    }

    /// The events up to position `until`: positions and what was said of them.
    pub fn events(&mut self, until: u64) -> Vec<(u64, String)> {
        let mut events: Vec<(u64, String)> = Vec::new();
        while events.last().is_none_or(|(pos, _)| *pos < until) {
            let message = self.message().expect("the stream ended early");
            if message.name == "event" {
                events.push((message.id.parse().unwrap(), message.data));
            }
        }
        events
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.connection.read_line(&mut line).unwrap() > 0, "the host broke the connection off");
        line.trim_end().to_owned()
    }
}
