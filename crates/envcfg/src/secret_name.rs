/// Whether a variable of this name is taken for a secret although its type does not say so.
pub(crate) fn looks_secret(name: &str) -> bool {
    let mut words = name.split('_').peekable();
    let last_is_key = name.rsplit('_').next() == Some("KEY");
    last_is_key || words.any(|word| WORDS.contains(&word))
}

/// The same list stands in the derive, which decides at compile time which variables have a `_FILE` twin.
const WORDS: [&str; 14] = [
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "DSN",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PASSWORDS",
    "PRIVATE",
    "PWD",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_their_words() {
        let secret = [
            "AUTH_SECRET",
            "REDIS_PASSWORD",
            "EMAIL_API_KEY",
            "SENTRY_DSN",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
        ];
        let plain = [
            "PORT",
            "REDIS_KEY_PREFIX",
            "KEYBOARD",
            "TOKENIZER",
            "DATABASE_URL",
            "SECRETARY_NAME",
        ];

        assert_eq!(secret.map(looks_secret), [true; 6]);
        assert_eq!(plain.map(looks_secret), [false; 6]);
    }
}
