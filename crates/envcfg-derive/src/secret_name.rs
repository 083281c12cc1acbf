/// Whether a variable of this name is taken for a secret although its type does not say so. The same list
/// stands in the library, which also judges names with prefixes.
pub(crate) fn looks_secret(name: &str) -> bool {
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
