//! The text of Kubernetes.

use groundcrew_health::DetailsPolicy;
use http::StatusCode;

use crate::{get, service::mixed};

#[tokio::test(start_paused = true)]
async fn verbose_is_the_text_of_kubernetes() {
    let health = mixed(DetailsPolicy::Always).await;

    assert_eq!(
        get(&health, "/readyz?verbose").await,
        (
            StatusCode::OK,
            "[+]gate ok\n[+]database ok\n[-]mail failed, optional: cannot reach smtp://app:***@mail\n\
             [+]licence degraded: ends soon\nreadyz check passed\n"
                .to_owned()
        )
    );
    assert_eq!(
        get(&health, "/livez?verbose").await,
        (StatusCode::OK, "[+]runtime ok\nlivez check passed\n".to_owned())
    );
    assert_eq!(
        get(&health, "/startupz?verbose").await,
        (
            StatusCode::OK,
            "[+]startup ok\nstartupz check passed\n".to_owned()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_stranger_asks_verbosely_has_no_reasons() {
    let health = mixed(DetailsPolicy::Never).await;

    assert_eq!(
        get(&health, "/healthz?verbose").await.1,
        "[+]database ok\n[-]mail failed, optional: reason withheld\n\
         [+]licence degraded: reason withheld\nhealthz check passed\n"
    );
}
