/// The groups of a process, `/proc/self/cgroup`; see `cgroups(7)`.
#[derive(Debug, Default)]
pub(super) struct Membership<'a> {
    /// In version 2.
    pub unified: Option<&'a str>,
    /// In version 1: controllers, separated by commas, and the path.
    legacy: Vec<(&'a str, &'a str)>,
}

impl<'a> Membership<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut membership = Self::default();
        for line in text.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(hierarchy), Some(controllers), Some(path)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            if hierarchy == "0" && controllers.is_empty() {
                membership.unified = Some(path);
            } else {
                membership.legacy.push((controllers, path));
            }
        }
        membership
    }

    /// The path in the hierarchy of version 1 that has this controller.
    pub(super) fn legacy(&self, controller: &str) -> Option<&'a str> {
        let has = |controllers: &str| controllers.split(',').any(|name| name == controller);
        self.legacy
            .iter()
            .find(|(controllers, _)| has(controllers))
            .map(|(_, path)| *path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told_apart() {
        let membership = Membership::parse(
            "5:cpu,cpuacct:/a\n4:memory:/b:c\n1:name=systemd:/init.scope\n0::/user.slice/x\nnonsense\n",
        );

        assert_eq!(membership.unified, Some("/user.slice/x"));
        assert_eq!(membership.legacy("cpu"), Some("/a"));
        assert_eq!(membership.legacy("cpuacct"), Some("/a"));
        assert_eq!(membership.legacy("memory"), Some("/b:c"));
        assert_eq!(membership.legacy("pids"), None);
        assert_eq!(membership.legacy("acct"), None);
    }
}
