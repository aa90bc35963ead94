//! Which target gives what.
//!
//! Owns: targets, statuses and header fields. Must not know: sockets.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidegate_core::limits;
use tokio::time::timeout;

use super::Face;

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>, "Text-based format", "Basic info".
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The routes.
pub(super) fn routes(face: Arc<dyn Face>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(nothing)
        .with_state(face)
}

async fn metrics(State(face): State<Arc<dyn Face>>) -> Response {
    match timeout(limits::HTTP_ANSWER_TIMEOUT, face.metrics()).await {
        Ok(text) => answer(StatusCode::OK, EXPOSITION, text),
        Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "the metrics took too long\n".to_owned()),
    }
}

/// That this is answered is the answer.
async fn healthz() -> Response {
    answer(StatusCode::OK, PLAIN, "alive\n".to_owned())
}

async fn readyz(State(face): State<Arc<dyn Face>>) -> Response {
    let asked = timeout(limits::HTTP_ANSWER_TIMEOUT, face.unready()).await;
    let reasons =
        asked.unwrap_or_else(|_| vec!["whether the daemon is ready could not be found out in time".to_owned()]);
    if reasons.is_empty() {
        let lines: Vec<String> = std::iter::once("ready".to_owned()).chain(face.notes().await).collect();
        return answer(StatusCode::OK, PLAIN, lines.join("\n") + "\n");
    }
    answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, reasons.join("\n") + "\n")
}

async fn nothing() -> Response {
    answer(StatusCode::NOT_FOUND, PLAIN, "there is /metrics, /healthz and /readyz\n".to_owned())
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response {
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, fields, text).into_response()
}
