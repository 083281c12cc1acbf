//! Starts private servers, prints their URLs as `NAME=value` lines and `READY`, and keeps them until its standard
//! input ends or it is interrupted. Arguments choose: `postgres`, `redis`, `cluster`, `s3`, `database` (one on
//! the shared server, which `TESTKIT_POSTGRES_URL` may name); `paused` stops the chosen
//! ones with SIGSTOP before `READY`. Without arguments it starts PostgreSQL, Redis and S3.

use std::{env, process::ExitCode};

use groundcrew_testkit::{Database, Error, Postgres, Redis, RedisCluster, S3, database};
use tokio::io::AsyncReadExt;

/// Keeps what was started alive.
#[derive(Default)]
struct Servers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    cluster: Option<RedisCluster>,
    s3: Option<S3>,
    database: Option<Database>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut chosen: Vec<String> = env::args().skip(1).collect();
    if chosen.is_empty() {
        chosen = ["postgres", "redis", "s3"].map(String::from).to_vec();
    }
    match start(&chosen).await {
        Ok(servers) => {
            println!("READY");
            wait().await;
            drop(servers);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(chosen: &[String]) -> Result<Servers, Error> {
    let mut servers = Servers::default();
    for name in chosen {
        match name.as_str() {
            "postgres" => {
                let postgres = servers.postgres.insert(Postgres::start().await?);
                println!("DATABASE_URL={}", postgres.url());
            }
            "redis" => {
                let redis = servers.redis.insert(Redis::start().await?);
                println!("REDIS_URL={}", redis.url());
            }
            "cluster" => {
                let cluster = servers.cluster.insert(RedisCluster::start().await?);
                println!("REDIS_CLUSTER_URL={}", cluster.url());
            }
            "s3" => {
                let s3 = servers.s3.insert(S3::start().await?);
                println!("S3_ENDPOINT={}\nS3_BUCKET={}", s3.endpoint(), s3.bucket());
                println!(
                    "AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}",
                    s3.access_key(),
                    s3.secret_key()
                );
            }
            "database" => {
                let database = servers.database.insert(database().await?);
                println!("DATABASE_URL={}", database.url());
            }
            "paused" => pause(&servers)?,
            other => eprintln!("unknown server {other}: postgres, redis, cluster, s3, database"),
        }
    }
    Ok(servers)
}

fn pause(servers: &Servers) -> Result<(), Error> {
    if let Some(postgres) = &servers.postgres {
        postgres.pause()?;
    }
    let cluster = servers.cluster.iter().flat_map(RedisCluster::nodes);
    servers.redis.iter().chain(cluster).try_for_each(Redis::pause)
}

async fn wait() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 256];
    while input.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
}
