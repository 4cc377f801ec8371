//! What every request must be before it is looked at, and what every answer carries.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::tokens::{Named, Scope};
use super::{host, origin};
use crate::daemon::Daemon;

/// Where the API is.
pub(super) const API: &str = "/api/v1";
/// What needs no token: the page, which holds no data, and what a token comes by.
const OPEN: [&str; 5] = [
    "/",
    "/health",
    "/api/v1/token",
    "/api/v1/openapi.json",
    "/favicon.ico",
];

/// Whom a request is from, as its token says.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) token: Named,
}

/// What the guard knows.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    daemon: Arc<Daemon>,
    host: String,
    origin: String,
}

impl Guard {
    pub(super) fn new(daemon: Arc<Daemon>, port: u16) -> Self {
        Self {
            daemon,
            host: host(port),
            origin: origin(port),
        }
    }
}

/// Lets a request through, or answers it.
pub(super) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match check(&guard, &mut request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    dress(response.headers_mut());
    let counters = guard.daemon.audit.counters();
    counters.answered(response.status().as_u16());
    response
}

fn check(guard: &Guard, request: &mut Request) -> Result<(), Problem> {
    let (headers, uri) = (request.headers(), request.uri());
    if !is_for_us(headers, uri, &guard.host) {
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected",
            format!("this is {} and nothing else", guard.host),
        ));
    }
    if !is_of_us(headers, &guard.origin) && !is_opened(request) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "another site asks for this, which is not answered",
        ));
    }
    let path = request.uri().path();
    if request.method() == Method::HEAD && path.starts_with("/api/") {
        return Err(wrong_method());
    }
    if needs_token(request.method(), path) {
        let holder = admit(guard, request)?;
        request.extensions_mut().insert(holder);
    }
    Ok(())
}

pub(super) fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "there is no such method here; /api/v1/openapi.json lists those there are",
    )
}

/// The host is named once, by the address and not by a name that could be made to lead here.
fn is_for_us(headers: &HeaderMap, uri: &Uri, host: &str) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let (first, more) = (named.next(), named.next());
    let in_target = uri.authority().is_none_or(|it| it.as_str() == host);
    first.is_some_and(|it| it.as_bytes() == host.as_bytes()) && more.is_none() && in_target
}

/// What a browser says of where the request comes from, where it says anything.
fn is_of_us(headers: &HeaderMap, origin: &str) -> bool {
    let all = |name: &HeaderName, fits: &dyn Fn(&[u8]) -> bool| {
        headers.get_all(name).iter().all(|it| fits(it.as_bytes()))
    };
    let site = HeaderName::from_static("sec-fetch-site");
    all(&header::ORIGIN, &|it| it == origin.as_bytes())
        && all(&site, &|it| it == b"same-origin" || it == b"none")
}

/// The page itself can be opened from anywhere: it has no data, and `aipctl dashboard` opens it by a
/// file.
fn is_opened(request: &Request) -> bool {
    let headers = request.headers();
    let is = |name: &str, value: &str| {
        headers
            .get(name)
            .is_some_and(|it| it.as_bytes() == value.as_bytes())
    };
    request.method() == Method::GET
        && request.uri().path() == "/"
        && !headers.contains_key(header::ORIGIN)
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

fn needs_token(method: &Method, path: &str) -> bool {
    let trades = path == "/api/v1/token" && *method == Method::DELETE;
    let fetches = path.starts_with("/api/v1/exports/") && *method == Method::GET;
    trades || !(OPEN.contains(&path) || path.starts_with("/app/") || fetches)
}

fn admit(guard: &Guard, request: &Request) -> Result<Holder, Problem> {
    let headers = request.headers();
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(said), None) = (said.next(), said.next()) else {
        return Err(Problem::unauthorized());
    };
    let said = said.to_str().unwrap_or_default();
    let token = match said.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Named::of(token.trim()),
        Some(_) | None => return Err(Problem::unauthorized()),
    };
    let scope = guard.daemon.http.tokens();
    let scope = scope.scope(&token, crate::time::now_ms());
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    match scope {
        None => Err(Problem::unauthorized()),
        // To give itself up a token may.
        Some(Scope::Read) if !looks && request.uri().path() != "/api/v1/token" => {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "read_only",
                "this token can look and change nothing; open the page with `aipctl dashboard`",
            ))
        }
        Some(Scope::Read | Scope::Full) => Ok(Holder { token }),
    }
}

/// The page runs nothing and loads nothing but its own files, stands in no frame, and writes no text
/// as markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

fn dress(headers: &mut HeaderMap) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
