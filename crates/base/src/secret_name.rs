/// Whether a variable or key of this name holds a secret, judged by the words of the name.
///
/// `name` is in upper case with underscores between its words, as variables are.
///
/// # Examples
/// ```
/// use groundcrew_base::looks_secret;
///
/// assert!(looks_secret("AUTH_SECRET") && looks_secret("EMAIL_API_KEY"));
/// assert!(!looks_secret("REDIS_KEY_PREFIX") && !looks_secret("TOKENIZER"));
/// ```
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let last_is_key = name.rsplit('_').next() == Some("KEY");
    last_is_key || name.split('_').any(|word| WORDS.contains(&word))
}

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
