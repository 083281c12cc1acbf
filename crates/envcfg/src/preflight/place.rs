use crate::{Config, EnvSource, FieldSpec, Loaded, Loader, Report};

/// Where a part of a configuration stands in the whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    prefix: String,
    path: String,
    /// The part is a group that may be absent.
    optional: bool,
}

impl Place {
    /// The first place at which the whole reads every variable of the part; none if the part is no part of it.
    pub(super) fn of<P: Config>(whole: &[FieldSpec]) -> Option<Self> {
        let part = P::fields();
        let first = part.first()?;
        whole.iter().find_map(|spec| {
            let path = spec.path.strip_suffix(&first.path)?;
            let prefix = spec.name.strip_suffix(&first.name)?;
            let is_read = |field: &FieldSpec| {
                let is_it = |other: &FieldSpec| {
                    other.path.strip_prefix(path) == Some(&field.path)
                        && other.name.strip_prefix(prefix) == Some(&field.name)
                };
                whole.iter().any(is_it)
            };
            let whole_field = path.is_empty() || path.ends_with('.');
            (whole_field && part.iter().all(is_read)).then(|| Self {
                prefix: prefix.to_owned(),
                path: path.to_owned(),
                optional: !spec.group.is_empty(),
            })
        })
    }

    /// Loads the part that stands here; nothing if it is a group of which no variable is set.
    pub(super) fn load<W: Config, P: Config>(
        &self,
        source: &dyn EnvSource,
    ) -> Result<Option<Loaded<P>>, Report> {
        let mut loader = Loader::new::<W>(source, true);
        if self.optional && !loader.any_set(&self.prefix, P::TREE) {
            return Ok(None);
        }
        loader.learn_from::<W>();
        loader.prefix.push_str(&self.prefix);
        loader.path.push_str(&self.path);
        loader.run().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groundcrew_envcfg_derive::Config;

    #[derive(Config)]
    struct Whole {
        url: String,
        #[config(nested, prefix = "DATABASE_")]
        database: Database,
        #[config(nested, prefix = "REPLICA_")]
        replica: Option<Database>,
        #[config(nested)]
        mail: Option<Mail>,
    }

    #[derive(Config)]
    struct Database {
        url: String,
        timeout: u32,
    }

    #[derive(Config)]
    struct Mail {
        mail_key: String,
    }

    #[derive(Config)]
    struct Foreign {
        url: String,
        other: String,
    }

    fn place<P: Config>() -> Option<(String, String, bool)> {
        Place::of::<P>(&Whole::fields()).map(|place| (place.prefix, place.path, place.optional))
    }

    #[test]
    fn a_part_is_found_where_the_whole_reads_all_of_it() {
        let at = |prefix: &str, path: &str, optional| Some((prefix.to_owned(), path.to_owned(), optional));

        assert_eq!(place::<Whole>(), at("", "", false));
        assert_eq!(place::<Database>(), at("DATABASE_", "database.", false));
        assert_eq!(place::<Mail>(), at("", "mail.", true));
        assert_eq!(place::<Foreign>(), None);
    }
}
