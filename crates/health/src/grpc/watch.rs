use std::{pin::Pin, time::Duration};

use futures_util::{Stream, stream::unfold};
use tokio::{sync::watch, time::timeout};

use super::{
    Services,
    messages::{HealthCheckResponse, ServingStatus},
};

pub(super) type Responses = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, tonic::Status>> + Send>>;

/// One who wants to know each change of a service.
pub(super) struct Watch {
    services: Services,
    service: String,
    generation: watch::Receiver<u64>,
    told: Option<ServingStatus>,
}

impl Watch {
    pub(super) fn new(services: Services, service: String) -> Self {
        Self {
            generation: services.health.generation(),
            services,
            service,
            told: None,
        }
    }

    /// The present status, then each change.
    pub(super) fn responses(self) -> Responses {
        Box::pin(unfold(self, async |mut watch| {
            let serving = watch.next().await?;
            Some((Ok(HealthCheckResponse::of(serving)), watch))
        }))
    }

    async fn next(&mut self) -> Option<ServingStatus> {
        loop {
            self.generation.borrow_and_update();
            let is_over = self.services.is_over(&self.service);
            let serving = self.services.serving(&self.service);
            let serving = serving.unwrap_or(ServingStatus::ServiceUnknown);
            if self.told != Some(serving) {
                self.told = Some(serving);
                return Some(serving);
            }
            if is_over {
                return None;
            }
            // A gate closes without a word: it is looked at as often as a heart beats.
            drop(timeout(GLANCE, self.generation.changed()).await);
        }
    }
}

const GLANCE: Duration = Duration::from_millis(100);
