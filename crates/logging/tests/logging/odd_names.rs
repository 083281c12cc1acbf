//! Names that nobody would choose, twice, with any kind of value, in lines that are too short: no name stands twice in
//! an object, every value stands once, or the line says that it is cut, and of those who want a name the right one has it.

mod model;
mod names;
mod values;

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, Location, Logging, LoggingConfig, Profile, Redactor};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tracing::{Event, Level, Metadata, Span, metadata::Kind};

use self::{
    model::Speaker,
    names::{KNOWN, ODD},
    values::{Form, MOST, Numbers, Said, Valued, callsite, with_values},
};
use crate::{
    campaign,
    capture::{Kept, Line, PROFILES, run},
};

/// A value for one of the fields of a callsite, counted around.
type Given = (usize, Form);

#[derive(Clone, Debug)]
struct Fields {
    name: String,
    names: Vec<String>,
    given: Vec<Given>,
}

impl Fields {
    /// The values that are given, for fields that are there.
    fn values(&self, numbers: &mut Numbers) -> Vec<(usize, Valued)> {
        let given = self.given.iter();
        let given = given.map(|(field, form)| (field % self.names.len(), Valued::new(*form, numbers)));
        given.collect()
    }
}

/// A span that was made, and what its fields say: of several values the last one.
struct Opened {
    span: Span,
    metadata: &'static Metadata<'static>,
    name: String,
    names: Vec<String>,
    says: Vec<(usize, Said)>,
}

impl Opened {
    fn new(fields: &Fields, numbers: &mut Numbers) -> Self {
        let metadata = callsite(&fields.name, &fields.names, Kind::SPAN);
        let values = fields.values(numbers);
        let mut span = Span::none();
        with_values(metadata, &values, |values| span = Span::new(metadata, values));
        let mut opened = Self {
            span,
            metadata,
            name: fields.name.clone(),
            names: fields.names.clone(),
            says: Vec::new(),
        };
        opened.note(&values);
        opened
    }

    fn record(&mut self, given: &[Given], numbers: &mut Numbers) {
        let fields = Fields {
            name: self.name.clone(),
            names: self.names.clone(),
            given: given.to_vec(),
        };
        let values = fields.values(numbers);
        with_values(self.metadata, &values, |values| {
            self.span.record_all(values);
        });
        self.note(&values);
    }

    fn note(&mut self, values: &[(usize, Valued)]) {
        for (field, value) in values {
            if let Some(said) = &value.said {
                self.says.retain(|(known, _)| known != field);
                self.says.push((*field, said.clone()));
            }
        }
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker {
            group: &self.name,
            is_span: true,
            names: &self.names,
            says: &self.says,
        }
    }
}

/// What must be on a line.
struct Expected {
    /// Each value once.
    values: Vec<Json>,
    /// The whole line in the default profile.
    line: Map<String, Json>,
}

/// Logs an event, of whose values for one field the first one counts; gives what must be on its line.
fn log(
    event: &Fields,
    spans: &[Opened],
    numbers: &mut Numbers,
    (profile, is_place_shown): (Profile, bool),
) -> Expected {
    let metadata = callsite("event", &event.names, Kind::EVENT);
    let values = event.values(numbers);
    with_values(metadata, &values, |values| Event::dispatch(metadata, values));
    let mut says: Vec<(usize, Said)> = Vec::new();
    // The message is a text, whatever it was given as.
    let message = event.names.iter().position(|name| name == "message");
    for (field, value) in values {
        if let Some(mut said) = value.said
            && says.iter().all(|(known, _)| *known != field)
        {
            if message == Some(field) {
                said.value = json!(said.text);
            }
            says.push((field, said));
        }
    }
    let event = Speaker {
        group: "fields",
        is_span: false,
        names: &event.names,
        says: &says,
    };
    let outwards: Vec<Speaker<'_>> = spans.iter().rev().map(Opened::speaker).collect();
    let speakers = outwards.iter().chain([&event]);
    let said = speakers.flat_map(|speaker| speaker.says);
    Expected {
        values: said.flat_map(|(_, said)| shown(said, profile)).collect(),
        line: model::line(&event, &outwards, is_place_shown),
    }
}

