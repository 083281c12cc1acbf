//! What the card room watches besides its database and its cache.

use std::{error::Error as StdError, time::Duration};

use groundcrew::{
    Service,
    health::{
        Registration,
        checks::{DiskCheck, ExternalApis, HttpCheck, HttpCheckError, MemoryCheck, Saturation},
    },
};
use url::Url;

use crate::{api::Feed, settings::Settings};

/// Registers the checks under the names of the requirements.
pub(crate) fn register(
    service: &mut Service,
    settings: &Settings,
    stubs: Option<&Url>,
    feed: &Feed,
) -> Result<(), Box<dyn StdError>> {
    let load = feed.clone();
    let apis = external_apis(settings, stubs)?;
    let disk = DiskCheck::paths(["."]).thresholds(settings.disk.thresholds()?);
    let memory = MemoryCheck::new().thresholds(settings.memory.thresholds()?);
    service
        .check(Registration::new("websocket", Saturation::new(move || load.load())).optional())
        .check(
            Registration::new("external_apis", apis)
                .optional()
                .interval(Duration::from_secs(30)),
        )
        .check(Registration::new("disk_space", disk).optional())
        .check(Registration::new("memory", memory).optional());
    Ok(())
}

fn external_apis(settings: &Settings, stubs: Option<&Url>) -> Result<ExternalApis, HttpCheckError> {
    let stub = |path: &str| stubs.and_then(|base| base.join(path).ok());
    let mut apis = ExternalApis::new();
    let named = [
        (
            "email",
            settings.email_api_url.clone().or_else(|| stub("email/health")),
        ),
        (
            "payment",
            settings
                .payment_api_url
                .clone()
                .or_else(|| stub("payment/health")),
        ),
    ];
    for (name, url) in named {
        if let Some(url) = url {
            apis = apis.api(name, HttpCheck::get(url.as_str())?);
        }
    }
    let ai = settings.ai_api_url.clone().or_else(|| stub("ai/messages"));
    if let Some(ai) = ai {
        let question = r#"{"messages":[{"role":"user","content":"test"}]}"#;
        apis = apis.api(
            "ai",
            HttpCheck::post(ai.as_str(), question)?
                .header("content-type", "application/json")?
                .expect_json("/content")?,
        );
    }
    Ok(apis)
}
