use proc_macro2::Span;
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, meta::ParseNestedMeta, spanned::Spanned};

use crate::{
    arguments::{Arguments, flag, ident, name_of, path, text, unquoted},
    container::texts,
    suggest,
};

/// A rule as it is written.
pub(crate) struct Rule {
    /// The name in the vocabulary.
    pub(crate) name: &'static str,
    pub(crate) kind: RuleKind,
    pub(crate) message: Option<LitStr>,
    pub(crate) code: Option<LitStr>,
    /// Whether it calls the traits of the validator crate.
    pub(crate) validator: bool,
    pub(crate) span: Span,
}

pub(crate) enum RuleKind {
    Range {
        min: Option<Expr>,
        max: Option<Expr>,
        above: Option<Expr>,
        below: Option<Expr>,
    },
    Length {
        min: Option<Expr>,
        max: Option<Expr>,
        equal: Option<Expr>,
    },
    Url,
    Email,
    Ip {
        v4: bool,
        v6: bool,
    },
    Regex(Expr),
    Contains(LitStr),
    DoesNotContain(LitStr),
    NonControlCharacter,
    CreditCard,
    MustMatch(Ident),
    Custom(Path),
    Required,
    /// The type has checks of its own.
    Nested,
    /// Turns the other rules of the validator crate off.
    Skip,
    Scheme(Vec<LitStr>),
    MinEntropy(LitInt),
}

impl Rule {
    /// One entry of `#[validate(...)]`; `None` for one that asks for nothing.
    pub(crate) fn validate(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<Self>> {
        needs_validator(meta)?;
        let span = meta.path.span();
        let rule = match name_of(&meta.path).as_str() {
            "nested" => Self::nested(span),
            "skip" => Self::of_validator("skip", RuleKind::Skip, span),
            _ => return Self::parse(meta, true).map(Some),
        };
        Ok(flag(meta)?.then_some(rule))
    }

    /// One of the rules that `#[config(...)]` takes without the validator crate.
    pub(crate) fn native(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        Self::parse(meta, false)
    }

    /// One entry of `each(...)`.
    pub(crate) fn element(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let name = name_of(&meta.path);
        if Self::is_native(&meta.path) {
            return Self::native(meta);
        }
        if ["required", "must_match", "skip"].contains(&name.as_str()) {
            let message = format!("`{name}` means nothing for an element");
            return Err(syn::Error::new(meta.path.span(), message));
        }
        if !names(true).any(|known| known == name) {
            return Err(suggest::unknown("rule {}", &meta.path, &RULES.map(|rule| rule.0)));
        }
        Self::validate(meta)?
            .ok_or_else(|| syn::Error::new(meta.path.span(), "a rule that is off means nothing here"))
    }

    /// The rule that `nest_all_fields` gives to each field.
    pub(crate) const fn nested(span: Span) -> Self {
        Self::of_validator("nested", RuleKind::Nested, span)
    }

    /// The names of the rules that `#[config(...)]` takes itself.
    pub(crate) fn natives() -> impl Iterator<Item = &'static str> {
        names(false)
    }

    /// Whether `#[config(...)]` takes a rule of this name itself.
    pub(crate) fn is_native(path: &Path) -> bool {
        Self::natives().any(|name| path.is_ident(name))
    }

    /// Whether the rule may stand more than once on a field.
    pub(crate) const fn is_repeatable(&self) -> bool {
        matches!(
            self.kind,
            RuleKind::Custom(_) | RuleKind::Contains(_) | RuleKind::DoesNotContain(_)
        )
    }

    /// Takes bounds in quotes for code, as the validator crate does.
    pub(crate) fn unquote(&mut self) -> syn::Result<()> {
        if let (
            true,
            RuleKind::Range {
                min,
                max,
                above,
                below,
            },
        ) = (self.validator, &mut self.kind)
        {
            for bound in [min, max, above, below] {
                *bound = bound.take().map(unquoted).transpose()?;
            }
        }
        Ok(())
    }

