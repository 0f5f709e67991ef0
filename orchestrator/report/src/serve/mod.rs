//! The live pages: a web server over a folder of runs.
//!
//! It only reads: a run is steered from the command line. Everything a page needs is in this
//! program, so pages work without a network. A content security policy lets in nothing but the
//! server's own style sheet and scripts; all text is escaped and made printable.

mod access;
mod answer;
mod archive;
mod calls;
mod candidate;
mod candidates;
mod compare;
mod cost;
mod files;
mod front;
mod knowledge;
mod lineage;
mod list;
mod live;
mod metrics;
mod models;
mod overview;
mod runs;
mod search;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use evolve_core::ports::NewIndex;
use tokio::sync::watch;

use answer::Pages;
use runs::Runs;

pub use access::Token;

/// What the server works with.
pub struct Setup {
    /// The folder that holds the runs.
    pub runs: PathBuf,
    /// Where it listens.
    pub listener: std::net::TcpListener,
    /// What a browser must show; none only for a listener that this machine alone can reach.
    pub token: Option<Token>,
    /// Makes the index of a run that is searched.
    pub index: NewIndex,
}

/// Shared by all requests.
#[derive(Clone)]
struct Site {
    runs: Arc<Runs>,
    pages: &'static Pages,
    index: NewIndex,
    token: Option<Token>,
    streams: Arc<tokio::sync::Semaphore>,
    /// True once the server is to end.
    ending: watch::Receiver<bool>,
}

/// Serves until `stop` is done. Open streams are ended then.
pub async fn serve(
    setup: Setup,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let Setup { runs, listener, token, index } = setup;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (end, ending) = watch::channel(false);
    let pages = Pages::shared().map_err(std::io::Error::other)?;
    let site = Site {
        runs: Arc::new(Runs::new(runs)),
        pages,
        index,
        token,
        streams: Arc::new(tokio::sync::Semaphore::new(live::MOST_STREAMS)),
        ending,
    };
    let stopped = async move {
        stop.await;
        let _ = end.send(true);
    };
    axum::serve(listener, router(site)).with_graceful_shutdown(stopped).await
}

fn router(site: Site) -> Router {
    let run = Router::new()
        .route("/", get(overview::page))
        .route("/events", get(live::run_events))
        .route("/curve", get(overview::curve))
        .route("/candidates", get(candidates::page))
        .route("/candidates/{candidate}", get(candidate::page))
        .route("/candidates/{candidate}/program/{*file}", get(files::program))
        .route("/candidates/{candidate}/artifact/{*name}", get(files::artifact))
        .route("/candidates/{candidate}/text/{what}", get(files::text))
        .route("/lineage", get(lineage::page))
        .route("/lineage.json", get(lineage::graph))
        .route("/archive", get(archive::page))
        .route("/front", get(front::page))
        .route("/insights", get(knowledge::page))
        .route("/models", get(models::page))
        .route("/cost", get(cost::page))
        .route("/search", get(search::page))
        .route("/repeat", get(overview::repeat_page));
    let api = Router::new()
        .route("/runs", get(list::api))
        .route("/runs/{run}", get(overview::api))
        .route("/runs/{run}/candidates/{candidate}", get(candidate::api));
    let guarded = Router::new()
        .route("/", get(list::page))
        .route("/events", get(live::list_events))
        .route("/compare", get(compare::page))
        .route("/metrics", get(metrics::page))
        .nest("/runs/{run}", run)
        .nest("/api", api)
        .fallback(answer::nothing_here)
        .layer(middleware::from_fn_with_state(site.clone(), access::guard));
    Router::new()
        .route("/assets/{name}", get(answer::asset))
        .route("/health", get(|| async { "ok\n" }))
        .route("/login", get(access::login_page).post(access::login))
        .merge(guarded)
        .layer(middleware::from_fn_with_state(site.clone(), access::own_names_only))
        .layer(middleware::map_response(access::headers))
        .with_state(site)
}
