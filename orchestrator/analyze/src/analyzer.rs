//! The run's analyzer: statistics always, a model where the task names one.

use evolve_core::Facts;
use evolve_core::event::Envelope;
use evolve_core::ports::{AnalysisRequest, Analyzer, BoxFuture, Finding, Inquiry, Learned};

use crate::StatisticalAnalyzer;
use crate::by_model::{ByModel, ModelSetup};
use crate::merge::merge;

/// See the crate's page.
pub struct RunAnalyzer {
    statistics: StatisticalAnalyzer,
    by_model: Option<ByModel>,
}

impl RunAnalyzer {
    /// An analyzer that has seen nothing; with a setup it asks that model, too.
    pub fn new(model: Option<ModelSetup>) -> Self {
        Self { statistics: StatisticalAnalyzer::new(), by_model: model.map(ByModel::new) }
    }
}

impl Analyzer for RunAnalyzer {
    fn observe(&mut self, facts: &Facts, envelope: &Envelope) -> Learned {
        if let Some(by_model) = &mut self.by_model {
            by_model.observe(envelope);
        }
        self.statistics.observe(facts, envelope)
    }

    fn inquire(&self, facts: &Facts) -> Option<Inquiry> {
        self.by_model.as_ref()?.inquire(facts)
    }

    fn analyze(&self, request: AnalysisRequest) -> BoxFuture<Result<Vec<Finding>, String>> {
        match &self.by_model {
            Some(by_model) => by_model.analyze(request),
            None => Box::pin(std::future::ready(Err("there is no model to ask".to_owned()))),
        }
    }

    fn merge(&self, facts: &Facts, findings: Vec<Finding>) -> Learned {
        merge(facts, findings)
    }
}
