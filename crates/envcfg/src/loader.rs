use std::borrow::Cow;

use groundcrew_base::redact;

#[cfg(feature = "preflight")]
use crate::preflight::Gathering;
use crate::{
    Checks, Config, Describe, EnvSource, Field, FieldSpec, Leaf, LeafError, Loaded, Origin, Problem,
    ProblemKind, Raw, Report, Tree, Variable, Warning, consequence, finish, order, problem::Follows,
    remembered, secret_files::SecretFiles, service_link, shown::Shown, wrong_lines::WrongLines,
};

/// Reads the fields of one load and keeps its problems; the derive calls it.
#[doc(hidden)]
pub struct Loader<'s> {
    pub(crate) source: &'s dyn EnvSource,
    pub(crate) files: &'s SecretFiles,
    pub(crate) prefix: String,
    pub(crate) path: String,
    /// The text that says which profile this is, once a field has said which variable holds it.
    pub(crate) profile: Option<Cow<'static, str>>,
    pub(crate) profile_is_wrong: bool,
    /// Documents the whole configuration, of which the fields at hand may be a nested part.
    pub(crate) schema: fn() -> Vec<FieldSpec>,
    /// The same as the compiler knows it.
    pub(crate) tree: &'static [Tree],
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) origins: Vec<(Cow<'static, str>, Origin)>,
    pub(crate) keep_origins: bool,
    /// Whether optional groups are read although nothing in them is set, to check their defaults.
    pub(crate) every_group: bool,
    /// Sees every nested part right after it is loaded.
    #[cfg(feature = "preflight")]
    pub(crate) watch: Option<Box<Gathering>>,
}

