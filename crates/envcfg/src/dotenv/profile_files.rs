use std::path::{Path, PathBuf};

use super::entries::Entries;
use crate::{EnvSource, Warning, profile_name};

/// The dotenv files of a directory that belong to a profile.
#[derive(Debug)]
pub(super) struct ProfileFiles {
    dir: PathBuf,
    pub(super) profile: Profile,
}

/// What says which profile it is.
#[derive(Debug)]
pub(super) enum Profile {
    None,
    Named(String),
    Variable { variable: String, default: String },
}

/// The files of one profile, the highest first.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) paths: Vec<PathBuf>,
    warning: Option<Warning>,
    /// The variable that should have named the profile, and the profile that is taken without it.
    assumed: Option<(String, String)>,
}

impl ProfileFiles {
    pub(super) const fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            profile: Profile::None,
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn chosen(&self, above: &dyn EnvSource) -> Chosen {
        let mut assumed = None;
        let profile = match &self.profile {
            Profile::None => None,
            Profile::Named(name) => Some(name.clone()),
            Profile::Variable { variable, default } => {
                let value = above.lookup(variable).filter(|value| !value.is_empty());
                if value.is_none() {
                    assumed = Some((variable.clone(), default.clone()));
                }
                // What is not Unicode is no part of a name, and so the profile has no files.
                let text = value.map(|value| value.into_parts().0.to_string_lossy().into_owned());
                Some(text.unwrap_or_else(|| default.clone()))
            }
        };
        let profile = profile.map(|profile| profile_name::long(&profile).to_ascii_lowercase());
        let is_name = profile.as_deref().is_none_or(is_part_of_a_name);
        Chosen {
            paths: self.paths(profile.as_deref().filter(|_| is_name)),
            warning: (!is_name).then(|| Warning::ProfileWithoutFiles {
                variable: self.variable().map(str::to_owned),
            }),
            assumed,
        }
    }

    fn variable(&self) -> Option<&str> {
        match &self.profile {
            Profile::Variable { variable, .. } => Some(variable),
            Profile::None | Profile::Named(_) => None,
        }
    }

    fn paths(&self, profile: Option<&str>) -> Vec<PathBuf> {
        let own_local = profile.map(|profile| format!(".env.{profile}.local"));
        let local = (profile != Some("test")).then(|| String::from(".env.local"));
        let own = profile.map(|profile| format!(".env.{profile}"));
        let names = [own_local, local, own, Some(String::from(".env"))];
        names
            .into_iter()
            .flatten()
            .map(|name| self.dir.join(name))
            .collect()
    }
}

impl Chosen {
    /// What is odd about the choice, now that the files are read.
    pub(super) fn warning(self, entries: &Entries) -> Option<Warning> {
        let in_file = self.assumed.and_then(|(variable, profile)| {
            let (text, origin) = entries.lookup(&variable)?.into_parts();
            let differs =
                !text.is_empty() && !text.to_str().is_some_and(|text| profile_name::is(text, &profile));
            differs.then_some(Warning::ProfileInFile {
                variable,
                origin,
                profile,
            })
        });
        self.warning.or(in_file)
    }
}

/// A profile is part of file names, and must not lead elsewhere.
fn is_part_of_a_name(profile: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !profile.is_empty() && profile.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vars;

    fn names(profile: Profile, vars: &Vars) -> Vec<String> {
        let mut files = ProfileFiles::new(PathBuf::from("dir"));
        files.profile = profile;
        let paths = files.chosen(vars).paths.into_iter();
        paths
            .map(|path| path.strip_prefix("dir").unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn an_earlier_file_is_nearer_to_the_machine_and_the_profile() {
        let by_variable = || Profile::Variable {
            variable: String::from("NODE_ENV"),
            default: String::from("development"),
        };

        assert_eq!(names(Profile::None, &Vars::new()), [".env.local", ".env"]);
        assert_eq!(
            names(Profile::Named(String::from("production")), &Vars::new()),
            [".env.production.local", ".env.local", ".env.production", ".env"]
        );
        assert_eq!(
            names(by_variable(), &Vars::new()),
            [".env.development.local", ".env.local", ".env.development", ".env"]
        );
        assert_eq!(
            names(by_variable(), &Vars::from([("NODE_ENV", "TEST")])),
            [".env.test.local", ".env.test", ".env"]
        );
    }

    #[test]
    fn a_short_name_has_the_files_of_the_long_one() {
        for (short, long) in [
            ("prod", "production"),
            ("Dev ", "development"),
            ("STAGE", "staging"),
        ] {
            let files = names(Profile::Named(String::from(short)), &Vars::new());

            assert_eq!(files, names(Profile::Named(String::from(long)), &Vars::new()));
            assert_eq!(files[0], format!(".env.{long}.local"));
        }
    }

    #[test]
    fn a_profile_does_not_lead_out_of_the_directory() {
        for profile in ["../../etc/passwd", "a/b", "a.b", " ", "é"] {
            assert_eq!(
                names(Profile::Named(String::from(profile)), &Vars::new()),
                [".env.local", ".env"]
            );
        }
    }
}
