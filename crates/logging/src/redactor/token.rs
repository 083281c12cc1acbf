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
    /// The beginning is short or a word, so what comes behind must look random too.
    is_weak: bool,
}

impl Beginning {
    const fn new(begin: &'static str, then: &'static str, least: usize) -> Self {
        Self {
            begin: begin.as_bytes(),
            then: then.as_bytes(),
            least,
            is_part: is_word,
            is_weak: false,
        }
    }

    const fn of(mut self, is_part: fn(u8) -> bool) -> Self {
        self.is_part = is_part;
        self
    }

    const fn weak(mut self) -> Self {
        self.is_weak = true;
        self
    }

    fn find(&self, text: &[u8], last: usize) -> Option<(usize, usize)> {
        let start = (last + 1).checked_sub(self.begin.len())?;
        if !is_at(text, start, self.begin) || !is_at(text, last + 1, self.then) || !begins_word(text, start) {
            return None;
        }
        let body = last + 1 + self.then.len();
        let end = run(text, body, self.is_part);
        let body = text.get(body..end)?;
        let is_token = body.len() >= self.least && (!self.is_weak || is_random(body));
        is_token.then_some((start, end))
    }
}

/// What people write has no numbers in it, or no letters, or is short.
fn is_random(body: &[u8]) -> bool {
    let has_letters = body.iter().any(u8::is_ascii_alphabetic);
    let has_digits = body.iter().any(u8::is_ascii_digit);
    (has_letters && has_digits) || body.len() >= LONG
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const fn is_dotted(byte: u8) -> bool {
    is_word(byte) || byte == b'.'
}

const fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

const LONG: usize = 32;

/// What secret scanners look for, as far as the beginning alone tells it.
const BEGINNINGS: [Beginning; 47] = [
    // GitHub
    Beginning::new("ghp_", "", 16),
    Beginning::new("gho_", "", 16),
    Beginning::new("ghu_", "", 16),
    Beginning::new("ghs_", "", 16),
    Beginning::new("ghr_", "", 16),
    Beginning::new("github_pat_", "", 20),
    // npm, Docker, Shopify, Hugging Face
    Beginning::new("npm_", "", 30),
    Beginning::new("dckr_pat_", "", 20),
    Beginning::new("shpat_", "", 32),
    Beginning::new("hf_", "", 20).weak(),
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
    Beginning::new("sk_", "live_", 10),
    Beginning::new("sk_", "test_", 10),
    Beginning::new("sk_", "prod_", 10),
    Beginning::new("rk_", "live_", 10),
    Beginning::new("rk_", "test_", 10),
    Beginning::new("whsec_", "", 20),
    // OpenAI, Anthropic and those who follow them
    Beginning::new("sk-", "ant-", 16),
    Beginning::new("sk-", "proj-", 16),
    Beginning::new("sk-", "", 20).weak(),
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
    // SendGrid and Vault
    Beginning::new("SG.", "", 32).of(is_dotted).weak(),
    Beginning::new("hvs.", "", 20),
    Beginning::new("hvb.", "", 20),
    Beginning::new("hvr.", "", 20),
];
