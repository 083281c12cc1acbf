//! The checks of services with a REST interface, on a stand-in that notes what it is asked.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_envcfg::{
    Config, Secret, Vars,
    preflight::{ApiCheck, Check, EmailProvider, PaymentProvider, Preflight, ServiceCheck, Startup},
};
use groundcrew_testkit::Proxy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const KEY: &str = "canary-key";

/// Answers every request with one status and notes its head and body.
struct Service {
    addr: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Service {
    async fn answering(status: u16) -> Self {
        Self::answering_in_turn(&[status]).await
    }

    /// The last status is also that of all later answers.
    async fn answering_in_turn(statuses: &[u16]) -> Self {
        Self::answering_with(statuses, "x-more: no").await
    }

    /// Every answer has this header too.
    async fn answering_with(statuses: &[u16], header: &'static str) -> Self {
        let mut statuses = statuses.to_vec();
        statuses.reverse();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (mut task, noted) = (JoinSet::new(), Arc::clone(&requests));
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let status = if statuses.len() > 1 {
                    statuses.pop()
                } else {
                    statuses.last().copied()
                };
                // Noted before it is answered, so that whoever has the answer finds it.
                serve(stream, status.unwrap(), header, &noted).await;
            }
        });
        Self {
            addr,
            requests,
            _task: task,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What was asked first, one line a header, in lower case.
    fn request(&self) -> String {
        self.requests.lock().unwrap()[0].clone()
    }
}

async fn serve(mut stream: TcpStream, status: u16, header: &str, noted: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        assert_ne!(
            stream.read_buf(&mut request).await.unwrap(),
            0,
            "the request ends early"
        );
    }
    noted.lock().unwrap().push(String::from_utf8(request).unwrap());
    let answer = format!(
        "HTTP/1.1 {status} It is\r\nlocation: /elsewhere\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{KEY}",
        KEY.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_lowercase().lines().find_map(|line| {
        let length = line.strip_prefix("content-length: ")?;
        length.parse::<usize>().ok()
    });
    body.len() >= length.unwrap_or(0)
}

/// The problem of one attempt, or what passes: nothing or a warning.
async fn outcome(check: impl Check) -> String {
    let outcome = Preflight::new()
        .check("it", ServiceCheck::new(check).once())
        .run()
        .await;
    let shown = match &outcome {
        Ok(warnings) => format!("{warnings:?}"),
        Err(report) => report.problems()[0]
            .message()
            .trim_start_matches("service it: ")
            .to_owned(),
    };
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    shown
}

fn key() -> Secret {
    Secret::from(KEY)
}

fn aws_key() -> Secret {
    Secret::from("AKIDEXAMPLE:canary-secret:canary-session")
}

/// What the service is asked by this check, which it answers as if all were well.
async fn request(check: ApiCheck) -> String {
    let service = Service::answering(200).await;
    assert_eq!(outcome(check.base_url(format!("{}/", service.url()))).await, "[]");
    service.request()
}

#[tokio::test]
async fn supabase_gets_the_key_in_both_headers() {
    let root = request(ApiCheck::supabase("", &key())).await;
    let table = request(ApiCheck::supabase_table("", &key(), "users")).await;

    assert!(root.starts_with("GET /rest/v1/ "), "{root}");
    assert!(
        table.starts_with("GET /rest/v1/users?select=*&limit=1 "),
        "{table}"
    );
    for request in [root, table] {
        assert!(request.contains("apikey: canary-key"), "{request}");
        assert!(request.contains("authorization: Bearer canary-key"), "{request}");
    }
}

