//! Who may do what.

use crate::service::Service;

#[test]
fn a_token_opens_and_closes() {
    let service = Service::start();
    let admin = service.admin();
    let me = service.get_as(&admin, "/api/v1/me");
    assert_eq!((me.status, me.json["role"].as_str()), (200, Some("admin")));
    let out = service.post_as(&admin, "/api/v1/logout", "");
    assert_eq!(out.status, 204);
    assert_eq!(service.get_as(&admin, "/api/v1/me").problem(), "unauthenticated");
}

#[test]
fn without_a_token_the_development_profile_acts_as_operator_and_others_refuse() {
    let service = Service::start();
    let me = service.get("/api/v1/me");
    assert_eq!(me.json["role"], "fleet-operator");
    // `curl -H "Authorization: Bearer $TOKEN"` with an unset variable.
    let empty = service.ask("GET", "/api/v1/me", &[("authorization", "Bearer ")], None);
    assert_eq!(empty.json["role"], "fleet-operator");
    let service = Service::with(|config| config.anonymous_role = None);
    let refused = service.get("/api/v1/me");
    assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(service.get("/health").status, 200);
}

#[test]
fn wrong_passwords_and_tampered_tokens_are_refused_and_written_down() {
    let service = Service::start();
    let admin = service.admin();
    for body in [
        r#"{"user_id": "admin", "password": "wrong"}"#,
        r#"{"user_id": "nobody", "password": "wrong"}"#,
        r#"{"user_id": "admin' OR '1'='1", "password": "wrong"}"#,
    ] {
        assert_eq!(service.post("/api/v1/login", body).problem(), "unauthenticated", "{body}");
    }
    let mut tampered = admin.clone();
    tampered.replace_range(10..11, if &admin[10..11] == "0" { "1" } else { "0" });
    assert_eq!(service.get_as(&tampered, "/api/v1/me").problem(), "unauthenticated");
    let log = service.get_as(&admin, "/svc/auth-service/security/failed-auth");
    let entries = log.json["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 4, "{log:?}");
    assert!(
        entries
            .iter()
            .all(|entry| entry["outcome"] == "refused" && entry["trace_id"].as_str().unwrap().len() == 32)
    );
}

#[test]
fn tokens_expire() {
    let service = Service::with(|config| config.token_ttl = std::time::Duration::ZERO);
    let admin = service.admin();
    let answer = service.get_as(&admin, "/api/v1/me");
    assert_eq!(answer.problem(), "unauthenticated");
    assert!(answer.json["detail"].as_str().unwrap().contains("expired"));
}

#[test]
fn roles_limit_what_is_done() {
    let service = Service::start();
    let admin = service.admin();
    let viewer = service.user(&admin, "vera", "viewer");
    let trip =
        r#"{"pickup": {"lat": 24.4539, "lng": 54.3773}, "destination": {"lat": 25.2048, "lng": 55.2708}}"#;
    assert_eq!(service.post_as(&viewer, "/api/v1/trips", trip).problem(), "forbidden");
    assert_eq!(service.post_as(&viewer, "/api/v1/vehicles/AV-001/emergency-stop", "").problem(), "forbidden");
    assert_eq!(service.get_as(&viewer, "/api/v1/users").problem(), "forbidden");
    assert_eq!(service.get_as(&viewer, "/api/v1/trips").status, 200);
    let audit = service.get_as(&admin, "/svc/auth-service/audit/access?user=vera&timerange=1h");
    let refused = |entry: &&serde_json::Value| entry["outcome"] == "refused";
    assert_eq!(audit.json["entries"].as_array().unwrap().iter().filter(refused).count(), 3);
    assert_eq!(service.get_as(&viewer, "/svc/auth-service/audit/access").problem(), "forbidden");
}

#[test]
fn rights_of_others_are_not_for_everybody() {
    let service = Service::start();
    let admin = service.admin();
    let operator = service.user(&admin, "user123", "fleet-operator");
    assert_eq!(service.get("/svc/auth-service/permissions/user123").problem(), "forbidden");
    let own = service.get_as(&operator, "/svc/auth-service/permissions/user123");
    assert_eq!((own.status, own.json["role"].as_str()), (200, Some("fleet-operator")));
    assert_eq!(service.get_as(&admin, "/svc/auth-service/permissions/nobody").problem(), "user-not-found");
    let role = service.get("/svc/auth-service/roles/validate/fleet-operator");
    assert_eq!((role.status, role.json["users"].as_u64()), (200, Some(1)));
    assert_eq!(service.get("/svc/auth-service/roles/validate/captain").problem(), "role-not-found");
}

#[test]
fn users_are_checked() {
    let service = Service::start();
    let admin = service.admin();
    for (body, problem) in [
        (r#"{"user_id": "a b", "role": "viewer", "password": "correct horse battery"}"#, "invalid-user-id"),
        (r#"{"user_id": "ann", "role": "viewer", "password": "short"}"#, "weak-password"),
        (r#"{"user_id": "ann", "role": "captain", "password": "correct horse battery"}"#, "invalid-field"),
        (r#"{"user_id": "admin", "role": "viewer", "password": "correct horse battery"}"#, "user-exists"),
        ("", "bad-request"),
        ("{", "bad-request"),
    ] {
        assert_eq!(service.post_as(&admin, "/api/v1/users", body).problem(), problem, "{body}");
    }
    // Nobody without a name makes users.
    let service = Service::with(|config| config.anonymous_role = Some("admin".parse().unwrap()));
    let body = r#"{"user_id": "eve", "role": "admin", "password": "correct horse battery"}"#;
    assert_eq!(service.post("/api/v1/users", body).problem(), "unauthenticated");
}

#[test]
fn a_browser_keeps_its_token_in_a_cookie() {
    let service = Service::with(|config| config.anonymous_role = None);
    let (user, password) = service.first_login();
    let body = serde_json::json!({ "user_id": user, "password": password }).to_string();
    let opened = service.post("/api/v1/session", &body);
    assert_eq!((opened.status, opened.json["user"]["role"].as_str()), (200, Some("admin")), "{opened:?}");
    assert!(opened.json.get("token").is_none(), "scripts don't see the token");
    let set = opened.header("set-cookie").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let me = |headers: &[(&str, &str)]| service.ask("GET", "/api/v1/me", headers, None);
    assert_eq!(me(&[("cookie", cookie)]).json["user_id"], "admin");
    let foreign = [("cookie", cookie), ("origin", "https://evil.example")];
    assert_eq!(service.ask("POST", "/api/v1/trips", &foreign, Some("{}")).problem(), "foreign-origin");
    let closed = service.ask("DELETE", "/api/v1/session", &[("cookie", cookie)], None);
    assert_eq!((closed.status, closed.header("set-cookie").contains("Max-Age=0")), (204, true), "{closed:?}");
    assert_eq!(me(&[("cookie", cookie)]).problem(), "unauthenticated");
    let wrong = service.post("/api/v1/session", r#"{"user_id": "admin", "password": "wrong"}"#);
    assert_eq!(wrong.problem(), "unauthenticated");
}

#[test]
fn pages_of_others_have_no_rights_in_the_development_profile_either() {
    let service = Service::start();
    let body = r#"{"reason": "obstacle_detected"}"#;
    let stop = |origin: &str| {
        service
            .ask("POST", "/api/v1/vehicles/AV-9/emergency-stop", &[("origin", origin)], Some(body))
            .problem()
            .to_owned()
    };
    assert_eq!(stop("https://evil.example"), "foreign-origin");
    assert_eq!(stop(service.base()), "vehicle-not-found");
}
