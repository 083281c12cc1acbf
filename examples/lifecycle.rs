//! Example of groundcrew-lifecycle.

fn main() {}
