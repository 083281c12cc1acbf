#![doc = include_str!("../README.md")]

mod alias;
mod arguments;
mod bound;
mod condition;
mod container;
mod crate_path;
mod default_assertion;
mod default_check;
mod default_value;
mod errors;
mod expand;
mod field;
mod finish;
mod hygiene;
mod metadata;
mod misuse;
mod must_match;
mod number;
mod number_text;
mod profile;
mod rule;
mod rule_check;
mod rule_code;
mod rule_data;
mod shape;
mod statement;
mod suggest;
mod unique_names;
mod unit;
mod variable_name;
mod verdict;
mod written;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Reads a struct from environment variables.
///
/// Each field is a variable; its name is that of the field in upper case. Attributes of the struct:
///
/// | `#[config(...)]` | meaning |
/// |---|---|
/// | `default` | a missing variable takes the field's value from `Default::default()` |
/// | `prefix = "HTTP_"` | stands before every name |
/// | `check = path` | runs `path(&self, &mut Checks)` after the fields, if they are right; repeatable |
/// | `check(path, a, b)` | runs `path(&a, &b, &mut Checks)` once these fields are right, numbers and flags by value |
/// | `crate = path` | where the library is, if it cannot be found |
///
/// Attributes of a field:
///
/// | `#[config(...)]` | meaning |
/// |---|---|
/// | `env = "NAME"` | another name |
/// | `default`, `default = value` | the value when it is not set; a string is read like a variable |
/// | `default(development = 3000, ...)` | the value in one profile, before the default for all |
/// | `profile` | the value says which profile this is, to this struct and all nested in it, unless an outer struct says it |
/// | `required` | must be set, although the struct has defaults |
/// | `required_if(NAME = "value")` | must be set if that variable has the value, or defaults to it; repeatable |
/// | `required_with(NAME)`, `required_if(NAME)` | must be set if that variable is; repeatable |
/// | `unit = "s"` | unit of a bare number: of a `Duration` w, d, h, m, s, ms, us, ns; of a `ByteSize` bytes, KB, MB, GB, KiB, MiB, GiB |
/// | `alias = "OLD"`, `alias("OLD", since = "1.4", until = "2.0")` | a deprecated name, still read; repeatable |
/// | `deprecated = "note"` | a warning for whoever sets it |
/// | `secret`, `public` | the value is a secret, or is none although its name looks so |
/// | `file` | `NAME_FILE` may name a file with the value; secrets have that already, except those below |
/// | `nested`, `nested, prefix = "P_"` | the field is a `Config` itself, or an `Option` of one |
/// | `skip` | not read; takes the default |
/// | `from_str` | read through `FromStr` although the type implements `Deserialize` |
/// | `range(...)`, `length(...)`, `scheme("https", ...)` | rules, without the `validator` feature |
/// | `min_entropy = 128` | the text must hold so many bits of randomness |
/// | `allow_placeholder` | a secret may be one that is still to be filled in, such as `changeme` |
/// | `each(...)` | rules for each element of a list: any of these and, with the feature, any of `#[validate(...)]` |
///
/// Prefixes, of the struct and of the field it is nested in, stand before every name and every deprecated name;
/// the names in conditions are those of fields of the same struct, or else whole. A condition holds whatever the case of the value, and `1` is `true`;
/// `prod` is `production` (`stage` `staging`, `dev` `development`) if the variable is the profile, is an enum or is read
/// by no field.
///
/// Whether a name is that of a secret is decided by the whole name, with every prefix: behind `prefix = "REDIS_"`
/// a field `auth` is a secret, its value is never shown and must be no placeholder, and behind `prefix = "MAX_"` a field
/// `tokens` is none. But `NAME_FILE` needs more: it is read if the field has `file` or `secret` or a secret as its type, or if it
/// holds no number and its name is that of a secret both with every prefix and without those of outer structs. A field
/// such as `auth` that only the prefix of an outer struct makes a secret therefore says `file` or `secret`.
///
/// `#[validate(...)]` takes the rules of the `validator` crate (feature `validator`): `range`, `length`, `url`, `email`,
/// `ip`, `regex`, `contains`, `does_not_contain`, `must_match`, `custom`, `non_control_character`, `required`, `nested`,
/// `skip`, `credit_card` (feature `card`); on the struct `schema` and `nest_all_fields`. A `schema` waits for the rules of
/// the fields unless it says `skip_on_field_errors = false`; either way it needs a value for each of them. Functions
/// with `use_context` are refused, because a load has no context.
#[proc_macro_derive(Config, attributes(config, validate))]
pub fn config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::config(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
