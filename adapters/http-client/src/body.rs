//! Reading an answer's body without trusting its size.

use crate::refusal;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use ports::OutboundError;

/// The whole body, refused as soon as it is known to be larger than `limit`: by the announced length before anything is
/// read, else by the first byte too many.
pub async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, OutboundError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(OutboundError::TooLarge { limit });
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| refusal::of_body(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit.saturating_sub(whole.len()) {
            return Err(OutboundError::TooLarge { limit });
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
