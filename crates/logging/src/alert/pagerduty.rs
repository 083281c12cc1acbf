use std::{fmt, path::PathBuf, time::Duration};

use groundcrew_base::{Backoff, Secret};
use http::Uri;
use sha2::{Digest as _, Sha256};

use super::{
    Alert, AlertContext, AlertError, AlertSink, cut,
    http::{Json, Post, address, http_setters},
};
use crate::{courier::Parcel, timestamp::TimestampWriter};

/// Opens and resolves incidents in PagerDuty, by its [Events API v2].
///
/// The alert's key is the `dedup_key`, with the service in front: an alert that fires again belongs to the incident
/// that is open, and its end resolves it. No alert goes into a digest, whatever the policy's burst: nobody could
/// resolve it. The source is the service, the class its category, the component its target.
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
/// use groundcrew_logging::{AlertPolicy, AlertSeverity, Logging, PagerDuty};
///
/// let key = Secret::from("0123456789abcdef0123456789abcdef");
/// let policy = AlertPolicy::default().least(AlertSeverity::Critical);
/// let builder = Logging::builder().alert_to("pagerduty", policy, PagerDuty::new(key));
/// # drop(builder);
/// ```
///
/// [Events API v2]: https://developer.pagerduty.com/docs/events-api-v2-overview
#[must_use]
pub struct PagerDuty {
    routing_key: Secret,
    url: Secret,
    uri: Uri,
    source: Option<String>,
    post: Post,
}

impl PagerDuty {
    /// Sends with this routing key, also called integration key.
    pub fn new(routing_key: Secret) -> Self {
        Self {
            routing_key,
            url: Secret::from(ADDRESS),
            uri: Uri::default(),
            source: None,
            post: Post::default(),
        }
    }

    /// Sends to this address; default `https://events.pagerduty.com/v2/enqueue`. In Europe it is
    /// `https://events.eu.pagerduty.com/v2/enqueue`.
    pub fn url(mut self, url: Secret) -> Self {
        self.url = url;
        self
    }

    /// What is affected, such as the name of the machine; default the service and its environment.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    http_setters!();

    fn body(&self, alert: &Alert, context: &AlertContext) -> String {
        Json::object(|json| {
            json.text("routing_key", self.routing_key.expose().trim());
            json.text(
                "event_action",
                if alert.is_firing() { "trigger" } else { "resolve" },
            );
            json.text("dedup_key", &dedup_key(context.service(), &alert.key));
            // Of a resolve, only the keys are read.
            if alert.is_firing() {
                json.text("client", context.service());
                json.within("payload", |json| self.payload(json, alert, context));
            }
        })
    }

    fn payload(&self, json: &mut Json, alert: &Alert, context: &AlertContext) {
        let service = || format!("{} ({})", context.service(), context.environment());
        json.text("summary", &summary(alert));
        json.text("source", &self.source.clone().unwrap_or_else(service));
        json.text("severity", alert.grade().as_str());
        json.text("timestamp", &TimestampWriter::default().render(alert.time));
        json.text("component", &alert.target);
        json.text("group", context.service());
        if let Some(category) = &alert.category {
            json.text("class", category);
        }
        json.within("custom_details", |json| {
            let mut details = vec![
                ("key".to_owned(), alert.key.clone()),
                ("version".to_owned(), context.version().to_owned()),
                ("environment".to_owned(), context.environment().to_owned()),
            ];
            if alert.repeats > 0 {
                details.push(("repeats".to_owned(), alert.repeats.to_string()));
            }
            details.extend(alert.details.iter().cloned());
            json.details(&details);
        });
    }
}

impl AlertSink for PagerDuty {
    fn start(&mut self, context: &AlertContext) -> Result<(), AlertError> {
        self.uri = address(&self.url, SERVICE)?;
        Ok(self.post.start(context, SERVICE)?)
    }

    /// Nobody could resolve a digest of several keys, and the next one would belong to the same incident.
    fn has_incidents(&self) -> bool {
        true
    }

    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        let body = self.body(alert, self.post.context(SERVICE)?);
        let parcel = Parcel::json(self.uri.clone(), body);
        self.post.send(&parcel, &[&self.routing_key], SERVICE)
    }
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagerDuty")
            .field("post", &self.post)
            .finish_non_exhaustive()
    }
}

fn summary(alert: &Alert) -> String {
    let mut summary = if alert.message.is_empty() {
        alert.key.clone()
    } else {
        alert.message.clone()
    };
    cut(&mut summary, MOST_SUMMARY);
    if summary.is_empty() {
        summary.push('-');
    }
    summary
}

/// The key with its service, and a hash in the place of what is too long.
fn dedup_key(service: &str, key: &str) -> String {
    let mut whole = format!("{service}/{key}");
    if whole.len() > MOST_KEY {
        let hash = hex::encode(Sha256::digest(&whole));
        whole.truncate(whole.floor_char_boundary(MOST_KEY - hash.len() - 1));
        whole.push('#');
        whole.push_str(&hash);
    }
    whole
}

const SERVICE: &str = "PagerDuty";
const ADDRESS: &str = "https://events.pagerduty.com/v2/enqueue";
/// Both in characters; ours count bytes, which are as many or more.
const MOST_KEY: usize = 255;
const MOST_SUMMARY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_cut_and_still_told_apart() {
        let (long, other) = ("é".repeat(300), format!("{}x", "é".repeat(299)));

        assert_eq!(dedup_key("poker", "pool"), "poker/pool");
        assert_eq!(dedup_key("poker", &"k".repeat(249)).len(), 255);
        assert_ne!(dedup_key("poker", &long), dedup_key("poker", &other));
        assert_eq!(dedup_key("poker", &long), dedup_key("poker", &long));
        for key in [long, other, "k".repeat(250)] {
            let short = dedup_key("poker", &key);
            assert!(short.len() <= 255 && short.contains('#'), "{short}");
        }
    }
}
