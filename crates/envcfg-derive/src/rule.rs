use proc_macro2::Span;
use syn::{Expr, Ident, LitBool, LitStr, Path, meta::ParseNestedMeta, parse::ParseStream, spanned::Spanned};

use crate::container::texts;

/// A rule as it is written.
pub(crate) struct Rule {
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
    MustMatch(Ident),
    Custom(Path),
    Required,
    Scheme(Vec<LitStr>),
}

/// The arguments of a rule, before it is known which of them it takes.
#[derive(Default)]
struct Arguments {
    exprs: Vec<(Ident, Expr)>,
    message: Option<LitStr>,
    code: Option<LitStr>,
}

impl Rule {
    /// One entry of `#[validate(...)]`; `None` for one that asks for nothing here.
    pub(crate) fn validate(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<Self>> {
        needs_validator(meta)?;
        if meta.path.is_ident("nested") || meta.path.is_ident("skip") {
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<LitBool>()?;
            }
            return Ok(None);
        }
        Self::parse(meta, true).map(Some)
    }

    /// One entry of `#[config(...)]` or of `each(...)`.
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>, validator: bool) -> syn::Result<Self> {
        let span = meta.path.span();
        if meta.path.is_ident("scheme") && !validator {
            let kind = RuleKind::Scheme(texts(meta)?);
            return Ok(Self {
                kind,
                message: None,
                code: None,
                validator,
                span,
            });
        }
        let mut arguments = Arguments::parse(meta)?;
        arguments.check(meta)?;
        let kind = RuleKind::parse(meta, &mut arguments)?;
        Ok(Self {
            kind,
            message: arguments.message,
            code: arguments.code,
            validator,
            span,
        })
    }

    /// Whether `#[config(...)]` takes a rule of this name itself.
    pub(crate) fn is_native(path: &Path) -> bool {
        NATIVE.iter().any(|name| path.is_ident(name))
    }
}

impl RuleKind {
    fn parse(meta: &ParseNestedMeta<'_>, arguments: &mut Arguments) -> syn::Result<Self> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let mut need = |argument: &str| {
            arguments
                .take(argument)
                .ok_or_else(|| meta.error(format!("`{name}` needs `{argument} = ...`")))
        };
        Ok(match name.as_str() {
            "regex" => Self::Regex(need("path")?),
            "contains" => Self::Contains(text(need("pattern")?)?),
            "does_not_contain" => Self::DoesNotContain(text(need("pattern")?)?),
            "must_match" => Self::MustMatch(ident(need("other")?)?),
            "custom" => Self::Custom(path(need("function")?)?),
            "url" => Self::Url,
            "email" => Self::Email,
            "non_control_character" => Self::NonControlCharacter,
            "required" => Self::Required,
            "ip" => Self::ip(arguments),
            "range" => Self::range(meta, arguments)?,
            "length" => Self::length(meta, arguments)?,
            _ => return Err(meta.error(format!("unknown rule, expected one of {KNOWN}"))),
        })
    }

    fn ip(arguments: &mut Arguments) -> Self {
        let mut flag = |name| arguments.take(name).is_some_and(|expr| is_true(&expr));
        Self::Ip {
            v4: flag("v4"),
            v6: flag("v6"),
        }
    }

    fn range(meta: &ParseNestedMeta<'_>, arguments: &mut Arguments) -> syn::Result<Self> {
        let [min, max] = ["min", "max"].map(|name| arguments.take(name));
        let [above, below] = ["exclusive_min", "exclusive_max"].map(|name| arguments.take(name));
        if [&min, &max, &above, &below].iter().all(|bound| bound.is_none()) {
            return Err(meta.error("`range` needs one of `min`, `max`, `exclusive_min`, `exclusive_max`"));
        }
        Ok(Self::Range {
            min,
            max,
            above,
            below,
        })
    }

    fn length(meta: &ParseNestedMeta<'_>, arguments: &mut Arguments) -> syn::Result<Self> {
        let [min, max, equal] = ["min", "max", "equal"].map(|name| arguments.take(name));
        match (&min, &max, &equal) {
            (None, None, None) => Err(meta.error("`length` needs one of `min`, `max`, `equal`")),
            (Some(_), _, Some(equal)) | (_, Some(_), Some(equal)) => {
                Err(syn::Error::new(equal.span(), "`equal` excludes `min` and `max`"))
            }
            _ => Ok(Self::Length { min, max, equal }),
        }
    }
}

