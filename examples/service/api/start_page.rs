use axum::{extract::State, response::Html};

use super::Room;

/// A page for people, with a link to everything worth a look.
pub(super) async fn show(State(room): State<Room>) -> Html<String> {
    let runs_on: String = room
        .surroundings
        .iter()
        .map(|line| format!("<li>{}</li>", escaped(line)))
        .collect();
    let links: String = LINKS
        .iter()
        .filter(|(path, _)| room.db.is_some() || !NEED_DATABASE.contains(path))
        .map(|(path, what)| format!("<li><a href=\"{path}\">{path}</a> {what}</li>"))
        .collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>card room</title>\
         <h1>card room</h1><ul>{runs_on}</ul><h2>Look at</h2><ul>{links}</ul>"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const NEED_DATABASE: [&str; 2] = ["/admin/backups", "/admin/database/advice"];

const LINKS: [(&str, &str); 9] = [
    ("/api/health", "every check with its details"),
    ("/readyz", "whether traffic is wanted"),
    ("/livez", "whether the process is alive"),
    ("/healthz", "the health in a word"),
    ("/metrics", "for Prometheus"),
    ("/api/performance", "hit rate, latencies, database"),
    ("/api/players", "players"),
    ("/admin/backups", "backups, on this machine or with ADMIN_TOKEN"),
    ("/admin/database/advice", "the size of the pool, and why"),
];
