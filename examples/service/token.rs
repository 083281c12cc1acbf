//! The players' bearer tokens: an id, and a signature that only the service can make.

use groundcrew::base::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes and reads tokens such as `17.5f3c...`.
#[derive(Clone, Debug)]
pub(crate) struct Signer(Secret);

impl Signer {
    /// Signs with that secret; without one, with one that lives as long as the process.
    pub(crate) fn new(secret: Option<Secret>) -> Self {
        Self(secret.unwrap_or_else(random))
    }

    /// The token of a player.
    pub(crate) fn sign(&self, player: i64) -> Option<String> {
        let signature = self.mac(&player.to_string())?.finalize().into_bytes();
        Some(format!("{player}.{}", hex::encode(signature)))
    }

    /// The player whose token this is. The comparison takes the same time for every wrong one.
    pub(crate) fn verify(&self, token: &str) -> Option<i64> {
        let (player, signature) = token.split_once('.')?;
        let signature = hex::decode(signature).ok()?;
        self.mac(player)?.verify_slice(&signature).ok()?;
        player.parse().ok()
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes()).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }
}

/// A secret from the operating system's generator.
fn random() -> Secret {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("Linux and macOS always have random bytes");
    hex::encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_is_believed() {
        let signer = Signer::new(Some(Secret::from("a secret that is long enough for it")));
        let token = signer.sign(17).unwrap();

        assert_eq!(signer.verify(&token), Some(17));
        assert_eq!(signer.verify(&token.replace("17.", "18.")), None);
        assert_eq!(signer.verify("17."), None);
        assert_eq!(Signer::new(None).verify(&token), None);
    }
}
