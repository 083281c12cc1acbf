//! Which regular expressions of the `regex` crate mean the same in ECMA-262.

use std::str::Chars;

/// Whether an expression of the `regex` crate means the same in ECMA-262 with the flag `u`, which validators set and
/// which refuses a backslash or a bracket too many.
pub(super) fn is_common(pattern: &str) -> bool {
    let scan = Scan {
        rest: pattern.chars(),
        repeats: false,
    };
    scan.run()
}

/// What is left of an expression that is common up to here.
struct Scan<'p> {
    rest: Chars<'p>,
    /// Whether what was read last can be repeated: here alone the `regex` crate repeats more.
    repeats: bool,
}

impl Scan<'_> {
    fn run(mut self) -> bool {
        while let Some(c) = self.rest.next() {
            let is_count = matches!(c, '*' | '+' | '?' | '{');
            let is_common = match c {
                '*' | '+' | '?' => self.repeats,
                '{' => self.repeats && self.counts(),
                '\\' => self.escape(SYNTAX),
                '[' => self.class(),
                // Flags and names are written in another way there, or not at all.
                '(' => !self.takes('?') || self.takes(':'),
                // A dot leaves out fewer characters here.
                '.' | ']' | '}' => false,
                _ => true,
            };
            if !is_common {
                return false;
            }
            if is_count {
                self.takes('?');
            }
            self.repeats = !is_count && !matches!(c, '(' | '|' | '^' | '$');
        }
        true
    }

    /// Reads `2}`, `2,}` or `2,3}`.
    fn counts(&mut self) -> bool {
        let has_least = self.digits();
        if self.takes(',') {
            self.digits();
        }
        has_least && self.takes('}')
    }

    fn digits(&mut self) -> bool {
        let rest = self.rest.as_str();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        self.rest = after.chars();
        after.len() < rest.len()
    }

    /// Reads what stands between brackets.
    fn class(&mut self) -> bool {
        self.takes('^');
        // An empty class there, and a bracket in the class here.
        if self.rest.as_str().starts_with(']') {
            return false;
        }
        while let Some(c) = self.rest.next() {
            let is_common = match c {
                ']' => return true,
                '\\' => self.escape(SYNTAX_OF_CLASS),
                '[' => false,
                '&' | '-' | '~' => !self.rest.as_str().starts_with(c),
                _ => true,
            };
            if !is_common {
                return false;
            }
        }
        false
    }

    /// Reads what follows a backslash. `\d`, `\w` and `\s` are of Unicode here and of ASCII there.
    fn escape(&mut self, syntax: &str) -> bool {
        self.rest
            .next()
            .is_some_and(|c| syntax.contains(c) || "nrt".contains(c))
    }

    fn takes(&mut self, wanted: char) -> bool {
        let rest = self.rest.as_str().strip_prefix(wanted);
        if let Some(rest) = rest {
            self.rest = rest.chars();
        }
        rest.is_some()
    }
}

/// What ECMA-262 takes behind a backslash as the character itself.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";
const SYNTAX_OF_CLASS: &str = "^$\\.*+?()[]{}|/-";

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use proptest::{prelude::*, sample::select};
    use regex::Regex;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_another_dialect_refuses_or_reads_otherwise_is_not_common() {
        let common = [
            r"^v[0-9]+\.[0-9]{2,}$",
            r"^[\-a-z.]+(?:\/[^\]]{1,3}?)*$",
            r"^(a|b|)\\\n$",
            "日+",
        ];
        let other = [
            r"\-",
            r"\@",
            r"\:",
            r"\#",
            r"[\@]",
            "[]a]",
            "[^]a]",
            "[a[b]]",
            "[[:alpha:]]",
            "[a&&b]",
            "a.b",
            "a]",
            "a}",
            "a**",
            "a{2}{3}",
            "^*",
            "(?i)a",
            "(?P<a>b)",
            r"\d",
            r"\pL",
        ];

        assert_eq!(common.map(is_common), [true; 4]);
        assert!(other.iter().all(|pattern| Regex::new(pattern).is_ok()));
        assert_eq!(other.map(is_common), [false; 20]);
    }

    fn pattern() -> impl Strategy<Value = String> {
        let parts = [
            "a",
            "b",
            "0",
            "-",
            "^",
            "$",
            "|",
            "(",
            "(?:",
            "(?i)",
            ")",
            "[",
            "[^",
            "]",
            "{2}",
            "{1,}",
            "{",
            "}",
            "*",
            "+",
            "?",
            ".",
            ",",
            "/",
            "&",
            "~",
            "#",
            "é",
            "😀",
            "\n",
            r"\-",
            r"\/",
            r"\]",
            r"\[",
            r"\.",
            r"\\",
            r"\^",
            r"\n",
            r"\@",
            r"\d",
            "a-b",
            "[a-b]",
            "[é-😀]",
        ];
        proptest::collection::vec(select(parts.to_vec()), 1..9).prop_map(|parts| parts.concat())
    }

    /// For each pattern what node finds in each of [`TEXTS`], or why it takes no such pattern.
    fn node(patterns: &[String]) -> Value {
        let mut node = Command::new("node")
            .args(["-e", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("run `cargo xtask setup test`");
        let input = json!([patterns, TEXTS]).to_string();
        let mut stdin = node.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        serde_json::from_slice(&node.wait_with_output().unwrap().stdout).unwrap()
    }

    const SCRIPT: &str = "const [patterns, texts] = JSON.parse(require('fs').readFileSync(0));
        const found = patterns.map(pattern => {
            try { const regex = new RegExp(pattern, 'u'); return texts.map(text => regex.test(text)); }
            catch (error) { return String(error); }
        });
        console.log(JSON.stringify(found));";

    const TEXTS: [&str; 20] = [
        "", "a", "b", "A", "ab", "cd", "aa", "0", "-", "a-b", "]", "[", ".", "\\", "^", "/", "\n", "é", "😀",
        "a,b&~#@",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn node_reads_a_common_pattern_as_this_crate_does(
            patterns in proptest::collection::vec(pattern(), 4000),
        ) {
            let known = |pattern: &String| Some((pattern.clone(), Regex::new(pattern).ok()?));
            let common = patterns.iter().filter(|pattern| is_common(pattern));
            let (patterns, regexes): (Vec<String>, Vec<Regex>) = common.filter_map(known).unzip();

            let found = node(&patterns);

            for ((pattern, regex), found) in patterns.iter().zip(&regexes).zip(found.as_array().unwrap()) {
                prop_assert_eq!(found, &json!(TEXTS.map(|text| regex.is_match(text))), "{:?}", pattern);
            }
        }
    }
}
