//! Example of groundcrew-dbopt.

fn main() {}
