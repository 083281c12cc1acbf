use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    FixIn, Origin, Tried, consequence::Broken, excerpt::Excerpt, fix::Fix, one_line::OneLine, shown::Shown,
};

/// One thing that is wrong with a configuration.
///
/// `Display` is one line for people, with control characters as escapes; `Serialize` gives the entry of the JSON [`Report`](crate::Report).
/// Neither holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(crate) variable: Option<String>,
    pub(crate) path: String,
    pub(crate) kind: ProblemKind,
    pub(crate) rule: Option<Cow<'static, str>>,
    pub(crate) broken: Broken,
    pub(crate) element: Option<usize>,
    pub(crate) shown: Option<Shown>,
    pub(crate) message: String,
    /// Whether the message was written by somebody else, who may have put any value into it.
    pub(crate) is_foreign: bool,
    pub(crate) follows: Follows,
    pub(crate) description: &'static str,
    pub(crate) origin: Option<Origin>,
    pub(crate) suggestion: Option<String>,
    /// The variable that a line that is wrong seems to set. Not shown, because the line may be part of a secret.
    pub(crate) suspect: Option<String>,
    /// The variable that a line refers to, if the message ends with what the line says about it.
    pub(crate) refused: Option<String>,
    /// The variable that a conflict is with.
    pub(crate) other: Option<String>,
    pub(crate) fix: Option<Fix>,
    pub(crate) excerpt: Option<Excerpt>,
    pub(crate) tried: Option<Tried>,
}

/// What a problem may be only the consequence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    Nothing,
    /// The profile: only the right one tells whether the variable has a default.
    Profile,
    /// The line that sets the variable, which is a problem already.
    Line,
}

/// Tells problems apart by what the operator has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A required variable is not set.
    Missing,
    /// The value is not Unicode.
    NotUnicode,
    /// The text cannot be read as the type of the field.
    Unreadable,
    /// The value breaks a rule.
    Rule,
    /// Two variables for the same field contradict each other.
    Conflict,
    /// The file a `NAME_FILE` variable points to cannot be read.
    File,
    /// A check over several fields failed.
    Check,
    /// A source is not well formed, such as a line of a dotenv file that cannot be read.
    Syntax,
    /// A service that the configuration names does not answer as it should.
    Service,
}

impl ProblemKind {
    const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotUnicode => "not_unicode",
            Self::Unreadable => "unreadable",
            Self::Rule => "rule",
            Self::Conflict => "conflict",
            Self::File => "file",
            Self::Check => "check",
            Self::Syntax => "syntax",
            Self::Service => "service",
        }
    }
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, variable: String, message: impl Into<String>) -> Self {
        Self {
            variable: Some(variable),
            path: String::new(),
            kind,
            rule: None,
            broken: Broken::Other,
            element: None,
            shown: None,
            message: message.into(),
            is_foreign: matches!(
                kind,
                ProblemKind::Check | ProblemKind::File | ProblemKind::Service | ProblemKind::Syntax
            ),
            follows: Follows::Nothing,
            description: "",
            origin: None,
            suggestion: None,
            suspect: None,
            refused: None,
            other: None,
            fix: None,
            excerpt: None,
            tried: None,
        }
    }

    /// Something that is wrong with a source itself, at `origin`, for [`EnvSource::problems`](crate::EnvSource).
    ///
    /// The message must not hold a value: any may be a secret.
    #[must_use]
    pub fn syntax(origin: Origin, message: impl Into<String>) -> Self {
        let mut problem = Self::new(ProblemKind::Syntax, String::new(), message);
        problem.variable = None;
        problem.origin = Some(origin);
        problem
    }

    /// Something that belongs to no variable.
    #[cfg(any(feature = "preflight", feature = "reload"))]
    pub(crate) fn overall(kind: ProblemKind, message: impl Into<String>) -> Self {
        let mut problem = Self::new(kind, String::new(), message);
        problem.variable = None;
        problem
    }

    #[cfg(feature = "preflight")]
    pub(crate) fn service(
        name: &str,
        variable: Option<Cow<'static, str>>,
        message: &str,
        tried: Tried,
    ) -> Self {
        let message = format!("service {name}: {message}");
        let mut problem = Self::new(ProblemKind::Service, String::new(), message);
        problem.variable = variable.map(Cow::into_owned);
        problem.rule = Some(Cow::Owned(name.to_owned()));
        problem.tried = Some(tried);
        problem
    }

    /// Whether both say the same of the same variable, however deep its field is nested.
    #[cfg(feature = "preflight")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.variable == other.variable
            && self.kind == other.kind
            && self.rule == other.rule
            && self.element == other.element
            && self.message == other.message
    }

    /// The variable to change; `None` for a check of the whole that names no field.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// The field in Rust, with the fields it is nested in: `http.port`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What kind of problem it is.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The rule that is broken, by its name in the `validator` vocabulary or its own code.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Which element of a list is wrong, counted from 1.
    #[must_use]
    pub const fn element(&self) -> Option<usize> {
        self.element
    }

    /// What is wrong and what would be right.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where the value came from, if there is a value.
    #[must_use]
    pub const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// A variable that is set, belongs to no field and has a name much like the missing one.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// What to paste to set it right, where that can be known: `export PORT=3000`, `openssl rand ...`.
    ///
    /// [`Self::fix_in`] says where to paste it. `...` stands for what only you know. It never holds a value that is
    /// set.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_ref().map(|fix| fix.text.as_str())
    }

    /// Where [`Self::fix`] is to be pasted, if there is one.
    #[must_use]
    pub fn fix_in(&self) -> Option<FixIn> {
        self.fix.as_ref().map(|fix| fix.place)
    }

    /// What the variable is for: the doc comment of its field.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// How often a service was asked, if the problem is one of a service.
    #[must_use]
    pub const fn tried(&self) -> Option<Tried> {
        self.tried
    }

    /// A stable name for programs: `missing`, `unreadable`, `rule.range`, ...
    ///
    /// [The list](crate::Report#codes) only grows.
    #[must_use]
    pub fn code(&self) -> String {
        match &self.rule {
            Some(rule) => format!("{}.{rule}", self.kind.code()),
            None => self.kind.code().to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        if let Some(variable) = &self.variable {
            f.write_str(variable)?;
        }
        if let Some(element) = self.element {
            write!(f, " element {element}")?;
        }
        if let Some(shown) = &self.shown {
            write!(f, " = {shown}")?;
        }
        let separator = match (self.kind, &self.variable) {
            (_, None) => "",
            (ProblemKind::Missing | ProblemKind::Conflict, _) => " ",
            _ => ": ",
        };
        write!(f, "{separator}{}", self.message)?;
        if let Some(tried) = &self.tried {
            write!(f, " ({tried})")?;
        }
        match &self.origin {
            Some(Origin::Environment) | None => Ok(()),
            Some(origin) => write!(f, " (from {origin})"),
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("variable", &self.variable)?;
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("code", &self.code())?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("element", &self.element)?;
        map.serialize_entry("value", &self.shown)?;
        map.serialize_entry("origin", &self.origin)?;
        map.serialize_entry("suggestion", &self.suggestion)?;
        map.serialize_entry("fix", &self.fix())?;
        map.serialize_entry("fix_in", &self.fix_in())?;
        map.serialize_entry("description", &self.description)?;
        if let Some(tried) = &self.tried {
            map.serialize_entry("tried", tried)?;
        }
        map.end()
    }
}
