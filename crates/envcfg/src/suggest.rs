use std::collections::HashSet;

use crate::{EnvSource, FieldSpec, RequiredIf, Warning};

/// Finds set variables that nothing reads and whose names look like a slip of a name that is not set.
///
/// A slip is what a finger does: another case, one letter too many, too few, wrong or swapped, an underscore
/// lost or doubled, a prefix lost or added. A word that is spelt right is no slip: `API_URL` is not `APP_URL`.
pub(crate) struct Slips<'s> {
    schema: &'s [FieldSpec],
    /// By the name that is set, in their order.
    found: Vec<Slip<'s>>,
}

/// A name that is set, and the one that was meant.
struct Slip<'s> {
    name: String,
    likeness: Likeness,
    meant: &'s str,
}

impl<'s> Slips<'s> {
    pub(crate) fn new(schema: &'s [FieldSpec], source: &dyn EnvSource) -> Self {
        let names: HashSet<String> = source.names().into_iter().collect();
        let read: HashSet<String> = schema.iter().flat_map(names_of).collect();
        let mut unused: Vec<String> = names.difference(&read).cloned().collect();
        unused.sort_unstable();
        let is_set = |name: &str| source.lookup(name).is_some_and(|value| !value.is_empty());
        let unset = schema
            .iter()
            .filter(|spec| !spec.names().any(|name| is_set(&name)));
        let search = Search {
            schema,
            unset: unset
                .map(|spec| (spec.name.as_str(), Name::new(&spec.name)))
                .collect(),
            words: schema.iter().flat_map(|spec| spec.name.split('_')).collect(),
        };
        let slip = |name: String| {
            let (likeness, meant) = search.meant_by(&name)?;
            // Who sets nothing means nothing by it.
            is_set(&name).then_some(Slip {
                name,
                likeness,
                meant,
            })
        };
        Self {
            schema,
            found: unused.into_iter().filter_map(slip).collect(),
        }
    }

    /// The set name that is most likely meant for `variable`, which is not set.
    pub(crate) fn of(&self, variable: &str) -> Option<&str> {
        let slips = self.found.iter().filter(|slip| slip.meant == variable);
        slips
            .min_by_key(|slip| (slip.likeness, &slip.name))
            .map(|slip| slip.name.as_str())
    }

    /// A warning for every slip of a variable that `wanted` picks, in the order of the names that are set.
    pub(crate) fn warnings(&self, wanted: impl Fn(&FieldSpec) -> bool) -> Vec<Warning> {
        let slips = self.found.iter().filter(|slip| {
            let spec = self.schema.iter().find(|spec| spec.name == slip.meant);
            spec.is_some_and(&wanted)
        });
        let warning = |slip: &Slip<'_>| Warning::Misspelt {
            variable: slip.name.clone(),
            meant: slip.meant.to_owned(),
        };
        slips.map(warning).collect()
    }
}

/// What every name that is set is compared with.
struct Search<'s> {
    schema: &'s [FieldSpec],
    unset: Vec<(&'s str, Name)>,
    words: HashSet<&'s str>,
}

/// A name in the form in which names are compared.
struct Name {
    text: String,
    /// Bit n: the letter or digit n is in it.
    letters: u64,
}

impl Name {
    fn new(name: &str) -> Self {
        let text = normal(name);
        let letters = text.bytes().fold(0, |letters, byte| letters | 1 << (byte % 64));
        Self { text, letters }
    }

    /// Whether two edits may be enough to make one name of the other: each edit brings and takes one letter at most.
    fn may_be_near(&self, other: &Self) -> bool {
        self.text.len().abs_diff(other.text.len()) <= 2 && (self.letters ^ other.letters).count_ones() <= 4
    }
}

impl<'s> Search<'s> {
    /// The one variable without a value that `name` is likeliest to be meant for.
    fn meant_by(&self, name: &str) -> Option<(Likeness, &'s str)> {
        let name = Name::new(name);
        let likely = |(meant, owned): &(&'s str, Name)| Some((self.likeness(&name, owned, meant)?, *meant));
        self.unset
            .iter()
            .filter_map(likely)
            .min_by_key(|(likeness, _)| *likeness)
    }

    fn likeness(&self, name: &Name, owned: &Name, meant: &str) -> Option<Likeness> {
        if name.text == owned.text {
            return Some(Likeness::SameLetters);
        }
        if name.may_be_near(owned)
            && let Some(edits) = self.edits(&name.text, meant)
        {
            return Some(edits);
        }
        let prefixed = self.lost_prefix(&name.text, meant) || added_prefix(&name.text, meant);
        prefixed.then_some(Likeness::Prefix)
    }

    fn edits(&self, name: &str, owned: &str) -> Option<Likeness> {
        let edits = strsim::damerau_levenshtein(name, owned);
        if edits > 2 || owned.len() < 4 || is_numbered(name, owned) {
            return None;
        }
        if edits == 2 && (owned.len() < 8 || !is_spread(name, owned)) {
            return None;
        }
        if self.is_spelt_on_purpose(name, owned) {
            return None;
        }
        Some(if edits == 1 {
            Likeness::OneEdit
        } else {
            Likeness::TwoEdits
        })
    }

    /// Whether a word in which the names differ is a word in its own right.
    fn is_spelt_on_purpose(&self, name: &str, owned: &str) -> bool {
        let (words, others): (Vec<&str>, Vec<&str>) = (name.split('_').collect(), owned.split('_').collect());
        if words.len() != others.len() {
            return false;
        }
        let mut different = words.iter().zip(&others).filter(|(word, other)| word != other);
        different.any(|(word, _)| WORDS.contains(word) || self.words.contains(word))
    }

    /// Whether `owned` is `name` behind a first word, and no other variable is.
    fn lost_prefix(&self, name: &str, owned: &str) -> bool {
        let telling = name.contains('_') || (name.len() >= 7 && !WORDS.contains(&name));
        let is_tail = |owned: &str| owned.strip_suffix(name).is_some_and(|head| head.ends_with('_'));
        telling && is_tail(owned) && self.schema.iter().filter(|spec| is_tail(&spec.name)).count() == 1
    }
}

/// How two names are alike, the likeliest slip first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    SameLetters,
    OneEdit,
    Prefix,
    TwoEdits,
}

