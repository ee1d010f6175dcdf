//! JSON bodies. `curl -d` sends JSON as `application/x-www-form-urlencoded`, so the content type is not looked at.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body that has to be there.
pub struct Body<T>(pub T);

/// A JSON body that may be left out: then it is the default.
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Err(Problem::bad_request("the body is empty; send a JSON object, e.g. curl -d '{…}'"));
        }
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "the body is larger than 1 MiB")
        }
        _ => Problem::bad_request("the body did not arrive whole"),
    })
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
