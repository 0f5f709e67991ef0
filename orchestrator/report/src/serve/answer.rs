//! Answers: pages from templates, files, and what went wrong.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use evolve_core::Facts;
use evolve_store::StoreError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tera::{Context, Tera};

use super::Site;
use super::runs::Live;
use crate::format::one_line;
use crate::html::page::state;
use crate::html::{SECTIONS, STYLE, TABLE};
use crate::model::{RunState, Status};

const TEMPLATES: [(&str, &str); 17] = [
    ("layout.html", include_str!("../../templates/serve/layout.html")),
    ("login.html", include_str!("../../templates/serve/login.html")),
    ("failure.html", include_str!("../../templates/serve/failure.html")),
    ("list.html", include_str!("../../templates/serve/list.html")),
    ("progress-part.html", include_str!("../../templates/serve/progress-part.html")),
    ("repeat-page.html", include_str!("../../templates/serve/repeat.html")),
    ("overview-page.html", include_str!("../../templates/serve/overview.html")),
    ("candidates-page.html", include_str!("../../templates/serve/candidates.html")),
    ("candidate-page.html", include_str!("../../templates/serve/candidate.html")),
    ("lineage-page.html", include_str!("../../templates/serve/lineage.html")),
    ("archive-page.html", include_str!("../../templates/serve/archive.html")),
    ("front-page.html", include_str!("../../templates/serve/front.html")),
    ("insights-page.html", include_str!("../../templates/serve/insights.html")),
    ("models-page.html", include_str!("../../templates/serve/models.html")),
    ("cost-page.html", include_str!("../../templates/serve/cost.html")),
    ("compare-page.html", include_str!("../../templates/serve/compare.html")),
    ("search-page.html", include_str!("../../templates/serve/search.html")),
];
const SERVE_STYLE: &str = include_str!("../../templates/serve/serve.css");
const APP: &str = include_str!("../../templates/serve/app.js");
const GRAPH: &str = include_str!("../../templates/serve/graph.js");

/// Letters that stay as they are in a part of a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The templates.
pub(super) struct Pages(Tera);

impl Pages {
    /// All templates, read once.
    pub(super) fn shared() -> Result<&'static Self, String> {
        static SHARED: OnceLock<Result<Pages, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let mut tera = Tera::default();
            let all = SECTIONS.into_iter().chain(TEMPLATES);
            tera.add_raw_templates(all).map_err(|error| error.to_string())?;
            Ok(Self(tera))
        });
        shared.as_ref().map_err(Clone::clone)
    }

    pub(super) fn render(
        &self,
        name: &str,
        context: &Context,
    ) -> Result<Html<String>, tera::Error> {
        self.0.render(name, context).map(Html)
    }
}

/// Text as a part of a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Where the pages of a run begin.
pub(super) fn base(run: &str) -> String {
    format!("/runs/{}", encoded(run))
}

/// The head of every page of a run.
#[derive(Serialize)]
pub(super) struct Head {
    task: String,
    run: String,
    base: String,
    state: &'static str,
    tone: &'static str,
    state_note: String,
    live: bool,
    front: bool,
}

impl Head {
    pub(super) fn of(facts: &Facts, status: &Status) -> Self {
        let (tone, state_note) = followed(status);
        Self {
            task: one_line(&status.task, 120),
            run: one_line(status.run.as_str(), 200),
            base: base(status.run.as_str()),
            state: status.state.word(),
            tone,
            state_note,
            live: status.state.is_live(),
            front: facts.run.task.objective.len() > 1,
        }
    }
}

/// The state of a run that its page follows.
pub(super) fn followed(status: &Status) -> (&'static str, String) {
    match state(status) {
        (tone, _) if status.state == RunState::Running => (tone, "new work starts".to_owned()),
        other => other,
    }
}

/// What the layout needs: the page's name, and the run it is about.
pub(super) fn frame(title: &str, head: Option<&Head>) -> Context {
    let mut context = Context::new();
    context.insert("title", title);
    context.insert("head", &head);
    context
}

/// A page about a run, made on a thread that may wait for the disk.
pub(super) async fn run_page(
    site: Site,
    run: String,
    template: &'static str,
    title: &'static str,
    fill: impl FnOnce(&mut Live, &Status, &mut Context) -> Result<(), Failure> + Send + 'static,
) -> Result<Html<String>, Failure> {
    aside(move || {
        site.runs.with(&run, |live| {
            let status = Status::of(live.facts(), &live.moment(), None);
            let head = Head::of(live.facts(), &status);
            let mut context = frame(title, Some(&head));
            fill(live, &status, &mut context)?;
            Ok(site.pages.render(template, &context)?)
        })
    })
    .await
}

/// Does what may wait for the disk on a thread that may.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::broken(format!("this page cannot be made: {error}"))),
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    /// What was asked for is not there.
    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    /// What was asked for makes no sense.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// It is there and cannot be shown.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.into() }
    }

    /// Not now.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.into() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRun { .. } | StoreError::Empty { .. } => Self::missing(error.to_string()),
            _ => Self::broken(error.to_string()),
        }
    }
}

impl From<tera::Error> for Failure {
    fn from(error: tera::Error) -> Self {
        use std::error::Error as _;
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Self::broken(format!("the template failed: {why}; this is a defect, please report it"))
    }
}

impl From<crate::write::ReportError> for Failure {
    fn from(error: crate::write::ReportError) -> Self {
        Self::broken(error.to_string())
    }
}

impl From<evolve_core::ports::HostFault> for Failure {
    fn from(fault: evolve_core::ports::HostFault) -> Self {
        Self::broken(fault.what)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!("{}", self.message);
        }
        let mut context = frame("Not here", None);
        context.insert("message", &one_line(&self.message, 2_000));
        let page =
            Pages::shared().ok().and_then(|pages| pages.render("failure.html", &context).ok());
        match page {
            Some(page) => (self.status, page).into_response(),
            None => (self.status, self.message).into_response(),
        }
    }
}

/// For addresses that lead nowhere.
pub(super) async fn nothing_here() -> Failure {
    Failure::missing("there is no such page")
}

/// The style sheet and the scripts.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, body) = match name.as_str() {
        "style.css" => ("text/css", [STYLE, SERVE_STYLE].concat()),
        "app.js" => ("text/javascript", APP.to_owned()),
        "table.js" => ("text/javascript", TABLE.to_owned()),
        "graph.js" => ("text/javascript", GRAPH.to_owned()),
        _ => return Failure::missing("there is no such file").into_response(),
    };
    let kind = format!("{kind}; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache".to_owned())], body).into_response()
}
