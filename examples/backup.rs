//! Example of groundcrew-backup.

fn main() {}
