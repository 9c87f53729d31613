//! One exchange on one connection.

use crate::chain;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use ports::egress::{Connection, ExchangeError};
use std::pin::pin;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A connection over any stream.
pub struct HttpConnection<T: Read + Write> {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<T, Full<Bytes>>,
}

impl<T: Read + Write + Unpin + 'static> HttpConnection<T> {
    /// Ready to send on `stream`; nothing is sent yet.
    pub async fn on(stream: T) -> Result<Self, String> {
        let made = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(stream).await;
        made.map(|(sender, driver)| Self { sender, driver }).map_err(|error| chain(&error))
    }
}

#[async_trait(?Send)]
impl<T: Read + Write + Unpin + 'static> Connection for HttpConnection<T> {
    async fn exchange(
        self: Box<Self>,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<Response<Bytes>, ExchangeError> {
        let Self { mut sender, driver } = *self;
        let exchange = async {
            let response = sender.send_request(request.map(Full::new)).await.map_err(|error| broken(&error))?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, read(body, limit).await?))
        };
        // The driver moves the bytes. When it ends, well or not, the exchange learns of it by itself.
        let driving = async {
            let _ = driver.await;
            std::future::pending::<()>().await;
        };
        let (mut exchange, mut driving) = (pin!(exchange), pin!(driving));
        tokio::select! {
            outcome = &mut exchange => outcome,
            () = &mut driving => Err(ExchangeError::Interrupted("the connection ended".into())),
        }
    }
}

/// The whole body, refused as soon as it is known to be larger than `limit`: by the announced length before anything is
/// read, else by the first byte too many.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, ExchangeError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(ExchangeError::TooLarge);
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        if data.len() > limit.saturating_sub(whole.len()) {
            return Err(ExchangeError::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn broken(error: &hyper::Error) -> ExchangeError {
    ExchangeError::Interrupted(chain(error))
}
