//! The pages as a browser without a script sees them, and what strangers get.

use axum::http::StatusCode;

use crate::testing::House;
use crate::trust::Role;

#[tokio::test(flavor = "current_thread")]
async fn whoever_is_not_logged_in_is_sent_to_the_door() {
    let house = House::new();
    for page in
        ["/", "/line/sip", "/status", "/calls", "/contacts", "/system", "/journal", "/drill"]
    {
        let answer = house.send("GET", page, &[], "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/first"));
    }
    let (house, _, _) = House::with_admin().await;
    for page in ["/line/sip", "/status", "/calls", "/system", "/journal", "/drill", "/trace"] {
        let answer = house.send("GET", page, &[], "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login"));
        let wrong = house.send("GET", page, &[("cookie", "phoned_session=00")], "").await;
        assert_eq!(wrong.header("location"), "/login");
    }
    let stream = house.send("GET", "/live?page=status", &[], "").await;
    assert_eq!(stream.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "current_thread")]
async fn the_first_visit_needs_the_code_and_leads_to_the_sip_page() {
    let house = House::new();
    let form = |code: &str| format!("code={code}&password=correct+horse&again=correct+horse");
    let wrong = house.form("/first", "", &form("1")).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let code = house.app.trust().code().unwrap();
    let right = house.form("/first", "", &form(&code)).await;
    assert_eq!(right.header("location"), "/line/sip");
    let cookie = right.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let again = house.send("GET", "/first", &[], "").await;
    assert_eq!(again.header("location"), "/", "there is no second first visit");
}

