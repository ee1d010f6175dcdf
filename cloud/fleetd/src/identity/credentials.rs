//! What a request brings along to say who asks.

use axum::http::{HeaderMap, Uri, header};

/// The cookie of browser sessions.
pub const COOKIE: &str = "session";

/// The token: of the header, of a WebSocket's subprotocol, or of the cookie.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    authorization(headers).or_else(|| subprotocol(headers)).or_else(|| cookie(headers))
}

/// `curl -H "Authorization: Bearer $TOKEN"` with an unset variable sends an empty one: that is no token.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("?").trim();
    let scheme_and_token = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = scheme_and_token.map_or(given, |(_, token)| token).trim();
    (!token.is_empty() && !token.eq_ignore_ascii_case("bearer")).then_some(token)
}

/// Browsers can't set headers on a WebSocket: the token comes as a subprotocol `bearer.TOKEN`.
fn subprotocol(headers: &HeaderMap) -> Option<&str> {
    let protocols = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    protocols.split(',').find_map(|protocol| protocol.trim().strip_prefix("bearer."))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, token)| *name == COOKIE && !token.is_empty()).map(|(_, token)| token).next()
}

/// Whether a page of somebody else has a browser send this. Cookies, and nobody's rights in the development profile, go
/// along with such requests, a header with a token does not.
pub fn is_foreign(headers: &HeaderMap, allowed_origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().unwrap_or_default();
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let from = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
    let is_own = own.is_some() && from.as_deref() == own;
    !is_own && !allowed_origins.iter().any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_token_comes_in_three_ways() {
        for (name, value, expected) in [
            ("authorization", "Bearer abc", Some("abc")),
            ("authorization", "bearer  abc ", Some("abc")),
            ("authorization", "Bearer ", None),
            ("authorization", "", None),
            ("sec-websocket-protocol", "atlasmesh.v1, bearer.abc", Some("abc")),
            ("cookie", "theme=dark; session=abc; a=b", Some("abc")),
            ("cookie", "session=", None),
            ("cookie", "other_session=abc", None),
        ] {
            assert_eq!(token(&headers(&[(name, value)])), expected, "{name}: {value}");
        }
    }

    #[test]
    fn pages_of_others_are_foreign() {
        let allowed = ["https://control.example.org".to_owned()];
        let foreign =
            |origin| is_foreign(&headers(&[("host", "localhost:8080"), ("origin", origin)]), &allowed);
        assert!(!is_foreign(&headers(&[("host", "localhost:8080")]), &allowed));
        assert!(!foreign("http://localhost:8080"));
        assert!(!foreign("https://control.example.org"));
        for origin in ["http://localhost:9999", "https://evil.example", "null", ""] {
            assert!(foreign(origin), "{origin:?}");
        }
    }
}
