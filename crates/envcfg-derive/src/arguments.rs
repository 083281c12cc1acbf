use proc_macro2::Span;
use syn::{
    Expr, ExprLit, Ident, Lit, LitBool, LitStr, Path, Token, meta::ParseNestedMeta, parse::ParseStream,
    spanned::Spanned,
};

use crate::suggest;

/// The arguments of a rule, before it is known what they mean.
#[derive(Default)]
pub(crate) struct Arguments {
    exprs: Vec<(Ident, Expr)>,
    pub(crate) message: Option<LitStr>,
    pub(crate) code: Option<LitStr>,
}

impl Arguments {
    /// Takes `(...)`, or `= short` where `short` says which argument that is.
    pub(crate) fn parse(
        meta: &ParseNestedMeta<'_>,
        known: &[&str],
        short: Option<&str>,
    ) -> syn::Result<Self> {
        let mut arguments = Self::default();
        if meta.input.peek(Token![=]) {
            let Some(short) = short else {
                let message = format!("`{}` takes its arguments in parentheses", name_of(&meta.path));
                return Err(syn::Error::new(meta.path.span(), message));
            };
            let expr = meta.value()?.parse()?;
            arguments.exprs.push((Ident::new(short, Span::call_site()), expr));
        } else if meta.input.peek(syn::token::Paren) {
            let rule = name_of(&meta.path);
            meta.parse_nested_meta(|argument| arguments.push(&argument, &rule, known))?;
        }
        Ok(arguments)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Expr> {
        let index = self.exprs.iter().position(|(known, _)| known == name)?;
        Some(self.exprs.swap_remove(index).1)
    }

    /// A flag: `v4`, `v4 = true` or `v4 = "true"`.
    pub(crate) fn flag(&mut self, name: &str) -> syn::Result<bool> {
        self.take(name).map_or(Ok(false), |expr| truth(&expr))
    }

    fn push(&mut self, argument: &ParseNestedMeta<'_>, rule: &str, known: &[&str]) -> syn::Result<()> {
        let name = argument.path.require_ident()?.clone();
        let twice = match name.to_string().as_str() {
            "message" => self.message.replace(argument.value()?.parse()?).is_some(),
            "code" => self.code.replace(argument.value()?.parse()?).is_some(),
            text if known.contains(&text) => {
                let expr = match argument.input.peek(Token![=]) {
                    true => argument.value()?.parse()?,
                    false => Expr::Lit(ExprLit {
                        attrs: Vec::new(),
                        lit: Lit::Bool(LitBool::new(true, name.span())),
                    }),
                };
                let twice = self.exprs.iter().any(|(known, _)| *known == name);
                self.exprs.push((name.clone(), expr));
                twice
            }
            text => {
                let all: Vec<&str> = known.iter().copied().chain(["message", "code"]).collect();
                let unknown = format!("unknown argument `{text}` of `{rule}`");
                return Err(suggest::unknown_name(&unknown, text, name.span(), &all));
            }
        };
        match twice {
            true => Err(syn::Error::new(name.span(), format!("`{name}` is given twice"))),
            false => Ok(()),
        }
    }
}

/// `name`, `name = true` or `name = false` as an entry of its own.
pub(crate) fn flag(meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
    match meta.input.peek(Token![=]) {
        true => truth(&meta.value()?.parse()?),
        false => Ok(true),
    }
}

/// An expression as the validator crate takes it: one in quotes is the code in them.
pub(crate) fn unquoted(expr: Expr) -> syn::Result<Expr> {
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) => text.parse(),
        _ => Ok(expr),
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

pub(crate) fn path(expr: Expr) -> syn::Result<Path> {
    match unquoted(expr)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(syn::Error::new(other.span(), "expected the path of a function")),
    }
}

pub(crate) fn ident(expr: Expr) -> syn::Result<Ident> {
    match unquoted(expr)? {
        Expr::Path(path) => path.path.require_ident().cloned(),
        other => Err(syn::Error::new(other.span(), "expected the name of a field")),
    }
}

pub(crate) fn text(expr: Expr) -> syn::Result<LitStr> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) => Ok(text),
        Expr::Group(group) => text(*group.expr),
        other => Err(syn::Error::new(other.span(), "expected a string")),
    }
}

pub(crate) fn name_of(path: &Path) -> String {
    path.get_ident().map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn truth(expr: &Expr) -> syn::Result<bool> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(LitBool { value, .. }),
            ..
        }) => Ok(*value),
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) => text.parse::<LitBool>().map(|flag| flag.value),
        other => Err(syn::Error::new(other.span(), "expected `true` or `false`")),
    }
}
