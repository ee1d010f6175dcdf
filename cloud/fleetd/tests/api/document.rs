//! The committed OpenAPI document is that of the code.

use std::path::Path;

#[test]
fn the_committed_document_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let current = fleetd::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == current, "run the test with UPDATE_OPENAPI=1 and look at the difference");
}

#[test]
fn every_error_has_an_example() {
    let document = serde_json::to_value(fleetd::openapi()).unwrap();
    assert!(document["components"]["schemas"]["Problem"]["example"]["detail"].is_string());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{method} {path} {status}");
            }
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        }
    }
}
