use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    fs::File,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
};

use zeroize::Zeroize;

use crate::bounded;

/// The files that `NAME_FILE` variables point to, each opened once: it may be a pipe, which gives its text once and
/// makes whoever opens it again wait, and what is in its place later may be another secret.
///
/// Dropped by hand: what the compiler makes for it costs a load that reads no file 20 instructions more.
#[derive(Default)]
pub(crate) struct SecretFiles(ManuallyDrop<OnceCell<Box<RefCell<Contents>>>>);

type Contents = BTreeMap<PathBuf, Result<String, String>>;

impl Drop for SecretFiles {
    fn drop(&mut self) {
        if let Some(contents) = self.0.take() {
            wipe(contents);
        }
    }
}

impl SecretFiles {
    /// The text of the file, or why it cannot be had.
    pub(crate) fn read(&self, path: &Path) -> Result<String, String> {
        let contents = self.0.get_or_init(Box::default);
        let known = contents.borrow().get(path).cloned();
        known.unwrap_or_else(|| {
            let text = read_secret(path);
            contents.borrow_mut().insert(path.to_owned(), text.clone());
            text
        })
    }

    /// Shows every text that was read.
    pub(crate) fn for_each(&self, see: impl FnMut(&str)) {
        let contents = self.0.get().map(|contents| contents.borrow());
        let texts = contents.iter().flat_map(|contents| contents.values().flatten());
        texts.map(String::as_str).for_each(see);
    }
}

/// Overwrites the texts, out of the way of a load that has read none.
#[cold]
#[inline(never)]
#[expect(
    clippy::boxed_local,
    reason = "it is given up here, where that costs nobody else"
)]
fn wipe(contents: Box<RefCell<Contents>>) {
    contents
        .into_inner()
        .values_mut()
        .flatten()
        .for_each(Zeroize::zeroize);
}

/// The text of a secret file without the line break that editors put at its end.
pub(crate) fn read_secret(path: &Path) -> Result<String, String> {
    let bytes = File::open(path)
        .and_then(bounded::read)
        .map_err(|error| error.kind().to_string())?;
    if bounded::is_cut(&bytes) {
        return Err(format!("larger than {} bytes", bounded::MOST_BYTES));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| String::from("not Unicode (UTF-8)"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
