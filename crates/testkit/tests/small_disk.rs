//! A directory of limited size.

use std::{fs, io::ErrorKind};

use groundcrew_base::ByteSize;
use groundcrew_testkit::small_disk;

#[tokio::test]
async fn a_small_disk_takes_what_fits_and_no_more_and_is_removed() {
    let disk = small_disk(ByteSize::mib(1))
        .await
        .expect("a mount or a namespace is allowed");
    let path = disk.path().to_owned();

    fs::write(path.join("fits"), vec![7; 512 * 1024]).expect("it fits");
    let full = fs::write(path.join("too-much"), vec![7; 1024 * 1024]).expect_err("it does not fit");

    assert_eq!(full.kind(), ErrorKind::StorageFull);
    assert_eq!(
        fs::read(path.join("fits")).expect("it is still there").len(),
        512 * 1024
    );
    drop(disk);
    assert!(!path.exists());
}
