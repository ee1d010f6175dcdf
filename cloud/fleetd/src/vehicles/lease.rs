//! Which session speaks for a vehicle: the first to say hello, until it has been silent for a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bridge_proto::Scope;

/// A session holds its vehicle so long after its last hello.
pub const LEASE: Duration = Duration::from_secs(3);

/// Random id of a bridge's run.
pub type SessionId = [u8; 16];

/// What a hello comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The session holds the vehicle from now on; until now nobody did, or another.
    Taken,
    /// It did already.
    Renewed,
    /// Another session does.
    HeldByOther,
}

/// Sessions that hold vehicles. The time is that of a monotonic clock, so that setting the machine's does not matter.
#[derive(Debug, Default)]
pub struct Leases(HashMap<Scope, Lease>);

#[derive(Debug)]
struct Lease {
    session_id: SessionId,
    until: Instant,
}

impl Leases {
    /// A session said hello.
    pub fn hello(&mut self, scope: &Scope, session_id: SessionId, now: Instant) -> Claim {
        let claim = match self.0.get(scope) {
            Some(lease) if lease.session_id == session_id => Claim::Renewed,
            Some(lease) if now < lease.until => return Claim::HeldByOther,
            _ => Claim::Taken,
        };
        self.0.insert(scope.clone(), Lease { session_id, until: now + LEASE });
        claim
    }

    /// The session that holds the vehicle; none when it has been silent for too long.
    pub fn holder(&self, scope: &Scope, now: Instant) -> Option<SessionId> {
        self.0.get(scope).filter(|lease| now < lease.until).map(|lease| lease.session_id)
    }

    /// Whether the session holds the vehicle.
    pub fn holds(&self, scope: &Scope, session_id: &[u8], now: Instant) -> bool {
        self.holder(scope, now).is_some_and(|holder| holder == session_id)
    }

    /// How many vehicles are held.
    pub fn count(&self, now: Instant) -> usize {
        self.0.values().filter(|lease| now < lease.until).count()
    }

    /// Takes out the vehicles whose sessions have fallen silent, and names them.
    pub fn expire(&mut self, now: Instant) -> Vec<Scope> {
        self.0.extract_if(|_, lease| now >= lease.until).map(|(scope, _)| scope).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SessionId = [1; 16];
    const B: SessionId = [2; 16];

    #[test]
    fn the_first_holds_until_it_falls_silent() {
        let scope = Scope::new("t", "v").unwrap();
        let start = Instant::now();
        let at = |s: f64| start + Duration::from_secs_f64(s);
        let mut leases = Leases::default();
        assert_eq!(leases.holder(&scope, start), None);
        assert_eq!(leases.hello(&scope, A, at(0.0)), Claim::Taken);
        assert_eq!(leases.hello(&scope, B, at(2.9)), Claim::HeldByOther);
        assert_eq!(leases.hello(&scope, A, at(2.9)), Claim::Renewed);
        assert!(leases.holds(&scope, &A, at(5.8)) && !leases.holds(&scope, &B, at(5.8)));
        assert_eq!(leases.hello(&scope, B, at(5.8)), Claim::HeldByOther, "a refusal renews nothing");
        assert!(!leases.holds(&scope, &A, at(5.9)));
        assert_eq!(leases.hello(&scope, B, at(5.9)), Claim::Taken);
        assert_eq!(leases.hello(&scope, A, at(6.0)), Claim::HeldByOther);
        assert!(!leases.holds(&scope, &[], at(6.0)));
    }

    #[test]
    fn a_session_comes_back_after_a_pause_if_no_other_came() {
        let scope = Scope::new("t", "v").unwrap();
        let start = Instant::now();
        let mut leases = Leases::default();
        leases.hello(&scope, A, start);
        assert_eq!(leases.hello(&scope, A, start + 10 * LEASE), Claim::Renewed);
        assert_eq!(leases.expire(start + 10 * LEASE), vec![]);
        assert_eq!(leases.expire(start + 11 * LEASE), vec![scope.clone()]);
        assert_eq!(leases.hello(&scope, A, start + 12 * LEASE), Claim::Taken);
    }

    #[test]
    fn vehicles_of_other_tenants_are_others() {
        let now = Instant::now();
        let mut leases = Leases::default();
        leases.hello(&Scope::new("t", "v").unwrap(), A, now);
        assert_eq!(leases.hello(&Scope::new("u", "v").unwrap(), B, now), Claim::Taken);
    }
}
