use groundcrew_base::MASK;
use sentry::protocol::value::{Map, Value};

use crate::{Action, Redactor};

/// An envelope of Sentry as it may be seen, whoever filled it: events, transactions, logs, and what else is JSON.
///
/// Every text in it is masked, as are values by the names that they stand behind; cookies and `Authorization` are
/// left out. What is no JSON, as attachments are, cannot be read and is left out too. Nothing if nothing is left.
pub(super) fn scrubbed(envelope: &[u8], redactor: &Redactor) -> Option<Vec<u8>> {
    let (header, mut rest) = line(envelope);
    let mut header = json(header)?;
    if let Some(transaction) = header.pointer_mut("/trace/transaction") {
        scrub(transaction, None, redactor);
    }
    let mut out = header.to_string().into_bytes();
    out.push(b'\n');
    let empty = out.len();
    while !rest.is_empty() {
        let (item, after) = line(rest);
        let item = json(item)?;
        let payload;
        (payload, rest) = match item.get("length").and_then(Value::as_u64) {
            Some(length) => after.split_at_checked(usize::try_from(length).ok()?)?,
            None => line(after),
        };
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        add_item(&mut out, item, payload, redactor);
    }
    (out.len() > empty).then_some(out)
}

fn add_item(out: &mut Vec<u8>, mut item: Value, payload: &[u8], redactor: &Redactor) {
    let (Some(fields), Some(mut payload)) = (item.as_object_mut(), json(payload)) else {
        return;
    };
    if fields.get("type").and_then(Value::as_str) == Some("attachment") {
        return;
    }
    scrub_payload(&mut payload, redactor);
    let payload = payload.to_string();
    if fields.contains_key("length") {
        fields.insert("length".to_owned(), Value::from(payload.len()));
    }
    for text in [item.to_string(), payload] {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', bytes) {
        Some(end) => (
            bytes.get(..end).unwrap_or_default(),
            bytes.get(end + 1..).unwrap_or_default(),
        ),
        None => (bytes, &[]),
    }
}

fn json(bytes: &[u8]) -> Option<Value> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// What an item consists of, but for what the client says itself.
fn scrub_payload(payload: &mut Value, redactor: &Redactor) {
    let Some(fields) = payload.as_object_mut() else {
        return scrub(payload, None, redactor);
    };
    let names = fields.keys().filter(|name| OWN.contains(&name.as_str()));
    let own: Vec<String> = names.cloned().collect();
    let own: Vec<(String, Value)> = own
        .into_iter()
        .filter_map(|name| fields.remove_entry(&name))
        .collect();
    scrub_fields(fields, None, redactor);
    fields.extend(own);
}

/// Masks a value behind a name, or within one that has such a name: `masked`.
fn scrub(value: &mut Value, masked: Option<&str>, redactor: &Redactor) {
    match (value, masked) {
        (Value::Object(fields), _) => scrub_fields(fields, masked, redactor),
        (Value::Array(values), _) => {
            values.iter_mut().for_each(|value| scrub(value, masked, redactor));
        }
        (Value::String(text), Some(name)) => {
            let action = redactor.action(name).unwrap_or_default();
            // A log record that became an event has been redacted before.
            if !Redactor::is_shown(action, text) {
                *text = applied(action, text, redactor);
            }
        }
        (Value::String(text), None) => *text = redactor.text(text).into_owned(),
        (Value::Null | Value::Bool(_), _) => {}
        (number, Some(_)) => *number = Value::from(MASK),
        (number, None) => {
            let action = number.as_u64().and_then(|number| redactor.number_action(number));
            if let Some(action) = action {
                *number = Value::from(applied(action, &number.to_string(), redactor));
            }
        }
    }
}

fn applied(action: Action, text: &str, redactor: &Redactor) -> String {
    let mut shown = String::new();
    redactor.apply(action, text, &mut shown);
    shown
}

fn scrub_fields(fields: &mut Map<String, Value>, masked: Option<&str>, redactor: &Redactor) {
    for (name, mut value) in std::mem::take(fields) {
        if is_credential(&name) {
            continue;
        }
        let is_id = IDS.contains(&name.as_str()) && is_hex(&value);
        if !is_id {
            let own = redactor.masks(&name).then_some(name.as_str());
            scrub(&mut value, own.or(masked), redactor);
        }
        fields.insert(redactor.text(&name).into_owned(), value);
    }
}

/// Cookies and authorizations, by the names of headers and of CGI.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let name = name.strip_prefix("http-").unwrap_or(&name);
    CREDENTIALS.contains(&name)
}

fn is_hex(value: &Value) -> bool {
    let text = value.as_str().filter(|text| text.len() <= LONGEST_ID);
    text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
}

/// What the client says of itself: it holds nothing of a request.
const OWN: [&str; 11] = [
    "event_id",
    "level",
    "type",
    "platform",
    "release",
    "environment",
    "dist",
    "server_name",
    "timestamp",
    "sdk",
    "debug_meta",
];
const IDS: [&str; 5] = ["trace_id", "span_id", "parent_span_id", "replay_id", "sid"];
/// A UUID with its hyphens.
const LONGEST_ID: usize = 36;
const CREDENTIALS: [&str; 5] = [
    "cookie",
    "cookies",
    "set-cookie",
    "authorization",
    "proxy-authorization",
];
