use crate::groundcrew;

#[test]
fn three_mistakes_are_told_at_once() {
    let environment = [
        ("BACKUP_RETENTION_DAYS", "3"),
        ("BACKUP_TIMEOUT", "soon"),
        ("BACKUP_DIR", "/var/backups"),
    ];

    let refused = groundcrew(&["backup", "list"], &environment);

    assert_eq!((refused.code, refused.out.as_str()), (78, ""));
    assert!(refused.err.contains("3 problems"), "{}", refused.err);
    for variable in ["DATABASE_URL", "BACKUP_RETENTION_DAYS", "BACKUP_TIMEOUT"] {
        assert!(refused.err.contains(variable), "{}", refused.err);
    }
}

#[test]
fn what_only_shows_when_it_is_put_together_is_configuration_too() {
    let environment = [
        ("DATABASE_URL", "postgres://app:hunter2@db:port/shop"),
        ("BACKUP_BUCKET", "b"),
    ];

    let refused = groundcrew(&["backup", "list"], &environment);

    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("2 problems"), "{}", refused.err);
    assert!(refused.err.contains("AWS_SECRET_ACCESS_KEY"), "{}", refused.err);
    assert!(!refused.err.contains("hunter2"), "{}", refused.err);
}

#[test]
fn a_schedule_that_is_none_is_told() {
    let environment = [
        ("DATABASE_URL", "postgres://db/shop"),
        ("BACKUP_DIR", "/var/backups"),
        ("BACKUP_SCHEDULE", "every day"),
    ];

    let refused = groundcrew(&["backup", "list"], &environment);

    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("BACKUP_SCHEDULE"), "{}", refused.err);
}
