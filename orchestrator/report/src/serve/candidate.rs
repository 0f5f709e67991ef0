//! Everything about one candidate.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::event::Event;
use evolve_core::{CandidateId, Facts, Seq};
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, aside, base, encoded, run_page};
use super::files::{candidate, picture};
use super::overview::links;
use super::runs::Live;
use crate::format::{ScoreFormat, bytes, clip, count, duration, moment, one_line, printable};
use crate::highlight::{self, Piece};
use crate::html::programs::{Diff, diff};
use crate::html::rows::Link;
use crate::model::{BlobText, CandidateView, EvaluationView, Numbers, VersusView};
use crate::text::dollars;

/// Lines and letters of the program, the diff and the texts that are on the page: the rest is one
/// click away, and the page stays small.
const PROGRAM_LINES: usize = 700;
const PROGRAM_BYTES: usize = 24 * 1024;
const DIFF_LINES: usize = 400;
const WIDTH: usize = 240;
const TEXT: usize = 12 * 1024;
/// Of a request or an answer, when there are several.
const CALL: usize = 4 * 1024;
const CALLS: usize = 6;
const ARTIFACTS: usize = 12;
const ARTIFACT: usize = 3 * 1024;
const CHILDREN: usize = 60;
const ANCESTORS: usize = 60;
const CASES: usize = 200;
/// Events after its selection among which a candidate's stages are looked for.
const EVENTS: usize = 20_000;

/// A text, or as much of it as has room.
#[derive(Serialize)]
struct Shown {
    text: String,
    /// What is left out, or why there is nothing; empty when all is there.
    note: String,
    /// Where the whole of it is.
    href: Option<String>,
}

impl Shown {
    fn of(blob: &BlobText, most: usize, href: String) -> Self {
        let Some(text) = &blob.text else {
            let note = one_line(blob.missing.as_deref().unwrap_or("nothing"), 300);
            return Self { text: String::new(), note, href: None };
        };
        let cut: String = text.chars().take(most).collect();
        let lines: Vec<_> = cut.lines().map(|line| clip(line, 2_000).into_owned()).collect();
        let size = blob.bytes.unwrap_or(text.len());
        let left = size - cut.len().min(size);
        let note = match (blob.cut, left) {
            (0, 0) => String::new(),
            (0, _) => format!("the first {} of {}", bytes(cut.len() as u64), bytes(size as u64)),
            _ => format!("the last {} of {}", bytes(text.len() as u64), bytes(size as u64)),
        };
        Self { text: printable(&lines.join("\n")).into_owned(), note, href: Some(href) }
    }
}

#[derive(Serialize)]
struct File {
    path: String,
    href: String,
    lines: Vec<(usize, Vec<Piece>)>,
    note: String,
}

fn file(path: &str, text: &str, base: &str) -> File {
    let mut room = PROGRAM_BYTES;
    let fits = |line: &&str| {
        let size = line.len().min(WIDTH) + 1;
        let fits = size <= room;
        room -= size.min(room);
        fits
    };
    let most = text.lines().take_while(fits).count().min(PROGRAM_LINES);
    let lines = highlight::lines(path, text, most, WIDTH);
    let left = text.lines().count() - lines.len();
    File {
        path: one_line(path, 200),
        href: format!(
            "{base}/program/{}",
            path.split('/').map(encoded).collect::<Vec<_>>().join("/")
        ),
        lines: (1..).zip(lines).collect(),
        note: match left {
            0 => String::new(),
            n => format!("{} more lines are left out.", count(n as u64)),
        },
    }
}

/// A stage of an evaluation, one repeat of it.
#[derive(Serialize)]
struct Stage {
    purpose: &'static str,
    name: String,
    repeat: u32,
    status: &'static str,
    metrics: String,
    time: String,
    memory: String,
}

#[derive(Serialize)]
struct Call {
    number: usize,
    model: String,
    status: String,
    detail: String,
    tokens: String,
    cost: String,
    latency: String,
    request: Option<Shown>,
    answer: Option<Shown>,
}

#[derive(Serialize)]
struct Artifact {
    name: String,
    href: String,
    size: String,
    picture: bool,
    text: String,
    note: String,
}

