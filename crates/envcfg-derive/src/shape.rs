use syn::{GenericArgument, PathArguments, Type};

/// What the tokens of a field's type tell about it.
pub(crate) struct Shape {
    /// The field is an `Option`.
    pub(crate) optional: bool,
    /// The type without `Option`.
    pub(crate) inner: Type,
    /// The element, if the inner type is a list.
    pub(crate) element: Option<Type>,
    /// The value is a `Secret`, or a list or option of them.
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
        let leaf = element.as_ref().unwrap_or(&inner);
        Self {
            optional: option.is_some(),
            secret: is(leaf, &["Secret"]),
            element,
            inner,
        }
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

/// Whether the last segment of `ty` is one of `names`.
pub(crate) fn is(ty: &Type, names: &[&str]) -> bool {
    last(ty).is_some_and(|segment| names.iter().any(|name| segment.ident == name))
}

pub(crate) fn is_number(ty: &Type) -> bool {
    let plain = matches!(ty, Type::Path(path) if path.path.get_ident().is_some());
    plain && is(ty, &NUMBERS)
}

fn last(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
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

const NUMBERS: [&str; 14] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
];
