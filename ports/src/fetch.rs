//! One HTTP exchange by whatever the platform has for it: between functions, and on hosts that connect by themselves.

use crate::egress::ConnectionBody;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

/// Exchanges requests for answers.
#[async_trait(?Send)]
pub trait Fetch {
    /// Send `request`, whose URI is absolute, and wait for the head of the answer. A redirect is an answer. The error says
    /// why there is none; the peer may have acted.
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String>;
}

/// All of a body that has at most `most` bytes.
pub async fn whole(body: &mut dyn ConnectionBody, most: usize) -> Result<Bytes, String> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.chunk().await? {
        if whole.len() + piece.len() > most {
            return Err(format!("the answer has more than {most} bytes"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
