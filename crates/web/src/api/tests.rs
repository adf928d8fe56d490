//! The API against its own description, against the control socket's, and against strangers.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;

use super::*;
use crate::testing::House;

/// The requests that the control socket's page lists, as noun and what stands under it.
fn documented() -> Vec<(String, Value)> {
    let page = include_str!("../../../../docs/control.md");
    let (_, rest) = page.split_once("## Requests").unwrap();
    let (table, _) = rest.split_once("## Replies").unwrap();
    let json = table.split('`').filter(|text| text.starts_with("{\"") && !text.contains('…'));
    let requests = json.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    requests
        .map(|request| {
            let (noun, inner) = request.as_object().unwrap().iter().next().unwrap();
            (noun.clone(), inner.clone())
        })
        .collect()
}

fn openapi() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

fn examples(path: &str) -> Vec<Value> {
    let all =
        &openapi()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"];
    all.as_object().unwrap().values().map(|example| example["value"].clone()).collect()
}

#[test]
fn every_request_of_the_control_socket_can_be_sent_and_is_described() {
    let verb = |request: &Value| request["verb"].as_str().unwrap_or_default().to_owned();
    let mut seen = BTreeSet::new();
    for (noun, inner) in documented() {
        // These turn a connection into a stream.
        if noun == "watch" || inner["verb"] == "follow" {
            continue;
        }
        read(&noun, inner.to_string().as_bytes()).unwrap();
        let described: Vec<String> =
            examples(&format!("/api/v1/{noun}")).iter().map(verb).collect();
        assert!(described.contains(&verb(&inner)), "{noun} {inner} is not in openapi.json");
        seen.insert(noun);
    }
    assert_eq!(seen.len(), 13, "{seen:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn every_address_and_example_of_the_description_is_served() {
    let (house, _, _) = House::with_admin().await;
    let token = house.token(Role::Admin);
    let openapi = openapi();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let bodies = if method == "post" { examples(path) } else { vec![Value::Null] };
            for body in bodies {
                let headers = [("authorization", token.as_str())];
                let method = method.to_uppercase();
                let answer = house.send(&method, path, &headers, &body.to_string()).await;
                assert_eq!(
                    answer.status,
                    StatusCode::OK,
                    "{method} {path} {body}: {}",
                    answer.text
                );
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn who_shows_no_token_or_a_wrong_one_is_told_nothing() {
    let (house, _, _) = House::with_admin().await;
    for path in ["/api/v1/status", "/api/v1/events", "/api/v1/accounts", "/api/v1/journal"] {
        let answer = house.send("GET", path, &[], "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let wrong = [("authorization", "Bearer 0000")];
    for _ in 0..crate::limits::FAILURES {
        let answer = house.send("GET", "/api/v1/status", &wrong, "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = house.send("GET", "/api/v1/status", &wrong, "").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "locked out after failed tries");
}

#[tokio::test(flavor = "current_thread")]
async fn a_user_sees_and_telephones_and_an_administrator_configures() {
    let (house, _, _) = House::with_admin().await;
    let (user, admin) = (house.token(Role::User), house.token(Role::Admin));
    let dial = r#"{"verb":"dial","target":"1002"}"#;
    let set = r#"{"verb":"set","items":{"SIP1 Proxy Addr":"10.0.0.1"}}"#;
    for (token, path, body, expected) in [
        (&user, "/api/v1/call", dial, StatusCode::OK),
        (&user, "/api/v1/config", set, StatusCode::FORBIDDEN),
        (&user, "/api/v1/drill", r#"{"verb":"stop"}"#, StatusCode::FORBIDDEN),
        (&user, "/api/v1/system", r#"{"verb":"reset"}"#, StatusCode::FORBIDDEN),
        (&user, "/api/v1/trace", r#"{"verb":"show"}"#, StatusCode::FORBIDDEN),
        (&admin, "/api/v1/config", set, StatusCode::OK),
    ] {
        let answer = house.send("POST", path, &[("authorization", token)], body).await;
        assert_eq!(answer.status, expected, "{path} {body}");
    }
    assert_eq!(house.app.trust().audit()[0].what, "set SIP1 Proxy Addr");
    assert_eq!(house.app.trust().audit()[0].who, "admin");
}

#[tokio::test(flavor = "current_thread")]
async fn a_session_needs_its_mark_to_change_anything() {
    let (house, cookie, mark) = House::with_admin().await;
    let set = r#"{"verb":"set","items":{"SIP1 Proxy Addr":"10.0.0.1"}}"#;
    let send = async |headers: &[(&str, &str)]| {
        house.send("POST", "/api/v1/config", headers, set).await.status
    };
    assert_eq!(send(&[("cookie", &cookie)]).await, StatusCode::FORBIDDEN);
    assert_eq!(send(&[("cookie", &cookie), ("x-csrf-token", "0")]).await, StatusCode::FORBIDDEN);
    assert_eq!(send(&[("cookie", &cookie), ("x-csrf-token", &mark)]).await, StatusCode::OK);
    let read = house.send("GET", "/api/v1/status", &[("cookie", &cookie)], "").await;
    assert_eq!(read.status, StatusCode::OK);
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_no_request_or_refused_is_told_with_its_place() {
    let (house, _, _) = House::with_admin().await;
    let token = house.token(Role::Admin);
    let headers = [("authorization", token.as_str())];
    for (path, body, status, words) in [
        ("/api/v1/call", "{", StatusCode::BAD_REQUEST, "EOF while parsing"),
        ("/api/v1/call", r#"{"verb":"fly"}"#, StatusCode::BAD_REQUEST, "unknown variant `fly`"),
        ("/api/v1/journal", "[null,null]", StatusCode::BAD_REQUEST, "not a JSON object"),
        ("/api/v1/call", r#"["list"]"#, StatusCode::BAD_REQUEST, "not a JSON object"),
        ("/api/v1/status", "[]", StatusCode::BAD_REQUEST, "not a JSON object"),
        ("/api/v1/nothing", "{}", StatusCode::BAD_REQUEST, "unknown variant `nothing`"),
        ("/api/v1/watch", "{}", StatusCode::BAD_REQUEST, "GET /api/v1/events"),
        ("/api/v1/trace", r#"{"verb":"follow"}"#, StatusCode::BAD_REQUEST, "trace?since=ID"),
        (
            "/api/v1/config",
            r#"{"verb":"set","items":{"SIP1 Proxy Port":"70000"}}"#,
            StatusCode::CONFLICT,
            r#""place":"SIP1 Proxy Port""#,
        ),
    ] {
        let answer = house.send("POST", path, &headers, body).await;
        assert_eq!(answer.status, status, "{path} {body}");
        assert!(answer.text.contains(words), "{}", answer.text);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn messages_with_secrets_are_asked_for_by_name_and_written_down_f10() {
    let (house, _, _) = House::with_admin().await;
    let (user, admin) = (house.token(Role::User), house.token(Role::Admin));
    let file = house.send("GET", "/api/v1/trace.pcapng", &[("authorization", &admin)], "").await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "masked"));
    let refused = house.send("GET", "/api/v1/trace.pcapng", &[("authorization", &user)], "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let before = house.app.trust().audit().len();
    let body = r#"{"verb":"pcap","with_secrets":true}"#;
    let file = house.send("POST", "/api/v1/trace", &[("authorization", &admin)], body).await;
    assert_eq!(file.text, r#"{"document":{"text":"secret"}}"#);
    let audit = house.app.trust().audit();
    assert_eq!(audit.len(), before + 1);
    assert_eq!(audit[0].what, "downloaded SIP messages with secrets");
}
