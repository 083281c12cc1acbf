use std::cell::RefCell;

use tracing::span::Id;

/// The spans that a thread is in, as one layer sees them.
#[derive(Debug)]
struct SpanStack {
    frame: u64,
    entered: Vec<Entered>,
}

#[derive(Debug)]
struct Entered {
    id: u64,
    /// It was entered before and not left: it is not the innermost one because of this entry.
    is_again: bool,
}

thread_local! {
    static STACKS: RefCell<Vec<SpanStack>> = const { RefCell::new(Vec::new()) };
}

/// The thread enters a span.
pub(crate) fn enter(frame: u64, id: &Id) {
    with_stacks(|stacks| {
        let at = stacks
            .iter()
            .position(|stack| stack.frame == frame)
            .unwrap_or_else(|| {
                stacks.retain(|stack| !stack.entered.is_empty());
                stacks.push(SpanStack {
                    frame,
                    entered: Vec::new(),
                });
                stacks.len() - 1
            });
        if let Some(stack) = stacks.get_mut(at) {
            let id = id.into_u64();
            let is_again = stack.entered.iter().any(|entered| entered.id == id);
            stack.entered.push(Entered { id, is_again });
        }
    });
}

/// The thread leaves a span, which need not be the innermost one.
pub(crate) fn exit(frame: u64, id: &Id) {
    with_stacks(|stacks| {
        let Some(stack) = stacks.iter_mut().find(|stack| stack.frame == frame) else {
            return;
        };
        let id = id.into_u64();
        if let Some(at) = stack.entered.iter().rposition(|entered| entered.id == id) {
            stack.entered.remove(at);
        }
    });
}

/// The innermost span the thread is in.
pub(crate) fn current(frame: u64) -> Option<u64> {
    with_stacks(|stacks| {
        let stack = stacks.iter().find(|stack| stack.frame == frame)?;
        let innermost = stack.entered.iter().rev().find(|entered| !entered.is_again)?;
        Some(innermost.id)
    })
    .flatten()
}

/// `None` while the thread ends. Nothing in `work` calls back into tracing.
fn with_stacks<R>(work: impl FnOnce(&mut Vec<SpanStack>) -> R) -> Option<R> {
    STACKS
        .try_with(|stacks| Some(work(&mut *stacks.try_borrow_mut().ok()?)))
        .ok()
        .flatten()
}
