use super::bytes::{begins_word, is_at, run};

/// Where the token lies whose beginning ends at `last`.
pub(crate) fn token_at(text: &[u8], last: usize) -> Option<(usize, usize)> {
    BEGINNINGS.iter().find_map(|beginning| beginning.find(text, last))
}

/// How the tokens of a service begin, and what must follow.
struct Beginning {
    /// Ends with what is searched for.
    begin: &'static [u8],
    /// What follows that.
    then: &'static [u8],
    /// The length of what comes behind.
    least: usize,
    is_part: fn(u8) -> bool,
    /// Whether what comes behind may be a token: where the beginning is a word, it must not be more words.
    is_body: fn(&[u8]) -> bool,
}

impl Beginning {
    const fn new(begin: &'static str, then: &'static str, least: usize) -> Self {
        Self {
            begin: begin.as_bytes(),
            then: then.as_bytes(),
            least,
            is_part: is_word,
            is_body: |_| true,
        }
    }

    const fn of(mut self, is_part: fn(u8) -> bool) -> Self {
        self.is_part = is_part;
        self
    }

    const fn that(mut self, is_body: fn(&[u8]) -> bool) -> Self {
        self.is_body = is_body;
        self
    }

    fn find(&self, text: &[u8], last: usize) -> Option<(usize, usize)> {
        let start = (last + 1).checked_sub(self.begin.len())?;
        if !is_at(text, start, self.begin) || !is_at(text, last + 1, self.then) || !begins_word(text, start) {
            return None;
        }
        let body = last + 1 + self.then.len();
        // The beginning may come again and again in what is no token.
        let near = text.get(..text.len().min(body + LOOKED_AT)).unwrap_or_default();
        let end = run(near, body, self.is_part);
        let begin = text.get(body..end)?;
        let is_token = begin.len() >= self.least && (self.is_body)(begin);
        is_token.then(|| (start, run(text, end, self.is_part)))
    }
}

/// What people write is of one case, or long only as words with signs between.
fn is_random(body: &[u8]) -> bool {
    let classes = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    let is_in = |is_class: &&fn(&u8) -> bool| body.iter().any(is_class);
    classes.iter().filter(is_in).count() > 1
}

/// One of the parts between signs is too long for a word, or for a date.
fn has_random_part(body: &[u8]) -> bool {
    let mut parts = body.split(|byte| !byte.is_ascii_alphanumeric());
    parts.any(|part| part.len() >= LONG_PART && is_random(part))
}

/// As [`has_random_part`], or all of it is longer than people write.
fn is_long_or_random(body: &[u8]) -> bool {
    has_random_part(body) || (body.len() >= LONG && is_random(body))
}

/// Two parts with a dot between, each too long for the name of a module.
fn is_random_pair(body: &[u8]) -> bool {
    let mut parts = body.split(|&byte| byte == b'.');
    let is_long = |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= LONG_PART);
    is_long(parts.next()) && is_long(parts.next()) && is_random(body)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn is_dotted(byte: u8) -> bool {
    is_word(byte) || byte == b'.'
}

const fn is_hexadecimal(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

const fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// So much of what comes behind tells whether it is a token.
const LOOKED_AT: usize = 64;
const LONG: usize = 40;
const LONG_PART: usize = 16;

/// What secret scanners look for, as far as the beginning alone tells it.
const BEGINNINGS: [Beginning; 56] = [
    // GitHub
    Beginning::new("ghp_", "", 16).that(is_random),
    Beginning::new("gho_", "", 16).that(is_random),
    Beginning::new("ghu_", "", 16).that(is_random),
    Beginning::new("ghs_", "", 16).that(is_random),
    Beginning::new("ghr_", "", 16).that(is_random),
    Beginning::new("github_pat_", "", 20),
    // npm, Docker, Shopify, Hugging Face
    Beginning::new("npm_", "", 30).of(is_alphanumeric),
    Beginning::new("dckr_pat_", "", 20),
    Beginning::new("shpat_", "", 32),
    Beginning::new("hf_", "", 20).of(is_alphanumeric).that(is_random),
    // GitLab
    Beginning::new("glpat-", "", 16),
    Beginning::new("gldt", "-", 16),
    Beginning::new("glrt", "-", 16),
    Beginning::new("glft", "-", 16),
    Beginning::new("glim", "t-", 16),
    Beginning::new("glpt", "t-", 16),
    Beginning::new("glso", "at-", 16),
    Beginning::new("glag", "ent-", 16),
    Beginning::new("glcb", "t-", 16),
    // Stripe
    Beginning::new("sk_", "live_", 10).that(is_random),
    Beginning::new("sk_", "test_", 10).that(is_random),
    Beginning::new("sk_", "prod_", 10).that(is_random),
    Beginning::new("rk_", "live_", 10).that(is_random),
    Beginning::new("rk_", "test_", 10).that(is_random),
    Beginning::new("whsec_", "", 20).that(is_random),
    // OpenAI, Anthropic and those who follow them
    Beginning::new("sk-", "ant-", 16).that(is_long_or_random),
    Beginning::new("sk-", "proj-", 16).that(is_long_or_random),
    Beginning::new("sk-", "", 20).that(has_random_part),
    // Slack
    Beginning::new("xox", "b-", 10),
    Beginning::new("xox", "p-", 10),
    Beginning::new("xox", "a-", 10),
    Beginning::new("xox", "e-", 10),
    Beginning::new("xox", "e.x", 10).of(is_dotted),
    Beginning::new("xox", "r-", 10),
    Beginning::new("xox", "s-", 10),
    Beginning::new("xox", "c-", 10),
    Beginning::new("xox", "d-", 10),
    Beginning::new("xap", "p-", 12),
    // Amazon and Google
    Beginning::new("AKIA", "", 16).of(is_capital),
    Beginning::new("ASIA", "", 16).of(is_capital),
    Beginning::new("ABIA", "", 16).of(is_capital),
    Beginning::new("ACCA", "", 16).of(is_capital),
    Beginning::new("AIza", "", 30),
    Beginning::new("ya29", ".", 20).that(is_random),
    Beginning::new("1//0", "", 20).that(is_random),
    Beginning::new("GOCSPX-", "", 20),
    // PyPI, DigitalOcean, Grafana, Databricks, Atlassian
    Beginning::new("pypi-", "", 30).that(is_random),
    Beginning::new("dop_", "v1_", 32).of(is_hexadecimal),
    Beginning::new("glsa_", "", 20).that(is_random),
    Beginning::new("dapi", "", 32).of(is_hexadecimal),
    Beginning::new("ATAT", "T", 20).that(is_random),
    Beginning::new("ATCT", "T", 20).that(is_random),
    // SendGrid and Vault
    Beginning::new("SG.", "", 32).of(is_dotted).that(is_random_pair),
    Beginning::new("hvs.", "", 20),
    Beginning::new("hvb.", "", 20),
    Beginning::new("hvr.", "", 20),
];
