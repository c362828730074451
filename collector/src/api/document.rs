//! `GET /v1/openapi.json`: the OpenAPI document, put together from the table of endpoints, whose
//! parameters are those that questions are read by.

use axum::Json;
use axum::extract::RawQuery;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query};
use super::{aliases, calls, flows, instances, loss, operations, shape};

/// One thing that can be asked.
pub(super) struct Endpoint {
    /// The path; `{id}` is an operation's id.
    pub path: &'static str,
    /// The method, in lower case.
    pub method: &'static str,
    /// What it does.
    about: &'static str,
    /// What it can be asked.
    parameters: &'static [Parameter],
    /// The status and shape of its answer.
    answer: (u16, Option<fn() -> Value>),
    /// The shape of what is sent.
    content: Option<fn() -> Value>,
}

const fn get(
    path: &'static str,
    about: &'static str,
    parameters: &'static [Parameter],
    answer: fn() -> Value,
) -> Endpoint {
    Endpoint { path, method: "get", about, parameters, answer: (200, Some(answer)), content: None }
}

/// Everything that can be asked.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/v1/operations", "the inventory, one row per operation", operations::LIST, operations::list_shape),
    get(
        "/v1/operations/{id}",
        "one operation, by any id it ever had, and its series by minute, hour or day",
        operations::ONE,
        operations::one_shape,
    ),
    get("/v1/rules", "what each rule refused, and would have refused", flows::RULES, flows::rules_shape),
    get("/v1/flows", "who called what, and what was decided, summed over hours", flows::FLOWS, flows::flows_shape),
    get("/v1/calls", "whole records of recent calls", calls::LIST, calls::list_shape),
    get("/v1/loss", "what each stream made, what came, what is missing", loss::LIST, loss::list_shape),
    get("/v1/instances", "which proxies run what, and which fell silent", instances::LIST, instances::list_shape),
    get("/v1/aliases", "which operations are one", aliases::LIST, aliases::list_shape),
    Endpoint {
        path: "/v1/aliases/{id}",
        method: "put",
        about: "makes an operation part of another",
        parameters: aliases::NONE,
        answer: (200, Some(aliases::item_shape)),
        content: Some(aliases::put_shape),
    },
    Endpoint {
        path: "/v1/aliases/{id}",
        method: "delete",
        about: "takes an operation apart from another",
        parameters: aliases::NONE,
        answer: (204, None),
        content: None,
    },
    get("/v1/openapi.json", "this document", aliases::NONE, shape::anything),
];

/// Answers the document.
pub(super) async fn answer(RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    Query::read(query.as_deref(), aliases::NONE)?;
    Ok(Json(document()))
}

/// The document.
pub(super) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let methods = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(endpoint.method.to_owned(), operation(endpoint));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ostiary-collector",
            "description": "What passed, what is recent, what is missing.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        // Asked for only where the collector was given a token.
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": problem() },
            "responses": { "Problem": {
                "description": "what is wrong, and what to do (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut parameters: Vec<Value> = endpoint.parameters.iter().map(query).collect();
    let has_id = endpoint.path.contains("{id}");
    if has_id {
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": Form::Id.schema() }));
    }
    let (status, shape) = endpoint.answer;
    let mut answer = json!({ "description": endpoint.about });
    if let (Some(shape), Some(answer)) = (shape, answer.as_object_mut()) {
        answer.insert("content".to_owned(), json!({ "application/json": { "schema": shape() } }));
    }
    let mut responses: Map<String, Value> = Map::new();
    responses.insert(status.to_string(), answer);
    let mut refused = vec!["400", "401", "421", "503"];
    let has_cursor = endpoint.parameters.iter().any(|parameter| matches!(parameter.form, Form::Cursor));
    if has_cursor || (has_id && endpoint.method != "put") {
        refused.push("404");
    }
    if endpoint.content.is_some() {
        refused.extend(["409", "413", "415"]);
    }
    responses.extend(
        refused.into_iter().map(|status| (status.to_owned(), json!({ "$ref": "#/components/responses/Problem" }))),
    );
    let words = endpoint.path.trim_start_matches("/v1/").replace(['/', '{', '}', '.'], "_");
    let mut operation = json!({
        "operationId": format!("{}_{}", endpoint.method, words.trim_end_matches('_')),
        "summary": endpoint.about,
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(content), Some(operation)) = (endpoint.content, operation.as_object_mut()) {
        let content = json!({ "required": true, "content": { "application/json": { "schema": content() } } });
        operation.insert("requestBody".to_owned(), content);
    }
    operation
}

fn query(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": "query",
        "required": false,
        "description": parameter.about,
        "schema": parameter.form.schema(),
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "hint": { "type": "string" },
        },
    })
}
