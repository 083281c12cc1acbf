//! The enums of the schema, which every candidate reads.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::Deserialize;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
        #[serde(rename_all = "lowercase")]
        pub(crate) enum $name {
            $($variant),*
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err([stringify!($name), " is none of ", $($text, " "),*].concat()),
                }
            }
        }
    };
}

choice! {
    /// Where the service runs.
    NodeEnv { Development = "development", Staging = "staging", Production = "production" }
}

choice! {
    /// How much is logged.
    LogLevel { Error = "error", Warn = "warn", Info = "info", Debug = "debug" }
}

choice! {
    /// Who sends e-mail.
    EmailProvider { Sendgrid = "sendgrid", Ses = "ses", Postmark = "postmark" }
}

choice! {
    /// Who takes payments.
    PaymentProvider { Stripe = "stripe", Paypal = "paypal" }
}

/// A list with commas between its elements, for crates that read every type by [`FromStr`]. Shows itself as the list.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct List(Vec<String>);

impl FromStr for List {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(
            text.split(',').map(|element| element.trim().to_owned()).collect(),
        ))
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
