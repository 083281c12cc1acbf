use std::{pin::pin, time::Duration};

use groundcrew_backup::{Backup, BackupId, Error, Ownership};
use groundcrew_base::ByteSize;
use groundcrew_envcfg::Config as _;
use tokio::runtime::Runtime;

use crate::{
    args::BackupCommand,
    failure::Failure,
    output::Output,
    settings::Settings,
    shapes::{Listed, Pruned, Restoration, Row, Taken, Verified},
    signals::Signals,
    table::table,
};

pub(crate) fn backup(command: BackupCommand, output: Output) -> Result<(), Failure> {
    let backup = Settings::from_env()?.open()?;
    let runtime = Runtime::new().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        match command {
            BackupCommand::List => list(&backup, output).await,
            BackupCommand::Run => run(&backup, output).await,
            BackupCommand::Verify { id } => verify(&backup, &id, output).await,
            BackupCommand::Restore { id, into, owner } => {
                restore(&backup, &id, &into, owner.into(), output).await
            }
            BackupCommand::Prune { dry_run } => prune(&backup, dry_run, output).await,
        }
    })
}

async fn list(backup: &Backup, output: Output) -> Result<(), Failure> {
    let entries = interruptible(backup, backup.list()).await?;
    output.print(&Listed::new(&entries), |listed| backups(&listed.backups))
}

async fn run(backup: &Backup, output: Output) -> Result<(), Failure> {
    let manifest = interruptible(backup, backup.run()).await?;
    output.print(&Taken::new(&manifest), |taken| {
        backups(std::slice::from_ref(&taken.backup))
    })
}

async fn verify(backup: &Backup, id: &BackupId, output: Output) -> Result<(), Failure> {
    let verified = interruptible(backup, backup.verify(id)).await?;
    output.print(&Verified::from(verified), |done| {
        let sizes = (ByteSize::new(done.stored_bytes), ByteSize::new(done.plain_bytes));
        format!("{} is whole: {} stored, {} of dump", done.id, sizes.0, sizes.1)
    })
}

async fn restore(
    backup: &Backup,
    id: &BackupId,
    database: &str,
    ownership: Ownership,
    output: Output,
) -> Result<(), Failure> {
    let restored = interruptible(backup, backup.restore(id, database, ownership)).await?;
    output.print(&Restoration::new(id, restored), |done| {
        let rows: Vec<[String; 2]> = done
            .rows
            .iter()
            .map(|(name, rows)| [name.clone(), rows.to_string()])
            .collect();
        format!(
            "{} is restored into {}\n\n{}",
            done.id,
            done.database,
            table(["TABLE", "ROWS"], &rows)
        )
    })
}

async fn prune(backup: &Backup, dry_run: bool, output: Output) -> Result<(), Failure> {
    let plan = if dry_run {
        interruptible(backup, backup.retention_plan()).await?
    } else {
        interruptible(backup, backup.prune()).await?
    };
    output.print(&Pruned::new(&plan, dry_run), pruned)
}

/// Lets Ctrl-C and SIGTERM end the work the orderly way, which removes what was begun. A second one ends it at
/// once.
async fn interruptible<T>(
    backup: &Backup,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let mut signals = Signals::take_over().map_err(Failure::Runtime)?;
    let mut work = pin!(work);
    let signal = tokio::select! {
        // First: what a signal to all processes did to PostgreSQL's tools is no failure of theirs.
        biased;
        signal = signals.next() => signal,
        done = &mut work => return Ok(done?),
    };
    let undone = async {
        // Each step of undoing has its own deadline.
        drop(backup.shutdown(Duration::MAX).await);
        work.await
    };
    let source = tokio::select! {
        biased;
        _ = signals.next() => None,
        done = undone => match done {
            Ok(value) => return Ok(value),
            Err(error) => Some(error),
        },
    };
    Err(Failure::Stopped { signal, source })
}

fn backups(rows: &[Row]) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let size =
        |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |bytes| ByteSize::new(bytes).to_string());
    let rows: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            [
                row.id.clone(),
                shown(&row.started),
                shown(&row.database),
                size(row.stored_bytes),
                row.state.to_owned(),
            ]
        })
        .collect();
    table(["ID", "STARTED", "DATABASE", "STORED", "STATE"], &rows)
}

fn pruned(done: &Pruned) -> String {
    let what = if done.dry_run { "to delete" } else { "deleted" };
    let deleted = done.delete.iter().map(|id| [id.clone(), what.to_owned()]);
    let kept = done.keep.iter().map(|id| [id.clone(), "kept".to_owned()]);
    let rows: Vec<[String; 2]> = deleted.chain(kept).collect();
    let mut text = table(["ID", "DECISION"], &rows);
    if let Some(refused) = done.refused {
        text.push_str("\nnothing is deleted: ");
        text.push_str(match refused {
            "newest_too_old" => "the newest backup is too old",
            _ => "the clock was set",
        });
    }
    text
}