/// The values that stand on a line of the profile.
fn shown(said: &Said, profile: Profile) -> Vec<Json> {
    let mut all = Vec::new();
    if said.is_told_apart() {
        all.push(said.value.clone());
    }
    match profile {
        _ if said.sources.is_empty() => {}
        Profile::Default => all.extend(said.sources.iter().map(|source| json!(source))),
        _ => {
            let own = said.value.as_str().unwrap().to_owned();
            let chain = [vec![own], said.sources.clone()].concat();
            all.push(json!(chain.join("\ncaused by: ")));
        }
    }
    all
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
        2 => prop::sample::select(vec![Form::Unsigned, Form::Signed, Form::Huge, Form::Wide]),
        2 => Just(Form::Float),
        1 => (0..3_u8).prop_map(Form::NoNumber),
        1 => any::<bool>().prop_map(Form::Bool),
        1 => Just(Form::Nothing),
    ]
}

fn fields() -> impl Strategy<Value = Fields> {
    let names = prop::collection::vec(name(), 1..8);
    let given = prop::collection::vec((0..8_usize, form()), 0..MOST);
    let group = prop_oneof![Just("request".to_owned()), Just("fields".to_owned()), name()];
    (group, names, given).prop_map(|(name, names, given)| Fields { name, names, given })
}

/// The values of a line, those inside of objects and lists too.
fn leaves(value: &Json, all: &mut Vec<Json>) {
    match value {
        Json::Object(fields) => fields.values().for_each(|value| leaves(value, all)),
        Json::Array(values) => values.iter().for_each(|value| leaves(value, all)),
        value => all.push(value.clone()),
    }
}

fn check(line: &Line, expected: &Expected, profile: Profile) -> Result<(), TestCaseError> {
    let mut values = Vec::new();
    let mut all = line.all();
    all.values().for_each(|value| leaves(value, &mut values));
    // A field of that name is called otherwise.
    let is_mark = |fields: &Json| fields["truncated"] == true;
    let is_cut = *line.field("truncated") == true || is_mark(line.field("Attributes"));
    for value in &expected.values {
        let count = values.iter().filter(|other| *other == value).count();
        prop_assert!(
            count == 1 || (is_cut && count == 0),
            "{value} stands {count} times: {line:?}"
        );
    }
    if profile == Profile::Default && !is_cut {
        all.remove("timestamp");
        prop_assert_eq!(&all, &expected.line);
    }
    Ok(())
}

proptest! {
    #![proptest_config(campaign::cases("odd_names", 20_261_127, 4_000, 400))]

    #[test]
    fn names_are_unique_and_every_value_stands_where_it_belongs_or_the_line_is_marked_as_cut(
        // Half of them in the profile whose whole lines are known.
        profile in prop_oneof![Just(Profile::Default), prop::sample::select(PROFILES.to_vec())],
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
            let mut numbers = Numbers::default();
            let mut open: Vec<Opened> = Vec::new();
            let mut entered = Vec::new();
            for fields in &spans {
                open.push(Opened::new(fields, &mut numbers));
                entered.push(open.last().unwrap().span.clone().entered());
            }
            let mut expected = Vec::new();
            let mut log_all = |open: &[Opened], numbers: &mut Numbers| {
                for event in &events {
                    expected.push(log(event, open, numbers, (profile, is_shown)));
                }
            };
            log_all(&open, &mut numbers);
            for (at, fields) in &records {
                if let Some(opened) = open.get_mut(*at) {
                    opened.record(&fields.given, &mut numbers);
                }
                log_all(&open, &mut numbers);
            }
            while let Some(span) = entered.pop() {
                drop(span);
            }
            expected
        });

        // The parser refuses a name that stands twice.
        let lines = kept.lines();
        prop_assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(&expected) {
            check(line, expected, profile)?;
        }
        prop_assert!(kept.text().lines().all(|line| line.len() < longest));
    }
}
