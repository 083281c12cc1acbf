//! The wire format of protocol buffers, as much of it as metrics need.

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) const fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn uint(&mut self, field: u32, value: u64) {
        self.key(field, VARINT);
        self.varint(value);
    }

    /// A field of type `sint32` or `sint64`.
    pub(super) fn sint(&mut self, field: u32, value: i64) {
        self.uint(field, zigzag(value));
    }

    pub(super) fn double(&mut self, field: u32, value: f64) {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.key(field, DELIMITED);
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.key(field, DELIMITED);
        self.delimited(write);
    }

    /// What `write` adds, with its length in front.
    pub(super) fn delimited(&mut self, write: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        // Room for a length below 128, which most messages have; a longer one moves what was written.
        self.0.push(0);
        write(self);
        self.close(start);
    }

    /// Writes the length of what follows the byte at `start`.
    pub(super) fn close(&mut self, start: usize) {
        let length = self.0.len().saturating_sub(start + 1) as u64;
        let (bytes, count) = encoded(length);
        let bytes = bytes.get(..count).unwrap_or_default();
        if let Some(((place, byte), rest)) = self.0.get_mut(start).zip(bytes.first()).zip(bytes.get(1..)) {
            *place = *byte;
            if !rest.is_empty() {
                self.0.splice(start + 1..start + 1, rest.iter().copied());
            }
        }
    }

    fn key(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, value: u64) {
        let (bytes, count) = encoded(value);
        self.0.extend_from_slice(bytes.get(..count).unwrap_or_default());
    }
}

/// The bytes of a varint and how many there are.
fn encoded(value: u64) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    let mut rest = value;
    let mut count = 0;
    for byte in &mut bytes {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        count += 1;
        if rest == 0 {
            *byte = low & 0x7f;
            break;
        }
        *byte = low | 0x80;
    }
    (bytes, count)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_encoded_as_the_specification_shows() {
        let bytes = |value| {
            let (bytes, count) = encoded(value);
            bytes[..count].to_vec()
        };

        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(127), [127]);
        assert_eq!(bytes(150), [0x96, 0x01]);
        assert_eq!(bytes(u64::MAX), [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        assert_eq!(
            [0, -1, 1, -2, i64::MAX, i64::MIN].map(zigzag),
            [0, 1, 2, 3, u64::MAX - 1, u64::MAX]
        );
    }

    #[test]
    fn a_long_message_has_a_long_length() {
        let mut message = Message::default();
        message.message(1, |inner| inner.text(2, &"x".repeat(200)));

        let bytes = message.into_bytes();

        assert_eq!(bytes[..6], [0x0a, 0xcb, 0x01, 0x12, 0xc8, 0x01]);
        assert_eq!(bytes.len(), 206);
    }
}
