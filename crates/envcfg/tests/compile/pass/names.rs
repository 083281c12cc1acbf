//! Names that a macro could trip over: raw identifiers, shadowed preludes, aliases of types, another path.

#![no_implicit_prelude]
#![deny(warnings)]

mod moved {
    pub mod config {
        pub use ::groundcrew_envcfg::*;
    }
}

type Password = ::groundcrew_envcfg::Secret;

#[derive(::groundcrew_envcfg::Config)]
#[config(crate = crate::moved::config)]
pub struct Settings {
    pub r#type: ::std::string::String,
    pub loader: u16,
    pub found: ::std::option::Option<u16>,
    #[config(default)]
    pub raw: ::std::vec::Vec<u16>,
    pub value: Password,
}

fn main() {
    use ::groundcrew_envcfg::Config as _;
    use ::std::convert::From as _;

    let vars = ::groundcrew_envcfg::Vars::from([("TYPE", "a"), ("LOADER", "1"), ("VALUE", "hunter2")]);
    ::std::assert!(Settings::from_source(&vars).is_ok());
    ::std::assert!(Settings::fields()[4].secret);
}
