use super::bytes::{before, ends_in, run_back};

/// Whether a name ends in the word `pass`, or one with a number, and it is not that of a filter, a compiler or a test: `DB_PASS`,
/// `rootPass2`.
pub(crate) fn ends_in_pass(name: &[u8]) -> bool {
    let end = run_back(name, name.len(), |byte| byte.is_ascii_digit() || is_between(byte));
    let Some(start) = end.checked_sub(PASS.len()).filter(|_| ends_in(name, end, PASS)) else {
        return false;
    };
    let gap = run_back(name, start, is_between);
    let has_hump = name.get(start..start + 2) == Some(b"Pa") && !before(name, start).is_ascii_uppercase();
    if gap == start && !has_hump {
        return false;
    }
    let is_word = |word: &&str| {
        let word = word.as_bytes();
        let begin = gap.saturating_sub(word.len());
        let is_hump =
            name.get(begin).is_some_and(u8::is_ascii_uppercase) && before(name, begin).is_ascii_lowercase();
        let is_whole = is_hump || !before(name, begin).is_ascii_alphabetic();
        ends_in(name, gap, word) && is_whole
    };
    !PASSES.split_ascii_whitespace().any(|word| is_word(&word))
}

const fn is_between(byte: u8) -> bool {
    matches!(byte, b'_' | b'-')
}

/// Whether this is made of words that people write behind `bearer`: `token`, `auth-only`, or by a parameter such as `realm=`.
pub(crate) fn is_about_tokens(words: &[u8]) -> bool {
    if let Some(sign) = memchr::memchr(b'=', words) {
        let name = words.get(..sign).unwrap_or_default();
        return PARAMETERS.contains(&name);
    }
    let mut words = words.split(|byte| matches!(byte, b'-' | b'/' | b'_'));
    words.all(|word| word.is_empty() || is_known(word))
}

fn is_known(word: &[u8]) -> bool {
    // Nearly every token has a digit, and is not compared to all words.
    if word.iter().any(u8::is_ascii_digit) {
        return word.eq_ignore_ascii_case(b"oauth2");
    }
    let mut known = WORDS.split_ascii_whitespace();
    known.any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// A secret that is one of these is shown, so words that people choose as one are missing: `secret`, `test`.
const WORDS: &str = "
    a about above absent accepted access after algorithm all allowed already also an and another any api apis app
    apps are as asset assets at attached auth authenticate authenticated authenticates authentication authenticator
    authorisation authorised authorization authorize authorized authorizer based be because been before being
    bond bonds both but by can cannot certificate challenge challenges charset check checked checker checks claim
    claims client clients config configuration configured cookie cookies could credential credentials denied
    description did disabled does during either else empty enabled endpoint error errors exceeded exchange exists
    expected expiration expired expires expiry extracted extraction extractor failed fails failure field fields
    flow flows follows for form format found from given got grant guard had handler handling has have header
    headers here http if ignored implementation in incorrect instead insufficient instrument instruments interceptor
    into introspection invalid is issued issuer it its jwt jwts key keys layer lifetime login malformed may mechanism
    metadata method middleware might mismatch missing mode must name needed never no none not now null oauth
    of on once only option or parse parsed parser parsing part passed plus policy prefix present presented provided
    provider rather realm received refresh refreshed refused reject rejected renewed request requests require required
    requires resource response revoked said scheme schemes scope scopes security sent session set shall share shares
    should since so some strategy string style support supported supports than that the their then there these they
    this through to token tokens too type types undefined unexpected unknown unless unsupported until uri usage use
    used user users uses using valid validate validated validation validator value values verification verified
    verifier verify via was we were when where whether which while who whose will with within without would yet you
    your
";
/// Of a challenge: `Bearer realm="api"`.
const PARAMETERS: [&[u8]; 6] = [
    b"realm",
    b"scope",
    b"error",
    b"error_description",
    b"error_uri",
    b"charset",
];

const PASS: &[u8] = b"pass";
/// What passes and is no word for those who want to.
const PASSES: &str = "
    all backward band boarding by can check checks color compiler compute day depth did does each final first forward
    hall high is last lighting low multi must next one opt optimization optimizer post pre prev previous render
    review season second shadow should single test tests third two weekly will with
";