#[tokio::test]
async fn every_provider_gets_the_request_that_its_documentation_names() {
    let email = |provider| ApiCheck::email(provider, &key());
    let paypal = ApiCheck::payment(PaymentProvider::PayPal, &"id:canary".into());
    let cases = [
        (
            email(EmailProvider::SendGrid),
            ["GET /v3/scopes ", "authorization: Bearer canary-key"],
        ),
        (
            email(EmailProvider::Postmark),
            ["GET /server ", "x-postmark-server-token: canary-key"],
        ),
        (
            ApiCheck::payment(PaymentProvider::Stripe, &key()),
            ["GET /v1/balance ", "authorization: Bearer canary-key"],
        ),
        (
            paypal.clone(),
            ["POST /v1/oauth2/token ", "authorization: Basic aWQ6Y2FuYXJ5"],
        ),
        (paypal, ["POST ", "\r\n\r\ngrant_type=client_credentials"]),
        (ApiCheck::endpoint(""), ["GET / ", "host: 127.0.0.1"]),
    ];

    for (check, [line, part]) in cases {
        let request = request(check).await;

        assert!(request.starts_with(line) && request.contains(part), "{request}");
    }
}

#[tokio::test]
async fn ses_gets_a_signature_and_never_the_key() {
    let request = request(ApiCheck::email(EmailProvider::Ses, &aws_key())).await;

    let parts = [
        "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
        "/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=",
        "x-amz-security-token: canary-session",
    ];
    assert!(request.starts_with("GET /v2/email/account "), "{request}");
    assert!(parts.iter().all(|part| request.contains(part)), "{request}");
    assert!(!request.contains("canary-secret"), "{request}");
}

#[tokio::test]
async fn every_status_says_what_to_do() {
    let cases = [
        (204, "[]"),
        (301, "the address moved (status 301)"),
        (401, "the key is refused (status 401)"),
        (403, "the key may not do this (status 403)"),
        (404, "nothing is at this address (status 404)"),
        (418, "the answer is status 418"),
        (429, "the answer is status 429"),
        (503, "the answer is status 503"),
    ];

    for (status, expected) in cases {
        let service = Service::answering(status).await;
        let supabase = ApiCheck::supabase(&service.url(), &key());

        assert_eq!(outcome(supabase).await, expected);
    }
}

#[tokio::test]
async fn a_restricted_key_of_stripe_and_an_endpoint_that_wants_a_key_are_well() {
    let service = Service::answering(403).await;
    let broken = Service::answering(500).await;

    assert_eq!(
        outcome(ApiCheck::payment(PaymentProvider::Stripe, &key()).base_url(service.url())).await,
        "[]"
    );
    assert_eq!(outcome(ApiCheck::endpoint(service.url())).await, "[]");
    assert_eq!(
        outcome(ApiCheck::endpoint(broken.url())).await,
        "the answer is status 500"
    );
}

#[tokio::test]
async fn a_key_of_ses_is_refused_unless_only_its_rights_are() {
    let ses = |service: &Service| ApiCheck::email(EmailProvider::Ses, &aws_key()).base_url(service.url());
    let unknown = Service::answering(403).await;
    let restricted =
        Service::answering_with(&[403], "x-amzn-errortype: AccessDeniedException:http://x").await;
    let other = Service::answering_with(&[403], "x-amzn-errortype: UnrecognizedClientException").await;

    let refused = "the key is refused, or the clock of this machine is wrong (status 403)";
    assert_eq!(outcome(ses(&unknown)).await, refused);
    assert_eq!(outcome(ses(&other)).await, refused);
    assert_eq!(outcome(ses(&restricted)).await, "[]");
}

