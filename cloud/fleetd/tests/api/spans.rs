//! The program with a collector: what it exports over OTLP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::service::certificates;

/// Killed when the test ends in whatever way.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_request_is_a_span_of_the_caller_s_trace() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = folder.path().join("fleetd.toml");
    let text = format!(
        "data_dir = {:?}\nvehicle_link = [\"quic/127.0.0.1:0\"]\nroads = []\n\
         listen = [{{ address = \"127.0.0.1:{port}\", service = \"api-gateway\" }}]\n",
        folder.path()
    );
    std::fs::write(&config, text).unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_fleetd"))
        .arg("--config")
        .arg(&config)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.local_addr().unwrap()))
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _program = Process(program.unwrap());
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let until = Instant::now() + Duration::from_secs(60);
    let asked = || {
        let request = ureq::get(format!("http://127.0.0.1:{port}/health"));
        request.header("traceparent", format!("00-{trace_id}-00f067aa0ba902b7-01")).call()
    };
    while asked().is_err() {
        assert!(Instant::now() < until, "fleetd does not answer");
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let (path, body) = export(collector.accept().unwrap().0);
    assert_eq!(path, "/v1/traces");
    let has = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    let bytes: Vec<u8> =
        (0..16).map(|i| u8::from_str_radix(&trace_id[2 * i..2 * i + 2], 16).unwrap()).collect();
    assert!(has(&bytes), "the trace id");
    assert!(has(&0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()), "the caller's span as parent");
    assert!(has(b"GET /health") && has(b"fleetd"), "name and service");
}

/// Path and body of what is exported; the answer is that all is well.
fn export(mut stream: TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        match header.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    (path, body)
}