impl Arguments {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        if meta.input.peek(syn::Token![=]) {
            // `contains = "x"` is short for `contains(pattern = "x")`, and so on.
            let short = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("contains" | "does_not_contain") => "pattern",
                Some("custom") => "function",
                Some("must_match") => "other",
                Some("regex") => "path",
                _ => return Err(meta.error("expected `(...)`")),
            };
            let expr = meta.value()?.parse()?;
            arguments.exprs.push((Ident::new(short, Span::call_site()), expr));
        } else if meta.input.peek(syn::token::Paren) {
            meta.parse_nested_meta(|argument| arguments.push(&argument))?;
        }
        Ok(arguments)
    }

    fn push(&mut self, argument: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if argument.path.is_ident("message") {
            self.message = Some(argument.value()?.parse()?);
        } else if argument.path.is_ident("code") {
            self.code = Some(argument.value()?.parse()?);
        } else {
            let name = argument.path.require_ident()?.clone();
            let expr = if argument.input.peek(syn::Token![=]) {
                argument.value()?.parse()?
            } else {
                syn::parse_quote!(true)
            };
            self.exprs.push((name, expr));
        }
        Ok(())
    }

    fn take(&mut self, name: &str) -> Option<Expr> {
        let index = self.exprs.iter().position(|(known, _)| known == name)?;
        Some(self.exprs.swap_remove(index).1)
    }

    /// Refuses an argument that the rule does not take, at that argument.
    fn check(&self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let rule = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let Some((_, known)) = ARGUMENTS.iter().find(|(name, _)| *name == rule) else {
            return Err(meta.error(format!("unknown rule, expected one of {KNOWN}")));
        };
        match self
            .exprs
            .iter()
            .find(|(name, _)| !known.iter().any(|known| name == known))
        {
            None => Ok(()),
            Some((name, _)) => Err(syn::Error::new(
                name.span(),
                format!("`{rule}` does not take `{name}`"),
            )),
        }
    }
}

pub(crate) fn needs_validator(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if cfg!(feature = "validator") {
        Ok(())
    } else {
        Err(meta.error("would not be enforced: enable the feature `validator` of groundcrew-envcfg"))
    }
}

/// A path, bare or in quotes.
pub(crate) fn path_or_text(input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek(LitStr) {
        input.parse::<LitStr>()?.parse()
    } else {
        input.parse()
    }
}

fn path(expr: Expr) -> syn::Result<Path> {
    match expr {
        Expr::Path(path) => Ok(path.path),
        other => text(other)?.parse(),
    }
}

fn ident(expr: Expr) -> syn::Result<Ident> {
    path(expr)?.require_ident().cloned()
}

fn text(expr: Expr) -> syn::Result<LitStr> {
    match expr {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Ok(text),
        other => Err(syn::Error::new(other.span(), "expected a string")),
    }
}

fn is_true(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Bool(LitBool { value: true, .. }),
            ..
        })
    )
}

const NATIVE: [&str; 3] = ["range", "length", "scheme"];

/// The rules and the arguments that each takes besides `message` and `code`.
const ARGUMENTS: [(&str, &[&str]); 12] = [
    ("range", &["min", "max", "exclusive_min", "exclusive_max"]),
    ("length", &["min", "max", "equal"]),
    ("url", &[]),
    ("email", &[]),
    ("ip", &["v4", "v6"]),
    ("regex", &["path"]),
    ("contains", &["pattern"]),
    ("does_not_contain", &["pattern"]),
    ("must_match", &["other"]),
    ("custom", &["function"]),
    ("non_control_character", &[]),
    ("required", &[]),
];

const KNOWN: &str = "`range`, `length`, `url`, `email`, `ip`, `regex`, `contains`, `does_not_contain`, \
     `must_match`, `custom`, `non_control_character`, `required`, `nested`";
