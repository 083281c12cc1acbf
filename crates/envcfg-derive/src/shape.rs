use syn::{GenericArgument, PathArguments, Type};

/// What the tokens of a field's type tell about it.
pub(crate) struct Shape {
    /// The field is an `Option`.
    pub(crate) optional: bool,
    /// The type without `Option`.
    pub(crate) inner: Type,
    /// The element, if the inner type is a list.
    pub(crate) element: Option<Type>,
    /// The value is a `Secret`, or whatever holds one.
    pub(crate) secret: bool,
}

/// The types whose bounds and defaults are written as numbers or texts with units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Time,
    Bytes,
    None,
}

impl Shape {
    pub(crate) fn of(ty: &Type) -> Self {
        let option = argument(ty, &["Option"]);
        let inner = option.unwrap_or(ty).clone();
        let element = argument(&inner, &LISTS).cloned();
        Self {
            optional: option.is_some(),
            secret: holds_secret(ty),
            element,
            inner,
        }
    }

    /// The type of one value: the element of a list, else the type without `Option`.
    pub(crate) fn single(&self) -> &Type {
        self.element.as_ref().unwrap_or(&self.inner)
    }
}

impl Measure {
    pub(crate) fn of(ty: &Type) -> Self {
        if is(ty, &["Duration"]) {
            Self::Time
        } else if is(ty, &["ByteSize"]) {
            Self::Bytes
        } else {
            Self::None
        }
    }
}

/// Whether the type is written as one name with its arguments, such as `Option<T>`, without a path.
pub(crate) fn is_bare(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            path.qself.is_none() && path.path.leading_colon.is_none() && path.path.segments.len() == 1
        }
        Type::Group(group) => is_bare(&group.elem),
        _ => false,
    }
}

/// Whether the tokens tell what the type is: no alias and no type of the caller's own.
pub(crate) fn is_known(ty: &Type) -> bool {
    is_text(ty) || is_number(ty) || is(ty, &LISTS) || is(ty, &KNOWN)
}

pub(crate) fn is_text(ty: &Type) -> bool {
    is(ty, &["String", "Cow"])
        || matches!(last(ty), Some(segment) if segment.ident == "Box" && first_is_str(segment))
}

fn first_is_str(segment: &syn::PathSegment) -> bool {
    matches!(
        &segment.arguments,
        PathArguments::AngleBracketed(arguments)
            if matches!(arguments.args.first(), Some(GenericArgument::Type(ty)) if is(ty, &["str"]))
    )
}

/// Whether the last segment of `ty` is one of `names`.
pub(crate) fn is(ty: &Type, names: &[&str]) -> bool {
    last(ty).is_some_and(|segment| names.iter().any(|name| segment.ident == name))
}

pub(crate) fn is_number(ty: &Type) -> bool {
    is_bare(ty) && is(ty, &NUMBERS)
}

/// What is in a `Secret`, if the type says so.
pub(crate) fn secret_content(ty: &Type) -> Option<&Type> {
    argument(ty, &["Secret"])
}

fn last(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}

/// Whether a `Secret` is written anywhere in `ty`.
fn holds_secret(ty: &Type) -> bool {
    let within = |segment: &syn::PathSegment| match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().any(|argument| match argument {
            GenericArgument::Type(ty) => holds_secret(ty),
            _ => false,
        }),
        _ => false,
    };
    match ty {
        Type::Array(array) => holds_secret(&array.elem),
        Type::Slice(slice) => holds_secret(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(holds_secret),
        Type::Group(group) => holds_secret(&group.elem),
        Type::Paren(paren) => holds_secret(&paren.elem),
        _ => is(ty, &["Secret"]) || last(ty).is_some_and(within),
    }
}

/// The first type argument of `ty` if its last segment is one of `names`.
fn argument<'t>(ty: &'t Type, names: &[&str]) -> Option<&'t Type> {
    let segment = last(ty).filter(|_| is(ty, names))?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

const LISTS: [&str; 4] = ["Vec", "BTreeSet", "HashSet", "VecDeque"];

const KNOWN: [&str; 13] = [
    "bool",
    "char",
    "Duration",
    "ByteSize",
    "PathBuf",
    "Url",
    "IpAddr",
    "Ipv4Addr",
    "Ipv6Addr",
    "SocketAddr",
    "HashMap",
    "BTreeMap",
    "Option",
];

const NUMBERS: [&str; 14] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
];
