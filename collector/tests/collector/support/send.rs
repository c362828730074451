//! An OTLP sender by tonic's own client.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

/// What was said of an export that was taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub rejected: i64,
    pub message: String,
}

/// A sender with its connection.
#[derive(Clone)]
pub struct Sender {
    grpc: Grpc<Channel>,
    token: Option<String>,
}

impl Sender {
    pub async fn connect(otlp: SocketAddr) -> Self {
        let channel = endpoint("http", otlp).connect().await.unwrap();
        Self { grpc: Grpc::new(channel), token: None }
    }

    /// A sender, unless the collector is gone already.
    pub async fn try_connect(otlp: SocketAddr) -> Option<Self> {
        let channel = endpoint("http", otlp).connect().await.ok()?;
        Some(Self { grpc: Grpc::new(channel), token: None })
    }

    pub async fn connect_tls(otlp: SocketAddr, tls: ClientTlsConfig) -> Result<Self, tonic::transport::Error> {
        let channel = endpoint("https", otlp).tls_config(tls)?.connect().await?;
        Ok(Self { grpc: Grpc::new(channel), token: None })
    }

    pub fn gzip(mut self) -> Self {
        self.grpc = self.grpc.send_compressed(CompressionEncoding::Gzip);
        self
    }

    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Sends one export.
    pub async fn send(&mut self, message: Vec<u8>) -> Result<Reply, Status> {
        self.send_to("/opentelemetry.proto.collector.logs.v1.LogsService/Export", message).await
    }

    pub async fn send_to(&mut self, path: &str, message: Vec<u8>) -> Result<Reply, Status> {
        self.grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(Bytes::from(message));
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let path = PathAndQuery::from_str(path).unwrap();
        let response = self.grpc.unary(request, path, Raw).await?.into_inner();
        let partial = ExportLogsServiceResponse::decode(response).unwrap().partial_success;
        let partial = partial.unwrap_or_default();
        Ok(Reply { rejected: partial.rejected_log_records, message: partial.error_message })
    }

    /// Begins an export whose message never comes, and waits for its answer.
    pub async fn begin(mut self) -> Result<(), Status> {
        self.grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/opentelemetry.proto.collector.logs.v1.LogsService/Export");
        let (keep, never) = tokio::sync::mpsc::channel::<Bytes>(1);
        let request = Request::new(tokio_stream::wrappers::ReceiverStream::new(never));
        let answer = self.grpc.client_streaming(request, path, Raw).await.map(|_| ());
        drop(keep);
        answer
    }
}

fn endpoint(scheme: &str, otlp: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("{scheme}://{otlp}"))
        .unwrap()
        .timeout(Duration::from_secs(20))
        .connect_timeout(Duration::from_secs(10))
}

#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
