//! For tests: the pages and the API over a phone that is played, without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use control::{
    AudioRequest, ChangeReport, Changed, ChosenDevice, ConfigDescription, ConfigRequest,
    DaemonStatus, Help, ItemDescription, ItemScope, ItemValues, Items, MicrophoneLevel, Payload,
    Problem, Reply, SoundDevice, SoundDevices, SoundPart, SoundTest, Verdict, Volumes,
};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{broadcast, mpsc, watch};

use crate::app::App;
use crate::pages;
use crate::phone::{Asked, Phone};
use crate::serve::Visitor;
use crate::trust::{Role, Trust};

/// Everything but the sockets, and the ways in.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) router: Router,
    _folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl House {
    /// A phone whose password nobody has set. Needs a runtime around it.
    pub(crate) fn new() -> Self {
        let (asks, asked) = mpsc::channel(8);
        let (events, _) = broadcast::channel(8);
        let (_, traffic) = watch::channel(0);
        tokio::spawn(play(asked));
        let folder = tempfile::tempdir().unwrap();
        let app = App::new(Phone::new(asks, events, traffic), Trust::open(folder.path()).unwrap());
        Self { router: pages::router(app.clone()), app, _folder: folder }
    }

    /// The same with an administrator, whose session's cookie and mark are returned.
    pub(crate) async fn with_admin() -> (Self, String, String) {
        let house = Self::new();
        let code = house.app.trust().code().unwrap();
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        let session = house.app.trust().set_up(&code, "correct horse", here).await.unwrap();
        let cookie = format!("phoned_session={}", session.cookie());
        (house, cookie, session.csrf)
    }

    /// A token of a role.
    pub(crate) fn token(&self, role: Role) -> String {
        let token = self.app.trust().add_token(role.word(), role).unwrap();
        format!("Bearer {}", token.text())
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        method: &str,
        to: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(to);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        request.extensions_mut().insert(Visitor { address: here, tls: true });
        let response: Response =
            TowerToHyperService::new(self.router.clone()).call(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let streams = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let text = if streams {
            String::new()
        } else {
            let octets = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            String::from_utf8(octets.to_vec()).unwrap()
        };
        Answer { status, headers, text }
    }

    /// A form of a page.
    pub(crate) async fn form(&self, to: &str, cookie: &str, body: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", to, &[("cookie", cookie), kind], body).await
    }
}

/// Answers as a phone with two items would; a port of 70000 is refused.
async fn play(mut asked: mpsc::Receiver<Asked>) {
    while let Some(Asked { request, back }) = asked.recv().await {
        let _ = back.send(reply(request));
    }
}

fn reply(request: control::Request) -> Reply {
    match request {
        control::Request::Status {} => Reply::Ok(Payload::Status(DaemonStatus {
            version: "0".into(),
            uptime_s: 1,
            accounts: Vec::new(),
            calls: Vec::new(),
        })),
        control::Request::Journal(_) => Reply::Ok(Payload::Entries(Vec::new())),
        control::Request::Call(control::CallRequest::Log {}) => {
            Reply::Ok(Payload::CallLog(Vec::new()))
        }
        control::Request::Contact(request) => contact(request),
        control::Request::Audio(request) => audio(&request),
        control::Request::Config(request) => config(request),
        control::Request::Provision(control::ProvisionRequest::Show {}) => {
            Reply::Ok(Payload::Provision(control::ProvisionStatus {
                place: Some("https://pbx.example/0c383e000001.cfg".into()),
                last: None,
                success: None,
                result: None,
                result_zh: String::new(),
                next: None,
                proving: false,
            }))
        }
        control::Request::System(control::SystemRequest::Log { level, .. }) => {
            Reply::Ok(Payload::Log(log(level)))
        }
        control::Request::Network(_) => Reply::Ok(Payload::Network(network())),
        control::Request::Timing(_) => Reply::Ok(Payload::Timing(control::TimingReport::default())),
        control::Request::Trace(request) => trace(&request),
        control::Request::Account(_)
        | control::Request::Call(_)
        | control::Request::Drill(_)
        | control::Request::Provision(_)
        | control::Request::System(_)
        | control::Request::Watch {} => Reply::Ok(Payload::Done {}),
    }
}

/// Two lines of a log that once had three.
fn log(level: Option<control::LogLevel>) -> control::LogReport {
    let line = |level, text: &str| control::LogLine {
        t: control::Timestamp::from_unix_ms(1_763_818_620_123),
        level,
        target: "phoned::lines".into(),
        text: text.into(),
    };
    let mut lines = vec![
        line(control::LogLevel::Info, "SIP port changed port=5070"),
        line(control::LogLevel::Warn, "refused <b>"),
    ];
    lines.retain(|line| level.is_none_or(|level| line.level <= level));
    control::LogReport { lines, forgotten: 1 }
}

/// An empty phone book that takes everything; entry 7 is Bob's, and there is no entry 8.
fn contact(request: control::ContactRequest) -> Reply {
    let entry = |id, name: &str, numbers, line| {
        Reply::Ok(Payload::Contact(control::Contact {
            id,
            name: name.trim().into(),
            numbers,
            line,
        }))
    };
    match request {
        control::ContactRequest::List {} => Reply::Ok(Payload::Contacts(Vec::new())),
        control::ContactRequest::Add { name, numbers, line } => entry(7, &name, numbers, line),
        control::ContactRequest::Set { id: 8, .. } | control::ContactRequest::Remove { id: 8 } => {
            Reply::Error(Problem::new("the phone book has no entry 8", "电话簿中没有条目 8"))
        }
        control::ContactRequest::Set { id, name, numbers, line } => entry(id, &name, numbers, line),
        control::ContactRequest::Remove { id } => entry(id, "Bob", Vec::new(), None),
        control::ContactRequest::Import { .. } => {
            Reply::Ok(Payload::Imported(control::ContactsImported { added: 1, replaced: 0 }))
        }
        control::ContactRequest::Export { .. } => {
            Reply::Ok(Payload::Document(control::Document::Text("name,number\n".into())))
        }
    }
}

/// A machine with one device, where the chosen microphone is gone.
fn audio(request: &AudioRequest) -> Reply {
    let chosen = |name: &str, there| ChosenDevice { name: name.into(), there };
    match request {
        AudioRequest::Show {} | AudioRequest::Volume { .. } => Reply::Ok(Payload::Audio(volumes())),
        AudioRequest::Devices {} => Reply::Ok(Payload::AudioDevices(SoundDevices {
            device: "alsa".into(),
            ear: chosen("", true),
            microphone: chosen("hw:gone", false),
            ring: chosen("", true),
            found: vec![SoundDevice {
                name: "hw:CARD=Desk".into(),
                about: "A <desk>".into(),
                playback: true,
                capture: false,
            }],
        })),
        AudioRequest::Test { part: SoundPart::Ring } => Reply::Error(Problem::new(
            "no test of the sound: there is a call",
            "声音测试未成功：有通话",
        )),
        AudioRequest::Test { part } => Reply::Ok(Payload::AudioTest(SoundTest {
            part: *part,
            heard: (*part == SoundPart::Microphone).then_some(MicrophoneLevel {
                verdict: Verdict::Quiet,
                level_db: -47.2,
                peak_db: -40.0,
            }),
        })),
    }
}

fn network() -> control::NetworkStatus {
    control::NetworkStatus {
        host: "desk-7".into(),
        sip_port: 5060,
        web: Some("[::]:8443".into()),
        interfaces: vec![control::Interface {
            name: "eth0".into(),
            up: true,
            carrier: true,
            mac: Some("0c:38:3e:00:00:01".into()),
            addresses: vec!["10.0.0.9/24".into()],
            gateways: vec!["10.0.0.254".into()],
            manager: Some(control::Manager::Networkd),
        }],
        name_servers: vec!["10.0.0.53".into()],
        search: vec!["example.test".into()],
        ways: vec![control::HopWay {
            hop: "udp:10.0.0.1:5060".into(),
            local: None,
            interface: None,
            lines: vec![1, 2, 3, 7],
        }],
    }
}

fn volumes() -> Volumes {
    Volumes { device: "null".into(), ear: 5, microphone: 3, ring: 8, mixers: vec![] }
}

fn config(request: ConfigRequest) -> Reply {
    match request {
        ConfigRequest::Describe {} => Reply::Ok(Payload::Description(description())),
        ConfigRequest::Set { items } if items.value("SIP1 Register Pswd") == Some("refused ") => {
            Reply::Error(Problem::outside("the value is no password").at("SIP1 Register Pswd"))
        }
        ConfigRequest::Set { items } => match items.value("SIP1 Proxy Port") {
            Some("70000") => {
                Reply::Error(Problem::outside("`70000` is not a port").at("SIP1 Proxy Port"))
            }
            _ => Reply::Ok(Payload::Changes(ChangeReport {
                items: items.0.into_iter().map(changed).collect(),
                warnings: vec!["mind the gap".into()],
                warnings_zh: vec!["注意间隙".into()],
                ..ChangeReport::default()
            })),
        },
        ConfigRequest::Get { items } => {
            let value = |item: &str| match item {
                "Capture Device" => "hw:gone".to_owned(),
                _ => String::new(),
            };
            let pairs = items.into_iter().map(|item| {
                let value = value(&item);
                (item, value)
            });
            Reply::Ok(Payload::Items(pairs.collect()))
        }
        ConfigRequest::Import { .. } | ConfigRequest::Revert {} => {
            Reply::Ok(Payload::Changes(ChangeReport::default()))
        }
        ConfigRequest::Export { .. } | ConfigRequest::List {} => {
            Reply::Ok(Payload::Items(Items::default()))
        }
        ConfigRequest::Check { .. } => Reply::Ok(Payload::Check(Vec::new())),
    }
}

/// A REGISTER, or a file that says whether it has secrets.
fn trace(request: &control::TraceRequest) -> Reply {
    let message = control::TraceMessage {
        id: 7,
        t: control::Timestamp::default(),
        mono_ms: 0.0,
        way: control::Way::Sent,
        local: "10.0.0.9:5060".into(),
        hop: "udp:10.0.0.1:5060".into(),
        line: Some(1),
        call_id: "a&b@c".into(),
        method: "REGISTER".into(),
        code: None,
        text: "REGISTER sip:h SIP/2.0\r\nX: <script>\r\n\r\n".into(),
    };
    let report = |messages| control::TraceReport { messages, limit: 1, ..Default::default() };
    match request {
        control::TraceRequest::Message { id: 7 } | control::TraceRequest::Show { .. } => {
            Reply::Ok(Payload::Trace(report(vec![message])))
        }
        control::TraceRequest::Message { .. } => {
            Reply::Error(Problem::outside("message 8 is not recorded any more"))
        }
        control::TraceRequest::Follow { .. } => Reply::Ok(Payload::Watching {}),
        control::TraceRequest::Pcap { with_secrets, .. } => {
            let text = if *with_secrets { "secret" } else { "masked" };
            Reply::Ok(Payload::Document(control::Document::Text(text.into())))
        }
    }
}

fn changed((item, new): (String, String)) -> Changed {
    Changed { item, old: String::new(), new }
}

fn description() -> ConfigDescription {
    let item = |name: &str, values| ItemDescription {
        name: name.into(),
        scope: ItemScope::Line,
        values,
        range: String::new(),
        default: String::new(),
        help: Help { en: "Help.".into(), zh: "帮助。".into() },
    };
    let port = ItemValues::Number { min: 0, max: 65535, unit: String::new() };
    let dscp = ItemValues::Number { min: 0, max: 63, unit: String::new() };
    let codecs = ItemValues::Codecs { known: vec!["PCMA".into(), "PCMU".into()] };
    let pcm = |name: &str| ItemDescription {
        scope: ItemScope::Phone,
        ..item(name, ItemValues::Text { max: 255 })
    };
    let items = vec![
        item("Proxy Addr", ItemValues::Address {}),
        item("Proxy Port", port),
        item("Register Pswd", ItemValues::Secret { max: 255 }),
        item("VoiceCodecMap", codecs),
        pcm("Playback Device"),
        pcm("Capture Device"),
        ItemDescription { scope: ItemScope::Phone, ..item("Voice DSCP", dscp) },
    ];
    ConfigDescription { lines: 2, items }
}
