//! Who may read: a token, the server's own names, and headers that keep pages inert.

use axum::Form;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use evolve_core::BlobHash;
use serde::Deserialize;

use super::Site;
use super::answer::{Failure, frame};

/// The cookie that holds the token's hash.
const COOKIE_NAME: &str = "evolve";
/// Nothing from elsewhere, nothing inline; pictures only from the server itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a reader must know. Only its hash is kept; two of a length that can be guessed are
/// compared by their hashes, whose difference tells nothing about the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(BlobHash);

impl Token {
    /// This text.
    pub fn new(text: &str) -> Self {
        Self(BlobHash::of(text.as_bytes()))
    }

    fn is(&self, text: &str) -> bool {
        *self == Self::new(text)
    }

    /// What the cookie holds.
    fn pass(&self) -> String {
        BlobHash::of(format!("pass {}", self.0).as_bytes()).to_string()
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(text) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            return self.is(text.trim());
        }
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut passes = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == COOKIE_NAME)
            .map(|(_, value)| BlobHash::of(value.as_bytes()));
        let own = BlobHash::of(self.pass().as_bytes());
        passes.any(|pass| pass == own)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// Lets in who shows the token, where there is one.
pub(super) async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    match &site.token {
        Some(token) if !token.lets_in(request.headers()) => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            login_form(&site, path, StatusCode::UNAUTHORIZED, "")
        }
        _ => next.run(request).await,
    }
}

/// Without a token only this machine may read, and only by its own names: a page of another
/// site that was made to resolve to this address would otherwise read everything.
pub(super) async fn own_names_only(
    State(site): State<Site>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    if site.token.is_none() && !host.is_some_and(is_own_name) {
        let text = "this server answers to localhost and 127.0.0.1 only; start it with --token to \
                    reach it by another name\n";
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    }
    next.run(request).await
}

fn is_own_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What every answer says about itself.
pub(super) async fn headers(mut response: Response) -> Response {
    let fixed: [(HeaderName, &'static str); 6] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Login {
    #[serde(default)]
    token: String,
    #[serde(default)]
    to: String,
}

/// The form.
pub(super) async fn login_page(State(site): State<Site>) -> Response {
    login_form(&site, "/", StatusCode::OK, "")
}

/// Gives the cookie to who knows the token, and sends them where they wanted to go.
pub(super) async fn login(State(site): State<Site>, Form(form): Form<Login>) -> Response {
    let Some(token) = &site.token else { return to("/").into_response() };
    if !token.is(form.token.trim()) {
        return login_form(&site, &form.to, StatusCode::UNAUTHORIZED, "That is not the token.");
    }
    let cookie = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict", token.pass());
    let mut response = to(&form.to).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Only paths of this server are gone to.
fn to(path: &str) -> impl IntoResponse {
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    let place = HeaderValue::from_str(if own { path } else { "/" });
    (StatusCode::SEE_OTHER, [(LOCATION, place.unwrap_or(HeaderValue::from_static("/")))])
}

fn login_form(site: &Site, to: &str, status: StatusCode, wrong: &str) -> Response {
    let mut context = frame("Token", None);
    context.insert("to", to);
    context.insert("wrong", wrong);
    match site.pages.render("login.html", &context) {
        Ok(page) => (status, page).into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_own_names() {
        for own in ["localhost", "localhost:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "[::1]"]
        {
            assert!(is_own_name(own), "{own}");
        }
        for other in ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil", "10.0.0.1", ""]
        {
            assert!(!is_own_name(other), "{other}");
        }
    }

    #[test]
    fn a_token_is_shown_as_a_bearer_or_as_the_cookie_it_gave() {
        let token = Token::new("secret");
        let with = |name: HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            token.lets_in(&headers)
        };
        assert!(with(AUTHORIZATION, "Bearer secret"));
        assert!(!with(AUTHORIZATION, "Bearer secret2"));
        assert!(with(COOKIE, &format!("a=b; evolve={}", token.pass())));
        assert!(!with(COOKIE, "evolve=secret"));
        assert!(!token.lets_in(&HeaderMap::new()));
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (path, place) in
            [("/runs/a?x=1", "/runs/a?x=1"), ("//evil", "/"), ("https://e", "/"), ("/\\e", "/")]
        {
            let response = to(path).into_response();
            assert_eq!(response.headers()[LOCATION], place);
        }
    }
}
