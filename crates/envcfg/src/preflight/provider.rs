use serde::{Deserialize, Serialize};

/// Who sends the e-mail. Read from `sendgrid`, `ses` and `postmark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EmailProvider {
    /// `SendGrid`, of Twilio.
    SendGrid,
    /// Amazon Simple Email Service. Its key has two parts: an access key's id and its secret.
    Ses,
    /// Postmark.
    Postmark,
}

/// Who takes the payments. Read from `stripe` and `paypal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PaymentProvider {
    /// Stripe.
    Stripe,
    /// `PayPal`.
    PayPal,
}
