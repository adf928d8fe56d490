//! Connections as a client has them, over a socket of this host.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::testing::House;

use super::*;

/// A page that is served, and where.
async fn served() -> (House, SocketAddr) {
    let house = House::new();
    let folder = tempfile::tempdir().unwrap();
    let acceptor = crate::certificate::acceptor(folder.path()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server { listener, acceptor, plain: true, router: house.router.clone() };
    tokio::spawn(server.run());
    (house, address)
}

/// Reads one answer: its head in small letters. Its body, but for the one to HEAD, is as long as it says.
async fn answer(stream: &mut TcpStream, to: &str) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap_or_else(|error| panic!("{to}: {error}")));
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length =
        head.split("content-length: ").nth(1).map_or("0", |rest| rest.split_once('\r').unwrap().0);
    let length = if to.starts_with("HEAD") { 0 } else { length.parse().unwrap() };
    stream.read_exact(&mut vec![0; length]).await.expect("a whole body");
    head
}

/// RFC 9112 §9.6: who is not told that the connection ends sends the next request over it, and would lose that.
#[tokio::test(flavor = "current_thread")]
async fn a_connection_is_kept_or_its_end_is_told_whatever_is_sent_over_it() {
    let (_house, address) = served().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n", "a".repeat(limits::HEAD * 3 / 4));
    for head in [
        "GET /health HTTP/1.1\r\nhost: x\r\n",
        "HEAD /health HTTP/1.1\r\nhost: x\r\n",
        "POST /login HTTP/1.1\r\nhost: x\r\n",
        "DELETE /health HTTP/1.1\r\nhost: x\r\n",
        "POST /login HTTP/1.1\r\nhost: x\r\norigin: https://evil.test\r\n",
        "GET /health HTTP/1.1\r\nhost: x\r\n: wrong\r\n",
        &long,
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(format!("{head}content-length: 3\r\n\r\n").as_bytes()).await.unwrap();
        // Many a client sends the body in a packet of its own. Here it comes after the answer, if that does not wait for it.
        let _ = timeout(Duration::from_millis(50), stream.peek(&mut [0])).await;
        stream.write_all(b"a=b").await.unwrap();
        if answer(&mut stream, head).await.contains("\r\nconnection: close\r\n") {
            continue;
        }
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let second = answer(&mut stream, head).await;
        assert!(second.starts_with("http/1.1 200"), "{head} {second}");
    }
}

/// RFC 9112 §9.6: a connection that were closed at once would be reset under who still sends, and the answer lost.
#[tokio::test(flavor = "current_thread")]
async fn who_sends_too_much_can_send_it_all_and_reads_why_it_was_not_taken() {
    let (_house, address) = served().await;
    for (path, status) in [("/login", 413), ("/system/import", 401), ("/api/v1/config", 413)] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let file = vec![b'x'; 9 * 1024 * 1024];
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", file.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&file).await.expect("it is read to its end");
        let told = answer(&mut stream, path).await;
        assert!(told.starts_with(&format!("http/1.1 {status}")), "{path}: {told}");
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "{path}: then it is closed");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn connections_that_their_client_has_closed_never_count_against_it() {
    let (_house, address) = served().await;
    for _ in 0..10 * limits::CONNECTIONS_PER_ADDRESS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(answer(&mut stream, "").await.starts_with("http/1.1 200"));
    }
}

#[test]
fn one_address_cannot_take_all_places_and_places_come_back() {
    let places = Places::default();
    let greedy: IpAddr = "10.0.0.1".parse().unwrap();
    let other: IpAddr = "10.0.0.2".parse().unwrap();
    let taken: Vec<_> = std::iter::from_fn(|| places.take(greedy)).collect();
    assert_eq!(taken.len(), limits::CONNECTIONS_PER_ADDRESS);
    assert!(places.take(other).is_some());
    drop(taken);
    assert!(places.take(greedy).is_some());
    assert!(places.0.lock().unwrap().is_empty());
}

#[test]
fn a_redirect_goes_to_a_host_and_nothing_else() {
    assert!(is_authority("phone.example.test:8443") && is_authority("[::1]:8443"));
    for wrong in ["", "a/b", "a@b", "a\r\nSet-Cookie: x", "a?b"] {
        assert!(!is_authority(wrong), "{wrong}");
    }
}
