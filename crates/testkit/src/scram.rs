use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// What PostgreSQL stores for `password`: a SCRAM-SHA-256 verifier with a single iteration.
///
/// The 4096 iterations of the default cost every connection of an unoptimised test binary a noticeable part of
/// a second, and protect a random password that lives as long as one test from nothing.
pub(crate) fn verifier(password: &str, salt: [u8; 16]) -> String {
    const ITERATIONS: u32 = 1;
    let mut seed = salt.to_vec();
    seed.extend_from_slice(&ITERATIONS.to_be_bytes());
    let salted = hmac(password.as_bytes(), &seed);
    let stored_key = Sha256::digest(hmac(&salted, b"Client Key"));
    let server_key = hmac(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    )
}

/// HMAC-SHA-256 (RFC 2104) for keys up to one block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let padded = |with: u8| {
        let pad = key.iter().copied().chain(std::iter::repeat(0)).take(BLOCK);
        pad.map(|byte| byte ^ with).collect::<Vec<u8>>()
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");

        assert_eq!(
            hex::encode(mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
