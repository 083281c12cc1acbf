//! The names that generated code gives its local variables are nobody else's: neither fields nor constants nor
//! functions can mean them.

use groundcrew_envcfg::{Checks, Config, Vars};

mod constants {
    #![expect(
        non_upper_case_globals,
        reason = "a constant of this name must not be a pattern in generated code"
    )]

    macro_rules! constants {
        ($($name:ident)*) => {
            $(const $name: u16 = 1;)*

            #[derive(Debug, groundcrew_envcfg::Config)]
            #[config(check = super::no_zero)]
            pub(super) struct Constants {
                $(
                    #[config(default = $name)]
                    pub(super) $name: u16,
                )*
            }

            impl Constants {
                pub(super) fn all(&self) -> Vec<u16> {
                    vec![$(self.$name),*]
                }
            }
        };
    }

    constants! {
        checks loaded loader defaults mark describe known value own given read raw leaf error errors subject element
        at is_right follows_rules found before right left default bound a b twice code rule text fields
    }
}

use constants::Constants;

fn no_zero(constants: &Constants, checks: &mut Checks<'_, '_>) {
    if constants.all().contains(&0) {
        checks.add_overall("a value is 0");
    }
}

#[test]
fn constants_of_the_caller_are_told_from_local_variables() {
    let constants = Constants::from_source(&Vars::from([("LOADER", "7"), ("FIELDS", "9")])).unwrap();

    assert_eq!((constants.loader, constants.fields, constants.checks), (7, 9, 1));
    assert_eq!(constants.all().iter().filter(|value| **value != 1).count(), 2);
    let report = Constants::from_source(&Vars::from([("MARK", "0")])).unwrap_err();
    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  a value is 0"
    );
    let defaults: Vec<_> = Constants::fields().into_iter().map(|spec| spec.default).collect();
    assert!(defaults.iter().all(|default| default.as_deref() == Some("1")));
}

mod functions {
    use super::{Checks, Config, Vars};

    fn loader() -> u16 {
        1
    }

    fn mark() -> u16 {
        2
    }

    fn defaults() -> u16 {
        3
    }

    fn checks(loaded: u16, checks: &mut Checks<'_, '_>) {
        if loaded == 0 {
            checks.add("loaded", "must not be 0");
        }
    }

    fn loaded(functions: &Functions, checks: &mut Checks<'_, '_>) {
        if functions.loader == 0 {
            checks.add("loader", "must not be 0");
        }
    }

    #[derive(Debug, Config)]
    #[config(check(checks, loaded), check(checks, checks), check = loaded)]
    struct Functions {
        #[config(default = loader() + mark() + defaults())]
        loader: u16,
        #[config(default = mark())]
        loaded: u16,
        #[config(default = defaults())]
        checks: u16,
    }

    #[test]
    fn functions_of_the_caller_are_told_from_local_variables() {
        let functions = Functions::from_source(&Vars::new()).unwrap();

        assert_eq!((functions.loader, functions.loaded, functions.checks), (6, 2, 3));
        let report = Functions::from_source(&Vars::from([("LOADED", "0"), ("CHECKS", "0")])).unwrap_err();
        assert_eq!(report.len(), 2);
        let report = Functions::from_source(&Vars::from([("LOADER", "0")])).unwrap_err();
        assert_eq!(
            report.to_string(),
            "configuration is invalid: 1 problem\n  LOADER: must not be 0"
        );
    }

    #[derive(Debug, Config)]
    #[config(default, check = stands_in)]
    struct Whole {
        loader: u16,
        #[config(nested, prefix = "INNER_")]
        defaults: Functions,
    }

    impl Default for Whole {
        fn default() -> Self {
            Self {
                loader: 4,
                defaults: Functions {
                    loader: 5,
                    loaded: 6,
                    checks: 7,
                },
            }
        }
    }

    fn stands_in(whole: &Whole, checks: &mut Checks<'_, '_>) {
        if whole.defaults.loaded == 8 {
            checks.add("defaults", "must not hold an 8");
        }
    }

    #[test]
    fn fields_are_told_from_local_variables() {
        let whole = Whole::from_source(&Vars::from([("INNER_LOADER", "9")])).unwrap();

        assert_eq!(
            (whole.loader, whole.defaults.loader, whole.defaults.checks),
            (4, 9, 7)
        );
        let vars = Vars::from([("INNER_LOADED", "8"), ("LOADER", "many")]);
        let report = Whole::from_source(&vars).unwrap_err();
        assert_eq!(report.len(), 2, "{report}");
    }
}
