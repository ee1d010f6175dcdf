//! What lies between vehicle and cloud: forwards UDP, and can be cut.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Larger than any datagram.
const DATAGRAM_BYTES: usize = 1 << 16;

/// A network. While it is cut, what is sent is lost and nobody is told.
pub struct Network {
    address: SocketAddr,
    up: watch::Sender<bool>,
    forwarding: JoinHandle<()>,
}

impl Network {
    /// To an endpoint of the cloud.
    pub async fn to(endpoint: &str) -> Self {
        let cloud: SocketAddr = endpoint.trim_start_matches("quic/").parse().unwrap();
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = socket.local_addr().unwrap();
        let (up, is_up) = watch::channel(true);
        let forwarding = tokio::spawn(async move {
            let mut ways: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            let mut datagram = vec![0; DATAGRAM_BYTES];
            loop {
                // An unreachable receiver is told of here; the sender notices by itself.
                let Ok((length, vehicle)) = socket.recv_from(&mut datagram).await else { continue };
                if !*is_up.borrow() {
                    continue;
                }
                let way = match ways.get(&vehicle) {
                    Some(way) => Arc::clone(way),
                    None => {
                        let way = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                        way.connect(cloud).await.unwrap();
                        tokio::spawn(back(Arc::clone(&way), Arc::clone(&socket), vehicle, is_up.clone()));
                        ways.insert(vehicle, Arc::clone(&way));
                        way
                    }
                };
                let _ = way.send(&datagram[..length]).await;
            }
        });
        Self { address, up, forwarding }
    }

    /// Where vehicles connect to.
    pub fn endpoint(&self) -> String {
        format!("quic/{}", self.address)
    }

    /// From now on nothing comes through.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Repairs it.
    pub fn repair(&self) {
        self.up.send_replace(true);
    }
}

/// Forwards to a vehicle for as long as the network is there.
async fn back(
    way: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    vehicle: SocketAddr,
    mut is_up: watch::Receiver<bool>,
) {
    let mut datagram = vec![0; DATAGRAM_BYTES];
    loop {
        tokio::select! {
            received = way.recv(&mut datagram) => match received {
                Ok(length) if *is_up.borrow() => _ = to.send_to(&datagram[..length], vehicle).await,
                _ => {}
            },
            changed = is_up.changed() => if changed.is_err() { return },
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}
