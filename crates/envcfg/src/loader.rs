use std::borrow::Cow;

use groundcrew_base::redact;

use crate::{
    Checks, Condition, Config, Describe, EnvSource, Field, Leaf, LeafError, Loaded, Origin, Problem,
    ProblemKind, Raw, Report, Warning, condition, finish, shown::Shown,
};

/// Reads the fields of one load and keeps its problems; the derive calls it.
#[doc(hidden)]
pub struct Loader<'s> {
    pub(crate) source: &'s dyn EnvSource,
    pub(crate) prefix: String,
    pub(crate) path: String,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) origins: Vec<(Cow<'static, str>, Origin)>,
}

/// What a look at the source gave for one field.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "matched by generated code")]
pub enum Found {
    Text(Raw),
    Unset,
    /// The problem is in the report already.
    Failed,
}

impl std::fmt::Debug for Loader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl<'s> Loader<'s> {
    pub(crate) fn new(source: &'s dyn EnvSource) -> Self {
        Self {
            source,
            prefix: String::new(),
            path: String::new(),
            problems: source.problems(),
            warnings: source.warnings(),
            origins: Vec::new(),
        }
    }

    pub(crate) fn run<C: Config>(mut self) -> Result<Loaded<C>, Report> {
        match C::load_with(&mut self, None) {
            Some(config) if self.problems.is_empty() => Ok(Loaded {
                config,
                warnings: self.warnings,
                origins: self.origins,
            }),
            _ => {
                finish::complete(&mut self.problems, &Describe::all::<C>(), self.source);
                Err(Report::new(self.problems, self.warnings))
            }
        }
    }

