use std::{iter::Peekable, slice};

use super::action::Action;

/// What one reading of a text has found, in the places of the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many times escapes were undone.
    pub(super) level: usize,
    pub(super) span: Span,
    pub(super) action: Action,
    /// It has been replaced before.
    pub(super) is_shown: bool,
}

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// With the quotes around.
    pub(super) outside: (usize, usize),
    /// The quote to be put around what is shown in its place, empty for none.
    pub(super) quote: (usize, usize),
}

impl Span {
    /// There is a quote before and behind.
    const fn is_closed(&self) -> bool {
        self.outside.0 < self.start && self.end < self.outside.1
    }

    /// From the start of this one or of the other to the last end.
    const fn to(self, other: Self) -> Self {
        let first = if other.start < self.start { other } else { self };
        let last = if other.end > self.end { other } else { self };
        Self {
            end: last.end,
            outside: (first.outside.0, last.outside.1),
            ..first
        }
    }
}

/// A part of the text that is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) action: Action,
    pub(super) quote: (usize, usize),
}

/// Unites what the readings of a text have found, from its beginning to its end.
///
/// What overlaps or touches is hidden in one piece, in the strictest of the ways: [`Action::Remove`], [`Action::Mask`],
/// [`Action::Hash`], the least of [`Action::KeepLast`]. At its ends are no quotes that a deeper reading sees around
/// the value: one that is written as `\u0022` is a part of the word for those who do not read it, and shows the
/// shape of the text for the others.
pub(super) struct Union<'a>(Peekable<slice::Iter<'a, Mark>>);

impl<'a> Union<'a> {
    pub(super) fn of(marks: &'a mut Vec<Mark>) -> Self {
        drop_shown(marks);
        marks.sort_unstable_by_key(|mark| (mark.span.outside.0, mark.span.start, mark.level));
        Self(marks.iter().peekable())
    }
}

impl Iterator for Union<'_> {
    type Item = Hidden;

    fn next(&mut self) -> Option<Hidden> {
        let mut group = Group::of(self.0.next()?);
        while let Some(mark) = self.0.next_if(|mark| group.reaches(&mark.span)) {
            group.add(mark);
        }
        Some(group.hidden())
    }
}

/// Drops what has been replaced before, and what a deeper reading knows as that.
fn drop_shown(marks: &mut Vec<Mark>) {
    marks.sort_unstable_by_key(|mark| {
        let Span { start, outside, .. } = mark.span;
        (if mark.is_shown { outside.0 } else { start }, !mark.is_shown)
    });
    // How far it reaches at each level.
    let mut ends = [0; LEVELS];
    marks.retain(|mark| {
        if mark.is_shown {
            let end = ends.get_mut(mark.level).into_iter();
            end.for_each(|end| *end = mark.span.outside.1.max(*end));
        }
        let deeper = ends.get(mark.level + 1..).unwrap_or_default();
        !mark.is_shown && deeper.iter().all(|&end| end < mark.span.end)
    });
}

/// What overlaps.
struct Group {
    end: usize,
    /// With the quote behind.
    outer_end: usize,
    action: Action,
    /// From the first to the last place that each level has found.
    spans: [Option<Span>; LEVELS],
}

impl Group {
    fn of(mark: &Mark) -> Self {
        let mut group = Self {
            end: 0,
            outer_end: 0,
            action: mark.action,
            spans: [None; LEVELS],
        };
        group.add(mark);
        group
    }

    /// Whether the next span belongs to it, or a quote of one is in the other.
    const fn reaches(&self, span: &Span) -> bool {
        span.start <= self.end || span.outside.0 < self.outer_end
    }

    fn add(&mut self, mark: &Mark) {
        let mut span = mark.span;
        if let Some(end) = self.closed_end(mark).filter(|&end| end < span.end) {
            (span.end, span.outside.1) = (end, end);
        }
        self.end = self.end.max(span.end);
        self.outer_end = self.outer_end.max(span.outside.1);
        self.action = stricter(self.action, mark.action);
        if let Some(slot) = self.spans.get_mut(mark.level) {
            *slot = Some(slot.map_or(span, |before| before.to(span)));
        }
    }

    /// Where a value ends in which this one begins, if a reading before saw quotes around it: they end both.
    fn closed_end(&self, mark: &Mark) -> Option<usize> {
        let mut shallower = self.spans.iter().take(mark.level).flatten();
        let closed =
            shallower.find(|span| span.is_closed() && (span.start..span.end).contains(&mark.span.start));
        closed.map(|span| span.end)
    }

    fn hidden(&self) -> Hidden {
        let start = self.start();
        let quotes = self.spans.iter().flatten().filter(|span| span.start == start);
        Hidden {
            start,
            end: self.end(),
            action: self.action,
            quote: quotes
                .map(|span| span.quote)
                .find(|quote| quote.0 < quote.1)
                .unwrap_or_default(),
        }
    }

    fn start(&self) -> usize {
        let starts = self.spans.iter().flatten().map(|span| span.start);
        let first = starts.min().unwrap_or_default();
        let mut deeper = usize::MAX;
        for span in self.spans.iter().rev().flatten() {
            deeper = deeper.min(span.start);
            if span.start == deeper && span.outside.0 <= first {
                return span.start;
            }
        }
        first
    }

    fn end(&self) -> usize {
        let mut deeper = 0;
        for span in self.spans.iter().rev().flatten() {
            deeper = deeper.max(span.end);
            if span.end == deeper && span.outside.1 >= self.end {
                return span.end;
            }
        }
        self.end
    }
}

