/// Declares a label set, as the derive does, which is not there without its feature.
macro_rules! label_set {
    (struct $name:ident<$life:lifetime> { $($label:literal => $field:ident: $type:ty),+ $(,)? }) => {
        struct $name<$life> {
            $($field: $type,)+
        }

        impl $crate::Labels for $name<'_> {
            type With<'with> = $name<'with>;
            const NAMES: &'static [&'static str] = &[$($label),+];

            #[inline(always)]
            fn visit<V: $crate::LabelVisitor>(&self, visitor: &mut V) {
                $(visitor.value(&self.$field);)+
            }
        }
    };
}

pub(crate) use label_set;
