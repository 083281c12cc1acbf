use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use crate::{error::Error, poll};

/// Sends one command over the Unix socket and answers the reply as `redis-cli` would print it.
pub(crate) async fn command(socket: &Path, password: Option<&str>, words: &[&str]) -> Result<String, Error> {
    const LIMIT: Duration = Duration::from_secs(5);
    let name = words.first().copied().unwrap_or_default();
    let call = async {
        let network = |source| Error::network(format!("asking redis {name}"))(source);
        let mut stream = BufReader::new(UnixStream::connect(socket).await.map_err(network)?);
        if let Some(password) = password {
            exchange(&mut stream, &["AUTH", password])
                .await
                .map_err(network)?;
        }
        exchange(&mut stream, words).await.map_err(network)
    };
    match poll::within(LIMIT, format!("the answer of redis to {name}"), call).await? {
        Reply::Error(reply) => Err(Error::Redis {
            command: name.to_owned(),
            reply,
        }),
        reply => Ok(reply.to_text()),
    }
}

enum Reply {
    Text(String),
    Integer(i64),
    Nil,
    List(Vec<Self>),
    Error(String),
}

impl Reply {
    fn to_text(&self) -> String {
        match self {
            Self::Text(text) | Self::Error(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Nil => String::from("(nil)"),
            Self::List(items) => items.iter().map(Self::to_text).collect::<Vec<_>>().join("\n"),
        }
    }
}

async fn exchange(stream: &mut BufReader<UnixStream>, words: &[&str]) -> io::Result<Reply> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    stream.write_all(&request).await?;
    read_reply(stream).await
}

async fn read_reply(stream: &mut BufReader<UnixStream>) -> io::Result<Reply> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    let line = String::from_utf8_lossy(&line);
    let mut rest = line.trim_end().chars();
    let kind = rest.next().ok_or(io::ErrorKind::UnexpectedEof)?;
    let rest = rest.as_str();
    let number = || {
        rest.parse::<i64>()
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    };
    match kind {
        '+' => Ok(Reply::Text(rest.to_owned())),
        '-' => Ok(Reply::Error(rest.to_owned())),
        ':' => Ok(Reply::Integer(number()?)),
        '$' => match usize::try_from(number()?) {
            Ok(length) => read_bulk(stream, length).await,
            Err(_negative) => Ok(Reply::Nil),
        },
        '*' => {
            let mut items = Vec::new();
            for _ in 0..number()? {
                items.push(Box::pin(read_reply(stream)).await?);
            }
            Ok(Reply::List(items))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn read_bulk(stream: &mut BufReader<UnixStream>, length: usize) -> io::Result<Reply> {
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes).await?;
    bytes.truncate(length);
    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
}