#[derive(Serialize)]
struct Evaluation {
    title: &'static str,
    status: &'static str,
    detail: String,
    stage: String,
    metrics: Vec<(String, String)>,
    cases: Vec<(String, String)>,
    cases_left_out: usize,
    samples: String,
    feedback: String,
    usage: String,
    at: String,
}

fn values(numbers: &Numbers) -> Vec<(String, String)> {
    let value = |x: &Option<f64>| x.map_or_else(|| "not finite".to_owned(), |x| format!("{x}"));
    numbers.iter().map(|(name, x)| (one_line(name, 80), value(x))).collect()
}

impl Evaluation {
    fn of(title: &'static str, view: &EvaluationView, now: jiff::Timestamp) -> Self {
        let mut usage = vec![format!("{} peak memory", bytes(view.peak_memory))];
        usage.extend(view.cpu_s.map(|cpu| format!("{} CPU", duration(cpu))));
        usage.extend(view.energy_j.map(|joules| format!("{joules:.1} J")));
        let wall = view.wall_s.map_or_else(|| "unknown time".to_owned(), duration);
        let samples = ScoreFormat::telling_apart(view.samples.iter().copied().flatten());
        let samples: Vec<_> = view.samples.iter().take(60).map(|x| samples.maybe(*x)).collect();
        let cases = values(&view.cases);
        Self {
            title,
            status: view.status,
            detail: one_line(&view.detail, 600),
            stage: view
                .stage
                .as_ref()
                .map_or_else(String::new, |stage| one_line(stage.as_str(), 60)),
            metrics: values(&view.metrics),
            cases_left_out: cases.len().saturating_sub(CASES),
            cases: cases.into_iter().take(CASES).collect(),
            samples: samples.join(", "),
            feedback: printable(&view.feedback.chars().take(4_000).collect::<String>())
                .into_owned(),
            usage: format!("{wall}, {}", usage.join(", ")),
            at: moment(view.at, now),
        }
    }
}

/// What happened to it between its selection and the end of its last evaluation.
struct History {
    stages: Vec<Stage>,
    calls: Vec<Call>,
}

impl History {
    fn of(live: &Live, view: &CandidateView, from: Seq, base: &str) -> Self {
        let id = view.candidate;
        let (mut stages, mut calls) = (Vec::new(), Vec::new());
        let several = view.calls.len() > 2;
        for envelope in live.reader().events(from).take(EVENTS).flatten() {
            match envelope.event {
                Event::StageDone(done) if done.candidate == id && stages.len() < 200 => {
                    let metrics = done.metrics.iter().map(|(name, x)| format!("{name} {x}"));
                    stages.push(Stage {
                        purpose: match done.purpose {
                            evolve_core::outcome::EvalPurpose::Search => "search",
                            evolve_core::outcome::EvalPurpose::Confirm => "confirm",
                            evolve_core::outcome::EvalPurpose::Holdout => "hold-out",
                        },
                        name: one_line(done.stage.as_str(), 60),
                        repeat: done.repeat + 1,
                        status: done.status.word(),
                        metrics: one_line(&metrics.collect::<Vec<_>>().join(", "), 300),
                        time: duration(done.usage.wall_s),
                        memory: bytes(done.usage.peak_memory),
                    });
                }
                Event::CallSettled(call) if call.candidate == id && call.analysis.is_none() => {
                    let number = calls.len() + 1;
                    let texts = view.calls.get(number - 1).filter(|_| number <= CALLS);
                    let most = if several { CALL } else { TEXT };
                    calls.push(Call {
                        number,
                        model: one_line(call.model.as_str(), 80),
                        status: call.status.word().to_owned(),
                        detail: one_line(&call.detail, 300),
                        tokens: format!(
                            "{} in, {} out",
                            count(call.usage.input),
                            count(call.usage.output)
                        ),
                        cost: dollars(call.cost.dollars()),
                        latency: duration(call.latency_ms as f64 / 1000.0),
                        request: texts.map(|t| {
                            Shown::of(&t.request, most, format!("{base}/text/request-{number}"))
                        }),
                        answer: texts.map(|t| {
                            Shown::of(&t.answer, most, format!("{base}/text/answer-{number}"))
                        }),
                    });
                }
                _ => {}
            }
        }
        Self { stages, calls }
    }
}

