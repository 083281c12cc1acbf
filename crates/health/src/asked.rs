use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::{
    Health, Selection,
    formats::Format,
    question::{MOST_PARAMETERS, Question, UnknownFormat},
    router::plain,
};

/// A request that was understood.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) details: bool,
    fresh: bool,
}

impl Asked {
    pub(crate) fn read(health: &Health, request: &Request) -> Result<Self, Refusal> {
        let question = Question::read(request.uri(), request.headers());
        if question.is_flood {
            return Err(Refusal::Flood);
        }
        let (headers, extensions) = (request.headers(), request.extensions());
        Ok(Self {
            fresh: question.fresh && health.allows_fresh(headers, extensions),
            details: health.shows_details(headers, extensions),
            question,
        })
    }

    /// The format asked for, of those who have several.
    pub(crate) fn format(&self) -> Result<Format, Refusal> {
        let format = self.question.format;
        format.map_err(|UnknownFormat| Refusal::UnknownFormat)
    }

    /// Refuses to tell of groups that do not exist.
    pub(crate) fn about_known_tags(self, health: &Health) -> Result<Self, Refusal> {
        match self.question.selection.unknown_tag(&health.report()) {
            None => Ok(self),
            Some(_) => Err(Refusal::UnknownTag),
        }
    }

    /// Waits for new answers, if they are asked for by one who may.
    pub(crate) async fn freshen(&self, health: &Health, selection: &Selection) -> Result<(), Refusal> {
        if !self.question.fresh {
            return Ok(());
        }
        if !self.fresh {
            return Err(Refusal::Fresh);
        }
        health.fresh(selection).await;
        Ok(())
    }
}

/// Why a request has no answer.
pub(crate) enum Refusal {
    Flood,
    UnknownFormat,
    UnknownCheck,
    UnknownTag,
    Fresh,
    History,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, text) = match self {
            Self::Flood => {
                let text = format!("too many parameters: expected at most {MOST_PARAMETERS}\n");
                return plain(StatusCode::BAD_REQUEST, text);
            }
            Self::UnknownFormat => (
                StatusCode::BAD_REQUEST,
                "no such format: expected json, health+json or ui\n",
            ),
            Self::UnknownCheck => (StatusCode::NOT_FOUND, "no such check\n"),
            Self::UnknownTag => (StatusCode::NOT_FOUND, "no such tag\n"),
            Self::Fresh => (
                StatusCode::FORBIDDEN,
                "fresh answers are for those who are trusted to run checks\n",
            ),
            Self::History => (
                StatusCode::FORBIDDEN,
                "the history is for those who may see details\n",
            ),
        };
        plain(code, text)
    }
}
