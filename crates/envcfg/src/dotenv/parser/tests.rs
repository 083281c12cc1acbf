//! The parts of the parser that a load does not show: how much it looks at.

use super::*;

fn visited(text: &[u8]) -> usize {
    let mut parser = Parser::new(text);
    while parser.next().is_some() {}
    parser.visited
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let lines = [
        "A=\"\n",
        "A='\n",
        "A=\"x\nB='y\n",
        "\"\n",
        "=\"\n",
        "=\"'\n",
        "A=\"\\\n",
        "A",
        "A=",
        "A=#",
        "export ",
        "A=\"x\"y\n",
        "A B=\"\nC=\"z\n",
        "${",
        "A=\"${",
        "\r",
        "\u{feff}",
        "A='\"\nB=\"'\n",
        "#\n",
        "A=\"\" #'\n",
        "'='\"=\"\n",
    ];

    for line in lines {
        for end in ["", "\"", "'", "\"x", "'x", "\nA=\"", "\nA='"] {
            let text = format!("{}{end}", line.repeat(3_000));

            let visited = visited(text.as_bytes());

            assert!(
                visited <= 12 * text.len() + 100,
                "{line:?} and {end:?}: {visited} for {} bytes",
                text.len()
            );
        }
    }
}