fn artifacts(live: &Live, view: &CandidateView, base: &str) -> Vec<Artifact> {
    let blobs = live.blobs();
    let one = |artifact: &crate::model::ArtifactView| {
        let content = &artifact.content;
        // Only what is no text can be a picture.
        let picture = content.text.is_none()
            && content
                .hash
                .is_some_and(|hash| blobs.get(hash).is_ok_and(|b| picture(&b).is_some()));
        let text = content.text.as_deref().unwrap_or_default();
        let cut: String = text.chars().take(ARTIFACT).collect();
        let lines: Vec<_> = cut.lines().map(|line| clip(line, 1_000).into_owned()).collect();
        Artifact {
            name: one_line(&artifact.name, 120),
            href: format!("{base}/artifact/{}", encoded(&artifact.name)),
            size: content.bytes.map_or_else(String::new, |size| bytes(size as u64)),
            picture,
            text: printable(&lines.join("\n")).into_owned(),
            note: match &content.missing {
                Some(_) if picture => String::new(),
                Some(why) => one_line(why, 200),
                None if cut.len() < text.len() => "only its beginning".to_owned(),
                None => String::new(),
            },
        }
    };
    view.artifacts.iter().take(ARTIFACTS).map(one).collect()
}

/// Insights that name the candidate as evidence, or speak of it as against them.
fn produced(facts: &Facts, id: CandidateId) -> Vec<(String, String)> {
    let named = facts
        .insights
        .values()
        .filter(|insight| insight.evidence.contains(&id) || insight.against.contains(&id));
    named.take(20).map(|i| (one_line(&i.key, 80), one_line(&i.claim, 300))).collect()
}

/// What else is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// The candidate to compare with.
    #[serde(default)]
    against: String,
}

#[derive(Serialize)]
struct Page {
    id: String,
    best: bool,
    status: &'static str,
    tone: &'static str,
    detail: String,
    metric: String,
    score: String,
    gain: String,
    step: String,
    operator: &'static str,
    model: String,
    island: u32,
    generation: u32,
    change: String,
    prediction: String,
    expectation: Option<&'static str>,
    tactic: Option<String>,
    demoted: Option<String>,
    parents: Vec<(Link, String)>,
    inspirations: Vec<Link>,
    children: Vec<Link>,
    children_left_out: usize,
    clash: Option<Link>,
    ancestors: Vec<String>,
    against: String,
    diff: Option<Diff>,
    files: Vec<File>,
    missing: Option<String>,
    evaluations: Vec<Evaluation>,
    stages: Vec<Stage>,
    log: Shown,
    artifacts: Vec<Artifact>,
    prompt: Shown,
    calls: Vec<Call>,
    cost: String,
    tokens: String,
    shown: Vec<String>,
    produced: Vec<(String, String)>,
    selected: String,
    before: Option<Link>,
    after: Option<Link>,
}

/// `/runs/RUN/candidates/CANDIDATE`
pub(super) async fn page(
    State(site): State<Site>,
    Path((run, name)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "candidate-page.html", "Candidate", move |live, _, context| {
        let id = candidate(live, &name)?.id;
        let from = candidate(live, &name)?.selected;
        let view = CandidateView::of(live.facts(), &*live.blobs(), id);
        let view =
            view.ok_or_else(|| Failure::missing(format!("the run has no candidate {id}")))?;
        context.insert("page", &Page::of(live, &view, from, &asked.against)?);
        Ok(())
    })
    .await
}

