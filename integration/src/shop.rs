//! The demo upstream: a small shop with users, orders and payments, whose answers carry what a gateway must look after (telephone
//! numbers, addresses, card numbers). Everything in it is invented: numbers come from the ranges that are kept for examples.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A shop that serves until it is dropped.
#[derive(Debug)]
pub struct Shop {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// What the shop answers, before it becomes HTTP.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// JSON, except for the export, which is the kind of file that should never have been reachable.
    pub body: Body,
}

/// The two forms an answer takes.
#[derive(Debug, PartialEq)]
pub enum Body {
    /// `application/json`.
    Json(Value),
    /// `text/csv`.
    Csv(&'static str),
}

/// Every card of the shop in one file: the demo's closed API.
const EXPORT: &str = "payment,user,card,amount\n\
    p-501,u-1,4111111111111111,129.90\n\
    p-502,u-2,5555555555554444,34.50\n\
    p-503,u-3,378282246310005,780.00\n";

// === impl Shop ===

impl Shop {
    /// Serves on a listener that the caller has bound, HTTP/1.1 and HTTP/2 by prior knowledge alike.
    ///
    /// # Errors
    /// When the listener cannot say its address.
    pub fn start(listener: TcpListener) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { address, serving: tokio::spawn(serve(listener)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener) {
    // The set ends its connections with the shop: a dropped shop must not go on answering.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        connections.spawn(async move {
            // A client that goes away in the middle is everyday life and nothing to report.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(respond))
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // Read to the end, so that the connection can be used again; what the client sent is not kept.
    let _ = body.collect().await;
    let answer = answer(&head.method, head.uri.path());
    let (kind, bytes) = match answer.body {
        Body::Json(value) => ("application/json", Bytes::from(format!("{value:#}\n"))),
        Body::Csv(text) => ("text/csv", Bytes::from_static(text.as_bytes())),
    };
    let mut response = Response::new(Full::new(bytes));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// The shop itself, as a function of what was asked.
#[must_use]
pub fn answer(method: &Method, path: &str) -> Answer {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["healthz"]) => ok(json!({ "status": "open" })),
        ("GET", ["orders"]) => ok(json!({ "orders": [order("o-1001"), order("o-1002")] })),
        ("POST", ["orders"]) => made(order("o-1003")),
        ("GET", ["orders", id]) => ok(order(id)),
        ("GET", ["users", id]) => ok(user(id)),
        ("GET", ["payments"]) => ok(json!({ "payments": [payment("p-501"), payment("p-502")] })),
        ("POST", ["payments"]) => made(payment("p-504")),
        ("GET", ["payments", "export"]) => Answer { status: StatusCode::OK, body: Body::Csv(EXPORT) },
        ("GET", ["payments", id]) => ok(payment(id)),
        ("GET", ["staff"]) => ok(json!({ "staff": [employee("e-7"), employee("e-8")] })),
        ("GET", ["staff", id]) => ok(employee(id)),
        ("GET", ["admin", ..]) => {
            ok(json!({ "database": "postgres://shop:example@db.shop.example/shop", "debug": true }))
        }
        _ => Answer {
            status: StatusCode::NOT_FOUND,
            body: Body::Json(json!({ "error": "not found", "try": ["/orders", "/users/u-1", "/payments", "/staff"] })),
        },
    }
}

fn ok(value: Value) -> Answer {
    Answer { status: StatusCode::OK, body: Body::Json(value) }
}

fn made(value: Value) -> Answer {
    Answer { status: StatusCode::CREATED, body: Body::Json(value) }
}

fn order(id: &str) -> Value {
    json!({
        "id": id, "state": "paid", "total": 129.90, "currency": "EUR",
        "items": [{ "sku": "kettle-2", "count": 1, "price": 99.90 }, { "sku": "tea-rooibos", "count": 3, "price": 10.00 }],
        "deliver_to": { "name": "Ada Example", "street": "1 Sample Street", "city": "Springfield", "phone": "+1-202-555-0143" },
    })
}

fn user(id: &str) -> Value {
    json!({
        "id": id, "name": "Ada Example", "email": "ada@mail.example", "phone": "+1-202-555-0143", "born": "1985-12-10",
        "cards": [{ "brand": "visa", "number": "4111111111111111", "expires": "12/29" }],
    })
}

fn payment(id: &str) -> Value {
    json!({
        "id": id, "order": "o-1001", "amount": 129.90, "currency": "EUR", "state": "settled",
        "card": { "number": "5555555555554444", "holder": "Ada Example" }, "iban": "GB82WEST12345698765432",
    })
}

fn employee(id: &str) -> Value {
    json!({ "id": id, "name": "Bob Example", "email": "bob@shop.example", "phone": "+1-202-555-0198", "salary": 52000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_demo_prints_is_served() {
        for path in ["/orders", "/orders/o-1001", "/users/u-1", "/payments", "/payments/p-501", "/staff", "/staff/e-7"]
        {
            assert_eq!(answer(&Method::GET, path).status, StatusCode::OK, "{path}");
        }
        assert_eq!(answer(&Method::GET, "/payments/export").body, Body::Csv(EXPORT), "a name wins over an id");
        assert_eq!(answer(&Method::POST, "/orders").status, StatusCode::CREATED);
    }

    #[test]
    fn an_unknown_path_says_what_to_try() {
        let Answer { status, body: Body::Json(body) } = answer(&Method::GET, "/nothing") else { panic!("not json") };
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body["try"][0], "/orders");
    }
}
