//! Callsites and values that are made up as the test runs.

use std::{error::Error as StdError, fmt, sync::OnceLock};

use serde_json::{Value as Json, json};
use tracing::{
    Callsite, Level, Metadata, Value,
    callsite::Identifier,
    field::{FieldSet, ValueSet, debug, display},
    metadata::Kind,
    subscriber::Interest,
};

/// A callsite whose names are made up as the test runs.
struct Made {
    metadata: OnceLock<Metadata<'static>>,
}

impl Callsite for Made {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().unwrap()
    }
}

/// Callsites live for ever.
pub(super) fn callsite(name: &str, fields: &[String], kind: Kind) -> &'static Metadata<'static> {
    let made: &'static Made = Box::leak(Box::new(Made {
        metadata: OnceLock::new(),
    }));
    let leak = |text: &String| &*text.clone().leak();
    let fields: Vec<&'static str> = fields.iter().map(leak).collect();
    let fields = FieldSet::new(fields.leak(), Identifier(made));
    let name = leak(&name.to_owned());
    made.metadata.get_or_init(|| {
        Metadata::new(
            name,
            "odd",
            Level::INFO,
            Some("odd.rs"),
            Some(7),
            Some("odd"),
            fields,
            kind,
        )
    })
}

/// How a value is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text,
    Display,
    Debug,
    /// With so many sources.
    Error(usize),
    /// Far longer than the others.
    Long,
    Unsigned,
    Signed,
    /// Beyond 64 bits, and within.
    Huge,
    Wide,
    Float,
    /// NaN and the infinities.
    NoNumber(u8),
    Bool(bool),
    /// `None`: nothing is said.
    Nothing,
}

#[derive(Debug)]
struct Failure {
    text: String,
    source: Option<Box<Self>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Every value has a number that no other has.
#[derive(Default)]
pub(super) struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    /// A text that no other value holds.
    fn text(&mut self) -> String {
        format!("-{}-", self.next())
    }
}

/// What a line says of a value: the value itself, and the sources of an error.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) value: Json,
    pub(super) sources: Vec<String>,
    /// The value where only a text will do.
    pub(super) text: String,
}

impl Said {
    /// Whether nothing else on a line can look like it.
    pub(super) const fn is_told_apart(&self) -> bool {
        !matches!(self.value, Json::Null | Json::Bool(_))
    }
}

/// A value, and what a line says of it.
pub(super) struct Valued {
    value: Box<dyn Value>,
    pub(super) said: Option<Said>,
}

impl Valued {
    pub(super) fn new(form: Form, numbers: &mut Numbers) -> Self {
        let plain = |value: Box<dyn Value>, shown: Json| Self {
            value,
            said: Some(Said {
                text: shown
                    .as_str()
                    .map_or_else(|| shown.to_string(), ToOwned::to_owned),
                value: shown,
                sources: Vec::new(),
            }),
        };
        let number = 1000 + numbers.next();
        let text = format!("-{number}-");
        match form {
            Form::Text => plain(Box::new(text.clone()), json!(text)),
            Form::Display => plain(Box::new(display(text.clone())), json!(text)),
            Form::Debug => plain(Box::new(debug(text.clone())), json!(format!("{text:?}"))),
            Form::Long => {
                let text = text + &"\u{2028}long".repeat(100);
                plain(Box::new(text.clone()), json!(text))
            }
            Form::Unsigned => plain(
                Box::new(u64::MAX - u64::from(number)),
                json!(u64::MAX - u64::from(number)),
            ),
            Form::Signed => plain(Box::new(-i64::from(number)), json!(-i64::from(number))),
            Form::Huge => {
                let huge = i128::MIN + i128::from(number);
                plain(Box::new(huge), json!(huge.to_string()))
            }
            Form::Wide => plain(Box::new(u128::from(number)), json!(number)),
            Form::Float => {
                let float = f64::from(number) * 1.37e-3;
                plain(Box::new(float), json!(float)).in_text(&float)
            }
            Form::NoNumber(which) => {
                let float = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][usize::from(which) % 3];
                plain(Box::new(float), Json::Null).in_text(&float)
            }
            Form::Bool(value) => plain(Box::new(value), json!(value)),
            Form::Nothing => Self {
                value: Box::new(None::<u64>),
                said: None,
            },
            Form::Error(count) => Self::error(text, count, numbers),
        }
    }

    fn in_text(mut self, value: &dyn fmt::Display) -> Self {
        if let Some(said) = &mut self.said {
            said.text = value.to_string();
        }
        self
    }

    fn error(text: String, count: usize, numbers: &mut Numbers) -> Self {
        let sources: Vec<String> = (0..count).map(|_| numbers.text()).collect();
        let source = sources.iter().rev().fold(None, |source, text| {
            Some(Box::new(Failure {
                text: text.clone(),
                source,
            }))
        });
        let failure = Failure {
            text: text.clone(),
            source,
        };
        Self {
            value: Box::new(Box::new(failure) as Box<dyn StdError + 'static>),
            said: Some(Said {
                value: json!(text),
                sources,
                text,
            }),
        }
    }
}

/// Hands the values, in their order, to `work`.
pub(super) fn with_values(
    metadata: &'static Metadata<'static>,
    values: &[(usize, Valued)],
    work: impl FnOnce(&ValueSet<'_>),
) {
    let fields = metadata.fields();
    let all: Vec<_> = fields.iter().collect();
    // The length of a set is known when it is compiled; nothing is said by what is left.
    let pairs: [_; MOST] = std::array::from_fn(|at| match values.get(at) {
        Some((field, value)) => (&all[*field], Some(&*value.value)),
        None => (&all[0], None),
    });
    work(&fields.value_set(&pairs));
}

/// Values at a time.
pub(super) const MOST: usize = 10;
