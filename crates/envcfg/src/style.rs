use std::io::{IsTerminal as _, stderr};

use crate::EnvSource;

/// How a [`Report`](crate::Report) is laid out: colour, width, and whether only ASCII is safe.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Style, Vars};
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     /// The port to listen on
///     #[config(default = 3000)]
///     port: u16,
/// }
///
/// let report = Settings::from_source(&Vars::from([("PORT", "80x")])).expect_err("a mistake");
/// assert_eq!(report.render(&Style::plain()), "\
/// error: configuration is invalid: 1 problem
///
///  1. PORT = \"80x\": expected a whole number from 0 to 65535
///     from given
///     The port to listen on
///     fix: export PORT=3000
/// ");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    pub(crate) color: bool,
    pub(crate) unicode: bool,
    pub(crate) width: Option<usize>,
}

impl Style {
    /// No colour, no letters outside ASCII and lines of any length: for files and for tests.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            color: false,
            unicode: false,
            width: None,
        }
    }

    /// Fits the standard error stream of this process, as [`Self::detect`] says.
    #[must_use]
    pub fn stderr(env: &impl EnvSource) -> Self {
        Self::detect(env, stderr().is_terminal())
    }

    /// Fits a stream that is a terminal or is none, as the variables in `env` ask for.
    ///
    /// Colour is used on a terminal only, unless `CLICOLOR_FORCE` is set and not `0`. There is none if `NO_COLOR`
    /// is set, if `CLICOLOR` is `0` or if `TERM` is `dumb`; `NO_COLOR` has the last word. Letters outside ASCII
    /// need UTF-8 in `LC_ALL`, `LC_CTYPE` or `LANG`, the first of them that is set. Lines are wrapped on a terminal,
    /// at `COLUMNS` or 100.
    #[must_use]
    pub fn detect(env: &impl EnvSource, terminal: bool) -> Self {
        let get = |name: &str| {
            let value = env.lookup(name).filter(|value| !value.is_empty())?;
            value.into_parts().0.into_string().ok()
        };
        let dumb = get("TERM").as_deref() == Some("dumb");
        let wanted = terminal && !dumb && get("CLICOLOR").as_deref() != Some("0");
        let forced = get("CLICOLOR_FORCE").is_some_and(|text| text != "0");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get);
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let columns = get("COLUMNS").and_then(|text| text.trim().parse().ok());
        Self {
            color: (wanted || forced) && get("NO_COLOR").is_none(),
            unicode: utf8 && !dumb,
            width: terminal.then(|| columns.unwrap_or(DEFAULT_WIDTH)),
        }
    }

    /// Switches colour on or off; off by default.
    #[must_use]
    pub const fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// Allows letters outside ASCII, or has them written as `\u{e9}`; the default.
    #[must_use]
    pub const fn unicode(mut self, unicode: bool) -> Self {
        self.unicode = unicode;
        self
    }

    /// Wraps text at `columns`, at least 40; lines to paste and lines of a file are left whole.
    #[must_use]
    pub const fn width(mut self, columns: usize) -> Self {
        self.width = Some(columns);
        self
    }
}

impl Default for Style {
    fn default() -> Self {
        Self::plain()
    }
}

const DEFAULT_WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vars;

    fn detect<const N: usize>(vars: [(&str, &str); N], terminal: bool) -> (bool, bool, Option<usize>) {
        let style = Style::detect(&Vars::from(vars), terminal);
        (style.color, style.unicode, style.width)
    }

    #[test]
    fn colour_is_for_terminals_unless_asked_for_or_refused() {
        let color = |vars: &[(&str, &str)], terminal| {
            let vars: Vars = vars.iter().copied().collect();
            Style::detect(&vars, terminal).color
        };

        assert_eq!([true, false].map(|terminal| color(&[], terminal)), [true, false]);
        assert!(!color(&[("NO_COLOR", "1")], true) && color(&[("NO_COLOR", "")], true));
        assert!(color(&[("CLICOLOR_FORCE", "1")], false) && !color(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!color(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(!color(&[("TERM", "dumb")], true) && color(&[("TERM", "xterm")], true));
        assert!(!color(&[("CLICOLOR", "0")], true));
    }

    #[test]
    fn letters_and_width_follow_the_locale_and_the_terminal() {
        assert_eq!(detect([], true), (true, false, Some(100)));
        assert_eq!(
            detect([("LANG", "de_DE.UTF-8"), ("COLUMNS", "60")], true),
            (true, true, Some(60))
        );
        assert_eq!(
            detect([("LANG", "C.utf8"), ("COLUMNS", "60")], false),
            (false, true, None)
        );
        assert_eq!(
            detect([("LC_ALL", "C"), ("LANG", "C.UTF-8")], true),
            (true, false, Some(100))
        );
        assert_eq!(
            detect([("TERM", "dumb"), ("LANG", "C.UTF-8")], true),
            (false, false, Some(100))
        );
    }
}
