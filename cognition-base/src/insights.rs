//! Which insights of a run fit a situation.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::knowledge::{Credits, Insight, Situation};
use evolve_core::words::{ShortTexts, query_words};

use crate::rank::credit_factor;

/// Relevance of an insight that shares no word with the situation: it may still be worth telling,
/// if it is certain.
const FLOOR: f64 = 0.1;

/// The texts of the insights that were asked for last. A run's insights change far less often
/// than it asks for them.
#[derive(Default)]
pub(crate) struct InsightTexts {
    last: Mutex<Option<(u64, Arc<ShortTexts>)>>,
}

impl InsightTexts {
    /// The best `most` of them, best first: relevance to the situation × confidence × credit.
    /// Relevance is the cosine of the words' weights, words of the task counting `task` of those
    /// of now.
    pub fn best(
        &self,
        insights: Vec<Insight>,
        most: usize,
        situation: &Situation,
        task: f32,
        (credits, seed): (&Credits, u64),
    ) -> Vec<Insight> {
        if insights.is_empty() || most == 0 {
            return Vec::new();
        }
        let texts = self.of(&insights);
        let mut relevance = vec![FLOOR; insights.len()];
        for (text, weight) in [(&situation.now, 1.0), (&situation.task, f64::from(task))] {
            for (place, likeness) in texts.like(&query_words(text).join(" ")) {
                relevance[place] += weight * likeness;
            }
        }
        let worth = |(insight, relevance): (&Insight, f64)| {
            // A NaN must not come before what is known.
            let confidence = insight.confidence.max(0.0);
            relevance * confidence * credit_factor(credits, &insight.key, seed)
        };
        let worths: Vec<f64> = insights.iter().zip(relevance).map(worth).collect();
        let mut ranked: Vec<(f64, Insight)> = worths.into_iter().zip(insights).collect();
        ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        ranked.into_iter().take(most).map(|(_, insight)| insight).collect()
    }

    fn of(&self, insights: &[Insight]) -> Arc<ShortTexts> {
        let mut hasher = DefaultHasher::new();
        for insight in insights {
            said(insight).hash(&mut hasher);
        }
        let content = hasher.finish();
        // A panic elsewhere leaves a whole value behind: it is replaced, never changed.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, texts)) = &*last
            && *of == content
        {
            return Arc::clone(texts);
        }
        let mut texts = ShortTexts::default();
        for insight in insights {
            texts.add(&said(insight).join("\n"));
        }
        let texts = Arc::new(texts);
        *last = Some((content, Arc::clone(&texts)));
        texts
    }
}

fn said(insight: &Insight) -> [&str; 4] {
    [&insight.claim, &insight.mechanism, &insight.scope, &insight.recommendation]
}
