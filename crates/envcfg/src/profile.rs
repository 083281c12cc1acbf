use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, EnumAccess, VariantAccess, Visitor},
};

use crate::profile_name;

/// Where a service runs: on a developer's machine, under test, in staging or in production.
///
/// Read from `development` or `dev`, `test`, `staging` or `stage`, `production` or `prod`, upper or lower case alike,
/// and written by its full name. There is no default: a configuration says at the field what an unset variable means.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Profile, Vars};
///
/// #[derive(Config)]
/// struct Settings {
///     node_env: Profile,
/// }
///
/// let settings = Settings::from_source(&Vars::from([("NODE_ENV", "Prod")]))?;
/// assert!(settings.node_env.is_production());
/// assert_eq!(settings.node_env.to_string(), "production");
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "complete by definition: a program decides by it"
)]
pub enum Profile {
    /// A developer's machine.
    Development,
    /// An automated test.
    Test,
    /// A rehearsal of production.
    Staging,
    /// The real thing.
    Production,
}

/// The text names no [`Profile`]. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownProfile;

impl Profile {
    /// Every profile, from a developer's machine to production.
    pub const ALL: [Self; 4] = [Self::Development, Self::Test, Self::Staging, Self::Production];

    /// The full name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub const fn is_development(self) -> bool {
        matches!(self, Self::Development)
    }

    /// Whether this is an automated test.
    #[must_use]
    pub const fn is_test(self) -> bool {
        matches!(self, Self::Test)
    }

    /// Whether nobody but developers and tests use it.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Development | Self::Test)
    }

    /// Whether this is staging.
    #[must_use]
    pub const fn is_staging(self) -> bool {
        matches!(self, Self::Staging)
    }

    /// Whether this is production.
    #[must_use]
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL
            .into_iter()
            .find(|profile| profile_name::is(text, profile.as_str()))
            .ok_or(UnknownProfile)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of {}", NAMES.join(", "))
    }
}

impl std::error::Error for UnknownProfile {}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Profile", &SPELLINGS, ByEnum)
    }
}

/// Says to the format that this is an enum, so that documentation can list its names, all of them.
struct ByEnum;

impl<'de> Visitor<'de> for ByEnum {
    type Value = Profile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", NAMES.join(", "))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Profile, E> {
        text.parse().map_err(|_| E::unknown_variant(text, &NAMES))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Profile, A::Error> {
        let (ByName(profile), variant) = access.variant()?;
        variant.unit_variant()?;
        Ok(profile)
    }
}

struct ByName(Profile);

impl<'de> Deserialize<'de> for ByName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(ByEnum).map(Self)
    }
}

const NAMES: [&str; 4] = ["development", "test", "staging", "production"];

const SPELLINGS: [&str; 7] = [
    "development",
    "dev",
    "test",
    "staging",
    "stage",
    "production",
    "prod",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile_name::SHORT;

    #[test]
    fn every_spelling_of_a_profile_is_read() {
        let cases = [
            ("development", Profile::Development),
            ("DEV", Profile::Development),
            ("Test", Profile::Test),
            (" staging ", Profile::Staging),
            ("stage", Profile::Staging),
            ("production", Profile::Production),
            ("Prod", Profile::Production),
        ];

        for (text, profile) in cases {
            assert_eq!(text.parse(), Ok(profile), "{text}");
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile, "{text}");
        }
        assert_eq!(
            serde_json::to_string(&Profile::ALL).unwrap(),
            r#"["development","test","staging","production"]"#
        );
    }

    #[test]
    fn every_spelling_that_is_documented_is_read() {
        let read = SPELLINGS.map(|text| text.parse::<Profile>().map(Profile::as_str));

        assert!(read.iter().all(Result::is_ok), "{read:?}");
        assert!(
            SHORT
                .iter()
                .all(|(long, short)| [long, short].iter().all(|name| SPELLINGS.contains(name)))
        );
    }

    #[test]
    fn another_word_is_told_what_would_be_right() {
        let expected = "expected one of development, test, staging, production";

        for text in ["", "prd", "developments", "production-eu"] {
            assert_eq!(text.parse::<Profile>(), Err(UnknownProfile), "{text}");
        }
        assert_eq!(UnknownProfile.to_string(), expected);
    }

    #[test]
    fn developers_and_tests_are_local() {
        let local = Profile::ALL.map(Profile::is_local);

        assert_eq!(local, [true, true, false, false]);
    }

    #[test]
    fn each_question_is_true_of_one_profile() {
        let answers = Profile::ALL.map(|profile| {
            [
                profile.is_development(),
                profile.is_test(),
                profile.is_staging(),
                profile.is_production(),
            ]
        });

        for (asked, answer) in answers.iter().enumerate() {
            let expected = [0, 1, 2, 3].map(|question| question == asked);
            assert_eq!(*answer, expected);
        }
    }
}
