//! A report of `maps::validate` as text and as JSON; shared by `atlas map validate` and `map-validator`.

use std::fmt::Write;

use maps::validate::{Report, Severity};
use serde_json::{Value, json};

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// One line per finding, as compilers write them, and a sum.
pub fn to_text(file: &str, report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "{}: {}: {} [{}]",
            finding.place,
            name(finding.severity),
            finding.what,
            finding.check
        );
    }
    let counts: Vec<_> = report.counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let _ = writeln!(text, "{file}: {}; {errors} error(s), {warnings} warning(s)", counts.join(", "));
    text
}

/// The whole report.
pub fn to_json(file: &str, report: &Report) -> Value {
    let finding = |f: &maps::validate::Finding| {
        json!({
            "severity": name(f.severity),
            "check": f.check,
            "line": (f.place.line > 0).then_some(f.place.line),
            "road": f.place.road,
            "lane": f.place.lane,
            "message": f.what,
        })
    };
    json!({
        "file": file,
        "format": report.format,
        "valid": report.count(Severity::Error) == 0,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "counts": report.counts.iter().map(|(what, count)| ((*what).to_string(), json!(count))).collect::<serde_json::Map<_, _>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
