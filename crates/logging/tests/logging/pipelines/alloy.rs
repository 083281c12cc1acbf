//! `config.alloy`, read by its syntax, and a model of what its stages do with real lines. Alloy itself does not run here.

use std::collections::BTreeMap;

use groundcrew_logging::Profile;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{deployed, error_lines, level_of, real_lines, utc_instant};

/// A block of Alloy's syntax, or the whole file.
#[derive(Debug, Default)]
struct Block {
    name: String,
    label: String,
    arguments: BTreeMap<String, Expression>,
    blocks: Vec<Self>,
}

#[derive(Debug, PartialEq)]
enum Expression {
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
    /// A component's export: `loki.write.app.receiver`.
    Reference(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
    Line,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for line in text.lines().map(str::trim) {
        let mut rest = line;
        while let Some(first) = rest.chars().next().filter(|_| !rest.starts_with("//")) {
            let length = if first == '"' {
                rest[1..].find('"').expect("the text ends") + 2
            } else {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
                rest.find(|c| !is_name(c)).unwrap_or(rest.len()).max(1)
            };
            let (token, tail) = rest.split_at(length);
            tokens.push(match first {
                '"' => Token::Text(token.trim_matches('"').to_owned()),
                'a'..='z' | '_' => Token::Name(token.to_owned()),
                '{' | '}' | '[' | ']' | '=' | ',' => Token::Sign(first),
                _ => panic!("{line}"),
            });
            rest = tail.trim_start();
        }
        tokens.push(Token::Line);
    }
    tokens
}

/// Takes tokens from the end of a reversed list.
struct Parser(Vec<Token>);

impl Parser {
    fn next(&mut self) -> Token {
        self.0.pop().expect("more tokens")
    }

    fn takes(&mut self, sign: char) -> bool {
        let is_next = self.0.last() == Some(&Token::Sign(sign));
        if is_next {
            self.0.pop();
        }
        is_next
    }

    fn skip_lines(&mut self) {
        while self.0.last() == Some(&Token::Line) {
            self.0.pop();
        }
    }

    /// The arguments and blocks up to a closing brace, or to the end of the file.
    fn body(&mut self, block: &mut Block, is_file: bool) {
        loop {
            self.skip_lines();
            if self.0.is_empty() && is_file {
                return;
            }
            let name = match self.next() {
                Token::Name(name) => name,
                Token::Sign('}') if !is_file => return,
                token => panic!("{token:?} in {}", block.name),
            };
            if self.takes('=') {
                let value = self.expression();
                assert_eq!(block.arguments.insert(name, value), None);
            } else {
                block.blocks.push(self.block(name));
            }
            assert!(self.0.is_empty() || self.next() == Token::Line, "one a line");
        }
    }

    fn block(&mut self, name: String) -> Block {
        let mut block = Block {
            name,
            ..Block::default()
        };
        let mut token = self.next();
        if let Token::Text(label) = token {
            block.label = label;
            token = self.next();
        }
        assert_eq!(token, Token::Sign('{'));
        self.body(&mut block, false);
        block
    }

    fn expression(&mut self) -> Expression {
        match self.next() {
            Token::Text(text) => Expression::Text(text),
            Token::Name(name) => Expression::Reference(name),
            Token::Sign('[') => Expression::List(self.items(']', Self::expression)),
            Token::Sign('{') => {
                let pairs = self.items('}', |parser| {
                    let Token::Name(name) = parser.next() else {
                        panic!("no name");
                    };
                    assert!(parser.takes('='));
                    (name, parser.expression())
                });
                Expression::Object(pairs.into_iter().collect())
            }
            token => panic!("{token:?}"),
        }
    }

    fn items<T>(&mut self, end: char, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(item(self));
            if !self.takes(',') {
                assert!(self.takes(end));
                break;
            }
        }
        items
    }
}

fn configuration() -> Block {
    let mut tokens = tokens(&deployed("config.alloy"));
    tokens.reverse();
    let mut file = Block::default();
    Parser(tokens).body(&mut file, true);
    file
}

impl Expression {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn texts(&self) -> BTreeMap<&str, &str> {
        let Self::Object(pairs) = self else {
            panic!("{self:?}")
        };
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.text()))
            .collect()
    }

    fn references(&self) -> Vec<&str> {
        match self {
            Self::Reference(path) => vec![path],
            Self::List(items) => items.iter().flat_map(Self::references).collect(),
            _ => Vec::new(),
        }
    }
}

/// Of each component and each block inside of one that we use: the arguments that Alloy 1.x knows, and what it exports.
const KNOWN: [(&str, &[&str], &str); 8] = [
    (
        "local.file_match",
        &["path_targets", "sync_period", "ignore_older_than"],
        "targets",
    ),
    (
        "loki.source.file",
        &[
            "targets",
            "forward_to",
            "encoding",
            "tail_from_end",
            "legacy_positions_file",
        ],
        "",
    ),
    ("loki.process", &["forward_to"], "receiver"),
    ("stage.json", &["expressions", "source", "drop_malformed"], ""),
    (
        "stage.timestamp",
        &[
            "source",
            "format",
            "fallback_formats",
            "location",
            "action_on_failure",
        ],
        "",
    ),
    ("stage.labels", &["values", "source_type"], ""),
    ("loki.write", &["max_streams", "external_labels"], "receiver"),
    (
        "endpoint",
        &[
            "url",
            "name",
            "headers",
            "batch_wait",
            "batch_size",
            "remote_timeout",
            "tenant_id",
        ],
        "",
    ),
];

