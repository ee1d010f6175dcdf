//! What lies between vehicle and cloud: forwards TCP, and can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A network of one connection after the other.
pub struct Network {
    address: SocketAddr,
    up: watch::Sender<bool>,
    forwarding: JoinHandle<()>,
}

impl Network {
    /// To an endpoint of the cloud.
    pub async fn to(endpoint: &str) -> Self {
        let cloud = endpoint.trim_start_matches("tls/").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (up, is_up) = watch::channel(true);
        let forwarding = tokio::spawn(async move {
            loop {
                let (vehicle, _) = listener.accept().await.unwrap();
                let (cloud, mut is_up) = (cloud.clone(), is_up.clone());
                tokio::spawn(async move {
                    // While it is down, connections are closed at once.
                    let forward = async {
                        let mut vehicle = vehicle;
                        let Ok(mut cloud) = TcpStream::connect(&cloud).await else { return };
                        let _ = copy_bidirectional(&mut vehicle, &mut cloud).await;
                    };
                    tokio::select! {
                        () = async { _ = is_up.wait_for(|up| !up).await } => {}
                        () = forward => {}
                    }
                });
            }
        });
        Self { address, up, forwarding }
    }

    /// Where vehicles connect to.
    pub fn endpoint(&self) -> String {
        format!("tls/{}", self.address)
    }

    /// Cuts all connections, and new ones at once.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Repairs it.
    pub fn repair(&self) {
        self.up.send_replace(true);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}
