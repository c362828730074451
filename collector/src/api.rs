//! JSON out: what passed, who called, what is recent, what is missing.
//!
//! Every parameter is bounded and an unknown one is refused by name, so that a
//! misspelt filter never looks like an answer. Errors are RFC 9457 problems
//! with a hint.

mod aliases;
mod calls;
mod document;
mod flows;
mod health;
mod instances;
mod loss;
mod operations;
mod problem;
pub mod query;
mod shape;
mod sums;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::header::HOST;
use http::{HeaderMap, StatusCode, Uri};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;
use crate::security::Token;
use crate::store::writer::Writer;
use crate::store::{Reader, StoreError};
use problem::Problem;

/// Questions answered at the same time; a further one waits a little.
const QUESTIONS_MAX: usize = 8;

/// The most rows of one page.
const LIMIT_MAX: u32 = 1000;

/// The rows of a page when none are asked for.
const LIMIT_DEFAULT: u32 = 100;

/// The longest content that is read, in bytes.
const CONTENT_BYTES_MAX: usize = 4096;

/// Everything an answer needs.
#[derive(Clone)]
pub struct Api {
    /// The answering half of the store.
    pub answers: Arc<Reader>,
    /// The writing half, for its health.
    pub writer: Writer,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Who may ask; everyone without one.
    pub token: Option<Arc<Token>>,
    /// Whether the port is reached by a loopback address alone.
    pub is_local: bool,
    /// Bounds the questions under way.
    pub questions: Arc<Semaphore>,
}

/// A bound for [`Api::questions`].
#[must_use]
pub fn questions() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(QUESTIONS_MAX))
}

/// The routes of the JSON API.
pub fn router(api: Api) -> axum::Router {
    axum::Router::new()
        .route("/v1/operations", get(operations::list))
        .route("/v1/operations/{id}", get(operations::one))
        .route("/v1/rules", get(flows::rules))
        .route("/v1/flows", get(flows::flows))
        .route("/v1/calls", get(calls::list))
        .route("/v1/loss", get(loss::list))
        .route("/v1/instances", get(instances::list))
        .route("/v1/aliases", get(aliases::list))
        .route("/v1/aliases/{id}", put(aliases::put).delete(aliases::delete))
        .route("/v1/openapi.json", get(document::answer))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::healthz))
        .fallback(nowhere)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(CONTENT_BYTES_MAX))
        .layer(middleware::from_fn_with_state(api.clone(), guard))
        .with_state(api)
}

async fn nowhere() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no such resource").hint("/v1/openapi.json tells what there is")
}

async fn other_method(uri: Uri) -> Problem {
    let is_alias = uri.path().starts_with("/v1/aliases/");
    let methods = if is_alias { "PUT, DELETE" } else { "GET, HEAD" };
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not answered here")
        .hint(format!("it is one of {methods}"))
        .allow(methods)
}

/// Lets in who may ask. Health is told to everyone: it says nothing of what passed.
async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_health = request.uri().path() == "/healthz";
    if let Some(token) = &api.token {
        if !is_health && !token.is_in(request.headers()) {
            return Problem::new(StatusCode::UNAUTHORIZED, "a token is needed")
                .hint("send it as authorization: Bearer …")
                .into_response();
        }
    } else if api.is_local && !names_this_machine(request.headers()) {
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, "this host name is not served")
            .hint("ask by 127.0.0.1, [::1] or localhost")
            .into_response();
    }
    next.run(request).await
}

/// A web page can point a name of its own at 127.0.0.1 and so read what a
/// browser on this machine can; by name, only `localhost` is answered.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        // HTTP/2 has `:authority`, and a browser speaks HTTP/2 only over TLS.
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok()
}

/// The store failed a question.
fn failed(error: &StoreError) -> Problem {
    tracing::error!(%error, "a question failed");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").hint("the collector's log says why")
}

impl Api {
    /// Asks the store off the threads that serve connections.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let answers = Arc::clone(&self.answers);
        let place = Arc::clone(&self.questions).acquire_owned().await;
        let answer = tokio::task::spawn_blocking(move || {
            let _place = place;
            question(answers.as_ref())
        });
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for (host, want) in [
            ("127.0.0.1:8787", true),
            ("127.0.0.1", true),
            ("[::1]:8787", true),
            ("[::1]", true),
            ("localhost:1", true),
            ("LOCALHOST", true),
            ("evil.example:8787", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:80", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            assert_eq!(names_this_machine(&headers), want, "{host}");
        }
    }
}
