/// Whether a variable or key of this name holds a secret, judged by the words of the name.
///
/// Words are what stands between `_`, `-`, `.` and other signs, or begins with a capital letter as in `apiKey`; upper
/// and lower case are the same, and numbers at the end of a word do not count. A name is secret if it says so
/// (`DB_PASS`, `API_KEY_2`, `AUTHTOKEN`, `SENTRY_DSN`), unless it ends in what is a fact about a secret and not one
/// (`TOKEN_TTL`, `SECRET_NAME`, `ACCESS_KEY_ID`), counts something (`MAX_TOKENS`) or switches it
/// (`ALLOW_EMPTY_PASSWORD`). In doubt it is secret.
///
/// # Examples
/// ```
/// use groundcrew_base::looks_secret;
///
/// assert!(looks_secret("AUTH_SECRET") && looks_secret("EMAIL_API_KEY") && looks_secret("smtp.pass"));
/// assert!(!looks_secret("REDIS_KEY_PREFIX") && !looks_secret("TOKEN_TTL") && !looks_secret("BYPASS_CACHE"));
/// ```
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    // The directory that a shell is in.
    if name == "PWD" {
        return false;
    }
    let mut seen = Seen::default();
    for word in (Words { rest: name }) {
        seen.take(word);
    }
    seen.is_secret()
}

/// What the words of a name have said so far.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one name")]
#[derive(Default)]
struct Seen<'n> {
    first: &'n str,
    before_last: &'n str,
    last: &'n str,
    /// Some word, or two in a row, stand for a secret wherever they are.
    says_one: bool,
    /// The same for several secrets, which can be counted.
    says_several: bool,
    counts: bool,
    switches: bool,
    /// The address is the secret.
    is_address: bool,
}

impl<'n> Seen<'n> {
    fn take(&mut self, word: &'n str) {
        if word.is_empty() || is_one(word, NEUTRAL) {
            return;
        }
        if self.first.is_empty() {
            self.first = word;
        }
        let follows = |pairs: &[(&str, &str)]| {
            let mut pairs = pairs.iter();
            pairs.any(|(before, second)| same(word, second) && same(self.last, before))
        };
        self.says_one |= is_one(word, SECRET) || ends_in(word, SECRET_ENDINGS) || follows(SECRET_PAIRS);
        self.says_one |= same(word, "KEY") && is_one(self.last, KEYS_OF);
        self.says_several |= ends_in(word, SEVERAL_ENDINGS);
        self.counts |= is_one(word, COUNTING);
        self.switches |= is_one(word, SWITCHING);
        self.is_address |= follows(ADDRESS_PAIRS);
        self.before_last = std::mem::replace(&mut self.last, word);
    }

    fn is_secret(&self) -> bool {
        if self.switches || is_one(self.first, ASKING) {
            return false;
        }
        if self.is_address && is_one(self.last, ADDRESSES) {
            return true;
        }
        // The one half of a login at Vault.
        if same(self.last, "ID") && same(self.before_last, "SECRET") {
            return true;
        }
        if is_one(self.last, FACTS) {
            return false;
        }
        let at_the_end = is_one(self.last, SECRET_AT_THE_END) && !is_one(self.before_last, HARMLESS);
        let several = self.says_several || (same(self.last, "KEYS") && !is_one(self.before_last, HARMLESS));
        self.says_one || at_the_end || (several && !self.counts)
    }
}

/// The words of a name, without the digits at their ends.
struct Words<'n> {
    rest: &'n str,
}

impl<'n> Iterator for Words<'n> {
    type Item = &'n str;

    fn next(&mut self) -> Option<&'n str> {
        let start = self.rest.bytes().position(is_of_a_word)?;
        let rest = self.rest.get(start..)?;
        let (word, rest) = rest.split_at_checked(end_of_word(rest.as_bytes()))?;
        self.rest = rest;
        Some(word.trim_end_matches(|c: char| c.is_ascii_digit()))
    }
}

/// A letter or digit; what is not ASCII is taken for a letter.
const fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Where the word that begins with the first byte ends: before a sign, or before a capital letter that begins
/// another, as the `K` in `apiKey` and in `APIKey`.
fn end_of_word(bytes: &[u8]) -> usize {
    let inside = |window: &[u8]| match *window {
        [before, byte, ref behind @ ..] => {
            let begins = byte.is_ascii_uppercase()
                && (!before.is_ascii_uppercase() || behind.first().is_some_and(u8::is_ascii_lowercase));
            is_of_a_word(byte) && !begins
        }
        _ => true,
    };
    (1..bytes.len())
        .find(|at| !bytes.get(at - 1..bytes.len().min(at + 2)).is_some_and(inside))
        .unwrap_or(bytes.len())
}

fn is_one(word: &str, of: &[&str]) -> bool {
    of.iter().any(|one| same(word, one))
}

fn ends_in(word: &str, endings: &[&str]) -> bool {
    let mut endings = endings.iter();
    endings.any(|ending| {
        let start = word.len().checked_sub(ending.len());
        start
            .and_then(|start| word.get(start..))
            .is_some_and(|end| same(end, ending))
    })
}

