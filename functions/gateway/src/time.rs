//! Times at the edge are RFC 3339; inside they are milliseconds since 1970.

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A time of a client, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Time;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a time such as \"2026-01-31T09:30:00Z\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        let refused = || E::custom("a time is written as in RFC 3339 and not before 1970: 2026-01-31T09:30:00Z");
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| refused())?;
        u64::try_from(time.timestamp_millis()).map(Time).map_err(|_| refused())
    }
}
