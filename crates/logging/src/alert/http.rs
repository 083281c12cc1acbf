use std::{path::PathBuf, time::Duration};

use groundcrew_base::{Backoff, Secret};
use http::{HeaderName, HeaderValue, Uri};

use super::{AlertContext, AlertError, queue};
use crate::courier::{self, Courier, CourierError, CourierSettings, Parcel};

/// The way of alerts over HTTP: one request each, with retries.
#[derive(Debug, Default)]
pub(super) struct Post {
    courier: Option<Courier>,
    context: Option<AlertContext>,
    settings: CourierSettings,
}

/// Says why an alert did not get through over HTTP. Neither the address nor a key stands in it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AlertTransportError(#[from] Failure);

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the address of {service} is none")]
    Address { service: &'static str },
    #[error("{service} cannot be sent header {name}")]
    Header { service: &'static str, name: String },
    #[error("trusting certificate authorities for {service}")]
    Tls {
        service: &'static str,
        #[source]
        source: groundcrew_connect::tls::TlsError,
    },
    #[error("sending to {service}")]
    Send {
        service: &'static str,
        #[source]
        source: CourierError,
    },
    #[error("{service} was not started")]
    NotStarted { service: &'static str },
}

impl Post {
    pub(super) fn start(
        &mut self,
        context: &AlertContext,
        service: &'static str,
    ) -> Result<(), AlertTransportError> {
        let courier = Courier::new(
            self.settings.clone(),
            context.clock.clone(),
            context.redactor.clone(),
            context.closing.clone(),
            queue::mark_this_thread,
        );
        self.courier = Some(courier.map_err(|source| Failure::Tls { service, source })?);
        self.context = Some(context.clone());
        Ok(())
    }

    pub(super) fn context(&self, service: &'static str) -> Result<&AlertContext, AlertTransportError> {
        self.context
            .as_ref()
            .ok_or_else(|| Failure::NotStarted { service }.into())
    }

    /// Sends one request; no error and no log shows `secrets`.
    pub(super) fn send(
        &mut self,
        parcel: &Parcel,
        secrets: &[&Secret],
        service: &'static str,
    ) -> Result<(), AlertError> {
        let (Some(courier), Some(context)) = (&mut self.courier, &self.context) else {
            return Err(Box::new(AlertTransportError(Failure::NotStarted { service })));
        };
        let sent = courier.deliver(parcel, secrets, || context.count_retry());
        match sent {
            Ok(_) => Ok(()),
            Err(source) => Err(Box::new(AlertTransportError(Failure::Send { service, source }))),
        }
    }

    pub(super) const fn set_attempt(&mut self, deadline: Duration) {
        self.settings.attempt = deadline;
    }

    pub(super) const fn set_deadline(&mut self, deadline: Duration) {
        self.settings.total = deadline;
    }

    pub(super) const fn set_backoff(&mut self, backoff: Backoff) {
        self.settings.backoff = backoff;
    }

    pub(super) fn set_ca_file(&mut self, path: PathBuf) {
        self.settings.ca_file = Some(path);
    }
}

impl AlertTransportError {
    /// Whether the server may have taken the alert nevertheless: it was sent, and no answer came.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match &self.0 {
            Failure::Send { source, .. } => source.may_have_arrived(),
            _ => false,
        }
    }
}

/// The address as a URI.
pub(super) fn address(url: &Secret, service: &'static str) -> Result<Uri, AlertTransportError> {
    courier::address(url.expose()).ok_or_else(|| Failure::Address { service }.into())
}

/// A header as HTTP can send it.
pub(super) fn header(
    name: &str,
    value: &Secret,
    service: &'static str,
) -> Result<(HeaderName, HeaderValue), AlertTransportError> {
    let name_of = HeaderName::try_from(name);
    let value_of = HeaderValue::from_str(value.expose());
    name_of.ok().zip(value_of.ok()).ok_or_else(|| {
        let name = name.to_owned();
        Failure::Header { service, name }.into()
    })
}

/// The setters that every transport has.
macro_rules! http_setters {
    () => {
        /// How long one attempt may take, from the look-up of the name to the last byte of the answer; default 10 s.
        pub fn attempt(mut self, deadline: Duration) -> Self {
            self.post.set_attempt(deadline);
            self
        }

        /// How long an alert is tried, with the waits between the attempts; default 2 minutes. A server that asks
        /// to wait for longer is not asked again until then, by later alerts neither.
        pub fn deadline(mut self, deadline: Duration) -> Self {
            self.post.set_deadline(deadline);
            self
        }

        /// The waits between attempts where the server does not say how long to wait; default 500 ms, doubling up
        /// to 30 s, each +-50 %.
        pub fn backoff(mut self, backoff: Backoff) -> Self {
            self.post.set_backoff(backoff);
            self
        }

        /// Trusts the certificate authorities in this PEM file; default those of the system.
        pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
            self.post.set_ca_file(path.into());
            self
        }
    };
}
pub(super) use http_setters;

/// Writes JSON as we send it.
#[derive(Debug, Default)]
pub(super) struct Json(String);

impl Json {
    /// An object of what `write` adds.
    pub(super) fn object(write: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.nested(write);
        json.0
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        crate::json::string(&mut self.0, value, usize::MAX);
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        crate::json::integer(&mut self.0, value);
    }

    pub(super) fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.nested(write);
    }

    /// The details, each name once.
    pub(super) fn details(&mut self, details: &[(String, String)]) {
        for (at, (name, value)) in details.iter().enumerate() {
            let is_first = details.iter().take(at).all(|(earlier, _)| earlier != name);
            if is_first {
                self.text(name, value);
            }
        }
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self)) {
        self.0.push('{');
        write(self);
        self.0.push('}');
    }

    fn name(&mut self, name: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        crate::json::string(&mut self.0, name, usize::MAX);
        self.0.push(':');
    }
}
