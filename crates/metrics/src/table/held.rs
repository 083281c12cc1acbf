#![expect(unsafe_code, reason = "a handle points into what it keeps alive")]

use std::{any::Any, fmt, ops::Deref, ptr::NonNull, sync::Arc};

/// A cell, with whatever keeps it alive.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only the sealed trait of handles shows it")]
pub struct Held<T> {
    cell: NonNull<T>,
    owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: it is a shared reference to the cell, and an `Arc` of what is `Send` and `Sync`.
unsafe impl<T: Sync> Send for Held<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Held<T> {}

impl<T: Send + Sync + 'static> Held<T> {
    /// A cell that belongs to nothing else.
    pub(crate) fn alone(cell: T) -> Self {
        Self::of(Arc::new(cell), |cell| cell)
    }

    /// The cell that `pick` finds in `owner`.
    pub(crate) fn of<O: Send + Sync + 'static>(owner: Arc<O>, pick: impl FnOnce(&O) -> &T) -> Self {
        Self::of_or(owner, |owner| Ok(pick(owner)))
    }

    /// The cell that `pick` finds in `owner`, or what it holds already.
    pub(crate) fn of_or<O: Send + Sync + 'static>(
        owner: Arc<O>,
        pick: impl FnOnce(&O) -> Result<&T, Self>,
    ) -> Self {
        match pick(&owner).map(NonNull::from) {
            Ok(cell) => Self { cell, owner },
            Err(held) => held,
        }
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `pick` works for any lifetime of the owner, so the cell lives as long as the owner is
        // neither dropped nor borrowed mutably. This `Arc` rules out both.
        unsafe { self.cell.as_ref() }
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self {
            cell: self.cell,
            owner: Arc::clone(&self.owner),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
