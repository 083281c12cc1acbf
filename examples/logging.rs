//! Example of groundcrew-logging.

fn main() {}
