//! Names that nobody would choose, twice, with errors, in lines that are too short: no name stands twice in an object,
//! and every value stands once, or the line says that it is cut.

use std::{error::Error as StdError, fmt, sync::OnceLock};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, Location, Logging, LoggingConfig, Profile, Redactor};
use proptest::prelude::*;
use serde_json::Value as Json;
use tracing::{
    Callsite, Event, Level, Metadata, Span, Value,
    callsite::Identifier,
    field::{FieldSet, debug, display},
    metadata::Kind,
    subscriber::Interest,
};

use crate::{
    campaign,
    capture::{Kept, Line, PROFILES, run},
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
fn callsite(name: &str, fields: &[String], kind: Kind) -> &'static Metadata<'static> {
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
enum Form {
    Text,
    Display,
    Debug,
    /// With so many sources.
    Error(usize),
    /// Far longer than the others.
    Long,
}

/// A value for one of the fields of a callsite, counted around.
type Given = (usize, Form);

#[derive(Clone, Debug)]
struct Fields {
    name: String,
    names: Vec<String>,
    given: Vec<Given>,
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

/// Every value has a text that no other has: a number between dashes.
#[derive(Default)]
struct Texts(usize);

impl Texts {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("-{}-", self.0)
    }
}

/// A value, and the texts that it has on a line: its own, and those of its sources.
struct Valued {
    form: Form,
    text: String,
    failure: Option<Failure>,
    sources: Vec<String>,
}

impl Valued {
    fn new(form: Form, texts: &mut Texts) -> Self {
        let mut text = texts.next();
        let mut sources = Vec::new();
        let mut failure = None;
        match form {
            Form::Long => text.push_str(&"\u{2028}long".repeat(100)),
            Form::Error(count) => {
                sources.extend((0..count).map(|_| texts.next()));
                let chain = sources.iter().rev().fold(None, |source, text| {
                    Some(Box::new(Failure {
                        text: text.clone(),
                        source,
                    }))
                });
                failure = Some(Failure {
                    text: text.clone(),
                    source: chain,
                });
            }
            _ => {}
        }
        Self {
            form,
            text,
            failure,
            sources,
        }
    }

    /// The texts that stand on a line of the profile.
    fn shown(&self, profile: Profile) -> Vec<String> {
        let own = match self.form {
            Form::Debug => format!("{:?}", self.text),
            _ => self.text.clone(),
        };
        match profile {
            _ if self.sources.is_empty() => vec![own],
            Profile::Default => [vec![own], self.sources.clone()].concat(),
            _ => {
                let chain = [vec![own.clone()], self.sources.clone()].concat();
                vec![own, chain.join("\ncaused by: ")]
            }
        }
    }
}

/// Hands the values, in their order, to `work`.
fn with_values(
    metadata: &'static Metadata<'static>,
    values: &[(usize, Valued)],
    work: impl FnOnce(&tracing::field::ValueSet<'_>),
) {
    let fields = metadata.fields();
    let all: Vec<_> = fields.iter().collect();
    let boxed: Vec<Box<dyn Value + '_>> = values
        .iter()
        .map(|(_, value)| -> Box<dyn Value + '_> {
            match (&value.failure, value.form) {
                (Some(failure), _) => Box::new(failure as &(dyn StdError + 'static)),
                (_, Form::Display) => Box::new(display(&value.text)),
                (_, Form::Debug) => Box::new(debug(&value.text)),
                _ => Box::new(value.text.as_str()),
            }
        })
        .collect();
    // The length of a set is known when it is compiled; nothing is said by what is left.
    let pairs: [_; MOST] = std::array::from_fn(|at| match values.get(at) {
        Some((field, _)) => (&all[*field], Some(&*boxed[at])),
        None => (&all[0], None),
    });
    work(&fields.value_set(&pairs));
}

/// The values of `given`, for fields that are there.
fn valued(fields: &Fields, texts: &mut Texts) -> Vec<(usize, Valued)> {
    let given = fields.given.iter();
    let given = given.map(|(field, form)| (field % fields.names.len(), Valued::new(*form, texts)));
    given.collect()
}

/// A span that was made, and what its fields say: of several values the last one.
struct Opened {
    span: Span,
    metadata: &'static Metadata<'static>,
    says: Vec<(usize, Vec<String>)>,
}

impl Opened {
    fn new(fields: &Fields, texts: &mut Texts, profile: Profile) -> Self {
        let metadata = callsite(&fields.name, &fields.names, Kind::SPAN);
        let values = valued(fields, texts);
        let mut span = Span::none();
        with_values(metadata, &values, |values| span = Span::new(metadata, values));
        let mut opened = Self {
            span,
            metadata,
            says: Vec::new(),
        };
        opened.note(&values, profile);
        opened
    }

    fn record(&mut self, fields: &Fields, texts: &mut Texts, profile: Profile) {
        let values = valued(fields, texts);
        with_values(self.metadata, &values, |values| {
            self.span.record_all(values);
        });
        self.note(&values, profile);
    }

    fn note(&mut self, values: &[(usize, Valued)], profile: Profile) {
        for (field, value) in values {
            self.says.retain(|(known, _)| known != field);
            self.says.push((*field, value.shown(profile)));
        }
    }
}

/// Logs an event, of whose values for one field the first one counts; gives all that must be on its line.
fn log(event: &Fields, spans: &[Opened], texts: &mut Texts, profile: Profile) -> Vec<String> {
    let metadata = callsite("event", &event.names, Kind::EVENT);
    let values = valued(event, texts);
    with_values(metadata, &values, |values| Event::dispatch(metadata, values));
    let mut seen = Vec::new();
    let mut expected = Vec::new();
    for (field, value) in &values {
        if !seen.contains(field) {
            seen.push(*field);
            expected.extend(value.shown(profile));
        }
    }
    let says = spans.iter().flat_map(|span| &span.says);
    expected.extend(says.flat_map(|(_, shown)| shown.clone()));
    expected
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(KNOWN.to_vec()).prop_map(ToOwned::to_owned),
        3 => prop::sample::select(ODD.to_vec()).prop_map(ToOwned::to_owned),
        2 => Just("a".to_owned()),
        1 => "(?s).{0,5}",
    ]
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        6 => Just(Form::Text),
        2 => Just(Form::Display),
        2 => Just(Form::Debug),
        3 => (0..3_usize).prop_map(Form::Error),
        1 => Just(Form::Long),
    ]
}

fn fields() -> impl Strategy<Value = Fields> {
    let names = prop::collection::vec(name(), 1..8);
    let given = prop::collection::vec((0..8_usize, form()), 0..MOST);
    let group = prop_oneof![Just("request".to_owned()), Just("fields".to_owned()), name()];
    (group, names, given).prop_map(|(name, names, given)| Fields { name, names, given })
}

/// The texts of a line, those inside of objects and lists too.
fn texts_of(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Object(fields) => fields.values().for_each(|value| texts_of(value, texts)),
        Json::Array(values) => values.iter().for_each(|value| texts_of(value, texts)),
        _ => {}
    }
}

fn check(line: &Line, expected: &[String]) -> Result<(), TestCaseError> {
    let mut texts = Vec::new();
    line.all().values().for_each(|value| texts_of(value, &mut texts));
    // Values are texts: this is ours.
    let is_mark = |fields: &Json| fields["truncated"] == true;
    let is_cut = *line.field("truncated") == true || is_mark(line.field("Attributes"));
    for value in expected {
        let count = texts.iter().filter(|text| *text == value).count();
        prop_assert!(
            count == 1 || (is_cut && count == 0),
            "{value} stands {count} times: {line:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(campaign::cases("odd_names", 20_261_127, 4_000, 400))]

    #[test]
    fn names_are_unique_and_every_value_stands_once_or_the_line_is_marked_as_cut(
        profile in prop::sample::select(PROFILES.to_vec()),
        is_shown in any::<bool>(),
        is_short in prop::bool::weighted(0.3),
        spans in prop::collection::vec(fields(), 0..4),
        records in prop::collection::vec((0..4_usize, fields()), 0..4),
        events in prop::collection::vec(fields(), 1..4),
    ) {
        let kept = Kept::default();
        let mut config = LoggingConfig::default();
        config.format = Format::Off;
        config.profile = profile;
        config.location = if is_shown { Location::Shown } else { Location::Hidden };
        if is_short {
            config.max_line = ByteSize::kib(1);
        }
        let longest = usize::try_from(config.max_line.bytes()).unwrap();
        let builder = Logging::builder()
            .config(config)
            .redactor(Redactor::none())
            .field("region", "default")
            .sink("kept", Level::TRACE, kept.clone());

        let expected = run(builder, |_| {
            let mut texts = Texts::default();
            let mut open: Vec<Opened> = Vec::new();
            let mut entered = Vec::new();
            for fields in &spans {
                open.push(Opened::new(fields, &mut texts, profile));
                entered.push(open.last().unwrap().span.clone().entered());
            }
            let mut expected = Vec::new();
            for event in &events {
                expected.push(log(event, &open, &mut texts, profile));
            }
            for (at, fields) in &records {
                if let Some(opened) = open.get_mut(*at) {
                    let names = opened.metadata.fields().iter().map(|field| field.name().to_owned());
                    let fields = Fields { names: names.collect(), ..fields.clone() };
                    opened.record(&fields, &mut texts, profile);
                }
                for event in &events {
                    expected.push(log(event, &open, &mut texts, profile));
                }
            }
            while let Some(span) = entered.pop() {
                drop(span);
            }
            expected
        });

        // The parser refuses a name that stands twice.
        let lines = kept.lines();
        prop_assert_eq!(lines.len(), expected.len());
        for (line, values) in lines.iter().zip(&expected) {
            check(line, values)?;
        }
        prop_assert!(kept.text().lines().all(|line| line.len() < longest));
    }
}

/// Values at a time.
const MOST: usize = 10;
/// Names that are ours in some profile, and that look like those that are made.
const KNOWN: [&str; 49] = [
    "message",
    "level",
    "target",
    "timestamp",
    "severity",
    "error",
    "error_chain",
    "error.message",
    "error.stack",
    "error.stack_trace",
    "exception.stacktrace",
    "exception.message",
    "stack_trace",
    "service",
    "service.name",
    "service.version",
    "version",
    "environment",
    "env",
    "region",
    "trace_id",
    "span_id",
    "trace_sampled",
    "TraceId",
    "Attributes",
    "Body",
    "Resource",
    "@timestamp",
    "log.level",
    "dd.trace_id",
    "status",
    "truncated",
    "replayed",
    "file",
    "line",
    "fields",
    "fields.a",
    "fields.fields.a",
    "request.a",
    "request.a.2",
    "request.request.a",
    "a",
    "a_chain",
    "a.b",
    "requestId",
    "time",
    "serviceContext",
    "logging.googleapis.com/labels",
    "logging.googleapis.com/trace",
];
/// Names with signs in them, and without any.
const ODD: [&str; 21] = [
    "",
    ".",
    "..",
    ".a",
    "a.",
    " ",
    "\0",
    "\n",
    "\t\r",
    "\u{7f}",
    "\u{2028}",
    "\"",
    "\\",
    "\\u0061",
    "é",
    "e\u{301}",
    "座席",
    "🂡",
    "\u{feff}a",
    "A",
    "a\0",
];
