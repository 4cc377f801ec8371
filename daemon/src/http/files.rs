//! The page's files, which are built in.

use axum::http::header::{self, HeaderMap};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::guard::wrong_method;
use super::problem::Problem;
use crate::audit::chain::hex;

/// All there is below `daemon/dashboard`, as it was when this was built.
#[derive(RustEmbed)]
#[folder = "dashboard"]
struct Files;

/// `/` is the page, and whatever is below `/app/` the file of that name.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let Some((path, file)) = find(uri.path()) else {
        return Problem::not_found("there is nothing here; the dashboard is at `/`")
            .into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        return wrong_method().into_response();
    }
    let Some((tag, kind)) = tag(&file).zip(kind(&path)) else {
        return Problem::not_found("there is no such file").into_response();
    };
    let known = headers.get_all(header::IF_NONE_MATCH);
    let kept = [
        (header::ETAG, tag.clone()),
        // Kept, and asked about each time.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if known.iter().any(|it| *it == tag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    let data = match method {
        Method::HEAD => Vec::new(),
        _ => file.data.into_owned(),
    };
    (kept, kind, data).into_response()
}

fn find(path: &str) -> Option<(String, EmbeddedFile)> {
    let name = match path {
        "/" => "index.html",
        path => path.strip_prefix('/').filter(|it| it.starts_with("app/"))?,
    };
    Some((name.to_owned(), Files::get(name)?))
}

fn tag(file: &EmbeddedFile) -> Option<HeaderValue> {
    let hash = hex(&file.metadata.sha256_hash());
    HeaderValue::from_str(&format!("\"{hash}\"")).ok()
}

/// What a page may be made of; nothing else is served.
fn kind(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_as_what_it_is() {
        assert!(Files::iter().any(|it| it == "index.html"));
        for file in Files::iter() {
            let path = match &*file {
                "index.html" => "/".to_owned(),
                file => format!("/{file}"),
            };
            let found = find(&path).is_some_and(|(name, _)| kind(&name).is_some());
            assert!(found, "`{file}` is not served");
        }
    }

    #[test]
    fn nothing_else_is() {
        for path in [
            "/index.html",
            "/app/",
            "/app/../Cargo.toml",
            "/x",
            "",
            "/app",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