#[tokio::test]
async fn only_what_may_heal_is_asked_again() {
    for status in [301, 401, 403, 404] {
        let service = Service::answering(status).await;
        let check = ApiCheck::supabase(&service.url(), &key());

        let report = Preflight::new().check("supabase", check).run().await.unwrap_err();

        assert_eq!(report.problems()[0].tried().unwrap().attempts, 1, "{status}");
    }
    let service = Service::answering_in_turn(&[503, 429, 200]).await;
    let check = ServiceCheck::new(ApiCheck::supabase(&service.url(), &key()));

    let warnings = Preflight::new()
        .check("supabase", check.deadline(Duration::from_secs(60)))
        .run()
        .await;

    assert_eq!(warnings.unwrap(), []);
    assert_eq!(service.requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_service_that_does_not_answer_ends_at_its_deadline() {
    let service = Service::answering(200).await;
    let proxy = Proxy::start(service.addr).await.unwrap();
    let url = format!("http://{}", proxy.addr());
    let check = || ApiCheck::supabase(&url, &key()).timeout(Duration::from_millis(300));

    proxy.black_hole();
    assert_eq!(outcome(check()).await, "no answer within 300ms");
    proxy.restore();
    proxy.cut();
    let cut = outcome(check()).await;

    assert!(cut.starts_with("the server cannot be reached: "), "{cut}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_without_the_key() {
    let newline = Secret::from("canary\nkey");
    let cases = [
        (
            ApiCheck::email(EmailProvider::SendGrid, &newline),
            "the key has a character that HTTP does not allow, such as a line break",
        ),
        (
            ApiCheck::payment(PaymentProvider::PayPal, &key()),
            "expected the client's id and secret with a colon between them",
        ),
        (
            ApiCheck::email(EmailProvider::Ses, &key()),
            "expected the access key's id and secret with a colon between them",
        ),
        (
            ApiCheck::email(EmailProvider::Ses, &"AKID:secret:canary\nkey".into()),
            "the key has a character that HTTP does not allow, such as a line break",
        ),
        (
            ApiCheck::supabase("project.supabase.co", &key()),
            "the address is not a URL that starts with https://",
        ),
        (
            ApiCheck::endpoint("ftp://127.0.0.1"),
            "the address is not a URL that starts with https://",
        ),
        (
            ApiCheck::endpoint("http://someone:canary@127.0.0.1:1/"),
            "the address holds more than a host and a port: no user and no password belongs there",
        ),
    ];

    for (check, expected) in cases {
        assert!(!format!("{check:?}").contains("canary"), "{check:?}");
        assert_eq!(outcome(check).await, expected);
    }
}

#[derive(Debug, Config)]
struct Settings {
    #[config(nested)]
    email: Option<Email>,
    #[config(nested)]
    payment: Option<Payment>,
}

#[derive(Debug, Config)]
struct Email {
    email_provider: EmailProvider,
    email_api_key: Secret,
}

#[derive(Debug, Config)]
struct Payment {
    payment_provider: PaymentProvider,
    payment_api_key: Secret,
}

#[tokio::test]
async fn providers_are_asked_when_their_key_is_set() {
    let service = Service::answering(401).await;
    let url = service.url();
    let other = url.clone();
    let startup = Startup::<Settings>::new()
        .service_if("email", move |settings: &Settings| {
            let email = settings.email.as_ref()?;
            let check = ApiCheck::email(email.email_provider, &email.email_api_key).base_url(&url);
            Some(ServiceCheck::new(check).variable("EMAIL_API_KEY"))
        })
        .service_if("payment", move |settings: &Settings| {
            let payment = settings.payment.as_ref()?;
            let check =
                ApiCheck::payment(payment.payment_provider, &payment.payment_api_key).base_url(&other);
            Some(ServiceCheck::new(check).variable("PAYMENT_API_KEY"))
        });
    let vars = Vars::from([("EMAIL_PROVIDER", "sendgrid"), ("EMAIL_API_KEY", KEY)]);

    let report = startup.run(&vars).await.unwrap_err();

    let shown: Vec<_> = report
        .iter()
        .map(|p| (p.variable(), p.code(), p.message()))
        .collect();
    assert_eq!(
        shown,
        [(
            Some("EMAIL_API_KEY"),
            String::from("service.email"),
            "service email: the key is refused (status 401)"
        )]
    );
    assert_eq!(service.requests.lock().unwrap().len(), 1);
}
