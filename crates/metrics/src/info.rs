use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock},
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use crate::{
    LabelDefinition, LabelValue, LabelVisitor, Labels,
    definition::Shape,
    exemplar::ExemplarView,
    exposition::escape_label,
    interop,
    series::{Cells, Reading, Series},
    unix_time,
};

/// Shows facts as labels: one series of the value 1, to be joined with other metrics. Cloning gives another handle to
/// the same facts.
///
/// Its name ends with `_info`. OpenMetrics has it as an `info`, the classic text format and protobuf as a gauge. Until
/// the facts are [set](Self::set) it is not exposed. Facts do not belong to what happens often: setting them takes a
/// short lock. For the build of a program there is [`BuildInfo`](crate::BuildInfo).
///
/// # Examples
/// ```
/// # #[cfg(feature = "derive")] {
/// use groundcrew_metrics::{Labels, Registry};
///
/// #[derive(Labels)]
/// struct Server<'a> { version: &'a str, role: &'a str }
///
/// let registry = Registry::new();
/// let server = registry.info::<Server<'_>>("database_info", "The database that is in use")?;
/// server.set(&Server { version: "15.4", role: "replica" });
/// server.set(&Server { version: "15.4", role: "primary" });
///
/// assert!(registry.encode().ends_with("database_info{version=\"15.4\",role=\"primary\"} 1\n"));
/// assert!(registry.encode_open_metrics().contains("# TYPE database info\n"));
/// # }
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
pub struct Info<L> {
    facts: Arc<Facts>,
    labels: PhantomData<fn(L)>,
}

/// The labels that are exposed now.
pub(crate) struct Facts {
    names: &'static [&'static str],
    values: &'static [&'static [&'static str]],
    rendered: RwLock<Option<Arc<str>>>,
    created: u64,
}

impl<L: Labels> Info<L> {
    pub(crate) fn new() -> Self {
        Self {
            facts: Arc::new(Facts {
                names: L::NAMES,
                values: L::VALUES,
                rendered: RwLock::default(),
                created: unix_time::millis(),
            }),
            labels: PhantomData,
        }
    }

    /// Replaces the facts: the series with the former ones is not exposed any more.
    pub fn set(&self, facts: &L::With<'_>) {
        let mut render = Render {
            names: L::NAMES.iter(),
            text: String::new(),
        };
        facts.visit(&mut render);
        self.facts.replace(Some(render.text.into()));
    }

    /// Exposes nothing until the next [`set`](Self::set).
    pub fn clear(&self) {
        self.facts.replace(None);
    }

    pub(crate) fn cells(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }
}

impl Facts {
    fn replace(&self, rendered: Option<Arc<str>>) {
        *self.rendered.write().unwrap_or_else(PoisonError::into_inner) = rendered;
    }

    fn rendered(&self) -> Option<Arc<str>> {
        self.rendered
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Cells for Facts {
    fn is_empty(&self) -> bool {
        self.rendered().is_none()
    }

    fn len(&self) -> usize {
        usize::from(!self.is_empty())
    }

    fn shape(&self) -> Shape {
        let values = self.values.iter().copied().chain([&[][..]].into_iter().cycle());
        let labels = self.names.iter().zip(values);
        Shape {
            labels: labels
                .map(|(name, values)| LabelDefinition::new(name, values))
                .collect(),
            buckets: Vec::new(),
        }
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        if let Some(labels) = self.rendered() {
            show(&Series {
                labels: &labels,
                value: Reading::Info,
                created: self.created,
                exemplars: ExemplarView::NONE,
            });
        }
    }
}

impl<L> Clone for Info<L> {
    fn clone(&self) -> Self {
        Self {
            facts: Arc::clone(&self.facts),
            labels: PhantomData,
        }
    }
}

impl<L> fmt::Debug for Info<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Info").field(&self.facts.rendered()).finish()
    }
}

impl<L> EncodeMetric for Info<L> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        interop::encode_cells(&*self.facts, encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Info
    }

    fn is_empty(&self) -> bool {
        Cells::is_empty(&*self.facts)
    }
}

/// Writes labels as the text formats have them.
struct Render {
    names: std::slice::Iter<'static, &'static str>,
    text: String,
}

impl LabelVisitor for Render {
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
        if let Some(name) = self.names.next() {
            escape_label(&mut self.text, name, value.text().as_ref());
        }
    }
}
