#![cfg_attr(all(feature = "postgres", feature = "redis", feature = "http"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "postgres", feature = "redis", feature = "http")),
    doc = "Turns connection URLs into ready drivers, and is the one place where TLS is set up."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod shown_url;
pub mod tls;
mod url_error;

pub use url_error::UrlError;
