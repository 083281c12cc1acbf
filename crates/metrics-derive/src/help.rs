use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The first paragraph of a field's documentation, in one line.
pub(crate) fn of(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(line);
    let lines: Vec<String> = lines
        .flat_map(|text| {
            text.lines()
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .skip_while(String::is_empty)
        .take_while(|line| !line.is_empty())
        .collect();
    Some(lines.join(" ")).filter(|help| !help.is_empty())
}

fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => {
                // `/** */` comments with no text of their own still have a line.
                let text = text.value();
                Some(if text.is_empty() { "\n".to_owned() } else { text })
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::*;

    fn help(item: &ItemStruct) -> Option<String> {
        of(&item.attrs)
    }

    #[test]
    fn the_first_paragraph_is_the_help_text() {
        let item: ItemStruct = parse_quote! {
            ///
            /// Time that a job
            /// took.
            ///
            /// More about it.
            #[doc(hidden)]
            struct A;
        };
        assert_eq!(help(&item).as_deref(), Some("Time that a job took."));

        let item: ItemStruct = parse_quote! {
            /** Time that a job
            took. */
            struct A;
        };
        assert_eq!(help(&item).as_deref(), Some("Time that a job took."));

        let item: ItemStruct = parse_quote! {
            struct A;
        };
        assert_eq!(help(&item), None);
    }
}
