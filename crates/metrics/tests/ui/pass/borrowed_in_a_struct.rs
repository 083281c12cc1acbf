use groundcrew_metrics::{Counter, Family, LabelValue, Labels, RegisterError, Registry};

#[derive(Clone, Copy, LabelValue)]
enum Direction {
    In,
    Out,
}

#[derive(Labels)]
struct Message<'a> {
    topic: &'a str,
    direction: Direction,
}

struct Feed {
    messages: Family<Message<'static>, Counter>,
}

impl Feed {
    fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            messages: registry.counter_family("messages_total", "Messages")?,
        })
    }

    fn count(&self, topic: &str) {
        for direction in [Direction::In, Direction::Out] {
            self.messages.inc(&Message { topic, direction });
        }
    }
}

fn main() {
    let feed = Feed::register(&Registry::new()).unwrap();
    feed.count(&String::from("chat"));
    assert_eq!(feed.messages.len(), 2);
}
