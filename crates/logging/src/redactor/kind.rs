/// A kind of secret that is known by its form, wherever in a text it stands.
///
/// All but [`Self::Email`] are masked by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretKind {
    /// The value behind a name that [`Redactor::action`](crate::Redactor::action) hides, as in `password=...`,
    /// `"api_key": "..."`, `--token ...`, the lines below `password: |` or the output of a `Debug`. What is done with it
    /// is what is done with the name; here it can only be switched off.
    Named,
    /// The password, or a user without one, in a URL: `redis://:...@cache`.
    UrlPassword,
    /// A JSON web token: `eyJ...` in three parts or more.
    Jwt,
    /// What follows `Bearer` and `Basic`.
    Authorization,
    /// A private key in PEM armour, whole, cut off or with its line feeds escaped.
    PrivateKey,
    /// The number of a payment card: 13 to 19 digits of an issuer with the right check digit, in one piece or in
    /// groups with spaces, dashes or dots between them.
    CardNumber,
    /// The tokens of well-known services, known by how they begin: `ghp_`, `sk_live_`, `xoxb-`, `AKIA` and others.
    Token,
    /// An e-mail address. Shown by default.
    Email,
}

impl SecretKind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Named,
        Self::UrlPassword,
        Self::Jwt,
        Self::Authorization,
        Self::PrivateKey,
        Self::CardNumber,
        Self::Token,
        Self::Email,
    ];
}