impl Page {
    fn of(live: &Live, view: &CandidateView, from: Seq, against: &str) -> Result<Self, Failure> {
        let (facts, now, id) = (live.facts(), live.moment().now, view.candidate);
        let links = links(facts);
        let own = format!("{}/candidates/{id}", base(facts.run.run.as_str()));
        let History { stages, calls } = History::of(live, view, from, &own);
        let ancestors: Vec<CandidateId> = facts.lineage(id).take(ANCESTORS).map(|c| c.id).collect();
        let (against, diff) = compared(live, view, &ancestors, against)?;
        let scores = view.score.into_iter().chain(view.parents.iter().filter_map(|p| p.score));
        let format = ScoreFormat::telling_apart(scores);
        let evaluations = [("Search", &view.evaluation), ("Held-out cases", &view.holdout)];
        let neighbour = |id: Option<u64>| {
            id.map(CandidateId).filter(|id| facts.candidate(*id).is_some()).map(|id| links.link(id))
        };
        Ok(Self {
            id: id.to_string(),
            best: view.best,
            status: view.status,
            tone: if view.score.is_some() {
                "ok"
            } else if view.detail.is_empty() {
                "open"
            } else {
                "bad"
            },
            detail: one_line(&view.detail, 600),
            metric: one_line(&view.metric, 80),
            score: format.maybe(view.score),
            gain: format.maybe_gain(view.gain),
            step: format.maybe_gain(view.step),
            operator: view.operator.word(),
            model: view.model.as_ref().map_or_else(String::new, |m| one_line(m.as_str(), 80)),
            island: view.island,
            generation: view.generation,
            change: one_line(&view.change.summary, 600),
            prediction: one_line(&view.change.prediction, 400),
            expectation: view.expectation,
            tactic: view.tactic.as_ref().map(|key| one_line(key, 120)),
            demoted: view.demoted.as_ref().map(|why| one_line(why, 400)),
            parents: view
                .parents
                .iter()
                .map(|p| (links.link(p.candidate), format.maybe(p.score)))
                .collect(),
            inspirations: view.inspirations.iter().map(|id| links.link(*id)).collect(),
            children: view.children.iter().take(CHILDREN).map(|id| links.link(*id)).collect(),
            children_left_out: view.children.len().saturating_sub(CHILDREN),
            clash: view.clash.map(|id| links.link(id)),
            ancestors: ancestors.iter().map(ToString::to_string).collect(),
            against,
            diff,
            files: view.program.files.iter().map(|(path, text)| file(path, text, &own)).collect(),
            missing: view.program.missing.as_ref().map(|why| one_line(why, 300)),
            evaluations: evaluations
                .into_iter()
                .filter_map(|(title, e)| Some(Evaluation::of(title, e.as_ref()?, now)))
                .collect(),
            stages,
            log: Shown::of(&view.log, TEXT * 2, format!("{own}/text/log")),
            artifacts: artifacts(live, view, &own),
            prompt: Shown::of(&view.prompt, TEXT, format!("{own}/text/prompt")),
            calls,
            cost: dollars(view.usd),
            tokens: format!("{} in, {} out", count(view.tokens.input), count(view.tokens.output)),
            shown: view.shown.iter().take(60).map(|name| one_line(name, 120)).collect(),
            produced: produced(facts, id),
            selected: moment(view.selected_at, now),
            before: neighbour(id.0.checked_sub(1)),
            after: neighbour(id.0.checked_add(1)),
        })
    }
}

/// The diff against the ancestor that is asked for, else against the first parent.
fn compared(
    live: &Live,
    view: &CandidateView,
    ancestors: &[CandidateId],
    against: &str,
) -> Result<(String, Option<Diff>), Failure> {
    let other = if against.is_empty() {
        ancestors.first().copied()
    } else {
        Some(candidate(live, against)?.id)
    };
    let Some(other) = other.filter(|other| *other != view.candidate) else {
        return Ok((String::new(), None));
    };
    let versus = VersusView::of(live.facts(), &*live.blobs(), other, view.candidate);
    Ok((other.to_string(), Some(diff(other.to_string(), true, &versus, DIFF_LINES))))
}

/// `/api/runs/RUN/candidates/CANDIDATE`
pub(super) async fn api(
    State(site): State<Site>,
    Path((run, name)): Path<(String, String)>,
) -> Result<Json<CandidateView>, Failure> {
    aside(move || {
        site.runs.with(&run, |live| {
            let id = candidate(live, &name)?.id;
            let view = CandidateView::of(live.facts(), &*live.blobs(), id);
            view.map(Json).ok_or_else(|| Failure::missing(format!("the run has no candidate {id}")))
        })
    })
    .await
}
