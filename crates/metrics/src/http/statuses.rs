use std::sync::OnceLock;

/// Something for each status of a route, in the order in which they first came: a list that grows at its end and is
/// read without a lock. Most routes have one or two.
#[derive(Debug)]
pub(super) struct Statuses<T> {
    first: OnceLock<Box<Node<T>>>,
}

#[derive(Debug)]
struct Node<T> {
    status: u16,
    value: T,
    next: OnceLock<Box<Self>>,
}

impl<T: Default> Statuses<T> {
    /// Shows what there is for `status`; something new, that is not kept, when the list has become too long.
    #[inline]
    pub(super) fn with(&self, status: u16, show: impl FnOnce(&T)) {
        match self.find(status) {
            Some(value) => show(value),
            None => show(&T::default()),
        }
    }

    #[inline]
    fn find(&self, status: u16) -> Option<&T> {
        let mut place = &self.first;
        for _ in 0..LONGEST {
            let node = place.get_or_init(|| {
                Box::new(Node {
                    status,
                    value: T::default(),
                    next: OnceLock::new(),
                })
            });
            if node.status == status {
                return Some(&node.value);
            }
            place = &node.next;
        }
        None
    }
}

impl<T> Default for Statuses<T> {
    fn default() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }
}

/// More would take longer to walk than a lookup in the families.
const LONGEST: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn count(statuses: &Statuses<AtomicU32>, status: u16) -> u32 {
        let mut before = 0;
        statuses.with(status, |count| before = count.fetch_add(1, Ordering::Relaxed));
        before
    }

    #[test]
    fn each_status_has_its_own_until_there_are_too_many() {
        let statuses = Statuses::default();

        for round in 0..3 {
            for status in 0..LONGEST {
                assert_eq!(count(&statuses, status.try_into().unwrap()), round);
            }
            assert_eq!(count(&statuses, 999), 0);
        }
    }
}
