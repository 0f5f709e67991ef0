//! One proposal's command, as the proxy knows it.

use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::event::{CallSettled, Reservation};
use evolve_core::ids::{BlobHash, CandidateId, ModelName};
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::ports::{BlobStore, CallSink, Clock, HostFault, ProposalRequest};
use evolve_core::redact::Redactor;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::purse::{Held, Purse};
use crate::client::{Answer, Forward, Heard, Model};

/// See the module's page.
pub(super) struct Guest {
    candidate: CandidateId,
    blobs: Arc<dyn BlobStore>,
    calls: Arc<dyn CallSink>,
    redactor: Redactor,
    clock: Arc<dyn Clock>,
    /// The strategy's order of models.
    pub order: Vec<ModelName>,
    pub purse: Purse,
    stop: watch::Sender<bool>,
    under_way: Mutex<JoinSet<()>>,
}

/// The beginning of an answer, with the place where the rest arrives.
pub(super) struct Opened {
    pub head: Heard,
    pub rest: mpsc::Receiver<Heard>,
}

impl Guest {
    pub(super) fn new(
        request: &ProposalRequest,
        allowed: Reservation,
        redactor: Redactor,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            candidate: request.candidate,
            blobs: Arc::clone(&request.blobs),
            calls: Arc::clone(&request.calls),
            redactor,
            clock,
            order: request.selection.models.clone(),
            purse: Purse::new(allowed),
            stop: watch::Sender::new(false),
            under_way: Mutex::default(),
        }
    }

    /// Has a request sent on. The work goes on when nobody waits for it, so that what it cost
    /// is counted in any case. None when there is no answer; an error when the request cannot be
    /// put on record, and so was not sent.
    pub(super) async fn send(
        self: &Arc<Self>,
        model: Arc<Model>,
        forward: Forward,
        held: Held,
    ) -> Result<Option<Opened>, HostFault> {
        let request = self.store(forward.body.to_string().as_bytes());
        let request =
            request.inspect_err(|_| self.purse.settle(held, Usd::ZERO, TokenUsage::default()))?;
        let (out, mut rest) = mpsc::channel(64);
        let guest = Arc::clone(self);
        let stop = self.stop.subscribe();
        let work = async move {
            let answer = model.forward(&forward, guest.clock.as_ref(), stop, out).await;
            guest.settle(&model, request, held, &answer);
        };
        {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            while under_way.try_join_next().is_some() {}
            under_way.spawn(work);
        }
        Ok(rest.recv().await.map(|head| Opened { head, rest }))
    }

    fn store(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        self.blobs.put(&self.redactor.redact_bytes(bytes))
    }

    fn settle(&self, model: &Model, request: BlobHash, held: Held, answer: &Answer) {
        let cost = model.section.price.map_or(Usd::ZERO, |price| price.cost(answer.usage));
        self.purse.settle(held, cost, answer.usage);
        let response = &answer.response;
        let response = (!response.is_empty()).then(|| self.store(response)).transpose();
        // Money was spent, and that is to be counted whatever else cannot be kept.
        let response = response.inspect_err(|fault| tracing::error!("an answer is lost: {fault}"));
        let response = response.unwrap_or_default();
        self.calls.settled(CallSettled {
            candidate: self.candidate,
            analysis: None,
            model: model.section.name.clone(),
            status: answer.status,
            detail: self.redactor.redact(&answer.detail),
            usage: answer.usage,
            estimated: answer.estimated,
            cost,
            request,
            response,
            latency_ms: answer.latency.as_millis().try_into().unwrap_or(u64::MAX),
        });
    }

    /// What came, without what nobody may see.
    pub(super) fn redact(&self, piece: &[u8]) -> Vec<u8> {
        self.redactor.redact_bytes(piece)
    }

    /// Ends what is under way, and returns when all of it is counted.
    pub(super) async fn close(&self) {
        self.stop.send_replace(true);
        let under_way =
            std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        under_way.join_all().await;
    }
}
