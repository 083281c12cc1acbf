use http::{HeaderMap, Uri};

use crate::{Selection, formats::Format};

/// What the query and the headers of a request for health ask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) selection: Selection,
    pub(crate) format: Result<Format, UnknownFormat>,
    pub(crate) verbose: bool,
    pub(crate) fresh: bool,
    /// Whether it has more parameters than anybody means.
    pub(crate) is_flood: bool,
}

/// A format that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownFormat;

impl Question {
    /// `?verbose`, `?exclude=NAME`, `?tag=NAME`, `?format=json|health+json|ui` and `?fresh=1`; what else there is, is left alone.
    pub(crate) fn read(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let mut question = Self {
            selection: Selection::all(),
            format: Ok(Format::accepted(headers)),
            verbose: false,
            fresh: false,
            is_flood: false,
        };
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        for (name, value) in parameters.by_ref().take(MOST_PARAMETERS) {
            match &*name {
                "exclude" => question.selection = question.selection.except(value),
                "tag" => question.selection = question.selection.tag(value),
                "verbose" => question.verbose = is_set(&value),
                "fresh" => question.fresh = is_set(&value),
                "format" => question.format = Format::named(&value).ok_or(UnknownFormat),
                _ => {}
            }
        }
        question.is_flood = parameters.next().is_some();
        question
    }
}

/// A name alone is as good as a yes.
fn is_set(value: &str) -> bool {
    let is = |no: &&str| value.eq_ignore_ascii_case(no);
    !["0", "false", "no", "off"].iter().any(is)
}

pub(crate) const MOST_PARAMETERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_so_many_are_read_and_no_more() {
        let exclude = |count: usize| format!("/livez?{}", vec!["exclude=a"; count].join("&"));
        let of = |count: usize| (0..count).fold(Selection::all(), |all, _| all.except("a"));

        for (given, read_of_it, is_flood) in [(64, 64, false), (65, 64, true), (5000, 64, true)] {
            let question = read(&exclude(given));
            assert_eq!(
                (question.selection, question.is_flood),
                (of(read_of_it), is_flood),
                "{given}"
            );
        }
    }

    fn read(uri: &str) -> Question {
        Question::read(&uri.parse().expect("a URI"), &HeaderMap::new())
    }

    #[test]
    fn parameters_add_up_and_strangers_do_no_harm() {
        let question = read("/readyz?verbose&exclude=mail&exclude=a%62c&tag=storage&utm=1&fresh=0&%FF=%FF");

        assert_eq!(
            question,
            Question {
                selection: Selection::all().except("mail").except("abc").tag("storage"),
                format: Ok(Format::Contract),
                verbose: true,
                fresh: false,
                is_flood: false,
            }
        );
    }

    #[test]
    fn a_no_is_a_no_however_it_is_written() {
        for no in ["0", "false", "False", "FALSE", "no", "No", "off"] {
            assert!(!read(&format!("/readyz?verbose={no}")).verbose, "{no}");
        }
        for yes in ["", "=", "=1", "=true", "=True", "=yes"] {
            assert!(read(&format!("/readyz?verbose{yes}")).verbose, "{yes}");
        }
        assert!(!read("/readyz?Verbose&xverbose").verbose);
        assert!(read("/readyz?%76erbose").verbose);
    }

    #[test]
    fn a_format_has_a_name() {
        for (name, format) in [
            ("json", Format::Contract),
            ("health+json", Format::HealthJson),
            ("health%2Bjson", Format::HealthJson),
            ("ui", Format::Ui),
        ] {
            let question = read(&format!("/api/health?format={name}"));
            assert_eq!(question.format, Ok(format), "{name}");
        }
        assert_eq!(read("/api/health?format=xml").format, Err(UnknownFormat));
    }
}