#[tokio::test(flavor = "current_thread")]
async fn a_wrong_value_is_marked_at_its_field_and_nothing_is_lost() {
    let (house, cookie, mark) = House::with_admin().await;
    let body = format!("csrf={mark}&Proxy+Addr=10.0.0.1&Proxy+Port=70000");
    let answer = house.form("/line/sip?line=1", &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains(r#"name="Proxy Port" value="70000""#), "{}", answer.text);
    assert!(answer.text.contains(r#"name="Proxy Addr" value="10.0.0.1""#));
    assert!(answer.text.contains("Not accepted. Expected: 0 to 65535"));
    let right = house.form("/line/sip?line=1", &cookie, &body.replace("70000", "5070")).await;
    assert_eq!(right.status, StatusCode::OK);
    assert!(right.text.contains("In force now:") && right.text.contains("mind the gap"));
}

/// F10: a password that is refused is marked at its field like any value, and not read out.
#[tokio::test(flavor = "current_thread")]
async fn a_refused_password_is_not_shown_in_the_clear() {
    let (house, cookie, mark) = House::with_admin().await;
    let body = format!("csrf={mark}&Proxy+Addr=10.0.0.1&Register+Pswd=refused+");
    let answer = house.form("/line/sip?line=1", &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let field = r#"name="Register Pswd" value="refused " type="password""#;
    assert_eq!(answer.text.matches("refused ").count(), 1, "{}", answer.text);
    assert!(answer.text.contains(field), "{}", answer.text);
    assert!(answer.text.contains(r##"<a href="#register-pswd">"##), "{}", answer.text);
}

#[tokio::test(flavor = "current_thread")]
async fn the_network_is_shown_to_all_and_its_settings_to_administrators() {
    let (house, cookie, mark) = House::with_admin().await;
    let answer = house.send("GET", "/network", &[("cookie", &cookie)], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    for shown in [
        "desk-7",
        "10.0.0.9/24",
        "10.0.0.254",
        "0c:38:3e:00:00:01",
        "systemd-networkd",
        "1-3, 7",
        "no way",
    ] {
        assert!(answer.text.contains(shown), "{shown}: {}", answer.text);
    }
    assert!(answer.text.contains(r#"name="Voice DSCP""#), "{}", answer.text);
    let body = format!("csrf={mark}&Voice+DSCP=34&Proxy+Addr=10.0.0.66");
    let changed = house.form("/network", &cookie, &body).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(changed.text.contains("<code>Voice DSCP</code> = <b>34</b>"), "{}", changed.text);
    assert!(!changed.text.contains("10.0.0.66"), "only what the page shows can be set on it");
    let global = house.send("GET", "/line/global", &[("cookie", &cookie)], "").await;
    assert!(!global.text.contains("Voice DSCP"), "it stands in one place");
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    house.app.trust().add_user("desk", "correct horse", Role::User).await.unwrap();
    let session = house.app.trust().log_in("desk", "correct horse", here).await.unwrap();
    let desk = format!("phoned_session={}", session.cookie());
    let answer = house.send("GET", "/network", &[("cookie", &desk)], "").await;
    assert!(
        answer.text.contains("10.0.0.9/24")
            && !answer.text.contains("<form method=\"post\" action=\"/network\"")
    );
    let body = format!("csrf={}&Voice+DSCP=0", session.csrf);
    assert_eq!(house.form("/network", &desk, &body).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "current_thread")]
async fn a_form_without_the_sessions_mark_or_from_another_site_changes_nothing() {
    let (house, cookie, mark) = House::with_admin().await;
    for body in ["Proxy+Port=5070".to_owned(), format!("csrf={}&Proxy+Port=5070", "0".repeat(64))] {
        let answer = house.form("/line/sip?line=1", &cookie, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let body = format!("csrf={mark}&Proxy+Port=5070");
    let headers = [
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
    ];
    let foreign = house.send("POST", "/line/sip?line=1", &headers, &body).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "current_thread")]
async fn a_user_is_not_shown_what_only_an_administrator_may_do() {
    let (house, _, _) = House::with_admin().await;
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    house.app.trust().add_user("desk", "correct horse", Role::User).await.unwrap();
    let session = house.app.trust().log_in("desk", "correct horse", here).await.unwrap();
    let cookie = format!("phoned_session={}", session.cookie());
    for page in [
        "/line/sip",
        "/line/global",
        "/audio",
        "/drill",
        "/trace",
        "/trace/message/7",
        "/live?page=trace",
    ] {
        let answer = house.send("GET", page, &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
    }
    let body = format!("csrf={}&name=x&password=correct+horse&role=admin", session.csrf);
    let answer = house.form("/system/users", &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let system = house.send("GET", "/system", &[("cookie", &cookie)], "").await;
    assert!(!system.text.contains("/system/users") && !system.text.contains("/line/sip"));
}

#[tokio::test(flavor = "current_thread")]
async fn every_answer_tells_the_browser_what_it_must_not_do() {
    let house = House::new();
    for page in ["/", "/login", "/nothing", "/assets/app.js", "/api/v1/status", "/health"] {
        let answer = house.send("GET", page, &[], "").await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(!answer.header("cache-control").is_empty(), "{page}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn no_address_reaches_a_file_and_no_body_is_too_long() {
    let (house, cookie, mark) = House::with_admin().await;
    for path in [
        "/assets/../users.json",
        "/assets/..%2f..%2fusers.json",
        "/assets/%2e%2e/key.pem",
        "/../../etc/passwd",
        "/assets/",
    ] {
        let answer = house.send("GET", path, &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let body = format!("csrf={mark}&Proxy+Addr={}", "x".repeat(crate::limits::BODY));
    let answer = house.form("/line/sip?line=1", &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = format!("/line/sip?line={}", "1".repeat(crate::limits::HEAD));
    assert_eq!(house.send("GET", &long, &[], "").await.status, StatusCode::URI_TOO_LONG);
}

#[tokio::test(flavor = "current_thread")]
async fn pages_speak_the_browsers_language_and_the_first_one_is_small() {
    let (house, cookie, _) = House::with_admin().await;
    let zh = [("cookie", cookie.as_str()), ("accept-language", "zh-CN,zh;q=0.9")];
    let answer = house.send("GET", "/line/sip", &zh, "").await;
    assert!(answer.text.contains("<html lang=\"zh\">") && answer.text.contains("注册设置"));
    assert!(answer.text.contains("帮助。") && !answer.text.contains("Submit"));
    let chosen = format!("{cookie}; phoned_language=en");
    let zh = [("cookie", chosen.as_str()), ("accept-language", "zh-CN")];
    assert!(house.send("GET", "/line/sip", &zh, "").await.text.contains("Submit"));
    let back = [("referer", "https://phone:8443/status")];
    let switch = house.send("GET", "/language/zh", &back, "").await;
    assert_eq!(switch.header("location"), "/status");
    assert!(switch.header("set-cookie").starts_with("phoned_language=zh;"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_is_opened_as_text_and_one_that_has_given_way_is_told_f9() {
    let (house, cookie, _) = House::with_admin().await;
    let cookie = [("cookie", cookie.as_str())];
    let page = house.send("GET", "/trace?line=1&call=a%26b%40c", &cookie, "").await;
    assert!(page.text.contains(r#"href="/trace/message/7""#), "{}", page.text);
    assert!(page.text.contains("page=trace&amp;line=1&amp;call=a%26b%40c"), "{}", page.text);
    let message = house.send("GET", "/trace/message/7", &cookie, "").await;
    assert!(message.text.contains("REGISTER sip:h SIP/2.0"), "{}", message.text);
    assert!(!message.text.contains("X: <script>"), "{}", message.text);
    let gone = house.send("GET", "/trace/message/8", &cookie, "").await;
    assert_eq!(gone.status, StatusCode::CONFLICT);
    assert!(gone.text.contains("not recorded any more"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_capture_file_has_secrets_only_with_the_own_password_and_that_is_written_down_f10() {
    let (house, cookie, mark) = House::with_admin().await;
    let capture = async |more: &str| {
        house.form("/trace/capture", &cookie, &format!("csrf={mark}&line=&call={more}")).await
    };
    assert_eq!(capture("").await.text, "masked");
    let before = house.app.trust().audit().len();
    let wrong = capture("&with_secrets=1&current=nonsense").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("The password is wrong."), "{}", wrong.text);
    let right = capture("&with_secrets=1&current=correct+horse").await;
    assert_eq!(right.text, "secret");
    assert_eq!(right.header("content-disposition"), "attachment; filename=\"phoned.pcapng\"");
    let audit = house.app.trust().audit();
    assert!(audit.len() > before && audit[0].what == "downloaded SIP messages with secrets");
}

#[tokio::test(flavor = "current_thread")]
async fn the_machines_sound_devices_are_offered_and_one_that_is_gone_is_kept_and_marked() {
    let (house, cookie, mark) = House::with_admin().await;
    let page = house.send("GET", "/audio", &[("cookie", &cookie)], "").await.text;
    assert!(
        page.contains(r#"<option value="hw:CARD=Desk">hw:CARD=Desk · A &#60;desk&#62;"#),
        "{page}"
    );
    assert_eq!(page.matches("hw:CARD=Desk").count(), 2, "not offered as a microphone: {page}");
    assert!(page.contains(r#"<option value="hw:gone" selected>hw:gone (not there now)"#), "{page}");
    assert!(page.contains("Microphone: hw:gone"), "{page}");
    let body = format!("csrf={mark}&Capture+Device=hw:gone&codec-1=PCMU&codec-2=PCMA");
    let answer = house.form("/audio?line=2", &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("SIP2 VoiceCodecMap</code> = <b>PCMU,PCMA"), "{}", answer.text);
    assert!(answer.text.contains("Capture Device</code> = <b>hw:gone"), "{}", answer.text);
}

#[tokio::test(flavor = "current_thread")]
async fn how_a_test_of_a_sound_device_went_is_told_in_words() {
    let (house, cookie, mark) = House::with_admin().await;
    for (part, words) in [
        ("ear", "A tone was played for 2 s."),
        ("microphone", "hardly understands. Speak closer, or make it louder. Level: -47 dB"),
        ("ring", "no test of the sound: there is a call"),
    ] {
        let body = format!("csrf={mark}&part={part}");
        let answer = house.form("/audio/test", &cookie, &body).await;
        assert!(answer.text.contains(words), "{part}: {}", answer.text);
    }
    let strange = house.form("/audio/test", &cookie, "part=ear").await;
    assert_eq!(strange.status, StatusCode::FORBIDDEN);
}

/// F10, issue 4: whoever adds, changes or forgets one entry of the phone book is written down, from the
/// page and from the API, in both languages; a refused change is not.
#[tokio::test(flavor = "current_thread")]
async fn a_change_of_one_entry_of_the_phone_book_is_in_the_audit_log() {
    let (house, cookie, mark) = House::with_admin().await;
    let token = house.token(Role::User);
    let before = house.app.trust().audit().len();
    for fields in ["name=Bob&numbers=1", "id=7&name=Rob&numbers=1", "id=7&do=remove"] {
        house.form("/contacts", &cookie, &format!("csrf={mark}&{fields}")).await;
        let missing = fields.replace("id=7", "id=8");
        if missing != fields {
            let refused = house.form("/contacts", &cookie, &format!("csrf={mark}&{missing}")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
    for body in [
        r#"{"verb":"add","name":" Bob ","numbers":["1"]}"#,
        r#"{"verb":"set","id":7,"name":"Rob","numbers":["1"]}"#,
        r#"{"verb":"remove","id":7}"#,
        r#"{"verb":"remove","id":8}"#,
        r#"{"verb":"list"}"#,
    ] {
        let token = [("authorization", token.as_str())];
        house.send("POST", "/api/v1/contact", &token, body).await;
    }
    let audit = house.app.trust().audit();
    let (news, _) = audit.split_at(audit.len() - before);
    let told: Vec<(&str, &str, &str)> = news
        .iter()
        .rev()
        .map(|entry| (entry.who.as_str(), entry.what.as_str(), entry.what_zh.as_str()))
        .collect();
    let words = [
        ("added Bob to the phone book", "在电话簿中添加了 `Bob`"),
        ("changed Rob in the phone book", "更改了电话簿中的 `Rob`"),
        ("removed Bob from the phone book", "从电话簿中删除了 `Bob`"),
    ];
    let of = |who| words.map(|(en, zh)| (who, en, zh));
    assert_eq!(told, [of("admin"), of("user")].concat());
}

/// Issue 4, item 1: System has the log, for administrators only, by level and as a file.
#[tokio::test(flavor = "current_thread")]
async fn the_service_log_is_shown_and_handed_out_to_administrators_only() {
    let (house, cookie, _) = House::with_admin().await;
    let get = async |to: &str| house.send("GET", to, &[("cookie", &cookie)], "").await;
    let all = get("/system/log").await;
    let (port, refused) = ("SIP port changed port=5070", "refused &#60;b&#62;");
    assert!(all.text.contains(port) && all.text.contains(refused), "{}", all.text);
    assert!(all.text.find(refused) < all.text.find(port), "the latest first");
    let warnings = get("/system/log?level=warn").await.text;
    assert!(!warnings.contains(port) && warnings.contains(refused), "{warnings}");
    assert!(warnings.contains(r#"<option value="warn" selected>"#), "{warnings}");
    let file = get("/system/log.txt?level=nonsense").await;
    let lines = "2025-11-22T13:37:00.123Z  INFO phoned::lines: SIP port changed port=5070\n\
                 2025-11-22T13:37:00.123Z  WARN phoned::lines: refused <b>\n";
    assert_eq!(file.text, lines);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"phoned.log\"");
    let stranger = house.send("GET", "/system/log.txt", &[], "").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    let token = house.token(Role::User);
    let token = [("authorization", token.as_str())];
    let body = r#"{"verb":"log"}"#;
    let user = house.send("POST", "/api/v1/system", &token, body).await;
    assert_eq!(user.status, StatusCode::FORBIDDEN);
}

/// F10, issue 4: a stranger cannot have the phone hold megabytes; a member's file may have all that a
/// configuration may.
#[tokio::test(flavor = "current_thread")]
async fn only_members_send_files_and_those_have_room() {
    let (house, cookie, mark) = House::with_admin().await;
    let token = house.token(Role::Admin);
    let file = "x".repeat(3 * 1024 * 1024);
    let import = serde_json::json!({ "verb": "import", "document": { "text": file } }).to_string();
    let member = [("cookie", cookie.as_str()), ("x-csrf-token", &mark)];
    let program = [("authorization", token.as_str())];
    let (out, large) = (StatusCode::UNAUTHORIZED, StatusCode::PAYLOAD_TOO_LARGE);
    for (to, body, status) in [("/system/import", &file, out), ("/api/v1/config", &import, large)] {
        for wrong in [[("cookie", "phoned_session=00")], [("authorization", "Bearer 00")]] {
            let stranger = house.send("POST", to, &wrong, body).await;
            assert_eq!(stranger.status, status, "{to} {wrong:?}");
        }
    }
    assert_eq!(house.send("POST", "/system/import", &member, &file).await.status, StatusCode::OK);
    let taken = house.send("POST", "/api/v1/config", &program, &import).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    let large = "x".repeat(crate::limits::BODY_OF_FILE + 1);
    let refused = house.send("POST", "/system/import", &member, &large).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}
