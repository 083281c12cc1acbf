//! Who is served, and who has to go when there is no place left.

use std::{
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::HttpBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, sleep, timeout},
};

/// The connections that are served, so many at most. One more finds a place all the same: who has asked nothing for the longest
/// time goes if such connections have half of the places, else who has not asked again for the longest time, and last who waits for
/// the end of an answer. So the silent take no place from those who ask, and neither take it from those who have just come: who
/// comes waits until whoever has to go has had a moment to ask, or to be answered.
#[derive(Clone, Default)]
pub(crate) struct Places(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<Vec<Arc<Guest>>>,
    /// Counts what happens, to tell what came first.
    moments: AtomicU64,
    /// Somebody has asked, was answered or has gone.
    changed: Notify,
}

/// A place that one connection has until this is dropped.
#[derive(Clone)]
pub(crate) struct Place(Arc<Held>);

struct Held {
    places: Places,
    guest: Arc<Guest>,
}

/// Who has a place.
struct Guest {
    conduct: Mutex<Conduct>,
    sent_away: Notify,
}

struct Conduct {
    has_asked: bool,
    /// Answers that are not yet complete.
    open: usize,
    /// The number of the last thing it did.
    moment: u64,
    /// When that was.
    at: Instant,
}

/// What a guest does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Silent,
    Idle,
    Busy,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Somebody else needs the place.
    SentAway,
    /// It has asked nothing for too long.
    Expired,
}

/// A request whose answer is not complete; it is when this is dropped.
pub(crate) struct Asking(Place);

/// A body that keeps the place of its connection until it is sent, in pieces between which others have their turn.
pub(crate) struct Answer<B> {
    body: B,
    /// What is not sent of the last frame of the body.
    left: Bytes,
    /// Whether a piece was sent since the others had their turn.
    has_sent: bool,
    _asking: Asking,
}

impl Places {
    /// Resolves when there is a place, or who has to go for the next has had time enough.
    pub(crate) async fn room(&self) {
        if self.lock().len() >= MOST {
            // Who has come before and has asked is not silent.
            yield_now().await;
        }
        loop {
            let changed = self.0.changed.notified();
            let left = {
                let taken = self.lock();
                let next = (taken.len() >= MOST)
                    .then(|| first(&taken, &order(&taken)))
                    .flatten();
                next.and_then(|at| taken.get(at))
                    .map(|guest| guest.lock().grace())
            };
            match left {
                None | Some(Duration::ZERO) => return,
                Some(left) => drop(timeout(left, changed).await),
            }
        }
    }

    /// A place for one more, in which it has said nothing yet.
    pub(crate) fn take(&self) -> Place {
        let mut taken = self.lock();
        if taken.len() >= MOST {
            let order = order(&taken);
            send_away(&mut taken, &order);
        }
        let guest = Arc::new(Guest {
            conduct: Mutex::new(Conduct {
                has_asked: false,
                open: 0,
                moment: self.moment(),
                at: Instant::now(),
            }),
            sent_away: Notify::new(),
        });
        taken.push(Arc::clone(&guest));
        drop(taken);
        let places = self.clone();
        Place(Arc::new(Held { places, guest }))
    }

    /// Sends one away that waits for no answer. Whether there was one.
    pub(crate) fn spare(&self) -> bool {
        send_away(&mut self.lock(), &[Standing::Silent, Standing::Idle])
    }

