//! Insights and cognition items: what was learned, what was shown, what it was worth.

use axum::extract::{Path, State};
use axum::response::Html;
use serde::Serialize;

use super::Site;
use super::answer::{Failure, run_page};
use super::overview::links;
use crate::html::run::{Insight, Worth, insights, predictions, worth};

#[derive(Serialize)]
struct Knowledge {
    insights: Vec<Insight>,
    insights_left_out: usize,
    worth: Vec<Worth>,
    predictions: String,
}

/// `/runs/RUN/insights`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "insights-page.html", "Insights", move |live, _, context| {
        let facts = live.facts();
        let (insights, insights_left_out) = insights(facts, &links(facts));
        context.insert(
            "page",
            &Knowledge {
                insights,
                insights_left_out,
                worth: worth(facts),
                predictions: predictions(facts),
            },
        );
        Ok(())
    })
    .await
}
