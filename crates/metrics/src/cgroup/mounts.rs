/// Where the hierarchies of control groups are mounted, from `/proc/self/mountinfo`; see
/// `proc_pid_mountinfo(5)`.
#[derive(Debug, Default)]
pub(super) struct Mounts(Vec<Mount>);

/// A part of a hierarchy and where it is seen.
#[derive(Debug, PartialEq)]
pub(super) struct Mount {
    /// The group that is mounted, as a path in its hierarchy.
    pub root: String,
    pub point: String,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Unified,
    /// Version 1, with the options that name its controllers.
    Legacy(String),
}

impl Mounts {
    pub(super) fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(parse_line).collect())
    }

    pub(super) fn unified(&self) -> Vec<&Mount> {
        let is_unified = |mount: &&Mount| mount.kind == Kind::Unified;
        self.0.iter().filter(is_unified).collect()
    }

    /// Those of version 1 with this controller.
    pub(super) fn legacy(&self, controller: &str) -> Vec<&Mount> {
        let has_it = |mount: &&Mount| match &mount.kind {
            Kind::Unified => false,
            Kind::Legacy(options) => options.split(',').any(|option| option == controller),
        };
        self.0.iter().filter(has_it).collect()
    }
}

fn parse_line(line: &str) -> Option<Mount> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(3);
    let (root, point) = (unescape(mount.next()?), unescape(mount.next()?));
    let mut file_system = file_system.split(' ');
    let kind = match file_system.next()? {
        "cgroup2" => Kind::Unified,
        "cgroup" => Kind::Legacy(file_system.nth(1)?.to_owned()),
        _ => return None,
    };
    Some(Mount { root, point, kind })
}

/// Blanks, tabs, line ends and backslashes stand as three octal digits.
fn unescape(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let digits = after.get(..3).unwrap_or_default();
        match u8::from_str_radix(digits, 8) {
            Ok(byte) if byte.is_ascii() => {
                plain.push(byte.into());
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_by_version_and_controller() {
        let mounts = Mounts::parse(
            "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
             32 31 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw master:9 - cgroup cgroup rw,cpu,cpuacct\n\
             41 31 0:38 / /mnt/with\\040blank\\134 rw shared:1 master:2 - cgroup2 cgroup2 rw,nsdelegate\n\
             nonsense\n",
        );

        let points = |mounts: Vec<&Mount>| -> Vec<(String, String)> {
            let paths = mounts
                .iter()
                .map(|mount| (mount.root.clone(), mount.point.clone()));
            paths.collect()
        };
        let docker = [("/docker/ab".to_owned(), "/sys/fs/cgroup/cpu,cpuacct".to_owned())];
        assert_eq!(points(mounts.legacy("cpu")), docker);
        assert_eq!(points(mounts.legacy("cpuacct")), docker);
        assert_eq!(points(mounts.legacy("memory")), []);
        let unified = [("/".to_owned(), "/mnt/with blank\\".to_owned())];
        assert_eq!(points(mounts.unified()), unified);
    }

    #[test]
    fn a_backslash_without_digits_stays() {
        assert_eq!(unescape("a\\"), "a\\");
        assert_eq!(unescape("a\\09\\777é"), "a\\09\\777é");
        assert_eq!(unescape("\\040\\011"), " \t");
    }
}
