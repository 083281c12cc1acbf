//! Example of groundcrew-health.

fn main() {}
