//! Fresh answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{DetailsPolicy, Health, HealthConfig, Registration, Selection, Verdict};
use groundcrew_testkit::eventually;
use http::{StatusCode, header};
use tokio::sync::Notify;

use crate::{LIMIT, ask, service::builder};

const BEARER: [(header::HeaderName, &str); 1] = [(header::AUTHORIZATION, "Bearer letmein")];

#[tokio::test(start_paused = true)]
async fn who_has_no_token_is_not_let_in_by_an_empty_one() {
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Always;
    config.details_token = Some("".into());
    let health = Health::builder("1").config(config).start().unwrap();

    let empty = [(header::AUTHORIZATION, "Bearer ")];
    let (code, _, body) = ask(&health, "/healthz?fresh=1", &empty).await;

    assert_eq!(code, StatusCode::FORBIDDEN);
    assert_eq!(
        body,
        "fresh answers are for those who are trusted to run checks\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_who_want_fresh_answers_cause_one_run() {
    let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (counted, wait) = (Arc::clone(&runs), Arc::clone(&go));
    let check = move || {
        let (counted, wait) = (Arc::clone(&counted), Arc::clone(&wait));
        async move {
            if counted.fetch_add(1, Ordering::SeqCst) > 0 {
                wait.notified().await;
            }
            Verdict::healthy().detail("run", counted.load(Ordering::SeqCst))
        }
    };
    let slow = Registration::new("slow", check)
        .interval(Duration::from_secs(3600))
        .deadline(Duration::from_secs(3600));
    let health = builder(DetailsPolicy::Token).register(slow).start().unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    tokio::time::advance(Duration::from_secs(10)).await;

    let asked = (0..1000).map(|_| ask(&health, "/healthz/slow?fresh=1", &BEARER));
    let asked: Vec<_> = asked.map(Box::pin).collect();
    let (answers, ()) = tokio::join!(all(asked), async {
        eventually(LIMIT, "the second run", async || {
            (runs.load(Ordering::SeqCst) == 2).then_some(())
        })
        .await;
        go.notify_one();
    });

    assert_eq!(answers.len(), 1000);
    for (status, _, body) in answers {
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains(r#""run":2"#), "{body}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    // What is a moment old is fresh.
    assert_eq!(
        ask(&health, "/healthz/slow?fresh=1", &BEARER).await.0,
        StatusCode::OK
    );
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

async fn all<F: Future>(futures: Vec<std::pin::Pin<Box<F>>>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(Some).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut pending {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                outputs.push(output);
                *slot = None;
            }
        }
        if pending.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_fresh_answer_is_not_kept_by_a_check_that_hangs() {
    let hangs = Registration::new("hangs", std::future::pending).deadline(Duration::from_secs(2));
    let health = builder(DetailsPolicy::Always).register(hangs).start().unwrap();

    let report = tokio::time::timeout(Duration::from_secs(5), health.fresh(&Selection::all()))
        .await
        .unwrap();

    let hangs = report.check("hangs").unwrap();
    assert_eq!(hangs.verdict.reason(), Some("no answer within 2s"));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_fresh_answer_is_let_go_at_the_end() {
    let hangs = Registration::new("hangs", std::future::pending).deadline(Duration::from_secs(3600));
    let health = builder(DetailsPolicy::Always).register(hangs).start().unwrap();
    let asked: Vec<_> = (0..100)
        .map(|_| Box::pin(ask(&health, "/api/health?fresh=1", &BEARER)))
        .collect();

    let began = tokio::time::Instant::now();
    let (answers, ended) = tokio::join!(all(asked), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        health.shutdown(LIMIT).await
    });

    assert!(ended.is_clean(), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(6));
    for (status, _, body) in answers {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("hangs"), "{body}");
    }
    // There is nobody who could give a newer one.
    let (status, ..) = ask(&health, "/healthz/hangs?fresh=1", &BEARER).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}
