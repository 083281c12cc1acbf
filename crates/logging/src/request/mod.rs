//! What is known of an HTTP request, feature `tower`.

mod body;
mod cidr;
mod exchange;
mod forwarded;
mod hex;
mod random;
mod request_context;
mod request_id;
mod request_log;
mod route;
mod service;
mod trace_context;
mod trace_state;
mod trusted_proxies;

pub use body::LoggedBody;
pub(crate) use exchange::is_request;
pub use request_context::RequestContext;
pub use request_id::RequestId;
pub use request_log::RequestLog;
pub use service::{LoggedFuture, RequestLogService};
pub use trace_context::{SpanId, TraceContext, TraceId, TraceParentError};
pub use trusted_proxies::{ProxyHeader, TrustedProxies, TrustedProxiesError};