    fn moment(&self) -> u64 {
        self.0.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Guest>>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose turn it is to go, where there is no place left.
fn order(taken: &[Arc<Guest>]) -> [Standing; 3] {
    let is_silent = |guest: &&Arc<Guest>| guest.lock().standing() == Standing::Silent;
    let silent = taken.iter().filter(is_silent).count();
    if silent < MOST / 2 {
        [Standing::Idle, Standing::Silent, Standing::Busy]
    } else {
        [Standing::Silent, Standing::Idle, Standing::Busy]
    }
}

/// Who has done nothing for the longest time, of the first of these standings that there is.
fn first(taken: &[Arc<Guest>], of: &[Standing]) -> Option<usize> {
    let rank = |guest: &Guest| {
        let conduct = guest.lock();
        let standing = conduct.standing();
        Some((of.iter().position(|one| *one == standing)?, conduct.moment))
    };
    let ranks = taken.iter().enumerate();
    let (_, at) = ranks.filter_map(|(at, guest)| Some((rank(guest)?, at))).min()?;
    Some(at)
}

/// Sends the first of these standings away. Whether there was one.
fn send_away(taken: &mut Vec<Arc<Guest>>, of: &[Standing]) -> bool {
    let Some(at) = first(taken, of) else {
        return false;
    };
    taken.swap_remove(at).sent_away.notify_one();
    true
}

impl Place {
    /// Takes note of a request.
    pub(crate) fn ask(&self) -> Asking {
        self.note(|conduct| {
            conduct.has_asked = true;
            conduct.open += 1;
        });
        Asking(self.clone())
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.0.guest.lock().standing() == Standing::Busy
    }

    /// Resolves when the connection has to end.
    pub(crate) async fn leave(&self) -> Leave {
        loop {
            let left = self.0.guest.lock().left();
            if left.is_zero() {
                return Leave::Expired;
            }
            tokio::select! {
                () = self.0.guest.sent_away.notified() => return Leave::SentAway,
                () = sleep(left) => {}
            }
        }
    }

    fn note(&self, what: impl FnOnce(&mut Conduct)) {
        let moment = self.0.places.moment();
        let mut conduct = self.0.guest.lock();
        what(&mut conduct);
        (conduct.moment, conduct.at) = (moment, Instant::now());
        drop(conduct);
        self.0.places.0.changed.notify_one();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(at) = taken.iter().position(|guest| Arc::ptr_eq(guest, &self.guest)) {
            taken.swap_remove(at);
        }
        drop(taken);
        self.places.0.changed.notify_one();
    }
}

impl Guest {
    fn lock(&self) -> MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conduct {
    const fn standing(&self) -> Standing {
        match (self.open, self.has_asked) {
            (0, false) => Standing::Silent,
            (0, true) => Standing::Idle,
            _ => Standing::Busy,
        }
    }

    /// How long it may go on like this.
    fn left(&self) -> Duration {
        match self.standing() {
            Standing::Silent => SILENT.saturating_sub(self.at.elapsed()),
            Standing::Idle => IDLE.saturating_sub(self.at.elapsed()),
            Standing::Busy => IDLE,
        }
    }

    /// How long it has to be left alone still.
    fn grace(&self) -> Duration {
        match self.standing() {
            Standing::Idle => Duration::ZERO,
            Standing::Silent | Standing::Busy => GRACE.saturating_sub(self.at.elapsed()),
        }
    }
}

impl Asking {
    pub(crate) const fn answer<B>(self, body: B) -> Answer<B> {
        Answer {
            body,
            left: Bytes::new(),
            has_sent: false,
            _asking: self,
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0
            .note(|conduct| conduct.open = conduct.open.saturating_sub(1));
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.left.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.left = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        } else if mem::take(&mut self.has_sent) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let length = self.left.len().min(PIECE);
        self.has_sent = true;
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, left) = (self.body.size_hint(), u64::try_from(self.left.len()).unwrap_or(0));
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + left);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + left);
        }
        hint
    }
}

/// What one answer may write before others have their turn: less than a millisecond of work.
const PIECE: usize = 64 << 10;

/// A kubelet asks on a new connection each time; thousands that ask at once are answered one after the other.
const MOST: usize = 256;

/// How long a connection may say nothing before its first request.
const SILENT: Duration = Duration::from_secs(5);

/// The same before the next.
const IDLE: Duration = Duration::from_secs(30);

/// How long who has just connected may take to ask, and an answer to be given, before others take the place. A thousand silent
/// ones before it keep a probe waiting for less than the second that a kubelet waits.
const GRACE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use axum::body::Body;

    use super::*;

    #[test]
    fn a_large_answer_is_sent_in_pieces_between_which_others_have_their_turn() {
        let whole = Bytes::from(vec![7; 2 * PIECE + 100]);
        let mut answer = Places::default().take().ask().answer(Body::from(whole.clone()));
        let mut cx = Context::from_waker(Waker::noop());
        let mut left = whole.len();
        let mut lengths = Vec::new();

        for turn in 0..5 {
            assert_eq!(answer.size_hint().exact(), u64::try_from(left).ok());
            let polled = Pin::new(&mut answer).poll_frame(&mut cx);
            if turn % 2 == 1 {
                assert!(polled.is_pending(), "{turn}");
                continue;
            }
            let Poll::Ready(Some(Ok(frame))) = polled else {
                panic!("no frame at {turn}");
            };
            let piece = frame.into_data().expect("data");
            let at = whole.len() - left;
            assert_eq!(piece.as_ptr(), whole[at..].as_ptr(), "not a copy");
            left -= piece.len();
            lengths.push(piece.len());
        }

        assert_eq!(lengths, [PIECE, PIECE, 100]);
        assert!(answer.is_end_stream());
        assert!(matches!(
            Pin::new(&mut answer).poll_frame(&mut cx),
            Poll::Ready(None)
        ));
    }
}
