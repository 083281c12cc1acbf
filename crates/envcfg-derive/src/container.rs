use syn::{
    DeriveInput, Expr, Ident, LitStr, Path, Token, meta::ParseNestedMeta, punctuated::Punctuated,
    spanned::Spanned,
};

use crate::{
    arguments::{Arguments, flag, name_of, path, path_or_text, truth},
    crate_path,
    errors::Errors,
    rule::{needs_validator, no_context},
    suggest,
};

/// The attributes of the struct.
pub(crate) struct Container {
    pub(crate) krate: Path,
    pub(crate) default: bool,
    pub(crate) prefix: String,
    pub(crate) checks: Vec<Check>,
    pub(crate) schemas: Vec<Schema>,
    /// Whether every field has the validator crate's rule `nested`.
    pub(crate) nest_all_fields: bool,
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
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut krate = None;
        let mut container = Self {
            krate: syn::parse_quote!(unset),
            default: false,
            prefix: String::new(),
            checks: Vec::new(),
            schemas: Vec::new(),
            nest_all_fields: false,
        };
        for attribute in &input.attrs {
            if attribute.path().is_ident("config") {
                errors.entries(attribute, |meta| container.config(meta, &mut krate));
            } else if attribute.path().is_ident("validate") {
                errors.entries(attribute, |meta| container.validate(meta));
            }
        }
        container.krate = krate.unwrap_or_else(crate_path::find);
        container
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
            let known = ["default", "prefix", "check", "crate"];
            return Err(suggest::unknown("attribute {} of a struct", &meta.path, &known));
        }
        Ok(())
    }

    fn validate(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        needs_validator(meta)?;
        match name_of(&meta.path).as_str() {
            "schema" => self.schemas.push(Schema::parse(meta)?),
            "nest_all_fields" => self.nest_all_fields = flag(meta)?,
            // Where the other derive finds its crate, and what its functions get besides: nothing to a load.
            "crate" | "context" => drop(path_or_text(meta.value()?)?),
            "mutable" => drop(flag(meta)?),
            _ => {
                let known = ["schema", "nest_all_fields", "crate", "context", "mutable"];
                return Err(suggest::unknown("attribute {} of a struct", &meta.path, &known));
            }
        }
        Ok(())
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
        let takes = ["function", "use_context", "skip_on_field_errors"];
        let mut arguments = Arguments::parse(meta, &takes, None)?;
        let function = arguments.take("function").map(path).transpose()?;
        if let Some(expr) = arguments.take("use_context") {
            no_context(&expr)?;
        }
        let skips = arguments.take("skip_on_field_errors");
        let always = !skips.map_or(Ok(true), |expr| truth(&expr))?;
        let needs = || syn::Error::new(meta.path.span(), "`schema` needs `function = path`");
        Ok(Self {
            function: function.ok_or_else(needs)?,
            message: arguments.message,
            code: arguments.code,
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