fn assert_known(block: &Block) {
    let known = KNOWN.iter().find(|(name, ..)| *name == block.name);
    let (_, arguments, _) = known.unwrap_or_else(|| panic!("no {}", block.name));
    for name in block.arguments.keys() {
        assert!(arguments.contains(&name.as_str()), "{} has no {name}", block.name);
    }
    block.blocks.iter().for_each(assert_known);
}

#[test]
fn each_component_of_alloy_has_the_arguments_that_are_set_and_leads_to_one_that_there_is() {
    let file = configuration();

    file.blocks.iter().for_each(assert_known);
    let exports: Vec<String> = file
        .blocks
        .iter()
        .flat_map(|block| {
            let (.., export) = KNOWN.iter().find(|(name, ..)| *name == block.name).unwrap();
            (!export.is_empty()).then(|| format!("{}.{}.{export}", block.name, block.label))
        })
        .collect();
    let references: Vec<&str> = file
        .blocks
        .iter()
        .flat_map(|block| block.arguments.values().flat_map(Expression::references))
        .collect();
    assert_eq!(references.len(), 3);
    for reference in references {
        assert!(exports.iter().any(|export| export == reference), "{reference}");
    }
    let Expression::List(targets) = &file.blocks[0].arguments["path_targets"] else {
        panic!("no list");
    };
    assert_eq!(targets[0].texts()["__path__"], "/var/log/app/combined*.log");
}

/// An entry on its way through the stages: the line itself no stage of ours changes.
#[derive(Default)]
struct Entry {
    extracted: BTreeMap<String, Value>,
    /// `None` stays that of its reading.
    time: Option<Timestamp>,
    labels: BTreeMap<String, String>,
}

fn processed(line: &str) -> Entry {
    let file = configuration();
    let process = file.blocks.iter().find(|block| block.name == "loki.process");
    let mut entry = Entry::default();
    for stage in &process.unwrap().blocks {
        match stage.name.as_str() {
            "stage.json" => extract(line, &stage.arguments["expressions"].texts(), &mut entry),
            "stage.timestamp" => {
                assert_eq!(stage.arguments["format"].text(), "RFC3339Nano");
                let source = entry.extracted.get(stage.arguments["source"].text());
                entry.time = source.and_then(Value::as_str).and_then(utc_instant);
            }
            "stage.labels" => label(&stage.arguments["values"].texts(), &mut entry),
            other => panic!("no model of {other}"),
        }
    }
    entry
}

/// Of a line that is an object, what the expressions of `JMESPath` find: null where there is nothing.
fn extract(line: &str, expressions: &BTreeMap<&str, &str>, entry: &mut Entry) {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
        return;
    };
    for (name, expression) in expressions {
        assert!(is_name(expression), "more than a field: {expression}");
        let value = fields.get(*expression).cloned().unwrap_or_default();
        entry.extracted.insert((*name).to_owned(), value);
    }
}

fn label(values: &BTreeMap<&str, &str>, entry: &mut Entry) {
    for (name, source) in values {
        assert!(is_name(name), "no label can be called {name}");
        let source = if source.is_empty() { name } else { source };
        let value = match entry.extracted.get(*source) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => continue,
        };
        entry.labels.insert((*name).to_owned(), value);
    }
}

/// A name of a label, and of a field that `JMESPath` finds without quotes.
fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[test]
fn alloys_stages_find_the_time_and_the_labels_of_every_line() {
    let lines = real_lines(Profile::Default);
    let errors = error_lines(Profile::Default);

    for (text, line) in lines.iter().chain(&errors) {
        let entry = processed(text);

        let time = line.field("timestamp").as_str().unwrap();
        assert_eq!(entry.time, Some(time.parse().unwrap()), "{text}");
        let service = match text.contains("names that are ours") {
            true => "of the event",
            false => "poker",
        };
        assert_eq!(
            json!(entry.labels),
            json!({
                "environment": "production",
                "level": level_of(line, Profile::Default),
                "service": service,
            }),
            "{text}"
        );
    }
}

#[test]
fn alloy_sends_what_is_no_line_of_the_service_with_the_time_of_its_reading_and_without_labels() {
    for text in [
        "thread 'main' has overflowed its stack",
        r#"{"timestamp":"2026-11-22T14:00:0"#,
        r#"{"timestamp":"2026-11-22 14:00:00Z"}"#,
        "",
        "null",
        "{}",
        "[1]",
    ] {
        let entry = processed(text);

        assert_eq!(entry.time, None, "{text}");
        assert_eq!(entry.labels, BTreeMap::new(), "{text}");
    }
}
