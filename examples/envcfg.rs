//! Example of groundcrew-envcfg.

fn main() {}
