use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Error, Expr, Ident, LitStr, Result, Token, ext::IdentExt as _, meta::ParseNestedMeta,
    spanned::Spanned as _,
};

use crate::{
    attributes::{self, once},
    buckets::{self, Buckets},
};

/// What `slo(...)` says.
pub(crate) struct Objective {
    span: Span,
    name: Option<LitStr>,
    target: Target,
    filters: Vec<Filter>,
}

enum Target {
    Availability { percent: f64, bad: Bad },
    Latency { percent: f64, seconds: Seconds },
    Mean { seconds: Seconds },
}

pub(crate) enum Bad {
    Label {
        label: LitStr,
        pattern: LitStr,
        example: String,
    },
    /// Another field counts them.
    Field(Ident),
}

struct Filter {
    method: Ident,
    label: LitStr,
    value: LitStr,
}

#[derive(Clone, Copy)]
struct Seconds {
    value: f64,
    nanos: u64,
    span: Span,
}

/// The entries, before it is known whether they fit together.
#[derive(Default)]
struct Entries {
    availability: Option<Expr>,
    latency: Option<Expr>,
    mean: Option<Expr>,
    percent: Option<Expr>,
    name: Option<LitStr>,
    bad: Option<Bad>,
    filters: Vec<Filter>,
}

impl Objective {
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut entries = Entries::default();
        meta.parse_nested_meta(|entry| entries.take(&entry))?;
        let span = meta.path.span();
        let (name, filters) = (entries.name.take(), std::mem::take(&mut entries.filters));
        Ok(Self {
            span,
            name,
            target: entries.target(span)?,
            filters,
        })
    }

    /// What it is called, without the name of its metric.
    pub(crate) fn key(&self) -> (String, Span) {
        let kind = match self.target {
            Target::Availability { .. } => "availability",
            Target::Latency { .. } => "latency",
            Target::Mean { .. } => "mean",
        };
        let name = self
            .name
            .as_ref()
            .map(|name| (format!("name {}", name.value()), name.span()));
        name.unwrap_or_else(|| (kind.to_owned(), self.span))
    }

    /// The field that counts what is bad.
    pub(crate) const fn bad_field(&self) -> Option<&Ident> {
        match &self.target {
            Target::Availability {
                bad: Bad::Field(field),
                ..
            } => Some(field),
            _ => None,
        }
    }

    /// Checks it against the name and the buckets, as far as they are known.
    pub(crate) fn check(&self, name: &str, buckets: Option<&Buckets>) -> Result<()> {
        if self.seconds().is_some() && !name.ends_with("_seconds") {
            return Err(Error::new(
                self.span,
                "an objective of time is for a histogram of seconds: say `unit = \"seconds\"`",
            ));
        }
        let Target::Latency { seconds, .. } = self.target else {
            return Ok(());
        };
        match buckets.and_then(|buckets| buckets.lack(seconds.value)) {
            Some(bounds) => {
                let bounds: Vec<String> = bounds.iter().map(ToString::to_string).collect();
                let message = format!(
                    "no boundary of the buckets ({}): nobody could tell whether it is met",
                    bounds.join(" ")
                );
                Err(Error::new(seconds.span, message))
            }
            None => Ok(()),
        }
    }

    /// What the compiler has to check: `kind` and `labels` are those of the metric, `bad` the kind and labels of
    /// the field that counts what is bad.
    pub(crate) fn checks(
        &self,
        (kind, labels): (&TokenStream, &TokenStream),
        bad: Option<(&TokenStream, &TokenStream)>,
        has_buckets: bool,
    ) -> TokenStream {
        let is_about_time = self.seconds().is_some();
        let mut checks =
            quote_spanned!(self.span=> const _: () = __group_checks::check_objective(#kind, #is_about_time););
        if let Target::Latency { seconds, .. } = self.target
            && !has_buckets
        {
            let value = seconds.value;
            checks
                .extend(quote_spanned!(seconds.span=> const _: () = __group_checks::check_boundary(#value);));
        }
        let has_label = |label: &LitStr, labels: &TokenStream| quote_spanned!(label.span()=> const _: () = __group_checks::check_label(#labels, #label););
        if let Target::Availability {
            bad: Bad::Label { label, .. },
            ..
        } = &self.target
        {
            checks.extend(has_label(label, labels));
        }
        for Filter { label, .. } in &self.filters {
            checks.extend(has_label(label, labels));
            checks.extend(bad.map(|(_, labels)| has_label(label, labels)));
        }
        if let (Some(field), Some((kind, _))) = (self.bad_field(), bad) {
            checks.extend(quote_spanned!(field.span()=> const _: () = __group_checks::check_counter(#kind);));
        }
        checks
    }

    /// The objective of the metric whose full name `name` is an expression for; `bad` is one for that of the field that
    /// counts what is bad.
    pub(crate) fn tokens(
        &self,
        group: &TokenStream,
        name: &TokenStream,
        bad: Option<&TokenStream>,
    ) -> TokenStream {
        let mut tokens = match &self.target {
            Target::Availability { percent, bad: events } => {
                let bad = match events {
                    Bad::Label {
                        label,
                        pattern,
                        example,
                    } => quote!(.bad(#label, #pattern, #example)),
                    Bad::Field(_) => quote!(.bad_counter(#bad)),
                };
                quote!(#group::Objective::availability(#name, #percent)#bad)
            }
            Target::Latency { percent, seconds } => {
                let threshold = seconds.tokens();
                quote!(#group::Objective::latency(#name, #percent, #threshold))
            }
            Target::Mean { seconds } => {
                let threshold = seconds.tokens();
                quote!(#group::Objective::mean(#name, #threshold))
            }
        };
        for Filter { method, label, value } in &self.filters {
            tokens.extend(quote!(.#method(#label, #value)));
        }
        if let Some(name) = &self.name {
            tokens.extend(quote!(.named(#name)));
        }
        tokens
    }

    const fn seconds(&self) -> Option<Seconds> {
        match self.target {
            Target::Latency { seconds, .. } | Target::Mean { seconds } => Some(seconds),
            Target::Availability { .. } => None,
        }
    }
}

impl Entries {
    fn take(&mut self, entry: &ParseNestedMeta<'_>) -> Result<()> {
        let name = entry.path.require_ident().map(ToString::to_string)?;
        match name.as_str() {
            "availability" => once(&mut self.availability, entry),
            "latency" => once(&mut self.latency, entry),
            "mean" => once(&mut self.mean, entry),
            "percent" => once(&mut self.percent, entry),
            "name" => once(&mut self.name, entry),
            "bad" => match self.bad.replace(Bad::parse(entry)?) {
                Some(_) => Err(entry.error("given twice")),
                None => Ok(()),
            },
            "only" | "except" => entry.parse_nested_meta(|label| {
                self.filters.push(Filter {
                    method: entry.path.require_ident()?.clone(),
                    label: label_of(&label)?,
                    value: label.value()?.parse()?,
                });
                Ok(())
            }),
            _ => Err(entry.error(
                "unknown part of an objective, expected `availability`, `latency`, `mean`, `percent`, `bad`, `only`, \
                 `except` or `name`",
            )),
        }
    }
}

impl Entries {
    /// What is promised; `span` is where to complain of what is missing.
    fn target(self, span: Span) -> Result<Target> {
        let (share, bad) = (self.percent, self.bad);
        match (self.availability, self.latency, self.mean) {
            (Some(availability), None, None) => Target::availability(&availability, share, bad, span),
            (None, Some(latency), None) => Target::latency(&latency, share, bad, span),
            (None, None, Some(mean)) => Target::mean(&mean, share, bad),
            _ => Err(Error::new(
                span,
                "an objective is one of `availability = 99.9`, `latency = 0.1` and `mean = 0.1`",
            )),
        }
    }
}

impl Target {
    fn availability(availability: &Expr, share: Option<Expr>, bad: Option<Bad>, span: Span) -> Result<Self> {
        refuse(
            share.map(|share| share.span()),
            "the percentage is that of `availability`",
        )?;
        let missing = || {
            Error::new(
                span,
                "say which events are bad: `bad(status = \"5..\")` or `bad = field`",
            )
        };
        Ok(Self::Availability {
            percent: percent(availability)?,
            bad: bad.ok_or_else(missing)?,
        })
    }

    fn latency(latency: &Expr, share: Option<Expr>, bad: Option<Bad>, span: Span) -> Result<Self> {
        refuse(
            bad.map(|bad| bad.span()),
            "slow events are the bad ones of a latency",
        )?;
        let missing = || Error::new(span, "say how many are to be so fast: `percent = 95`");
        Ok(Self::Latency {
            percent: percent(&share.ok_or_else(missing)?)?,
            seconds: Seconds::new(latency)?,
        })
    }

    fn mean(mean: &Expr, share: Option<Expr>, bad: Option<Bad>) -> Result<Self> {
        refuse(bad.map(|bad| bad.span()), "a mean has no bad events")?;
        refuse(share.map(|share| share.span()), "a mean has no percentage")?;
        Ok(Self::Mean {
            seconds: Seconds::new(mean)?,
        })
    }
}

impl Bad {
    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        if meta.input.peek(Token![=]) {
            return Ok(Self::Field(meta.value()?.call(Ident::parse_any)?));
        }
        let mut events: Option<(LitStr, LitStr)> = None;
        let mut example: Option<LitStr> = None;
        meta.parse_nested_meta(|entry| {
            if events.is_none() {
                events = Some((label_of(&entry)?, entry.value()?.parse()?));
                Ok(())
            } else if entry.path.is_ident("example") {
                once(&mut example, &entry)
            } else {
                Err(entry.error("bad events have one label, and perhaps an `example = \"...\"` of its value"))
            }
        })?;
        let (label, pattern) =
            events.ok_or_else(|| meta.error("say which label is bad: `bad(status = \"5..\")`"))?;
        let example = match example {
            Some(example) => example.value(),
            None => matching(&pattern)?,
        };
        Ok(Self::Label {
            label,
            pattern,
            example,
        })
    }

    fn span(&self) -> Span {
        match self {
            Self::Label { label, .. } => label.span(),
            Self::Field(field) => field.span(),
        }
    }
}

impl Seconds {
    fn new(expr: &Expr) -> Result<Self> {
        let value = literal(expr)?;
        let nanos = Duration::try_from_secs_f64(value)
            .ok()
            .and_then(|duration| u64::try_from(duration.as_nanos()).ok())
            .filter(|nanos| *nanos > 0)
            .ok_or_else(|| Error::new_spanned(expr, "not a time: seconds above 0, such as `0.1`"))?;
        Ok(Self {
            value,
            nanos,
            span: expr.span(),
        })
    }

    fn tokens(self) -> TokenStream {
        let nanos = self.nanos;
        quote!(::core::time::Duration::from_nanos(#nanos))
    }
}

/// A value that a pattern of plain text, `.` and alternatives matches.
fn matching(pattern: &LitStr) -> Result<String> {
    let text = pattern.value();
    let first = text.split('|').next().unwrap_or_default();
    let is_simple = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '/' | ' ')
    };
    if first.is_empty()
        || !text
            .chars()
            .all(|character| is_simple(character) || character == '|')
    {
        return Err(Error::new(
            pattern.span(),
            "say which value matches, for the tests of the alerts: `example = \"...\"`",
        ));
    }
    Ok(first.replace('.', "0"))
}

fn label_of(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    Ok(attributes::plain(meta.path.require_ident()?))
}

fn percent(expr: &Expr) -> Result<f64> {
    let percent = literal(expr)?;
    if percent > 1.0 && percent < 100.0 {
        return Ok(percent);
    }
    let message = if percent > 0.0 && percent <= 1.0 {
        "not a percentage: say 99.9, not 0.999"
    } else {
        "not a percentage above 1 and below 100"
    };
    Err(Error::new_spanned(expr, message))
}

fn literal(expr: &Expr) -> Result<f64> {
    buckets::number(expr).unwrap_or_else(|| Err(Error::new_spanned(expr, "expected a number")))
}

fn refuse(given: Option<Span>, message: &str) -> Result<()> {
    given.map_or(Ok(()), |span| Err(Error::new(span, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_made_from_a_simple_pattern() {
        let literal = |text: &str| LitStr::new(text, Span::call_site());

        for (pattern, example) in [
            ("5..", "500"),
            ("failed|aborted", "failed"),
            ("a-b_c/d", "a-b_c/d"),
        ] {
            assert_eq!(matching(&literal(pattern)).unwrap(), example);
        }
        for pattern in ["5[0-9]+", "", "|x", "(a)", "a.*", "a\\.b"] {
            assert!(matching(&literal(pattern)).is_err(), "{pattern}");
        }
    }
}
