//! Clients that send commands and keep what they were told.

use super::desk::Desk;
use super::dice::Dice;
use kernel::event::next_link;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{CommandId, DeviceId};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::io;

/// What a command is about. Every text is sent once, so that it can be counted in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A task with this title.
    Task(String),
    /// A question with this prompt.
    Question(String),
}

/// A request, kept until it is answered.
#[derive(Debug, Clone)]
struct Sent {
    key: String,
    body: String,
    subjects: Vec<Subject>,
    /// The device's chain behind it.
    link: Option<HashText>,
}

/// A request that was acknowledged.
#[derive(Debug, Clone)]
pub struct Told {
    sent: Sent,
    reply: Vec<u8>,
}

impl Told {
    /// Every command of it: its id, the position of its first event, and its subject.
    pub fn commands(&self) -> Vec<(String, u64, Subject)> {
        let reply: Value = serde_json::from_slice(&self.reply).unwrap();
        let outcomes = reply["outcomes"].as_array().unwrap();
        assert_eq!(outcomes.len(), self.sent.subjects.len(), "{reply}");
        let each = outcomes.iter().zip(&self.sent.subjects);
        each.map(|(outcome, subject)| {
            let id = outcome["command"].as_str().unwrap().to_owned();
            (id, outcome["pos"].as_u64().unwrap(), subject.clone())
        })
        .collect()
    }
}

/// A device's count and chain.
#[derive(Debug, Clone)]
struct Chain {
    device: DeviceId,
    counted: u64,
    link: HashText,
}

/// A client.
#[derive(Debug)]
pub struct Sender {
    name: String,
    dice: Dice,
    chain: Option<Chain>,
    written: u64,
    /// Sent and not answered.
    open: Option<Sent>,
    /// What was acknowledged.
    pub told: Vec<Told>,
    /// How many of them were there when the host was killed last.
    before: usize,
    /// How often a request had to be sent again because the host said that it cannot answer now.
    pub put_off: u64,
}

impl Sender {
    /// A client that sends under idempotency keys.
    pub fn with_keys(name: &str, seed: u64) -> Self {
        let (dice, name) = (Dice::new(seed), name.to_owned());
        Self { name, dice, chain: None, written: 0, open: None, told: Vec::new(), before: 0, put_off: 0 }
    }

    /// A client that is a device of its own: it counts its commands and chains them.
    pub fn with_device(name: &str, seed: u64, client: &mut Client, desk: &Desk) -> Self {
        let public_key = [seed as u8; 32];
        let data = json!({ "public_key": HashText(public_key) });
        let enrolled = client.command(&desk.id, &format!("enroll-{name}"), "device.enroll", &data).unwrap();
        assert_eq!(enrolled.status, 200, "{}", enrolled.json());
        let chain = Chain { device: DeviceId::of(&public_key), counted: 0, link: HashText([0; 32]) };
        Self { chain: Some(chain), ..Self::with_keys(name, seed) }
    }

    /// Send one request after the other until the connection breaks.
    pub fn send_until_cut(&mut self, client: &mut Client, desk: &Desk) {
        self.before = self.told.len();
        loop {
            let sent = self.open.take().unwrap_or_else(|| self.write(desk));
            if self.deliver(sent, client, desk).is_err() {
                return;
            }
        }
    }

    /// After a kill: what had no answer gets one, and what was acknowledged gets the same answer again, byte for byte.
    pub fn make_sure(&mut self, client: &mut Client, desk: &Desk) {
        if let Some(sent) = self.open.take() {
            self.deliver(sent, client, desk).unwrap();
        }
        for told in self.told.split_off(self.before) {
            let again = post(client, desk, &told.sent).unwrap();
            assert_eq!(again.body, told.reply, "{} got another answer", told.sent.key);
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{}", told.sent.key);
            self.told.push(told);
        }
        self.before = self.told.len();
    }

    fn deliver(&mut self, sent: Sent, client: &mut Client, desk: &Desk) -> io::Result<()> {
        loop {
            let answer = match post(client, desk, &sent) {
                Ok(answer) => answer,
                Err(why) => {
                    self.open = Some(sent);
                    return Err(why);
                }
            };
            if answer.status == 503 {
                self.put_off += 1;
                continue;
            }
            assert_eq!(answer.status, 200, "{}: {}", sent.key, answer.json());
            if let (Some(chain), Some(link)) = (&mut self.chain, sent.link) {
                chain.counted += 1;
                chain.link = link;
            }
            self.told.push(Told { sent, reply: answer.body });
            return Ok(());
        }
    }

    fn write(&mut self, desk: &Desk) -> Sent {
        let count = if self.chain.is_none() && self.dice.below(5) == 0 { 3 } else { 1 };
        self.written += 1;
        let (mut subjects, mut commands, mut link) = (Vec::new(), Vec::new(), None);
        for nth in 0..count {
            let text = format!("{} {}.{nth}", self.name, self.written);
            let (name, data) = if self.dice.below(4) == 0 {
                subjects.push(Subject::Question(text.clone()));
                ("task.ask", json!({ "agent": desk.agent, "prompt": text }))
            } else {
                subjects.push(Subject::Task(text.clone()));
                ("task.create", json!({ "title": text }))
            };
            let mut command = json!({ "type": name, "data": data });
            if let Some(chain) = &self.chain {
                let id = CommandId { device: chain.device, incarnation: 0, counter: chain.counted + 1 };
                command["id"] = json!(id);
                command["previous"] = json!(chain.link);
                let sent = HashText(hash(Domain::Command, &[command.to_string().as_bytes()]));
                link = Some(next_link(&chain.link, &sent));
            }
            commands.push(command.to_string());
        }
        let body = format!("{{\"commands\":[{}]}}", commands.join(","));
        Sent { key: format!("{}-{}", self.name, self.written), body, subjects, link }
    }
}

fn post(client: &mut Client, desk: &Desk, sent: &Sent) -> io::Result<Answer> {
    client.post(&desk.path("/commands"), &sent.key, sent.body.as_bytes())
}
