use std::io::{self, Write};

use serde::Serialize;

use super::Exit;
use crate::{Config, EnvSource, FieldSpec, Origin, Problem, docs::facts};

/// Says for one variable or for all where their values come from. No value is ever written, of a secret at most
/// its length.
pub(super) fn run<C: Config>(
    source: &impl EnvSource,
    variable: Option<&str>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let fields = C::fields();
    let problems = match C::load(source) {
        Ok(_) => Vec::new(),
        Err(report) => report.problems().to_vec(),
    };
    let wanted = |spec: &&FieldSpec| variable.is_none_or(|name| spec.names().any(|known| known == name));
    let chosen: Vec<&FieldSpec> = fields.iter().filter(wanted).collect();
    if let (Some(name), true) = (variable, chosen.is_empty()) {
        writeln!(out, "{name} is no variable of this configuration")?;
        return Ok(Exit::Usage);
    }
    let explained: Vec<Explained<'_>> = chosen
        .iter()
        .map(|spec| Explained::new(spec, source, &problems))
        .collect();
    if json {
        let document = Document {
            schema: SCHEMA,
            variables: &explained,
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)?;
    } else if let (Some(_), [only]) = (variable, explained.as_slice()) {
        only.write_alone(out)?;
    } else {
        let width = chosen.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
        for one in &explained {
            writeln!(out, "{:width$}  {}", one.variable, one.summary())?;
        }
    }
    Ok(Exit::Success)
}

/// The number counts up when a consumer of the old shape would misread the new one.
const SCHEMA: &str = "envcfg.explain/1";

#[derive(Serialize)]
struct Document<'d> {
    schema: &'static str,
    variables: &'d [Explained<'d>],
}

/// What is known about one variable without its value.
#[derive(Serialize)]
struct Explained<'s> {
    variable: &'s str,
    path: &'s str,
    state: State,
    secret: bool,
    /// Every name that is set, in the order in which they are looked at.
    set: Vec<Setting>,
    default: Option<&'s str>,
    problems: Vec<String>,
    #[serde(skip)]
    spec: &'s FieldSpec,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Set,
    Default,
    Unset,
    Missing,
}

#[derive(Serialize)]
struct Setting {
    name: String,
    origin: Origin,
    /// The length of a secret in characters; of nothing else.
    chars: Option<usize>,
}

impl<'s> Explained<'s> {
    fn new(spec: &'s FieldSpec, source: &impl EnvSource, problems: &[Problem]) -> Self {
        let set: Vec<Setting> = spec
            .names()
            .filter_map(|name| setting(spec, name, source))
            .collect();
        let problems = problems.iter().filter(|problem| problem.path() == spec.path);
        let problems: Vec<String> = problems.map(|problem| problem.message().to_owned()).collect();
        let state = match (set.is_empty(), problems.is_empty()) {
            (false, _) => State::Set,
            (true, false) => State::Missing,
            (true, true) if spec.default.is_some() => State::Default,
            (true, true) => State::Unset,
        };
        Self {
            variable: &spec.name,
            path: &spec.path,
            state,
            secret: spec.secret,
            set,
            default: spec.default.as_deref(),
            problems,
            spec,
        }
    }

    /// One line about where the value comes from.
    fn summary(&self) -> String {
        let mut parts: Vec<String> = self.set.iter().map(|setting| self.origin(setting)).collect();
        match self.state {
            State::Set => parts.extend(self.problems.iter().map(|problem| format!("invalid: {problem}"))),
            State::Missing => parts.extend(self.problems.iter().cloned()),
            State::Default => parts.push(format!("default {}", self.default.unwrap_or_default())),
            State::Unset => parts.push(String::from("not set")),
        }
        parts.join("; ")
    }

    fn origin(&self, setting: &Setting) -> String {
        let by = match setting.name == self.variable {
            true => String::from("set"),
            false => format!("set by {}", setting.name),
        };
        let chars = setting.chars.map(|chars| format!(" to <secret: {chars} chars>"));
        format!("{by}{} in {}", chars.unwrap_or_default(), setting.origin)
    }

    /// Everything about the variable, for who asks for it alone.
    fn write_alone(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.variable, self.summary())?;
        for line in self.spec.description.lines().map(str::to_owned) {
            writeln!(out, "  {line}")?;
        }
        for fact in facts(self.spec) {
            writeln!(out, "  - {fact}")?;
        }
        if let (Some(default), true) = (self.default, self.state != State::Default) {
            writeln!(out, "  - default {default}")?;
        }
        writeln!(out, "  - the field {} in the code", self.path)
    }
}

fn setting(spec: &FieldSpec, name: String, source: &impl EnvSource) -> Option<Setting> {
    let value = source.lookup(&name).filter(|value| !value.is_empty())?;
    let (text, origin) = value.into_parts();
    // The text of `NAME_FILE` is a path, unless somebody put the secret itself there: say neither.
    let is_path = spec.file && name.strip_suffix("_FILE") == Some(&spec.name);
    let chars = (spec.secret && !is_path).then(|| text.to_string_lossy().chars().count());
    Some(Setting { name, origin, chars })
}
