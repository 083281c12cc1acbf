/// Whether a profile, as the environment spells it, is the one that an attribute names.
///
/// Case does not matter, and the usual short names are the same profile as the long ones.
pub(crate) fn is(text: &str, named: &str) -> bool {
    long(text).eq_ignore_ascii_case(long(named))
}

/// The profile without blanks, by its long name if it is one of the usual short ones.
pub(crate) fn long(text: &str) -> &str {
    let text = text.trim();
    let mut known = SHORT.iter();
    known
        .find(|(_, short)| short.eq_ignore_ascii_case(text))
        .map_or(text, |(long, _)| long)
}

/// Whether the profile has a short name.
pub(crate) const fn has_short(named: &str) -> bool {
    let mut rest = SHORT.as_slice();
    while let [(long, short), others @ ..] = rest {
        if named.eq_ignore_ascii_case(long) || named.eq_ignore_ascii_case(short) {
            return true;
        }
        rest = others;
    }
    false
}

/// Every name of the profile.
#[cfg(feature = "json")]
pub(crate) fn all(named: &str) -> impl Iterator<Item = &str> {
    let other = SHORT.iter().filter(|(long, _)| is(named, long));
    let other = other.flat_map(|(long, short)| [*long, *short]);
    [named]
        .into_iter()
        .chain(other.filter(|name| !name.eq_ignore_ascii_case(named)))
}

/// The long names and the short ones.
pub(crate) const SHORT: [(&str, &str); 3] = [
    ("development", "dev"),
    ("production", "prod"),
    ("staging", "stage"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "json")]
    #[test]
    fn a_profile_is_known_by_each_of_its_names() {
        assert_eq!(all("production").collect::<Vec<_>>(), ["production", "prod"]);
        assert_eq!(all("DEV").collect::<Vec<_>>(), ["DEV", "development"]);
        assert_eq!(all("test").collect::<Vec<_>>(), ["test"]);
    }

    #[test]
    fn some_profiles_have_two_names() {
        assert_eq!(
            ["Production", "stage", "test", "blue"].map(has_short),
            [true, true, false, false]
        );
    }

    #[test]
    fn short_names_and_case_make_no_other_profile() {
        let same = [
            ("production", "production"),
            ("Production ", "production"),
            ("prod", "production"),
            ("production", "prod"),
            ("DEV", "development"),
            ("blue", "BLUE"),
        ];
        let other = [
            ("production", "development"),
            ("pro", "production"),
            ("", "production"),
        ];

        assert!(same.iter().all(|(text, named)| is(text, named)));
        assert!(!other.iter().any(|(text, named)| is(text, named)));
    }
}
