//! Emergency stops of a vehicle under way.

use std::thread::park_timeout;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::Api;

/// A second person, who agrees to releases.
const SECOND: (&str, &str) = ("perf-second", "not a secret of anybody");
const PATIENCE: Duration = Duration::from_secs(240);

/// Stops a vehicle.
#[derive(Args)]
pub struct Stops {
    /// Which one
    #[arg(long, default_value = "AV-001")]
    vehicle: String,
    /// How often
    #[arg(long, default_value_t = 50)]
    count: usize,
    /// It is stopped when it drives at least so fast, m/s
    #[arg(long, default_value_t = 5.0)]
    speed: f64,
    /// An administrator
    #[arg(long, default_value = "admin")]
    user: String,
    /// Of the administrator, as the first start has printed it
    #[arg(long)]
    password: String,
    /// Two places, LAT,LNG:LAT,LNG, that trips go to and fro between
    #[arg(long, default_value = "24.8049,54.6470:24.8060,54.6500")]
    between: String,
}

impl Stops {
    pub fn run(self, api: Api) -> Result<()> {
        let admin = api.log_in(&self.user, &self.password)?;
        let user = json!({ "user_id": SECOND.0, "role": "safety-officer", "password": SECOND.1 });
        let (status, answer) = admin.post("/api/v1/users", &user)?;
        ensure!(matches!(status, 201 | 409), "a second user can't be made: {status} {answer}");
        let second = api.log_in(SECOND.0, SECOND.1)?;
        let (mut answered_ms, mut braking_ms, mut standing_ms) = (vec![], vec![], vec![]);
        let mut speeds = vec![];
        for number in 1..=self.count {
            let speed = self.wait_driving(&admin)?;
            let started = Instant::now();
            let (status, stop) =
                admin.post(&self.path("emergency-stop"), &json!({ "reason": "measurement" }))?;
            answered_ms.push(started.elapsed().as_secs_f64() * 1e3);
            ensure!(status == 202, "{status} {stop}");
            let steps = self.wait_standing(&admin, &stop)?;
            let after =
                |name: &str| Ok::<_, anyhow::Error>((at(&steps, name)? - at(&steps, "requested")?) * 1e3);
            let (braking, standing) = (after("delivered")?, after("standing")?);
            println!(
                "{number}: from {speed:.1} m/s, brake command after {braking:.1} ms, standing after {standing:.0} ms"
            );
            braking_ms.push(braking);
            standing_ms.push(standing);
            speeds.push(speed);
            self.release(&admin, &second)?;
        }
        println!("{} stops from {} m/s", self.count, quantiles(&mut speeds));
        println!("HTTP call answered, ms: {}", quantiles(&mut answered_ms));
        println!("call to the gate's brake command, ms: {}", quantiles(&mut braking_ms));
        println!("call to standstill, as the vehicle reports it, ms: {}", quantiles(&mut standing_ms));
        Ok(())
    }

    fn path(&self, what: &str) -> String {
        format!("/api/v1/vehicles/{}/{what}", self.vehicle)
    }

    fn state(&self, api: &Api) -> Result<Value> {
        Ok(api.get(&format!("/api/v1/vehicles/{}", self.vehicle))?["state"].clone())
    }

    /// Orders trips until it is fast enough; how fast it is.
    fn wait_driving(&self, api: &Api) -> Result<f64> {
        let until = Instant::now() + PATIENCE;
        let mut ordered: Option<Instant> = None;
        while Instant::now() < until {
            let state = self.state(api)?;
            let speed = state["speed_mps"].as_f64().unwrap_or(0.0);
            if speed >= self.speed && state["mode"] == "autonomous" {
                return Ok(speed);
            }
            let idle = state["trip_id"].is_null() && state["safety"]["latched"] == false;
            if idle && ordered.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                self.order(api)?;
                ordered = Some(Instant::now());
            }
            park_timeout(Duration::from_millis(50));
        }
        bail!("{} did not reach {} m/s: {}", self.vehicle, self.speed, self.state(api)?)
    }

    /// A trip to the place that is farther away.
    fn order(&self, api: &Api) -> Result<()> {
        let (a, b) = self.between.split_once(':').context("--between LAT,LNG:LAT,LNG")?;
        let state = self.state(api)?;
        let here = (state["lat"].as_f64().unwrap_or(0.0), state["lng"].as_f64().unwrap_or(0.0));
        let (a, b) = (place(a)?, place(b)?);
        let far = |place: (f64, f64)| (place.0 - here.0).hypot(place.1 - here.1);
        let (from, to) = if far(a) < far(b) { (a, b) } else { (b, a) };
        let json = |place: (f64, f64)| json!({ "lat": place.0, "lng": place.1 });
        let (status, answer) =
            api.post("/api/v1/trips", &json!({ "pickup": json(from), "destination": json(to) }))?;
        ensure!(status == 201, "{status} {answer}");
        Ok(())
    }

    fn wait_standing(&self, api: &Api, stop: &Value) -> Result<Value> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let stops = api.get(&self.path("emergency-stops"))?;
            let found =
                stops.as_array().and_then(|stops| stops.iter().find(|s| s["stop_id"] == stop["stop_id"]));
            if let Some(found) = found.filter(|found| found["status"] == "standing") {
                return Ok(found["steps"].clone());
            }
            park_timeout(Duration::from_millis(50));
        }
        bail!("{} does not stand 30 s after the stop: {stop}", self.vehicle)
    }

    fn release(&self, first: &Api, second: &Api) -> Result<()> {
        for api in [first, second] {
            let (status, answer) = api.post(&self.path("release"), &json!({ "reason": "measured" }))?;
            ensure!(matches!(status, 200 | 202), "release: {status} {answer}");
        }
        Ok(())
    }
}

fn place(text: &str) -> Result<(f64, f64)> {
    let (lat, lng) = text.split_once(',').with_context(|| format!("{text:?} is not LAT,LNG"))?;
    Ok((lat.trim().parse()?, lng.trim().parse()?))
}

/// Time of a step, s.
fn at(steps: &Value, name: &str) -> Result<f64> {
    let step = steps.as_array().and_then(|steps| steps.iter().find(|step| step["step"] == name));
    let at =
        step.and_then(|step| step["at"].as_str()).with_context(|| format!("no step {name} in {steps}"))?;
    Ok(at.parse::<Timestamp>()?.as_nanosecond() as f64 / 1e9)
}

fn quantiles(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let q = |q: f64| values[((values.len() as f64 * q).ceil() as usize).clamp(1, values.len()) - 1];
    format!("p50 {:.1}, p99 {:.1}, max {:.1}", q(0.5), q(0.99), q(1.0))
}
