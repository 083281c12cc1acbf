//! A tag whose name is that of a secret has its value behind it, and a word in angle brackets has none.

use std::sync::LazyLock;

use groundcrew_logging::Redactor;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

#[test]
fn a_word_in_angle_brackets_hides_nothing_of_a_text() {
    for text in [
        "usage: login <user> <password>, then press enter",
        "usage: login <user> <password>",
        "usage: login <user> <password>.",
        "usage: login <user> [<password>] [--force]",
        "usage: login (<password>)",
        "usage: login <password>...",
        "usage: login <user> '<password>' <host>",
        "expected \"<token>\" here",
        "expected \"<token>\", found \"<user>\"",
        "expected \"<token>\"",
        "expected `<token>` or `</user>`",
        r#"{"error":"expected \"<token>\" here","line":7}"#,
        r#"{"usage":"login <password>","a":"b"}"#,
        r"usage: login <password>\n  --force",
        "missing <password>! Was it <secret>? No: <token>; see <a>this</a>",
        "<p>login <user> <password>, then press enter</p>",
        "Option<Token>, Vec<Token> and Result<Token> of x",
    ] {
        assert_eq!(REDACTOR.text(text), text);
    }
}

#[test]
fn an_element_is_hidden_whatever_its_value_begins_with() {
    for (text, expected) in [
        ("<password>,hunter2</password>", "<password>***</password>"),
        ("<password>, hunter2</password>", "<password>***</password>"),
        ("<password>\"hunter2\"</password>", "<password>***</password>"),
        ("<password>'</password>", "<password>***</password>"),
        ("<password>. </password> x", "<password>***</password> x"),
        ("<a:token>!x y</a:token>", "<a:token>***</a:token>"),
        ("<token kind=\"a\">) x</token>", "<token kind=\"a\">***</token>"),
        (
            "<password>\n  hunter2\n</password>",
            "<password>\n  ***</password>",
        ),
        (r"<password>, x<\/password>", r"<password>***<\/password>"),
        // What is cut off may be any value that does not read on as a text.
        ("<password>hunter2", "<password>***"),
        ("<password>,hunter2", "<password>***"),
        ("<password>$ hunter2", "<password>***"),
        ("<password>, hunter2</pass", "<password>***</pass"),
    ] {
        assert_eq!(REDACTOR.text(text), expected, "{text}");
    }
}
