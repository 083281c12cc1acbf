/// The hint for a value that Kubernetes has set in the place of a setting.
///
/// For each service of a namespace a pod gets variables such as `REDIS_PORT=tcp://10.0.0.1:6379`.
pub(crate) fn hint(variable: &str, text: &str) -> Option<String> {
    let service = variable
        .strip_suffix("_PORT")
        .filter(|service| !service.is_empty())?;
    is_link(text).then(|| {
        let service = service.to_ascii_lowercase().replace('_', "-");
        format!(
            "Kubernetes sets this for the service {service:?}: set enableServiceLinks: false in the pod, \
             or give the service another name"
        )
    })
}

/// Whether `text` is a protocol with an IP address and a port.
fn is_link(text: &str) -> bool {
    let Some((protocol, address)) = text.split_once("://") else {
        return false;
    };
    matches!(protocol, "tcp" | "udp" | "sctp") && address.parse::<std::net::SocketAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_kubernetes_writes_is_a_link() {
        let links = [
            ("REDIS_PORT", "tcp://10.0.0.1:6379"),
            ("MY_DB_PORT", "udp://10.3.240.10:53"),
            ("DB_PORT", "tcp://[fd00::1]:5432"),
        ];
        let others = [
            ("REDIS_PORT", "6379"),
            ("REDIS_PORT", "tcp://redis:6379"),
            ("REDIS_PORT", "http://10.0.0.1:6379"),
            ("REDIS_PORT", "tcp://10.0.0.1"),
            ("REDIS_URL", "tcp://10.0.0.1:6379"),
            ("_PORT", "tcp://10.0.0.1:6379"),
        ];

        for (variable, text) in links {
            assert!(hint(variable, text).is_some(), "{variable}={text}");
        }
        for (variable, text) in others {
            assert_eq!(hint(variable, text), None, "{variable}={text}");
        }
        assert_eq!(
            hint("MY_DB_PORT", "tcp://10.0.0.1:1").unwrap(),
            "Kubernetes sets this for the service \"my-db\": set enableServiceLinks: false in the pod, \
             or give the service another name"
        );
    }
}
