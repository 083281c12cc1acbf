#![expect(unsafe_code, reason = "points behind the counts of an `Arc`")]

use std::{marker::PhantomData, ops::Deref, ptr::NonNull, sync::Arc};

/// An `Arc` that points at what it holds instead of at the counts before it: a recording that passes it on has one
/// address to keep instead of two.
pub(crate) struct DataArc<T> {
    data: NonNull<T>,
    owns: PhantomData<Arc<T>>,
}

// SAFETY: it is an `Arc`.
unsafe impl<T: Send + Sync> Send for DataArc<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for DataArc<T> {}

impl<T> DataArc<T> {
    pub(crate) fn to_arc(&self) -> Arc<T> {
        // SAFETY: it came from `Arc::into_raw`, and the count that stands for `self` stays.
        unsafe {
            Arc::increment_strong_count(self.data.as_ptr());
            Arc::from_raw(self.data.as_ptr())
        }
    }
}

impl<T> From<Arc<T>> for DataArc<T> {
    fn from(arc: Arc<T>) -> Self {
        let data = Arc::into_raw(arc).cast_mut();
        Self {
            // SAFETY: what an `Arc` points at is never null.
            data: unsafe { NonNull::new_unchecked(data) },
            owns: PhantomData,
        }
    }
}

impl<T> Deref for DataArc<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: it came from `Arc::into_raw`, and its count is given up on drop alone.
        unsafe { self.data.as_ref() }
    }
}

impl<T> Clone for DataArc<T> {
    fn clone(&self) -> Self {
        self.to_arc().into()
    }
}

impl<T> Drop for DataArc<T> {
    fn drop(&mut self) {
        // SAFETY: it came from `Arc::into_raw`, and `self` is not used again.
        drop(unsafe { Arc::from_raw(self.data.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_as_an_arc_does() {
        let arc = Arc::new(String::from("a"));
        let one = DataArc::from(Arc::clone(&arc));
        let other = one.clone();
        assert_eq!((&**one, &*other.to_arc()), ("a", &*arc));
        assert_eq!(Arc::strong_count(&arc), 3);

        drop(one);
        assert_eq!(&**other, "a");
        drop(other);

        assert_eq!(Arc::strong_count(&arc), 1);
    }
}
