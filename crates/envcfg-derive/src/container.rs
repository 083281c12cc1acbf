use syn::{DeriveInput, Expr, Ident, LitStr, Path, Token, meta::ParseNestedMeta, punctuated::Punctuated};

use crate::crate_path;

/// The attributes of the struct.
pub(crate) struct Container {
    pub(crate) krate: Path,
    pub(crate) default: bool,
    pub(crate) prefix: String,
    pub(crate) checks: Vec<Check>,
    pub(crate) schemas: Vec<Schema>,
}

/// `#[config(check = path)]` or `#[config(check(path, field, ...))]`.
pub(crate) struct Check {
    pub(crate) function: Expr,
    /// The fields it takes; the whole struct if there are none.
    pub(crate) fields: Vec<Ident>,
}

/// `#[validate(schema(function = path, ...))]`.
pub(crate) struct Schema {
    pub(crate) function: Path,
    pub(crate) message: Option<LitStr>,
    pub(crate) code: Option<LitStr>,
    /// Whether it runs although a field broke a rule.
    pub(crate) always: bool,
}

impl Container {
    pub(crate) fn parse(input: &DeriveInput) -> syn::Result<Self> {
        let mut krate = None;
        let mut container = Self {
            krate: syn::parse_quote!(unset),
            default: false,
            prefix: String::new(),
            checks: Vec::new(),
            schemas: Vec::new(),
        };
        for attribute in &input.attrs {
            if attribute.path().is_ident("config") {
                attribute.parse_nested_meta(|meta| container.config(&meta, &mut krate))?;
            } else if attribute.path().is_ident("validate") {
                attribute.parse_nested_meta(|meta| container.validate(&meta))?;
            }
        }
        container.krate = krate.unwrap_or_else(crate_path::find);
        Ok(container)
    }

    fn config(&mut self, meta: &ParseNestedMeta<'_>, krate: &mut Option<Path>) -> syn::Result<()> {
        if meta.path.is_ident("default") {
            self.default = true;
        } else if meta.path.is_ident("prefix") {
            self.prefix = meta.value()?.parse::<LitStr>()?.value();
        } else if meta.path.is_ident("check") {
            self.checks.push(Check::parse(meta)?);
        } else if meta.path.is_ident("crate") {
            *krate = Some(meta.value()?.call(Path::parse_mod_style)?);
        } else {
            return Err(meta.error(
                "unknown attribute of a struct, expected one of `default`, `prefix`, `check`, `crate`",
            ));
        }
        Ok(())
    }

    fn validate(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("schema") {
            crate::rule::needs_validator(meta)?;
            self.schemas.push(Schema::parse(meta)?);
            Ok(())
        } else if meta.path.is_ident("crate") {
            meta.value()?.call(Path::parse_mod_style).map(drop)
        } else {
            Err(meta.error("not enforced by `Config`, use `schema` or `#[config(check = ...)]`"))
        }
    }
}

impl Check {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        if meta.input.peek(Token![=]) {
            let function = meta.value()?.parse()?;
            return Ok(Self {
                function,
                fields: Vec::new(),
            });
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let function = content.parse()?;
        content.parse::<Token![,]>().map_err(|error| {
            syn::Error::new(
                error.span(),
                "expected `, field` after the function: the fields that it takes",
            )
        })?;
        let fields = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
        Ok(Self {
            function,
            fields: fields.into_iter().collect(),
        })
    }
}

impl Schema {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let (mut function, mut message, mut code, mut always) = (None, None, None, false);
        meta.parse_nested_meta(|argument| {
            if argument.path.is_ident("function") {
                function = Some(crate::rule::path_or_text(argument.value()?)?);
            } else if argument.path.is_ident("message") {
                message = Some(argument.value()?.parse()?);
            } else if argument.path.is_ident("code") {
                code = Some(argument.value()?.parse()?);
            } else if argument.path.is_ident("skip_on_field_errors") {
                always = !argument.value()?.parse::<syn::LitBool>()?.value;
            } else {
                return Err(
                    argument.error("not enforced by `Config`, expected one of `function`, `message`, `code`")
                );
            }
            Ok(())
        })?;
        Ok(Self {
            function: function.ok_or_else(|| meta.error("`schema` needs `function = path`"))?,
            message,
            code,
            always,
        })
    }
}

/// A list of strings in parentheses.
pub(crate) fn texts(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<LitStr>> {
    let content;
    syn::parenthesized!(content in meta.input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}