/// That of which less is to be seen.
const fn stricter(one: Action, other: Action) -> Action {
    match (one, other) {
        (Action::Remove, _) | (_, Action::Remove) => Action::Remove,
        (Action::Mask, _) | (_, Action::Mask) => Action::Mask,
        (Action::Hash, _) | (_, Action::Hash) => Action::Hash,
        (Action::KeepLast(one), Action::KeepLast(other)) => {
            Action::KeepLast(if one < other { one } else { other })
        }
    }
}

/// How many times escapes are undone at most.
pub(super) const DEEPEST: usize = 5;
/// The text as it stands is one as well.
const LEVELS: usize = DEEPEST + 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(level: usize, start: usize, end: usize) -> Mark {
        Mark {
            level,
            span: Span {
                start,
                end,
                outside: (start, end),
                quote: (0, 0),
            },
            action: Action::Mask,
            is_shown: false,
        }
    }

    fn quoted(level: usize, start: usize, end: usize) -> Mark {
        let mut mark = mark(level, start, end);
        mark.span.outside = (start - 3, end + 3);
        mark
    }

    fn doing(action: Action, mut mark: Mark) -> Mark {
        mark.action = action;
        mark
    }

    fn shown(mut mark: Mark) -> Mark {
        mark.is_shown = true;
        mark
    }

    fn united(marks: &[Mark]) -> Vec<(usize, usize)> {
        let mut marks = marks.to_vec();
        Union::of(&mut marks)
            .map(|hidden| (hidden.start, hidden.end))
            .collect()
    }

    #[test]
    fn what_overlaps_or_touches_is_one() {
        assert_eq!(united(&[]), []);
        assert_eq!(united(&[mark(0, 5, 9), mark(1, 1, 3)]), [(1, 3), (5, 9)]);
        assert_eq!(united(&[mark(0, 1, 4), mark(1, 3, 9), mark(2, 9, 12)]), [(1, 12)]);
        assert_eq!(
            united(&[mark(0, 1, 9), mark(1, 3, 5), mark(1, 11, 12)]),
            [(1, 9), (11, 12)]
        );
    }

    #[test]
    fn quotes_that_a_deeper_reading_sees_at_the_ends_stay() {
        assert_eq!(united(&[mark(0, 7, 12), quoted(1, 10, 30)]), [(10, 30)]);
        assert_eq!(united(&[mark(0, 7, 33), quoted(1, 10, 30)]), [(10, 30)]);
        assert_eq!(
            united(&[mark(0, 7, 33), mark(1, 7, 33), quoted(2, 10, 30)]),
            [(10, 30)]
        );
        assert_eq!(united(&[mark(0, 10, 32)]), [(10, 32)]);
    }

    #[test]
    fn what_is_more_than_quotes_is_hidden() {
        assert_eq!(united(&[mark(0, 6, 12), quoted(1, 10, 30)]), [(6, 30)]);
        assert_eq!(united(&[mark(0, 7, 40), quoted(1, 10, 30)]), [(10, 40)]);
        // A deeper reading finds them in a value.
        assert_eq!(united(&[quoted(0, 10, 30), mark(1, 7, 33)]), [(7, 33)]);
        assert_eq!(
            united(&[quoted(1, 10, 30), mark(1, 8, 9), mark(0, 8, 12)]),
            [(8, 30)]
        );
    }

    #[test]
    fn a_value_in_quotes_ends_where_they_close_that_open_it() {
        assert_eq!(united(&[quoted(0, 10, 30), mark(1, 10, 50)]), [(10, 30)]);
        assert_eq!(united(&[mark(0, 10, 30), mark(1, 10, 50)]), [(10, 50)]);
        assert_eq!(united(&[mark(0, 10, 30), quoted(1, 10, 50)]), [(10, 50)]);
        assert_eq!(united(&[quoted(0, 10, 30), mark(1, 20, 50)]), [(10, 30)]);
        assert_eq!(united(&[quoted(0, 10, 30), mark(1, 30, 50)]), [(10, 50)]);
    }

    #[test]
    fn what_a_deeper_reading_knows_as_replaced_stays() {
        assert_eq!(united(&[mark(0, 7, 16), shown(quoted(1, 10, 13))]), []);
        assert_eq!(
            united(&[quoted(0, 7, 16), shown(quoted(1, 10, 13)), mark(0, 20, 25)]),
            [(20, 25)]
        );
        assert_eq!(united(&[mark(0, 7, 17), shown(quoted(1, 10, 13))]), [(7, 17)]);
        assert_eq!(united(&[mark(1, 7, 16), shown(quoted(1, 10, 13))]), [(7, 16)]);
        assert_eq!(united(&[mark(2, 7, 16), shown(quoted(1, 10, 13))]), [(7, 16)]);
    }

    #[test]
    fn the_strictest_way_and_the_quote_of_the_start_are_taken() {
        let mut with_quote = doing(Action::Hash, mark(1, 4, 8));
        with_quote.span.quote = (1, 2);
        let mut marks = vec![doing(Action::KeepLast(4), mark(0, 4, 6)), with_quote];

        let hidden: Vec<_> = Union::of(&mut marks).collect();

        let expected = Hidden {
            start: 4,
            end: 8,
            action: Action::Hash,
            quote: (1, 2),
        };
        assert_eq!(hidden, [expected]);
        let order = [
            Action::Remove,
            Action::Mask,
            Action::Hash,
            Action::KeepLast(1),
            Action::KeepLast(4),
        ];
        for (n, &strict) in order.iter().enumerate() {
            for &other in &order[n..] {
                assert_eq!([stricter(strict, other), stricter(other, strict)], [strict; 2]);
            }
        }
    }
}
