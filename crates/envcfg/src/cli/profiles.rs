use std::borrow::Cow;

use crate::{
    Config, EnvSource, Field, FieldSpec, Loader, Tree, peek::Peeked, secret_files::SecretFiles, unique::find,
};

/// Which profile holds for which variable: an outer struct says it before a nested one.
pub(super) struct Profiles<'s> {
    loader: Loader<'s>,
    fields: &'s [FieldSpec],
}

impl<'s> Profiles<'s> {
    pub(super) fn new<C: Config>(
        source: &'s dyn EnvSource,
        files: &'s SecretFiles,
        fields: &'s [FieldSpec],
    ) -> Self {
        Self {
            loader: Loader::new::<C>(source, files, false),
            fields,
        }
    }

    /// The profile as it is set, or as its default says.
    pub(super) fn of(&self, variable: &str) -> Option<String> {
        self.below(self.loader.tree, "", variable)
    }

    /// `variable` is a name below this part of the tree, without the prefix before all of it.
    fn below(&self, tree: &'static [Tree], prefix: &str, variable: &str) -> Option<String> {
        let here = tree.iter().find_map(|entry| match entry {
            Tree::Field(field) if field.profile => self.text(field, prefix),
            _ => None,
        });
        here.or_else(|| {
            tree.iter().find_map(|entry| match entry {
                Tree::Field(_) => None,
                Tree::Nested(own, below) | Tree::Given(own, below) => {
                    let rest = variable.strip_prefix(own)?;
                    find(below, rest, false)?;
                    self.below(below, &format!("{prefix}{own}"), rest)
                }
            })
        })
    }

    fn text(&self, field: &Field, prefix: &str) -> Option<String> {
        let full = |name: &str| format!("{prefix}{name}");
        let aliases = field.aliases.iter().map(|alias| alias.name);
        let names = [field.name].into_iter().chain(aliases);
        let file = field
            .pointer(&full(field.name))
            .map(|file| Cow::Owned(full(file)));
        match self.loader.peek(names.map(|name| Cow::Owned(full(name))), file) {
            Peeked::Text(text) => Some(text),
            Peeked::Unset => {
                let name = full(field.name);
                self.fields.iter().find(|spec| spec.name == name)?.default.clone()
            }
            Peeked::Unreadable => None,
        }
    }
}
