use std::path::PathBuf;

use super::SslMode;
use crate::UrlError;

/// The query parameters of a URL: those that are handled here, and the rest for the driver.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) sslmode: Option<SslMode>,
    pub(super) sslrootcert: Option<PathBuf>,
    pub(super) sslcert: Option<PathBuf>,
    pub(super) sslkey: Option<PathBuf>,
    pub(super) driver: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, UrlError> {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(plus_is_plus(query).as_bytes()) {
            match name.as_ref() {
                "sslmode" => parameters.sslmode = Some(value.parse()?),
                "sslrootcert" if value == "system" => parameters.sslrootcert = None,
                "sslrootcert" => parameters.sslrootcert = Some(PathBuf::from(value.as_ref())),
                "sslcert" => parameters.sslcert = Some(PathBuf::from(value.as_ref())),
                "sslkey" => parameters.sslkey = Some(PathBuf::from(value.as_ref())),
                name if FOR_DRIVER.contains(&name) => {
                    parameters.driver.push((name.to_owned(), value.into_owned()));
                }
                name => {
                    return Err(UrlError::UnknownParameter {
                        name: name.to_owned(),
                    });
                }
            }
        }
        Ok(parameters)
    }

    /// The driver's part as a query string.
    pub(super) fn driver_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.driver);
        // The driver takes `+` literally, as libpq does.
        query.finish().replace('+', "%20")
    }
}

/// libpq takes `+` literally; form encoding would read a space.
fn plus_is_plus(query: &str) -> String {
    query.replace('+', "%2B")
}

const FOR_DRIVER: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];
