use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use zeroize::Zeroize;

use crate::bounded;

/// The files that `NAME_FILE` variables point to, each opened once: it may be a pipe, which gives its text once and
/// makes whoever opens it again wait, and what is in its place later may be another secret.
#[derive(Default)]
pub(crate) struct SecretFiles(OnceCell<Box<RefCell<Contents>>>);

/// Overwrites the texts when the load is done.
#[derive(Default)]
struct Contents(BTreeMap<PathBuf, Result<String, String>>);

impl Drop for Contents {
    fn drop(&mut self) {
        self.0.values_mut().flatten().for_each(Zeroize::zeroize);
    }
}

impl SecretFiles {
    /// The text of the file, or why it cannot be had.
    pub(crate) fn read(&self, path: &Path) -> Result<String, String> {
        let contents = self.0.get_or_init(Box::default);
        let known = contents.borrow().0.get(path).cloned();
        known.unwrap_or_else(|| {
            let text = read_secret(path);
            contents.borrow_mut().0.insert(path.to_owned(), text.clone());
            text
        })
    }

    /// Shows every text that was read.
    pub(crate) fn for_each(&self, see: impl FnMut(&str)) {
        let contents = self.0.get().map(|contents| contents.borrow());
        let texts = contents.iter().flat_map(|contents| contents.0.values().flatten());
        texts.map(String::as_str).for_each(see);
    }
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