/// Whether `name` is `owned` behind a prefix that says nothing, or behind any if `owned` says enough.
fn added_prefix(name: &str, owned: &str) -> bool {
    let Some(prefix) = name.strip_suffix(owned).and_then(|head| head.strip_suffix('_')) else {
        return false;
    };
    match owned.split('_').count() {
        1 => false,
        2 => EMPTY_PREFIXES.contains(&prefix),
        _ => true,
    }
}

/// Whether two edits fall on different words, or on one that is long.
fn is_spread(name: &str, owned: &str) -> bool {
    let (words, others): (Vec<&str>, Vec<&str>) = (name.split('_').collect(), owned.split('_').collect());
    words.len() == others.len()
        && words.iter().zip(&others).all(|(word, other)| {
            let most = if other.len() >= 7 { 2 } else { 1 };
            strsim::damerau_levenshtein(word, other) <= most
        })
}

/// Whether the names differ by a number at the end, as in `DATABASE_URL_2`.
fn is_numbered(name: &str, owned: &str) -> bool {
    let base = |name: &str| {
        name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
            .len()
    };
    base(name) != name.len() && name.get(..base(name)) == owned.get(..base(owned))
}

/// Upper case, with single underscores for whatever separates words.
fn normal(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

/// The names that belong to the schema: those of its variables, and those its conditions ask for.
fn names_of(spec: &FieldSpec) -> impl Iterator<Item = String> {
    let conditions = spec.required_if.iter().filter_map(|condition| match condition {
        RequiredIf::Set { variable } | RequiredIf::Equals { variable, .. } => Some(variable.clone()),
        RequiredIf::Group => None,
    });
    spec.names().chain(conditions)
}

/// Prefixes that people put before a name without meaning another thing by it.
const EMPTY_PREFIXES: &[&str] = &[
    "APP",
    "APPLICATION",
    "BACKEND",
    "CONFIG",
    "ENV",
    "MY",
    "PROD",
    "PRODUCTION",
    "PUBLIC",
    "SERVICE",
    "SVC",
    "THE",
];

/// Words that names of variables are made of: who spells one of them means it.
const WORDS: &[&str] = &[
    "ADDR", "ADDRESS", "ADMIN", "API", "APP", "ARG", "ARGS", "ARN", "AUTH", "AWS", "BASE", "BIN", "CA",
    "CACHE", "CERT", "CI", "CLIENT", "CLUSTER", "CODE", "COLOR", "CONFIG", "CPU", "DATA", "DATE", "DB",
    "DEBUG", "DEV", "DIR", "DNS", "DOMAIN", "DSN", "EDITOR", "ENABLE", "ENABLED", "ENV", "ERROR", "EXE",
    "FILE", "FILES", "FLAGS", "FONT", "FORMAT", "GROUP", "HOME", "HOST", "HOSTS", "HTTP", "HTTPS", "ID",
    "IDS", "IMAGE", "INFO", "IP", "JOB", "KEY", "KEYS", "LANG", "LEVEL", "LIMIT", "LIST", "LOG", "LOGS",
    "MAIL", "MAX", "MEMORY", "MIN", "MODE", "NAME", "NAMES", "NODE", "OPT", "OPTS", "ORG", "OS", "PASS",
    "PATH", "PATHS", "POD", "POOL", "PORT", "PORTS", "POST", "PROXY", "PWD", "REF", "REGION", "ROLE", "ROOT",
    "SALT", "SEED", "SHA", "SHELL", "SITE", "SIZE", "SORT", "SSH", "SSL", "TAG", "TASK", "TERM", "TEST",
    "TIME", "TLS", "TOKEN", "TTL", "TTY", "TYPE", "URI", "URL", "URLS", "USER", "WEB",
];
