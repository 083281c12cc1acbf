//! The rules of the validator crate on secrets: they look at the value and never show it.

use std::borrow::Cow;

use validator::{ValidateContains, ValidateLength, ValidateUrl};
use zeroize::Zeroize;

use crate::Secret;

impl<T: Zeroize + ValidateLength<u64>> ValidateLength<u64> for Secret<T> {
    fn length(&self) -> Option<u64> {
        self.expose().length()
    }
}

impl<T: Zeroize + ValidateContains> ValidateContains for Secret<T> {
    fn validate_contains(&self, needle: &str) -> bool {
        self.expose().validate_contains(needle)
    }
}

impl<T: Zeroize + ValidateUrl> ValidateUrl for Secret<T> {
    fn as_url_string(&self) -> Option<Cow<'_, str>> {
        self.expose().as_url_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_look_at_the_value() {
        let secret = Secret::from("postgres://db");

        assert!(
            secret.validate_length(Some(13), None, None) && !secret.validate_length(Some(14), None, None)
        );
        assert!(secret.validate_contains("db") && !secret.validate_contains("***"));
        assert!(secret.validate_url() && !Secret::from("db").validate_url());
    }
}
