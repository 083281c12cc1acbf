use crate::{errors::Errors, shape::Shape, written::Written};

/// Refuses attributes of a field that contradict each other, at the one that is too much.
pub(crate) fn check(written: &Written, shape: &Shape, container_default: bool, errors: &mut Errors) {
    let mut at = |name: &str, message: &str| {
        if let Some(span) = written.span(name) {
            errors.push(syn::Error::new(span, message));
        }
    };
    if written.has("nested") {
        for name in VARIABLE_ONLY {
            at(name, &format!("`{name}` means nothing on a `nested` field"));
        }
    } else {
        at("prefix", "`prefix` needs `nested`");
    }
    if written.has("skip") {
        for name in VARIABLE_ONLY.into_iter().chain(["nested"]) {
            let message = format!("`{name}` means nothing on a field that is skipped");
            at(name, &message);
        }
    }
    if written.has("public") && (written.has("secret") || shape.secret) {
        at("public", "a secret cannot be `public`");
    }
    if written.has("required") {
        at("default", "a required variable needs no default");
        at("default(...)", "a required variable needs no default");
        if shape.optional {
            at("required", REQUIRED_OPTION);
        }
    }
    if container_default {
        at("default", IN_DEFAULT);
    }
    if shape.element.is_none() {
        at("each", "`each` needs a list such as `Vec<T>`");
    }
}

const REQUIRED_OPTION: &str =
    "an `Option` is not required: take the type without `Option`, or `required_if(...)`";

const IN_DEFAULT: &str = "the struct takes its defaults from `Default`: write this one there";

const VARIABLE_ONLY: [&str; 16] = [
    "env",
    "default",
    "default(...)",
    "required",
    "required_if",
    "required_with",
    "deprecated",
    "profile",
    "unit",
    "alias",
    "secret",
    "public",
    "file",
    "each",
    "from_str",
    "allow_placeholder",
];