    const fn of_validator(name: &'static str, kind: RuleKind, span: Span) -> Self {
        Self {
            name,
            kind,
            message: None,
            code: None,
            validator: true,
            span,
        }
    }

    fn parse(meta: &ParseNestedMeta<'_>, validator: bool) -> syn::Result<Self> {
        let span = meta.path.span();
        let Some((name, _, takes, short)) = syntax(&meta.path, validator) else {
            let known: Vec<&str> = names(validator).collect();
            return Err(suggest::unknown("rule {}", &meta.path, &known));
        };
        let mut arguments = Arguments::default();
        let kind = match *name {
            "scheme" => scheme(meta)?,
            "min_entropy" => min_entropy(meta)?,
            name => {
                arguments = Arguments::parse(meta, takes, *short)?;
                RuleKind::parse(name, span, &mut arguments)?
            }
        };
        Ok(Self {
            name,
            kind,
            message: arguments.message,
            code: arguments.code,
            validator,
            span,
        })
    }
}

impl RuleKind {
    fn parse(name: &str, span: Span, arguments: &mut Arguments) -> syn::Result<Self> {
        let mut need = |argument: &str| {
            arguments
                .take(argument)
                .ok_or_else(|| syn::Error::new(span, format!("`{name}` needs `{argument} = ...`")))
        };
        Ok(match name {
            "regex" => Self::Regex(unquoted(need("path")?)?),
            "contains" => Self::Contains(text(need("pattern")?)?),
            "does_not_contain" => Self::DoesNotContain(text(need("pattern")?)?),
            "must_match" => Self::MustMatch(ident(need("other")?)?),
            "custom" => Self::custom(path(need("function")?)?, arguments)?,
            "url" => Self::Url,
            "email" => Self::Email,
            "non_control_character" => Self::NonControlCharacter,
            "credit_card" => Self::credit_card(span)?,
            "required" => Self::Required,
            "ip" => Self::Ip {
                v4: arguments.flag("v4")?,
                v6: arguments.flag("v6")?,
            },
            "range" => Self::range(span, arguments)?,
            _ => Self::length(span, arguments)?,
        })
    }

    fn credit_card(span: Span) -> syn::Result<Self> {
        if cfg!(feature = "card") {
            return Ok(Self::CreditCard);
        }
        Err(syn::Error::new(
            span,
            "would not be enforced: enable the feature `card` of groundcrew-envcfg",
        ))
    }

    fn custom(function: Path, arguments: &mut Arguments) -> syn::Result<Self> {
        if let Some(expr) = arguments.take("use_context") {
            no_context(&expr)?;
        }
        Ok(Self::Custom(function))
    }

    fn range(span: Span, arguments: &mut Arguments) -> syn::Result<Self> {
        let [min, max] = ["min", "max"].map(|name| arguments.take(name));
        let [above, below] = ["exclusive_min", "exclusive_max"].map(|name| arguments.take(name));
        if [&min, &max, &above, &below].iter().all(|bound| bound.is_none()) {
            let message = "`range` needs one of `min`, `max`, `exclusive_min`, `exclusive_max`";
            return Err(syn::Error::new(span, message));
        }
        Ok(Self::Range {
            min,
            max,
            above,
            below,
        })
    }

    fn length(span: Span, arguments: &mut Arguments) -> syn::Result<Self> {
        let mut bound = |name| arguments.take(name).map(unquoted).transpose();
        let (min, max, equal) = (bound("min")?, bound("max")?, bound("equal")?);
        match (&min, &max, &equal) {
            (None, None, None) => Err(syn::Error::new(
                span,
                "`length` needs one of `min`, `max`, `equal`",
            )),
            (Some(_), _, Some(equal)) | (_, Some(_), Some(equal)) => {
                Err(syn::Error::new(equal.span(), "`equal` excludes `min` and `max`"))
            }
            _ => Ok(Self::Length { min, max, equal }),
        }
    }
}

pub(crate) fn needs_validator(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if cfg!(feature = "validator") {
        Ok(())
    } else {
        Err(syn::Error::new(
            meta.path.span(),
            "would not be enforced: enable the feature `validator` of groundcrew-envcfg",
        ))
    }
}