const fn same(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

macro_rules! words {
    ($($word:ident)*) => {
        &[$(stringify!($word)),*]
    };
}

/// Words that stand for a secret anywhere.
const SECRET: &[&str] = words! {
    CREDENTIAL CREDS DBPASS DSN FTPPASS LDAPPASS MAILPASS MYSQLPASS PASSCODE PASSWRD PGPASS PINCODE PSWD
    PWD SMTPPASS SSHPASS USERPASS
};

/// The ends of words that stand for a secret anywhere: nobody writes an underscore everywhere.
const SECRET_ENDINGS: &[&str] = words! {
    ACCESSKEY APIKEY AUTHKEY CONNECTIONSTRING CONNSTR ENCRYPTIONKEY LICENSEKEY MASTERKEY PASSPHRASE PASSWD
    PASSWORD PRIVATEKEY PRIVKEY SECRET SECRETKEY SIGNINGKEY TOKEN
};

const SEVERAL_ENDINGS: &[&str] = words! {
    APIKEYS CREDENTIALS PASSWORDS SECRETS TOKENS
};

/// What has keys that are secret, wherever the two words stand.
const KEYS_OF: &[&str] = words! {
    ACCESS ACCOUNT API APP AUTH ENCRYPTION MASTER PRIVATE SECRET SERVICE SIGNING
};

const SECRET_PAIRS: &[(&str, &str)] = &[
    ("ACCOUNT", "JSON"),
    ("AUTH", "CONFIG"),
    ("BASIC", "AUTH"),
    ("CONN", "STR"),
    ("CONN", "STRING"),
    ("CONNECTION", "STRING"),
    ("ERLANG", "COOKIE"),
    ("PASS", "CODE"),
    ("PASS", "PHRASE"),
    ("PASS", "WORD"),
    ("PIN", "CODE"),
    ("RECOVERY", "PHRASE"),
    ("REDIS", "AUTH"),
    ("REDISCLI", "AUTH"),
    ("SEED", "PHRASE"),
];

/// Addresses by which whoever knows them may write or read.
const ADDRESS_PAIRS: &[(&str, &str)] = &[
    ("DISCORD", "WEBHOOK"),
    ("SAS", "URI"),
    ("SAS", "URL"),
    ("SLACK", "WEBHOOK"),
    ("TEAMS", "WEBHOOK"),
];

const ADDRESSES: &[&str] = words! {
    URI URL WEBHOOK
};

/// Words that stand for a secret only as the last: `KEY_PREFIX` and `PASS_RATE` do not.
const SECRET_AT_THE_END: &[&str] = words! {
    AUTHORIZATION BEARER JWT KEY MNEMONIC PASS PAT PEPPER PRIVATE PSW PW SALT SK
};

/// Words that take the secret out of the one behind them: `PUBLIC_KEY`, `FIRST_PASS`.
const HARMLESS: &[&str] = words! {
    ALL ALLOWED AUTHORIZED BAND BOARDING BY CACHE COMPOSITE DEDUP FINAL FIRST FOREIGN HIGH HOT IDEMPOTENCY
    INDEX KNOWN LOOKUP LOW MULTI OBJECT ONE PARTITION PRIMARY PUBLIC PUBLISHABLE RANGE RESERVED ROUTING
    SEASON SECOND SINGLE SITE SORT TRANSLATION TRUSTED TWO UNIQUE
};

/// Last words that make the name one of a fact about a secret.
const FACTS: &[&str] = words! {
    AGE ALG ALGO ALGORITHM ALLOWED ARN AT ATTEMPTS AUD AUDIENCE BACKEND BITS BUCKET BUDGET BYTES CAPACITY
    CHARSET CIPHER COLUMN COMMAND COMPLEXITY COST COUNT DAYS DELIMITER DESCRIPTION DIR DIRECTORY DISABLED
    DURATION EMAIL ENABLED ENDPOINT ENGINE EXPIRATION EXPIRE EXPIRED EXPIRES EXPIRY FIELD FILE FILENAME
    FOLDER FOR FORMAT GRACE GROUP HEADER HELPER HINT HISTORY HOST HOURS ID IDS IN INDEX INTERVAL ISS
    ISSUER ITERATIONS KIND LABEL LEEWAY LEN LENGTH LEVEL LIFETIME LIMIT LOCATION MANAGER MAX MIN MINS
    MINUTES MODE MOUNT MS NAME NAMESPACE OPTIONAL OWNER PARAM PATH PATTERN PERIOD POLICY PORT PREFIX
    PROVIDER RATE REGEX REQUIRED RETRIES ROTATION ROUNDS SCOPE SCOPES SCRIPT SECONDS SECS SEPARATOR SIZE
    SKEW STORE STRATEGY STRENGTH SUFFIX SUPPORTED THRESHOLD TIMEOUT TITLE TTL TYPE URI URL USAGE USER
    USERNAME VERSION WINDOW
};

/// Words that make a number of secrets, or of pieces of text, which are tokens too.
const COUNTING: &[&str] = words! {
    COMPLETION CONTEXT COUNT INPUT LIMIT MAX MIN NUM NUMBER OUTPUT PER PROMPT TOTAL
};

/// Words that make a switch, wherever they stand.
const SWITCHING: &[&str] = words! {
    ALLOW DISABLE ENABLE FORBID REQUIRE SKIP
};

/// First words that make a switch.
const ASKING: &[&str] = words! {
    HAS HIDE IS NO SHOW USE WITHOUT
};

/// Words that only say which of several it is, or how it is written.
const NEUTRAL: &[&str] = words! {
    B BACKUP BASE CURRENT DEV HEX LIVE NEW NEXT OLD PEM PREVIOUS PROD PRODUCTION RAW SANDBOX STAGING TEST
    V VALUE
};

#[cfg(test)]
mod tests;
