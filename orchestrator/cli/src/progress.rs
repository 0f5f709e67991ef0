//! Live progress on stderr. The only file that knows indicatif.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use evolve_core::facts::Phase;
use evolve_core::{Envelope, Event, Facts};
use evolve_engine::Observer;
use evolve_report::format::{ScoreFormat, count, duration};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

/// How often a line is written where there is no terminal to redraw.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// Over how long the rate is measured.
const RATE_WINDOW: Duration = Duration::from_secs(15);

/// Shows a live run.
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    last_plain: Option<Instant>,
    last_best: Option<evolve_core::CandidateId>,
    rate: Rate,
}

impl Progress {
    /// A redrawn line on a terminal, a line now and then elsewhere, nothing when quiet.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self {
            bar,
            plain: !terminal && !quiet,
            last_plain: None,
            last_best: None,
            rate: Rate::default(),
        }
    }

    fn plain_line(&mut self, facts: &Facts) {
        let due = self.last_plain.is_none_or(|last| last.elapsed() >= PLAIN_EVERY);
        let resting = matches!(facts.phase, Phase::Stopped { .. });
        let first_best = self.last_best.is_none() && facts.best.is_some();
        if self.plain && (due || resting || first_best) && facts.counts.evaluated > 0 {
            self.last_plain = Some(Instant::now());
            self.last_best = facts.best;
            eprintln!("{}", line(facts, self.rate.per_second()));
        }
    }
}

impl Observer for Progress {
    fn update(&mut self, facts: &Facts, events: &[Envelope]) {
        let ended = events.iter().filter(|e| matches!(e.event, Event::Evaluated(_))).count();
        self.rate.add(ended);
        if let Some(bar) = &self.bar {
            bar.set_message(line(facts, self.rate.per_second()));
        }
        self.plain_line(facts);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Best score, candidates, rate, cost, what is left of each budget.
fn line(facts: &Facts, rate: f64) -> String {
    let mut parts = Vec::new();
    match facts.best().and_then(|best| Some((best.id, best.score()?))) {
        Some((id, score)) => {
            let gain = facts.gain(score).unwrap_or(0.0);
            let digits = ScoreFormat::telling_apart([score, score - gain]);
            parts.push(format!("best {} ({}) {id}", digits.score(score), digits.gain(gain)));
        }
        None => parts.push("no score yet".to_owned()),
    }
    let counts = &facts.counts;
    parts.push(format!("{} candidates {rate:.1}/s", count(counts.evaluated)));
    if counts.failed > 0 {
        parts.push(format!("{} failed", count(counts.failed)));
    }
    if facts.spend.usd.0 > 0 || !facts.run.task.model.is_empty() {
        parts.push(facts.spend.usd.to_string());
    }
    parts.extend(left(facts));
    if let Phase::Paused { cause } = &facts.phase {
        parts.push(match cause {
            evolve_core::event::PauseCause::Asked => "paused".to_owned(),
            evolve_core::event::PauseCause::Draining => format!(
                "stopping: {} under way (again to stop now)",
                facts.proposing.len() + facts.evaluating.len()
            ),
        });
    }
    parts.join(" · ")
}

fn left(facts: &Facts) -> Vec<String> {
    let budget = &facts.budget;
    let mut parts = Vec::new();
    if let Some(wall) = budget.wall {
        let up = facts.wall.up(Timestamp::now());
        let left = wall.0.saturating_sub(up).as_secs();
        parts.push(format!("{} left", duration(left as f64)));
    }
    if let Some(cap) = budget.candidates {
        let left = cap.saturating_sub(facts.counts.evaluated);
        parts.push(format!("{} candidates left", count(left)));
    }
    if let Some(cap) = budget.usd {
        let left = evolve_core::Usd::from_dollars(cap).minus(facts.spend.usd);
        parts.push(format!("{left} left"));
    }
    if let Some(cap) = budget.tokens {
        let left = cap.saturating_sub(facts.spend.tokens);
        parts.push(format!("{} tokens left", count(left)));
    }
    if let Some(cap) = budget.stagnation {
        parts.push(format!("{}/{cap} without gain", facts.counts.since_gain));
    }
    parts
}

/// Evaluations per second over a short window.
#[derive(Default)]
struct Rate {
    ended: VecDeque<(Instant, usize)>,
    begun: Option<Instant>,
}

impl Rate {
    fn add(&mut self, ended: usize) {
        let now = Instant::now();
        self.begun.get_or_insert(now);
        if ended > 0 {
            self.ended.push_back((now, ended));
        }
        while self.ended.front().is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW) {
            self.ended.pop_front();
        }
    }

    fn per_second(&self) -> f64 {
        let span = self.begun.map_or(0.0, |begun| begun.elapsed().min(RATE_WINDOW).as_secs_f64());
        let sum: usize = self.ended.iter().map(|(_, n)| n).sum();
        if span > 0.0 { sum as f64 / span } else { 0.0 }
    }
}
