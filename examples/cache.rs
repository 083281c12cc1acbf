//! Example of groundcrew-cache.

fn main() {}
