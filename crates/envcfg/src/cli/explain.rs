use std::io::{self, Write};

use serde::Serialize;

use super::{Exit, profiles::Profiles};
use crate::{
    Config, EnvSource, FieldSpec, Loader, Origin, Problem, ProblemKind, docs::facts, profile_name,
    remembered, secret_files::SecretFiles,
};

/// Says for one variable or for all where their values come from. No value is ever written, of a secret at most
/// its length.
pub(super) fn run<C: Config>(
    source: &impl EnvSource,
    variable: Option<&str>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let fields = C::fields();
    let wanted = |spec: &&FieldSpec| variable.is_none_or(|name| spec.names().any(|known| known == name));
    let chosen: Vec<&FieldSpec> = fields.iter().filter(wanted).collect();
    if let (Some(name), true) = (variable, chosen.is_empty()) {
        writeln!(out, "{name} is no variable of this configuration")?;
        return Ok(Exit::Usage);
    }
    let (source, files) = (remembered::at_once(source, &C::NAMES), SecretFiles::default());
    let seen = Seen::new::<C>(&*source, &files, &fields);
    let variables: Vec<Explained<'_>> = chosen
        .iter()
        .map(|spec| Explained::new(spec, &*source, &seen))
        .collect();
    let document = Document {
        schema: SCHEMA,
        variables: &variables,
        problems: seen.of_no_variable(&fields),
    };
    if json {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)?;
    } else {
        document.write(variable.is_some(), out)?;
    }
    Ok(Exit::Success)
}

/// What a load makes of the source.
struct Seen<'s> {
    problems: Vec<Problem>,
    profiles: Profiles<'s>,
}

impl<'s> Seen<'s> {
    fn new<C: Config>(source: &'s dyn EnvSource, files: &'s SecretFiles, fields: &'s [FieldSpec]) -> Self {
        let loaded = Loader::new::<C>(source, files, true).run::<C>();
        Self {
            problems: loaded.map_or_else(|report| report.problems().to_vec(), |_| Vec::new()),
            profiles: Profiles::new::<C>(source, files, fields),
        }
    }

    /// What is wrong with the sources where no variable of the configuration can be told.
    fn of_no_variable(&self, fields: &[FieldSpec]) -> Vec<String> {
        let is_of_source =
            |problem: &&Problem| matches!(problem.kind(), ProblemKind::Syntax | ProblemKind::File);
        let problems = self.problems.iter().filter(is_of_source);
        problems
            .filter(|problem| !fields.iter().any(|spec| is_about(problem, spec)))
            .map(ToString::to_string)
            .collect()
    }
}

/// Whether the problem is one of this variable, or of a line that should set it.
fn is_about(problem: &Problem, spec: &FieldSpec) -> bool {
    let is_named = || spec.names().any(|name| problem.variable() == Some(&name));
    match problem.path() {
        "" => is_named(),
        path => path == spec.path,
    }
}

/// The number counts up when a consumer of the old shape would misread the new one.
const SCHEMA: &str = "envcfg.explain/1";

#[derive(Serialize)]
struct Document<'d> {
    schema: &'static str,
    variables: &'d [Explained<'d>],
    /// What is wrong with the sources themselves.
    problems: Vec<String>,
}

impl Document<'_> {
    fn write(&self, alone: bool, out: &mut impl Write) -> io::Result<()> {
        if let (true, [only]) = (alone, self.variables) {
            only.write_alone(out)?;
        } else {
            let names = self.variables.iter().map(|one| one.variable.len());
            let width = names.max().unwrap_or(0);
            for one in self.variables {
                writeln!(out, "{:width$}  {}", one.variable, one.summary())?;
            }
        }
        for problem in &self.problems {
            writeln!(out, "problem: {problem}")?;
        }
        Ok(())
    }
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
    /// The default of the profile, or else that for all.
    default: Option<&'s str>,
    /// The profile that has a default of its own.
    profile: Option<&'static str>,
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
    fn new(spec: &'s FieldSpec, source: &dyn EnvSource, seen: &Seen<'_>) -> Self {
        let set: Vec<Setting> = spec
            .names()
            .filter_map(|name| setting(spec, name, source))
            .collect();
        let problems = seen.problems.iter().filter(|problem| is_about(problem, spec));
        let problems: Vec<String> = problems.map(told).collect();
        let profile = seen.profiles.of(&spec.name);
        let of_profile = profile.and_then(|profile| {
            let mut defaults = spec.profile_defaults.iter();
            defaults.find(|(named, _)| profile_name::is(&profile, named))
        });
        let default = of_profile.map(|(_, text)| text).or(spec.default.as_ref());
        let state = match (set.is_empty(), problems.is_empty()) {
            (false, _) => State::Set,
            (true, false) => State::Missing,
            (true, true) if default.is_some() => State::Default,
            (true, true) => State::Unset,
        };
        Self {
            variable: &spec.name,
            path: &spec.path,
            state,
            secret: spec.secret,
            set,
            default: default.map(String::as_str),
            profile: of_profile.map(|(profile, _)| *profile),
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
            State::Default => {
                let profile = self.profile.map(|profile| format!(" in {profile}"));
                let default = self.default.unwrap_or_default();
                parts.push(format!("default {default}{}", profile.unwrap_or_default()));
            }
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
        let default = self.spec.default.as_ref();
        if let (Some(default), true) = (default, self.state != State::Default || self.profile.is_some()) {
            writeln!(out, "  - default {default}")?;
        }
        writeln!(out, "  - the field {} in the code", self.path)
    }
}

/// The words of a problem, with the place if the value that is at hand does not tell it.
fn told(problem: &Problem) -> String {
    match (problem.kind(), problem.origin()) {
        (ProblemKind::Syntax, Some(origin)) => format!("{} (from {origin})", problem.message()),
        _ => problem.message().to_owned(),
    }
}

fn setting(spec: &FieldSpec, name: String, source: &dyn EnvSource) -> Option<Setting> {
    let value = source.lookup(&name).filter(|value| !value.is_empty())?;
    let (text, origin) = value.into_parts();
    // The text of `NAME_FILE` is a path, unless somebody put the secret itself there: say neither.
    let is_path = spec.file && name.strip_suffix("_FILE") == Some(&spec.name);
    let chars = (spec.secret && !is_path).then(|| text.to_string_lossy().chars().count());
    Some(Setting { name, origin, chars })
}
