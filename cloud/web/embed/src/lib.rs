//! The control center's pages, from memory: compressed, with cache headers, and a content security policy.

// memory-serve's macro qualifies what it names.
#![allow(unused_qualifications)]

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use memory_serve::CacheControl;
use tower::ServiceExt as _;

/// Scripts of our own only; map and components set style attributes.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; \
                      connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// Unpacked once. Only Brotli is kept; for clients that want gzip the server compresses all its answers.
static FILES: LazyLock<Router> = LazyLock::new(|| {
    memory_serve::load!()
        .enable_gzip(false)
        .enable_brotli(true)
        .html_cache_control(CacheControl::NoCache)
        .cache_control(CacheControl::NoCache)
        .into_router()
});

/// The file that is asked for; for what people look at, the page that shows it. None: there is no such file.
pub async fn page(request: Request) -> Option<Response> {
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let is_hashed = request.uri().path().starts_with("/assets/");
    let (parts, _) = request.into_parts();
    let again = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let mut response = serve(again).await;
    if response.status() == StatusCode::NOT_FOUND && wants_page && !is_hashed {
        // The page looks at the address itself.
        let mut index = Request::from_parts(parts, axum::body::Body::empty());
        *index.uri_mut() = Uri::from_static("/");
        response = serve(index).await;
    }
    if response.status() == StatusCode::NOT_FOUND {
        return None;
    }
    let headers = response.headers_mut();
    if is_hashed {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, forever);
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

async fn serve(request: Request) -> Response {
    match FILES.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
