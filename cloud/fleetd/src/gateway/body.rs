//! JSON bodies. `curl -d` sends JSON as `application/x-www-form-urlencoded`, so the content type is not looked at.

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Largest body of a request, bytes.
const MAX: usize = 1024 * 1024;
/// How much of a larger one is read before the connection is closed, bytes.
const MAX_THROWN_AWAY: usize = 16 * 1024 * 1024;

/// A JSON body that has to be there.
pub struct Body<T>(pub T);

/// A JSON body that may be left out: then it is the default.
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        if bytes.trim_ascii().is_empty() {
            return Err(Problem::bad_request("the body is empty; send a JSON object, e.g. curl -d '{…}'"));
        }
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

/// The whole body, up to [`MAX`]. What is larger is read on and thrown away for a while: a client that is still sending
/// would otherwise see a broken connection instead of the answer.
async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let too_large =
        || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "the body is larger than 1 MiB");
    let size = request.body().size_hint();
    // It asks before it sends: it need not.
    if request.headers().contains_key(header::EXPECT) && size.lower() > MAX as u64 {
        return Err(too_large());
    }
    let (mut bytes, mut read) = (Vec::new(), 0);
    let mut parts = request.into_body().into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::bad_request("the body did not arrive whole"))?;
        read += part.len();
        if read <= MAX {
            bytes.extend_from_slice(&part);
        } else if read > MAX_THROWN_AWAY {
            break;
        }
    }
    if read <= MAX { Ok(bytes) } else { Err(too_large()) }
}

/// The error says where and what: `at pickup.lat: invalid type: string "x", expected f64 (line 1, column 12)`.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { format!("at {path}: ") };
        let inner = error.inner();
        if inner.is_data() {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-field", format!("{at}{inner}"))
        } else {
            Problem::bad_request(format!("the body is not JSON: {inner}"))
        }
    })?;
    json.end().map_err(|error| Problem::bad_request(format!("after the JSON object: {error}")))?;
    Ok(value)
}
