//! The OpenAPI document: what the handlers say, and what holds for all of them.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema};

/// Errors that any request may get.
const ALWAYS: &[&str] = &["429"];
/// Errors of requests with a body: it may be no JSON, or not what is expected.
const WITH_BODY: &[&str] = &["400", "408", "413", "422"];

/// Adds how to authenticate, and the errors that handlers need not name.
pub fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("token", token);
    // Unknown fields are refused in requests; replies extend it.
    if let Some(RefOr::T(Schema::Object(vehicle))) = components.schemas.get_mut("Vehicle") {
        vehicle.additional_properties = None;
    }
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete];
        operations.into_iter().flatten().for_each(add_errors);
    }
}

fn add_errors(operation: &mut Operation) {
    let with_body = if operation.request_body.is_some() { WITH_BODY } else { &[] };
    // One of another origin is refused, also where no right is needed.
    let with_caller: &[&str] = if operation.security.is_none() { &["403"] } else { &[] };
    let responses = &mut operation.responses.responses;
    for status in ALWAYS.iter().chain(with_body).chain(with_caller) {
        responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(Response::default()));
    }
    for (status, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
        *response = RefOr::T(problem(status));
    }
}

fn problem(status: &str) -> Response {
    let description = match status {
        "400" => "The request makes no sense",
        "401" => "It is not known who asks",
        "403" => "Who asks may not",
        "404" => "It is not there",
        "408" => "The body did not arrive in time",
        "409" => "The state of things does not allow it now",
        "413" => "The body is larger than 1 MiB",
        "422" => "It is well formed, but can't be done",
        "429" => "Too many requests; retry-after says when to ask again",
        "503" => "Something that is needed is not there now",
        _ => "Something went wrong",
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
