use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Ident, LitInt, LitStr, Result, Type, spanned::Spanned as _};

use crate::{expire::Expire, help, name::Name, settings::Settings};

/// A field of a group.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    ty: &'a Type,
    role: Role,
    /// Holds what it became, or its name.
    variable: Ident,
    constant: Ident,
}

enum Role {
    Metric(Box<Metric>),
    Nested(Option<LitStr>),
    Skipped,
}

struct Metric {
    name: Name,
    help: String,
    settings: Settings,
}

impl<'a> Field<'a> {
    pub(crate) fn parse(number: usize, field: &'a syn::Field) -> Result<Self> {
        let ident = field
            .ident
            .as_ref()
            .ok_or_else(|| Error::new(field.span(), "a metric has a name"))?;
        let settings = Settings::parse(&field.attrs)?;
        let role = if settings.nested.is_some() {
            Role::Nested(settings.prefix)
        } else if settings.skip.is_some() {
            Role::Skipped
        } else {
            Role::Metric(Box::new(Metric::new(ident, field, settings)?))
        };
        Ok(Self {
            ident,
            ty: &field.ty,
            role,
            variable: format_ident!("__field_{number}"),
            constant: format_ident!("__NAME_{number}"),
        })
    }

    /// The name, and where to complain of it, of a field that is a metric.
    pub(crate) fn name(&self) -> Option<&Name> {
        match &self.role {
            Role::Metric(metric) => Some(&metric.name),
            Role::Nested(_) | Role::Skipped => None,
        }
    }

    /// The constant with the name, and what the compiler checks.
    pub(crate) fn constant(&self, group: &TokenStream, all: &[Self]) -> Result<TokenStream> {
        let Role::Metric(metric) = &self.role else {
            return Ok(TokenStream::new());
        };
        let Name {
            plain,
            counter,
            info,
            span,
        } = &metric.name;
        let constant = &self.constant;
        let (kind, labels) = self.shape(group);
        let mut checks = quote_spanned!(*span=> const _: () = __group_checks::check_name(#kind, #constant););
        checks.extend(self.type_checks(&metric.settings, group));
        for objective in &metric.settings.objectives {
            let bad = bad_field(objective.bad_field(), all)?.map(|field| field.shape(group));
            checks.extend(objective.checks(
                (&kind, &labels),
                bad.as_ref().map(|(kind, labels)| (kind, labels)),
                metric.settings.buckets.is_some(),
            ));
        }
        Ok(quote! {
            const #constant: &str = #group::name_of(#kind, #plain, #counter, #info);
            #checks
        })
    }

    /// Whether its type can have these settings.
    fn type_checks(&self, settings: &Settings, group: &TokenStream) -> TokenStream {
        let (kind, _) = self.shape(group);
        let ty = self.ty;
        let mut checks = TokenStream::new();
        let of_histogram = [
            settings.buckets.as_ref().map(|buckets| buckets.span()),
            settings.native.as_ref().map(|native| native.span()),
        ];
        for span in of_histogram.into_iter().flatten() {
            checks.extend(quote_spanned!(span=> const _: () = __group_checks::check_histogram(#kind);));
        }
        let of_family = [
            settings.max_series.as_ref().map(LitInt::span),
            settings.expire.as_ref().map(Expire::span),
        ];
        for span in of_family.into_iter().flatten() {
            checks.extend(quote_spanned!(span=>
                const _: () = __group_checks::check_family(<#ty as #group::GroupMember>::IS_FAMILY);
            ));
        }
        checks
    }

    /// Registers it and keeps what it became in a variable.
    pub(crate) fn registered(&self, metrics: &TokenStream, all: &[Self]) -> Result<TokenStream> {
        let (variable, ty) = (&self.variable, self.ty);
        let made = match &self.role {
            Role::Metric(metric) => self.member(metric, metrics, all)?,
            Role::Nested(prefix) => {
                let prefix = prefix.as_ref().map_or_else(String::new, LitStr::value);
                quote_spanned!(ty.span()=> __group.nested::<#ty>(#prefix))
            }
            Role::Skipped => quote_spanned!(ty.span()=>
                ::core::option::Option::Some(<#ty as ::core::default::Default>::default())
            ),
        };
        Ok(quote!(let #variable = #made;))
    }

    /// The field of the finished struct.
    pub(crate) fn taken(&self) -> TokenStream {
        let (ident, variable) = (self.ident, &self.variable);
        quote!(#ident: #variable?)
    }

    fn member(&self, metric: &Metric, metrics: &TokenStream, all: &[Self]) -> Result<TokenStream> {
        let (ty, constant) = (self.ty, &self.constant);
        let (group, help, settings) = (quote!(#metrics::__group), &metric.help, &metric.settings);
        let mut member = quote!(#group::Member::new(#constant, #help));
        if let Some(buckets) = &settings.buckets {
            let bounds = buckets.tokens();
            member.extend(quote!(.buckets(#bounds)));
        }
        if let Some(native) = &settings.native {
            let native = native.tokens(metrics);
            member.extend(quote!(.native(#native)));
        }
        if let Some(most) = &settings.max_series {
            member.extend(quote!(.max_series(#most)));
        }
        if let Some(expire) = &settings.expire {
            let idle = expire.tokens();
            member.extend(quote!(.expire_after(#idle)));
        }
        let full_name = |constant: &Ident| quote!(__group.full_name(#constant));
        for objective in &settings.objectives {
            let bad = bad_field(objective.bad_field(), all)?;
            let bad = bad.map(|field| full_name(&field.constant));
            let objective = objective.tokens(&group, &full_name(constant), bad.as_ref());
            member.extend(quote!(.objective(#objective)));
        }
        Ok(quote_spanned!(ty.span()=> __group.member::<#ty>(#member)))
    }

    /// The kind and the labels of its type.
    fn shape(&self, group: &TokenStream) -> (TokenStream, TokenStream) {
        let ty = self.ty;
        (
            quote!(<#ty as #group::GroupMember>::KIND),
            quote!(<#ty as #group::GroupMember>::LABELS),
        )
    }
}

impl Metric {
    fn new(ident: &Ident, field: &syn::Field, settings: Settings) -> Result<Self> {
        let name = Name::new(ident, settings.name.as_ref(), settings.unit.as_ref())?;
        let given = settings.help.as_ref();
        if let Some(empty) = given.filter(|help| help.value().trim().is_empty()) {
            return Err(Error::new(empty.span(), "the help text is empty"));
        }
        let help = given
            .map(LitStr::value)
            .or_else(|| help::of(&field.attrs))
            .ok_or_else(|| {
                Error::new(
                    ident.span(),
                    "a metric has a help text: write a doc comment, or `help = \"...\"`",
                )
            })?;
        let mut keys = Vec::new();
        for objective in &settings.objectives {
            objective.check(&name.plain, settings.buckets.as_ref())?;
            let (key, span) = objective.key();
            if keys.contains(&key) {
                return Err(Error::new(
                    span,
                    "two objectives are called the same: say `name = \"...\"`",
                ));
            }
            keys.push(key);
        }
        Ok(Self { name, help, settings })
    }
}

fn bad_field<'f, 'a>(wanted: Option<&Ident>, all: &'f [Field<'a>]) -> Result<Option<&'f Field<'a>>> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    let is_it = |field: &&Field<'_>| field.ident == wanted && field.name().is_some();
    match all.iter().find(is_it) {
        Some(field) => Ok(Some(field)),
        None => Err(Error::new(wanted.span(), "no metric of this group is called so")),
    }
}