    /// How many problems there are, to ask [`Self::is_clean`] later whether any was added.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.problems.len()
    }

    #[must_use]
    pub fn is_clean(&self, mark: usize) -> bool {
        self.problems.len() == mark
    }

    /// Looks the field up by its name, its deprecated names and its file.
    pub fn look(&mut self, field: &'static Field) -> Found {
        let found = self.find(field);
        match &found {
            Found::Text(raw) => {
                let name = self.variable(field.name);
                self.origins.push((name, raw.origin.clone()));
            }
            Found::Unset => {
                if let Some(condition) = field.conditions.iter().find(|condition| self.holds(condition)) {
                    self.missing_because(field, &format!("required because {condition}"));
                    return Found::Failed;
                }
            }
            Found::Failed => {}
        }
        found
    }

    /// Gives `default` the place of a variable that is not set.
    #[must_use]
    pub fn or_text(&self, found: Found, field: &'static Field, default: &str) -> Found {
        match found {
            Found::Unset => Found::Text(Raw {
                variable: self.variable(field.name),
                text: default.to_owned(),
                origin: Origin::Default,
            }),
            other => other,
        }
    }

    /// Keeps the value that was read, or reports why it could not be.
    pub fn take<T>(&mut self, field: &'static Field, raw: &Raw, read: Result<T, LeafError>) -> Option<T> {
        read.map_err(|error| self.unreadable(field, raw, &raw.text, None, &error))
            .ok()
    }

    /// Reads every element of a list, or reports each one that cannot be read.
    pub fn take_list<T, L: FromIterator<T>>(
        &mut self,
        field: &'static Field,
        raw: &Raw,
        read: impl Fn(Leaf<'_>) -> Result<T, LeafError>,
    ) -> Option<L> {
        let mark = self.mark();
        let mut elements = Vec::new();
        for (index, leaf) in raw.leaf(field).elements().enumerate() {
            let element = match leaf.text {
                "" => Err(LeafError::Expected(String::from("a value between the commas"))),
                _ => read(leaf),
            };
            match element {
                Ok(element) => elements.push(element),
                Err(error) => self.unreadable(field, raw, leaf.text, Some(index + 1), &error),
            }
        }
        self.is_clean(mark).then(|| elements.into_iter().collect())
    }

    #[inline(never)]
    pub fn missing(&mut self, field: &'static Field) {
        self.missing_because(field, field.description.lines().next().unwrap_or_default());
    }

    /// Reports a broken rule; `element` counts from 0.
    #[inline(never)]
    pub fn broken(&mut self, field: &'static Field, found: &Found, rule: usize, element: Option<usize>) {
        let rules = (field.rules)();
        if let Some(rule) = rules.get(rule) {
            self.broken_as(field, found, Cow::Borrowed(rule.name()), rule.text(), element);
        }
    }

    /// Reports a broken rule in words that are known only now.
    #[inline(never)]
    pub fn broken_as(
        &mut self,
        field: &'static Field,
        found: &Found,
        rule: Cow<'static, str>,
        message: &str,
        element: Option<usize>,
    ) {
        let variable = self.variable(field.name).into_owned();
        let mut problem = Problem::new(ProblemKind::Rule, variable, message);
        problem.rule = Some(rule);
        problem.element = element.map(|index| index + 1);
        problem.origin = Some(Origin::Default);
        if let Found::Text(raw) = found {
            let text = match element {
                Some(index) => raw.leaf(field).elements().nth(index).map_or("", |leaf| leaf.text),
                None => &raw.text,
            };
            let shown = self.show(field, text);
            problem.message = finish::without(message, text, &shown);
            problem.shown = Some(shown);
            problem.origin = Some(raw.origin.clone());
            problem.variable = Some(raw.variable.clone().into_owned());
        }
        self.push(field, problem);
    }

    /// Reports a broken rule of the whole struct.
    #[inline(never)]
    pub fn broken_overall(&mut self, rule: Cow<'static, str>, message: &str) {
        let mut problem = Problem::new(ProblemKind::Check, String::new(), redact(message));
        problem.variable = None;
        problem.rule = Some(rule);
        self.problems.push(problem);
    }

    /// Loads a nested configuration under a prefix.
    pub fn nested<T>(
        &mut self,
        prefix: &str,
        path: &str,
        load: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let outer = (self.prefix.len(), self.path.len());
        self.prefix.push_str(prefix);
        self.path.push_str(path);
        self.path.push('.');
        let value = load(self);
        self.prefix.truncate(outer.0);
        self.path.truncate(outer.1);
        value
    }

    /// Whether any variable of a nested configuration is set.
    #[must_use]
    pub fn any_set<C: Config>(&self, prefix: &str) -> bool {
        let fields = Describe::below::<C>(&format!("{}{prefix}", self.prefix));
        fields.iter().any(|spec| {
            let file = spec.file.then(|| format!("{}_FILE", spec.name));
            let names = [&spec.name].into_iter().chain(&spec.aliases).chain(file.as_ref());
            names.into_iter().any(|name| self.is_set(name))
        })
    }

    /// Runs a check over the whole configuration.
    pub fn check(&mut self, fields: &'static [Field], check: impl FnOnce(&mut Checks<'_, 's>)) {
        check(&mut Checks::new(self, fields));
    }

    pub(crate) fn push(&mut self, field: &'static Field, mut problem: Problem) {
        problem.path = format!("{}{}", self.path, field.path);
        problem.description = field.description;
        self.problems.push(problem);
    }

    pub(crate) fn variable(&self, name: &'static str) -> Cow<'static, str> {
        if self.prefix.is_empty() {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{}{name}", self.prefix))
        }
    }

    pub(crate) fn show(&self, field: &'static Field, text: &str) -> Shown {
        Shown::new(text, field.is_secret(&self.variable(field.name)))
    }

    fn missing_because(&mut self, field: &'static Field, reason: &str) {
        let message = match reason {
            "" => String::from("is missing"),
            reason => format!("is missing: {reason}"),
        };
        let variable = self.variable(field.name).into_owned();
        self.push(field, Problem::new(ProblemKind::Missing, variable, message));
    }

    #[inline(never)]
    fn unreadable(
        &mut self,
        field: &'static Field,
        raw: &Raw,
        text: &str,
        element: Option<usize>,
        error: &LeafError,
    ) {
        let shown = self.show(field, text);
        let message = match (error, &shown) {
            (LeafError::Foreign(_), Shown::Secret { .. }) => String::from("cannot be read as its type"),
            (LeafError::Foreign(message), _) => finish::without(message, text, &shown),
            (error, _) => error.to_string(),
        };
        let mut problem = Problem::new(
            ProblemKind::Unreadable,
            raw.variable.clone().into_owned(),
            message,
        );
        problem.shown = Some(shown);
        problem.element = element;
        problem.origin = Some(raw.origin.clone());
        self.push(field, problem);
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition.equals {
            None => self.is_set(condition.variable),
            Some(wanted) => self.source.lookup(condition.variable).is_some_and(|value| {
                let (text, _) = value.into_parts();
                text.to_str().is_some_and(|text| condition::same(text, wanted))
            }),
        }
    }

    fn is_set(&self, variable: &str) -> bool {
        self.source
            .lookup(variable)
            .is_some_and(|value| !value.is_empty())
    }
}
