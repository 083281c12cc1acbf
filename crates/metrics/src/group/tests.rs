use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::{Counter, Gauge, Histogram};

/// A group whose names are made up as it is registered: those of [`FIELDS`].
struct MadeUp;

#[derive(Clone, Debug)]
struct MadeUpField {
    kind: u8,
    name: String,
    help: String,
    buckets: Vec<f64>,
}

thread_local! {
    static FIELDS: RefCell<Vec<MadeUpField>> = const { RefCell::new(Vec::new()) };
}

impl Metrics for MadeUp {
    fn register_in(group: &mut Group<'_>) -> Option<Self> {
        let fields = FIELDS.with_borrow(Clone::clone);
        for field in &fields {
            let member = Member::new(&field.name, &field.help);
            match field.kind {
                0 => drop(group.member::<Counter>(member)),
                1 => drop(group.member::<Gauge>(member)),
                _ => drop(group.member::<Histogram>(member.buckets(&field.buckets))),
            }
        }
        Some(Self)
    }
}

impl MadeUpField {
    fn by_hand(&self, registry: &Registry) -> Result<(), RegisterError> {
        match self.kind {
            0 => registry.counter(&self.name, &self.help).map(drop),
            1 => registry.gauge(&self.name, &self.help).map(drop),
            _ => registry
                .histogram(&self.name, &self.help, &self.buckets)
                .map(drop),
        }
    }
}

fn any_field() -> impl Strategy<Value = MadeUpField> {
    let name = prop_oneof![
        4 => "[a-c]_total",
        4 => "[a-c]",
        1 => "[a-z_0-9é-]{0,6}",
        1 => "[a-c](_count|_sum|_bucket|_created|_total_total)",
    ];
    let help = prop_oneof![9 => Just("Help".to_owned()), 1 => Just(" ".to_owned())];
    let bound = prop_oneof![9 => -2.0..2.0_f64, 1 => any::<f64>()];
    (0..3_u8, name, help, prop::collection::vec(bound, 0..3)).prop_map(|(kind, name, help, buckets)| {
        MadeUpField {
            kind,
            name,
            help,
            buckets,
        }
    })
}

proptest! {
    #[test]
    fn a_group_is_what_its_fields_are_one_by_one(
        fields in prop::collection::vec(any_field(), 0..6),
        prefix in prop_oneof![Just(""), Just("app")],
    ) {
        let taken = |registry: &Registry| registry.gauge("a", "Taken").map(drop);
        let (together, one_by_one) = (Registry::new(), Registry::new());
        taken(&together).unwrap();
        taken(&one_by_one).unwrap();
        FIELDS.set(fields.clone());

        let outcome = MadeUp::register(&together.within(prefix));

        let target = one_by_one.within(prefix);
        let mistakes: Vec<String> = fields
            .iter()
            .filter_map(|field| field.by_hand(&target).err())
            .map(|mistake| format!("{mistake:?}"))
            .collect();
        match outcome {
            Ok(_) => {
                prop_assert_eq!(mistakes, Vec::<String>::new());
                prop_assert_eq!(together.encode(), one_by_one.encode());
                prop_assert_eq!(together.definitions(), one_by_one.definitions());
            }
            Err(error) => {
                let told: Vec<String> = error.each().map(|mistake| format!("{mistake:?}")).collect();
                prop_assert_eq!(told, mistakes);
                let untouched = Registry::new();
                taken(&untouched).unwrap();
                prop_assert_eq!(together.encode(), untouched.encode());
                prop_assert!(together.gauge("b", "Free as before").is_ok());
            }
        }
    }
}

#[test]
fn a_name_that_is_taken_meanwhile_leaves_nothing_behind() {
    let registry = Registry::new();
    let staged = registry.staged();
    let _first = staged.gauge("first", "First").unwrap();
    let _second = staged.gauge("second", "Second").unwrap();
    let _other = registry.gauge("second", "Another").unwrap();

    let adopted = registry.adopt(&staged);

    assert_eq!(
        adopted,
        Err(RegisterError::Duplicate {
            name: "second".to_owned()
        })
    );
    assert!(registry.gauge("first", "It is free").is_ok());
}

#[test]
fn a_group_in_a_disabled_registry_is_checked_and_exposes_nothing() {
    let registry = Registry::disabled();
    FIELDS.set(vec![MadeUpField {
        kind: 0,
        name: "jobs_total".to_owned(),
        help: "Jobs".to_owned(),
        buckets: Vec::new(),
    }]);

    assert!(MadeUp::register(&registry).is_ok());
    assert!(matches!(
        MadeUp::register(&registry),
        Err(RegisterError::Duplicate { .. })
    ));
    assert_eq!(registry.encode(), "");
}
