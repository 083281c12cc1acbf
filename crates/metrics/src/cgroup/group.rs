use std::path::{Path, PathBuf};

use super::{below, mounts::Mount};

/// The control group of a process in one hierarchy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub version: Version,
    own: PathBuf,
    /// Where the hierarchy is mounted: above it nothing is seen.
    top: PathBuf,
}

/// The interface of the kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Version {
    V1,
    V2,
}

impl Group {
    /// Looks for the group `path` in any of the mounts of its hierarchy.
    pub(super) fn find(root: &Path, version: Version, path: &str, mounts: &[&Mount]) -> Option<Self> {
        // Neither a group outside of the namespace nor a mount from outside of it can be related to anything
        // seen here, and what was deleted is not there.
        if is_outside(path) || path.ends_with(" (deleted)") {
            return None;
        }
        let mut mounts_inside = mounts.iter().filter(|mount| !is_outside(&mount.root));
        let exact = mounts_inside.clone().find_map(|mount| {
            let rest = inside(path, &mount.root)?;
            let top = below(root, &mount.point);
            let own = below(&top, rest);
            own.is_dir().then_some(Self { version, own, top })
        });
        // In some sandboxes the mount point stands for the group, whatever it is called.
        exact.or_else(|| {
            let top = below(root, &mounts_inside.next()?.point);
            Some(Self {
                version,
                own: top.clone(),
                top,
            })
        })
    }

    /// A file of the process's own group.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.own.join(name)
    }

    /// The directories of the group and of those around it, from the inside out.
    pub(super) fn levels(&self) -> impl Iterator<Item = &Path> {
        self.own
            .ancestors()
            .take_while(|level| level.starts_with(&self.top))
    }
}

fn is_outside(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// The rest of `path` below `root`, both being paths of groups.
fn inside<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let root = root.trim_end_matches('/');
    let rest = path.strip_prefix(root)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_at_whole_names() {
        assert_eq!(inside("/docker/ab/sub", "/docker/ab"), Some("/sub"));
        assert_eq!(inside("/docker/ab", "/docker/ab"), Some(""));
        assert_eq!(inside("/docker/abc", "/docker/ab"), None);
        assert_eq!(inside("/a", "/"), Some("/a"));
        assert_eq!(inside("/", "/"), Some("/"));
        assert_eq!(inside("/", "/docker"), None);
    }
}