/// What a look at the source gave for one field.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "matched by generated code")]
pub enum Found<'s> {
    Text(Raw<'s>),
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
    pub(crate) fn new<C: Config>(
        source: &'s dyn EnvSource,
        files: &'s SecretFiles,
        keep_origins: bool,
    ) -> Self {
        Self {
            source,
            files,
            prefix: String::new(),
            path: String::new(),
            profile: None,
            profile_is_wrong: false,
            schema: Describe::all::<C>,
            tree: C::TREE,
            problems: source.problems(),
            warnings: source.warnings(),
            origins: Vec::new(),
            keep_origins,
            every_group: false,
            #[cfg(feature = "preflight")]
            watch: None,
        }
    }

    /// Loads from `source` as it is now.
    pub(crate) fn load<C: Config>(source: &dyn EnvSource, keep_origins: bool) -> Result<Loaded<C>, Report> {
        let source = remembered::at_once(source, &C::NAMES);
        Loader::new::<C>(&*source, &SecretFiles::default(), keep_origins).run()
    }

    pub(crate) fn run<C: Config>(self) -> Result<Loaded<C>, Report> {
        if self.problems.is_empty() {
            return self.run_on();
        }
        let source = WrongLines::new(self.source, &self.problems);
        Loader {
            source: &source,
            ..self
        }
        .run_on()
    }

    fn run_on<C: Config>(mut self) -> Result<Loaded<C>, Report> {
        match C::load_with(&mut self, None) {
            Some(config) if self.problems.is_empty() => Ok(Loaded {
                config,
                warnings: self.warnings,
                origins: self.origins,
            }),
            _ => {
                let schema = (self.schema)();
                consequence::take_out(&mut self.problems, self.profile_is_wrong);
                order::sort(&mut self.problems, &schema);
                let read = (self.source, self.files);
                finish::complete(&mut self.problems, &mut self.warnings, &schema, read);
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

    /// Gives `default` the place of a variable that is not set.
    #[must_use]
    pub fn or_text(&self, found: Found<'s>, default: &'static str) -> Found<'s> {
        match found {
            Found::Unset => Found::Text(Raw::default(default)),
            other => other,
        }
    }

    /// Keeps the value that was read, or reports why it could not be.
    pub fn take<T>(&mut self, field: &'static Field, raw: &Raw<'_>, read: Result<T, LeafError>) -> Option<T> {
        read.map_err(|error| self.unreadable(field, raw, raw.text(), None, &error))
            .ok()
    }

    /// Reads every element of a list, or reports each one that cannot be read.
    pub fn take_list<T, L: FromIterator<T>>(
        &mut self,
        field: &'static Field,
        raw: &Raw<'_>,
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
        self.missing_by_rule(field, None, None);
    }

    /// Reports a variable that the rule `required` misses.
    #[inline(never)]
    pub fn missing_by_rule(
        &mut self,
        field: &'static Field,
        message: Option<&str>,
        code: Option<&'static str>,
    ) {
        let purpose = || field.description.lines().next().unwrap_or_default();
        let mut problem = self.missing_problem(field, message.unwrap_or_else(purpose));
        problem.rule = code.map(Cow::Borrowed);
        if !field.profile_defaults.is_empty() {
            problem.follows = Follows::Profile;
        }
        self.push(field, problem);
    }

    /// Reports a broken rule; `element` counts from 0.
    #[inline(never)]
    pub fn broken(&mut self, field: &'static Field, found: &Found<'_>, rule: usize, element: Option<usize>) {
        let rules = (field.rules)();
        if let Some(rule) = rules.get(rule) {
            let mut problem = self.broken_rule(field, found, Cow::Borrowed(rule.name()), element, |_, _| {
                rule.text().to_owned()
            });
            problem.broken = rule.kind().into();
            self.push(field, problem);
        }
    }

    /// Reports a broken rule in words that are known only now.
    #[inline(never)]
    pub fn broken_as(
        &mut self,
        field: &'static Field,
        found: &Found<'_>,
        rule: Cow<'static, str>,
        message: &str,
        element: Option<usize>,
    ) {
        let mut problem = self.broken_rule(field, found, rule, element, |text, shown| {
            finish::without(message, text, shown)
        });
        problem.is_foreign = true;
        self.push(field, problem);
    }

    /// Reports a broken rule of the whole struct.
    #[inline(never)]
    pub fn broken_overall(&mut self, rule: Cow<'static, str>, message: &str) {
        let mut problem = Problem::new(ProblemKind::Check, String::new(), redact(message));
        problem.variable = None;
        problem.path = self.path.trim_end_matches('.').to_owned();
        problem.rule = Some(rule);
        self.problems.push(problem);
    }

    /// Loads a nested configuration under a prefix.
    ///
    /// It inherits the profile of those around it. If none of them has said one, it may say its own, which holds for
    /// itself and those nested in it.
    pub fn nested<T: 'static>(
        &mut self,
        prefix: &str,
        path: &str,
        load: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let outer = (self.prefix.len(), self.path.len());
        let inherits = self.profile.is_some();
        #[cfg(feature = "preflight")]
        let mark = self.mark();
        self.prefix.push_str(prefix);
        self.path.push_str(path);
        self.path.push('.');
        let value = load(self);
        #[cfg(feature = "preflight")]
        if self.watch.is_some() {
            self.offer(value.as_ref(), mark);
        }
        self.prefix.truncate(outer.0);
        self.path.truncate(outer.1);
        if !inherits {
            self.profile = None;
        }
        value
    }

    /// Whether any variable of a nested configuration is set.
    #[must_use]
    pub fn any_set(&mut self, prefix: &str, tree: &[Tree]) -> bool {
        if self.every_group {
            return true;
        }
        let outer = self.prefix.len();
        self.prefix.push_str(prefix);
        let mut any = false;
        for entry in tree {
            any = any
                || match entry {
                    Tree::Field(field) => self.is_set_by_any_name(field),
                    Tree::Nested(below, tree) | Tree::Given(below, tree) => self.any_set(below, tree),
                };
        }
        self.prefix.truncate(outer);
        any
    }

    /// Runs a check; `known` names fields and says which of them have a value that is right.
    pub fn check(
        &mut self,
        fields: &'static [Field],
        known: &[(&'static str, bool)],
        check: impl FnOnce(&mut Checks<'_, 's>),
    ) {
        check(&mut Checks::new(self, fields, known));
    }

    pub(crate) fn push(&mut self, field: &'static Field, mut problem: Problem) {
        problem.path = format!("{}{}", self.path, field.path);
        problem.description = field.description;
        self.profile_is_wrong |= field.profile;
        self.problems.push(problem);
    }

    pub(crate) fn variable(&self, name: &'static str) -> Cow<'static, str> {
        if self.prefix.is_empty() {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{}{name}", self.prefix))
        }
    }

    pub(crate) fn show(&self, field: &'static Field, text: &str, origin: &Origin) -> Shown {
        Shown::new(
            text,
            origin.is_secret() || field.is_secret(&self.variable(field.name)),
        )
    }

    /// `words` gives the message from the value and the form in which the report shows it.
    pub(crate) fn broken_rule(
        &self,
        field: &'static Field,
        found: &Found<'_>,
        rule: Cow<'static, str>,
        element: Option<usize>,
        words: impl FnOnce(&str, &Shown) -> String,
    ) -> Problem {
        let read = match found {
            Found::Text(raw) => self.given(field, raw),
            Found::Unset | Found::Failed => self.given(field, &Raw::default("")),
        };
        let Variable { name, origin, .. } = &read;
        let whole = read.leaf(field);
        let nth = |index| whole.elements().nth(index).map_or("", |leaf| leaf.text);
        let text = element.map_or(whole.text, nth);
        let shown = self.show(field, text, origin);
        let mut problem = Problem::new(ProblemKind::Rule, name.clone().into_owned(), words(text, &shown));
        problem.rule = Some(rule);
        problem.element = element.map(|index| index + 1);
        problem.shown = matches!(found, Found::Text(_)).then_some(shown);
        problem.origin = Some(read.origin);
        problem
    }

    pub(crate) fn missing_because(&mut self, field: &'static Field, reason: &str) {
        let problem = self.missing_problem(field, reason);
        self.push(field, problem);
    }

    fn missing_problem(&self, field: &'static Field, reason: &str) -> Problem {
        let message = match reason {
            "" => String::from("is missing"),
            reason => format!("is missing: {reason}"),
        };
        let variable = self.variable(field.name).into_owned();
        Problem::new(ProblemKind::Missing, variable, message)
    }

    #[inline(never)]
    fn unreadable(
        &mut self,
        field: &'static Field,
        raw: &Raw<'_>,
        text: &str,
        element: Option<usize>,
        error: &LeafError,
    ) {
        let Variable { name, origin, .. } = self.given(field, raw);
        let shown = self.show(field, text, &origin);
        let message = match (error, &shown) {
            (LeafError::Foreign(_), Shown::Secret { .. }) => String::from("cannot be read as its type"),
            (LeafError::Foreign(message), _) => finish::without(message, text, &shown),
            (error, _) => error.to_string(),
        };
        let message = match service_link::hint(&name, text) {
            Some(hint) => format!("{message} ({hint})"),
            None => message,
        };
        let mut problem = Problem::new(ProblemKind::Unreadable, name.into_owned(), message);
        problem.is_foreign = matches!(error, LeafError::Foreign(_));
        problem.shown = Some(shown);
        problem.element = element;
        problem.origin = Some(origin);
        self.push(field, problem);
    }
}
