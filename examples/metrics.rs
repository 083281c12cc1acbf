//! Example of groundcrew-metrics.

fn main() {}
