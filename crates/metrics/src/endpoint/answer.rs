use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::{
    Encoded,
    question::{Question, Refusal},
};

/// The response to a question that was asked well.
pub(super) fn to(question: &Question, encoded: Option<Encoded>) -> Response<Bytes> {
    let Some(Encoded { body, gzip }) = encoded else {
        return with_status(StatusCode::INTERNAL_SERVER_ERROR, "the scrape has failed\n");
    };
    let length = body.len();
    let mut response = Response::new(if question.is_head { Bytes::new() } else { body });
    set(
        &mut response,
        header::CONTENT_TYPE,
        &question.accepted.content_type(),
    );
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::VARY, "accept, accept-encoding");
    if gzip {
        set(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    response
}

/// The response when too many different scrapes are under way.
pub(super) fn busy() -> Response<Bytes> {
    let mut response = with_status(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many different scrapes at the same time\n",
    );
    set(&mut response, header::RETRY_AFTER, "1");
    response
}

pub(super) fn refused(refusal: &Refusal) -> Response<Bytes> {
    match refusal {
        Refusal::Method => {
            let mut response = with_status(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            set(&mut response, header::ALLOW, "GET, HEAD");
            response
        }
        Refusal::Token => {
            let mut response =
                with_status(StatusCode::UNAUTHORIZED, "the bearer token is missing or wrong\n");
            set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
            response
        }
    }
}

fn with_status(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
