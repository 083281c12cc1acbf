//! The labels of HTTP, as values of few and known texts.

use http::{Method, Uri, uri};

use crate::LabelValue;

/// Declares an enum whose variants are all the values of a label.
macro_rules! label_value {
    ($(#[$doc:meta])* enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            pub(super) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl LabelValue for $name {
            const VALUES: &'static [&'static str] = &[$($text),+];

            fn text(&self) -> impl AsRef<str> {
                self.as_str()
            }

            #[inline]
            fn index(&self) -> usize {
                *self as usize
            }
        }
    };
}

label_value! {
    /// A registered method, `QUERY`, or any other one.
    enum MethodLabel {
        Get = "GET",
        Post = "POST",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
        Head = "HEAD",
        Options = "OPTIONS",
        Connect = "CONNECT",
        Trace = "TRACE",
        Query = "QUERY",
        Other = "_OTHER",
    }
}

label_value! {
    /// As the client sees it, as far as the request tells.
    enum Scheme {
        Http = "http",
        Https = "https",
    }
}

label_value! {
    /// Why a response did not come to its end.
    enum Reason {
        /// The client went away, or a timeout dropped the request.
        Aborted = "aborted",
        /// The service or the body gave an error.
        Failed = "failed",
        /// The handler or the body panicked.
        Panicked = "panicked",
    }
}

impl MethodLabel {
    #[inline]
    pub(super) fn of(method: &Method) -> Self {
        match method.as_str() {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            "CONNECT" => Self::Connect,
            "TRACE" => Self::Trace,
            "QUERY" => Self::Query,
            _ => Self::Other,
        }
    }
}

impl Scheme {
    #[inline]
    pub(super) fn of(uri: &Uri) -> Self {
        match uri.scheme() {
            Some(scheme) if *scheme == uri::Scheme::HTTPS => Self::Https,
            _ => Self::Http,
        }
    }
}

/// The `error.type` of the semantic conventions: why it failed, or the status of a server's failure; else nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum ErrorType {
    None,
    Status(u16),
    Reason(Reason),
}

impl ErrorType {
    pub(super) const fn of(status: u16, reason: Option<Reason>) -> Self {
        match reason {
            Some(reason) => Self::Reason(reason),
            None if status >= 500 => Self::Status(status),
            None => Self::None,
        }
    }
}

impl LabelValue for ErrorType {
    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::None => Either::Left(""),
            Self::Status(status) => Either::Right(status.text()),
            Self::Reason(reason) => Either::Left(reason.as_str()),
        }
    }
}

enum Either<T> {
    Left(&'static str),
    Right(T),
}

impl<T: AsRef<str>> AsRef<str> for Either<T> {
    fn as_ref(&self) -> &str {
        match self {
            Self::Left(text) => text,
            Self::Right(text) => text.as_ref(),
        }
    }
}