/// Refuses `use_context = true`: a load has no context to hand over.
pub(crate) fn no_context(expr: &Expr) -> syn::Result<()> {
    if matches!(crate::bound::literal(expr).as_deref(), Some("false")) {
        return Ok(());
    }
    Err(syn::Error::new(
        expr.span(),
        "a load has no context to hand over: write a check with `#[config(check = ...)]`, or call \
         `validate_with_args` after the load on a struct of its own",
    ))
}

fn scheme(meta: &ParseNestedMeta<'_>) -> syn::Result<RuleKind> {
    if !meta.input.peek(syn::token::Paren) {
        let message = "`scheme` takes its arguments in parentheses: `scheme(\"https\")`";
        return Err(syn::Error::new(meta.path.span(), message));
    }
    let schemes = texts(meta)?;
    if schemes.is_empty() {
        return Err(syn::Error::new(meta.path.span(), "`scheme` needs one at least"));
    }
    for scheme in &schemes {
        let text = scheme.value();
        let right = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !right {
            let bare = text.split(':').next().unwrap_or_default();
            let message = format!("not a scheme: write it without `://`, as in {bare:?}");
            return Err(syn::Error::new(scheme.span(), message));
        }
    }
    Ok(RuleKind::Scheme(schemes))
}

fn min_entropy(meta: &ParseNestedMeta<'_>) -> syn::Result<RuleKind> {
    if !meta.input.peek(Token![=]) {
        let message = "`min_entropy` needs a number of bits: `min_entropy = 128`";
        return Err(syn::Error::new(meta.path.span(), message));
    }
    let bits: LitInt = meta.value()?.parse()?;
    match bits.base10_parse::<u32>()? {
        1..=1024 => Ok(RuleKind::MinEntropy(bits)),
        _ => Err(syn::Error::new(
            bits.span(),
            "expected a number of bits from 1 to 1024",
        )),
    }
}

fn syntax(path: &Path, validator: bool) -> Option<&'static Syntax> {
    let mut known = RULES.iter().filter(|rule| rule.1.has(validator));
    known.find(|rule| path.is_ident(rule.0))
}

/// The names of the rules that `#[validate(...)]` takes, or of those that `#[config(...)]` takes.
fn names(validator: bool) -> impl Iterator<Item = &'static str> {
    let known = RULES.iter().filter(move |rule| rule.1.has(validator));
    known.map(|rule| rule.0)
}

/// The attributes that take a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Validate,
    Config,
    Both,
}

impl In {
    fn has(self, validator: bool) -> bool {
        let other = if validator { Self::Config } else { Self::Validate };
        self != other
    }
}

/// A rule by its name: where it may stand, what it takes besides `message` and `code`, and which of that
/// `rule = value` is short for.
type Syntax = (&'static str, In, &'static [&'static str], Option<&'static str>);

/// The vocabulary of the validator crate, in which rules of ours need no feature, and then what it lacks.
const RULES: [Syntax; 17] = [
    (
        "range",
        In::Both,
        &["min", "max", "exclusive_min", "exclusive_max"],
        None,
    ),
    ("length", In::Both, &["min", "max", "equal"], None),
    ("url", In::Validate, &[], None),
    ("email", In::Validate, &[], None),
    ("ip", In::Validate, &["v4", "v6"], None),
    ("regex", In::Validate, &["path"], Some("path")),
    ("contains", In::Validate, &["pattern"], Some("pattern")),
    ("does_not_contain", In::Validate, &["pattern"], Some("pattern")),
    ("must_match", In::Validate, &["other"], Some("other")),
    (
        "custom",
        In::Validate,
        &["function", "use_context"],
        Some("function"),
    ),
    ("non_control_character", In::Validate, &[], None),
    ("credit_card", In::Validate, &[], None),
    ("required", In::Validate, &[], None),
    ("nested", In::Validate, &[], None),
    ("skip", In::Validate, &[], None),
    ("scheme", In::Config, &[], None),
    ("min_entropy", In::Config, &[], None),
];
