use std::{fmt, path::PathBuf, time::Duration};

use groundcrew_base::{Backoff, Secret};
use http::Uri;

use super::{
    Alert, AlertContext, AlertError, AlertSeverity, AlertSink,
    http::{Json, Post, address, http_setters},
};
use crate::courier::Parcel;

/// Sends alerts to a channel of Slack, by an [incoming webhook].
///
/// A message has the severity or `RESOLVED`, the text, the key, the service and the fields of the event; nothing in
/// them can mention people or channels. The address is a secret: whoever has it can write to the channel.
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
/// use groundcrew_logging::{AlertPolicy, AlertSeverity, Logging, Slack};
///
/// let url = Secret::from("https://hooks.slack.com/services/T000/B000/XXXX");
/// let policy = AlertPolicy::default().least(AlertSeverity::Warning);
/// let builder = Logging::builder().alert_to("slack", policy, Slack::new(url));
/// # drop(builder);
/// ```
///
/// [incoming webhook]: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
#[must_use]
pub struct Slack {
    url: Secret,
    uri: Uri,
    post: Post,
}

impl Slack {
    /// Sends to this address.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            uri: Uri::default(),
            post: Post::default(),
        }
    }

    http_setters!();
}

impl AlertSink for Slack {
    fn start(&mut self, context: &AlertContext) -> Result<(), AlertError> {
        self.uri = address(&self.url, SERVICE)?;
        Ok(self.post.start(context, SERVICE)?)
    }

    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        let text = text(alert, self.post.context(SERVICE)?);
        let body = Json::object(|json| json.text("text", &text));
        let parcel = Parcel::json(self.uri.clone(), body);
        self.post.send(&parcel, &[&self.url], SERVICE)
    }
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack")
            .field("post", &self.post)
            .finish_non_exhaustive()
    }
}

fn text(alert: &Alert, context: &AlertContext) -> String {
    let (icon, word) = match alert.grade() {
        _ if !alert.is_firing() => (":white_check_mark:", "RESOLVED"),
        AlertSeverity::Critical => (":rotating_light:", "CRITICAL"),
        AlertSeverity::Error => (":red_circle:", "ERROR"),
        AlertSeverity::Warning => (":warning:", "WARNING"),
        AlertSeverity::Info => (":information_source:", "INFO"),
    };
    let mut text = format!("{icon} *{word}* {}\n", escaped(&alert.message, MOST_MESSAGE));
    let (service, environment) = (context.service(), context.environment());
    let place = format!("{} | {service} {} ({environment})", alert.key, context.version());
    text.push_str(&escaped(&place, MOST_FIELD));
    if alert.repeats > 0 {
        text.push_str(&format!("\n{} more since the last message", alert.repeats));
    }
    for (name, value) in &alert.details {
        let line = format!("\n{}: {}", escaped(name, MOST_FIELD), escaped(value, MOST_FIELD));
        if text.len() + line.len() > MOST_TEXT {
            break;
        }
        text.push_str(&line);
    }
    text
}

/// The text as Slack takes it, at most about `most` bytes of it: nothing in it is markup of theirs.
fn escaped(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if out.len() >= most {
            out.push('…');
            break;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

const SERVICE: &str = "Slack";
/// Slack cuts a text behind 40,000 characters; none of ours is longer in bytes.
const MOST_TEXT: usize = 39_000;
const MOST_MESSAGE: usize = 3_000;
const MOST_FIELD: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::UNIX_EPOCH};

    use groundcrew_base::Clock;

    use super::*;
    use crate::{AlertState, Redactor, closing::Closing};

    #[test]
    fn what_slack_reads_as_markup_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(
            escaped("<!channel> & <@U1>", 100),
            "&lt;!channel&gt; &amp; &lt;@U1&gt;"
        );
        assert_eq!(escaped("ąąąą", 4), "ąą…");
        assert_eq!(escaped("", 0), "");
    }

    #[test]
    fn what_slack_does_not_take_is_left_out_field_by_field() {
        let context = AlertContext {
            service: "poker".to_owned(),
            version: "1".to_owned(),
            environment: "test".to_owned(),
            clock: Clock::system(),
            redactor: Redactor::none(),
            closing: Closing::default(),
            retries: Arc::default(),
        };
        let long = "<".repeat(300);
        let alert = Alert {
            key: "pool".to_owned(),
            state: AlertState::Firing,
            severity: "error".to_owned(),
            message: "<".repeat(5000),
            target: "poker".to_owned(),
            time: UNIX_EPOCH,
            category: None,
            details: vec![(long.clone(), long); 24],
            repeats: 3,
        };

        let text = text(&alert, &context);

        assert!(
            text.len() <= MOST_TEXT && text.len() + 3 * MOST_FIELD > MOST_TEXT,
            "{}",
            text.len()
        );
        assert!(text.ends_with('…'));
    }
}
