//! The routes, each once, and how a request becomes one of the daemon's operations.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Query, RawPathParams, Request};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::de::DeserializeOwned;
use wire::control::Request as Operation;

use super::collect::{Collect, Shape};
use super::guard::{self, API, Guard, Holder};
use super::problem::{JSON, Problem};
use super::{Connection, events, exports, files, person, sign_in};
use crate::daemon::Daemon;
use crate::operation::{Caller, Door, operate};

mod table;

pub(super) use table::{ROUTES, kinds};

/// The longest body, in bytes.
const BODY: usize = 256 * 1024;
/// How long it may take.
const BODY_TIME: Duration = Duration::from_secs(15);

/// One method of one path below [`API`].
pub(super) struct Route {
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What a route does.
enum Act {
    /// Asks for an operation; its items or its end are the answer.
    Ask(Shape, fn(&Asked) -> Result<Operation, Problem>),
    /// Trades a code for a token.
    Trade,
    /// Ends the token it comes with.
    GiveUp,
    /// Gives a ticket for an export.
    Order,
    /// Streams what a ticket is for.
    Fetch,
    /// Tells what happens as it does.
    Events,
    /// Describes all of this.
    Describe,
}

/// A request, read.
pub(super) struct Asked {
    pub(super) daemon: Arc<Daemon>,
    pub(super) connection: Connection,
    /// Whose it is, where it needs to be anybody's.
    pub(super) holder: Option<Holder>,
    /// What stands in the path's places.
    places: Vec<(String, String)>,
    uri: Uri,
    body: Bytes,
    /// `Last-Event-ID`
    pub(super) last_event: Option<HeaderValue>,
}

impl Asked {
    /// What stands in this place of the path.
    pub(super) fn place(&self, name: &str) -> Result<String, Problem> {
        let mut places = self.places.iter();
        let found = places.find(|(place, _)| place == name);
        let (_, value) = found.ok_or_else(|| Problem::not_found("there is no such thing here"))?;
        Ok(value.clone())
    }

    /// The query, which holds nothing else.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Query::try_from_uri(&self.uri)
            .map(|Query(query)| query)
            .map_err(|error| Problem::invalid(error.body_text()))
    }

    /// The body, which holds nothing else.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::invalid(format!("the body can't be used: {error}")))
    }
}

/// The whole door.
pub(super) fn router(daemon: Arc<Daemon>, port: u16) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(&format!("{API}{}", route.path), on_route(route, &daemon));
    }
    let health = Arc::clone(&daemon);
    router = router.route(
        "/health",
        axum::routing::get(async move || super::server::health(&health)),
    );
    let metrics = Arc::clone(&daemon);
    router = router.route(
        "/metrics",
        axum::routing::get(async move || super::server::metrics(&metrics)),
    );
    router
        .fallback(files::serve)
        .method_not_allowed_fallback(async || guard::wrong_method())
        .layer(from_fn_with_state(Guard::new(daemon, port), guard::guard))
}

fn on_route(route: &'static Route, daemon: &Arc<Daemon>) -> MethodRouter {
    let daemon = Arc::clone(daemon);
    let handler = move |request: Request| {
        let daemon = Arc::clone(&daemon);
        async move {
            match answer(daemon, route, request).await {
                Ok(response) => response,
                Err(problem) => problem.into_response(),
            }
        }
    };
    on(route.verb.filter(), handler)
}

async fn answer(
    daemon: Arc<Daemon>,
    route: &'static Route,
    request: Request,
) -> Result<Response, Problem> {
    let asked = read(daemon, route.verb, request).await?;
    match &route.act {
        Act::Ask(shape, form) => ask(&asked, *shape, form(&asked)?).await.map(json_text),
        Act::Trade => sign_in::trade(&asked).await.map(json_text),
        Act::GiveUp => sign_in::give_up(&asked).await.map(json_text),
        Act::Order => exports::order(&asked).map(json_text),
        Act::Fetch => exports::fetch(&asked),
        Act::Events => events::serve(asked),
        Act::Describe => Ok(json_text(include_str!("openapi.json").to_owned())),
    }
}

/// Does it, and gives the answer's text.
async fn ask(asked: &Asked, shape: Shape, operation: Operation) -> Result<String, Problem> {
    let daemon = &asked.daemon;
    let now = daemon.overriding(crate::time::now_ms());
    let pid = match crate::person::deed(&operation, now) {
        // Only what is for a person is worth the look.
        None => None,
        Some(_) => person::behind(daemon, asked.connection).await,
    };
    let caller = Caller {
        door: Door::Http,
        pid,
    };
    let mut items = Collect::default();
    let end = operate(daemon, operation, &mut items, caller, pending()).await?;
    super::server::shaped(asked, shape, items, end)
}

/// An answer of the API.
pub(super) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, JSON)], text).into_response()
}

async fn read(daemon: Arc<Daemon>, verb: Verb, request: Request) -> Result<Asked, Problem> {
    let (mut parts, body) = request.into_parts();
    let places = RawPathParams::from_request_parts(&mut parts, &())
        .await
        .map_err(|error| Problem::invalid(format!("the path can't be read: {error}")))?;
    let places = places
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let connection = parts.extensions.get::<Connection>().copied();
    let connection =
        connection.ok_or_else(|| Problem::unavailable("the connection can't be told"))?;
    let body = match verb {
        Verb::Get => Bytes::new(),
        Verb::Post => {
            is_json(parts.headers.get(header::CONTENT_TYPE))?;
            whole(body).await?
        }
        Verb::Delete => whole(body).await?,
    };
    Ok(Asked {
        daemon,
        connection,
        holder: parts.extensions.get().cloned(),
        places,
        uri: parts.uri,
        body,
        last_event: parts.headers.get("last-event-id").cloned(),
    })
}

/// A page of another site's can send other kinds without being asked whether it may.
fn is_json(kind: Option<&HeaderValue>) -> Result<(), Problem> {
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (kind, more) = kind.split_once(';').unwrap_or((kind, ""));
    let more = more.trim().to_ascii_lowercase();
    let fits = kind.trim().eq_ignore_ascii_case("application/json");
    if fits && matches!(more.as_str(), "" | "charset=utf-8") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "content_type",
        "the body must be `application/json`",
    ))
}

async fn whole(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body must be whole, and of {BODY} bytes at most"),
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "late",
            "the body did not come in time",
        )),
    }
}

#[cfg(test)]
mod tests;
