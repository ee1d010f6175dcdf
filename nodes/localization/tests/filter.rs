//! The estimator against a simulated car: outages, jumps, delays, wrong headings, standing still, and whether its covariance
//! tells the truth.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Car, START_NS, Sensed, curves, feed, standing};
use localization::config::FilterConfig;
use localization::estimator::{Ahrs, Estimator, GivenPose, Phase};
use localization::output::horizontal_distance;
use nalgebra::{Vector2, Vector3};

const RTK_M: f64 = 0.03;

fn estimator() -> Estimator {
    Estimator::new(FilterConfig::default(), None, 5.0)
}

/// Drives for so long; `with` says at which time there are fixes, and what jump they have.
fn drive(
    seed: u64,
    seconds: f64,
    gnss_sigma_m: f64,
    with: impl Fn(f64) -> Option<f64>,
) -> (Car, Estimator, f64) {
    let config = FilterConfig::default();
    let mut car = Car::new(seed, curves, &config, gnss_sigma_m);
    let mut estimator = estimator();
    let mut worst = 0.0_f64;
    while car.t < seconds {
        let jump = with(car.t);
        car.gnss_jump = Vector3::new(jump.unwrap_or_default(), 0.0, 0.0);
        let sensed = car.sense();
        feed(&mut estimator, &sensed, jump.is_some(), true);
        if car.t > 20.0 {
            worst = worst.max(car.error_m(&estimator));
        }
    }
    (car, estimator, worst)
}

#[test]
fn follows_within_centimetres_with_rtk() {
    for seed in 0..5 {
        let (car, estimator, worst) = drive(seed, 90.0, RTK_M, |_| Some(0.0));
        assert!(worst < 0.12, "{seed}: {worst}");
        assert!(car.heading_error(&estimator).abs() < 0.01, "{seed}");
        assert_eq!(estimator.phase(START_NS + 90_000_000_000), Phase::Tracking);
        assert_eq!(estimator.counts(), Default::default());
    }
}

#[test]
fn thirty_seconds_without_gnss_cost_less_than_a_metre() {
    for seed in 0..10 {
        let (car, estimator, _) = drive(seed, 90.0, RTK_M, |t| (t < 60.0).then_some(0.0));
        let (error, sigma) = (car.error_m(&estimator), estimator.state().unwrap().horizontal_sigma());
        assert!(error < 1.0, "{seed}: {error}");
        // Unsure, but not useless.
        assert!((0.1..2.0).contains(&sigma) && error < 3.5 * sigma, "{seed}: {error} with {sigma}");
        assert_eq!(estimator.phase(START_NS + 90_000_000_000), Phase::DeadReckoning);
    }
}

#[test]
fn finds_how_much_its_tyres_slip_in_curves() {
    for compliance in [0.0, 0.005, 0.01] {
        let mut car = Car::new(2, curves, &FilterConfig::default(), RTK_M);
        car.cornering_compliance = compliance;
        let mut estimator = estimator();
        while car.t < 90.0 {
            let sensed = car.sense();
            feed(&mut estimator, &sensed, car.t < 60.0, true);
        }
        let found = estimator.state().unwrap().cornering_compliance;
        assert!((found - compliance).abs() < 0.001, "{found} instead of {compliance}");
        assert!(car.error_m(&estimator) < 1.0, "{compliance}: {}", car.error_m(&estimator));
        assert!(car.heading_error(&estimator).abs() < 0.01, "{compliance}");
    }
}

#[test]
fn a_jump_by_multipath_does_not_pull_it() {
    for (seed, jump) in [(0, 1.0), (1, 3.0), (2, 30.0), (3, -300.0)] {
        let (_, estimator, worst) =
            drive(seed, 60.0, RTK_M, |t| Some(if (40.0..48.0).contains(&t) { jump } else { 0.0 }));
        assert!(worst < 0.5, "{jump}: {worst}");
        let history = estimator.state().unwrap().history;
        assert!(history.fixes_rejected >= 79 && history.recoveries == 0, "{history:?}");
        assert_eq!(estimator.counts().realigned, 0, "{jump}");
    }
}

#[test]
fn fixes_that_stay_elsewhere_are_believed_in_the_end() {
    let (car, estimator, _) = drive(0, 75.0, RTK_M, |t| Some(if t < 40.0 { 0.0 } else { 20.0 }));
    let state = estimator.state().unwrap();
    assert!((state.position.x - car.truth.x - 20.0).abs() < 0.3, "{}", state.position.x - car.truth.x);
    assert_eq!(state.history.recoveries, 1);
}

#[test]
fn the_order_of_arrival_does_not_change_a_bit() {
    let config = FilterConfig::default();
    let mut car = Car::new(7, curves, &config, RTK_M);
    let sensed: Vec<Sensed> = (0..4000).map(|_| car.sense()).collect();
    let mut in_order = estimator();
    for s in &sensed {
        feed(&mut in_order, s, true, true);
    }
    // The same start, then fixes 300 ms late and the wheels 50 ms late, newer before older at times.
    let mut late = estimator();
    for (i, s) in sensed.iter().enumerate() {
        if i < 1000 {
            feed(&mut late, s, true, true);
            continue;
        }
        late.imu(s.imu, Some(s.ahrs));
        let wheels = |e: &mut Estimator, s: &Sensed| {
            if let Some(speed) = s.wheels {
                e.wheels(s.stamp_ns, speed, common::WHEEL_SIGMA_MPS.powi(2), None);
            }
        };
        let fix = |e: &mut Estimator, s: &Sensed| {
            if let Some((position, variance)) = s.fix {
                e.fix(s.stamp_ns, position, variance);
            }
        };
        if i % 5 == 4 {
            ((i - 4)..=i).rev().filter(|k| *k >= 1005).for_each(|k| wheels(&mut late, &sensed[k - 5]));
        }
        if i % 20 == 0 && i >= 1020 {
            ((i - 30)..(i - 10)).rev().for_each(|k| fix(&mut late, &sensed[k]));
        }
    }
    // What is still under way.
    for s in &sensed[3900..] {
        if let Some(speed) = s.wheels {
            late.wheels(s.stamp_ns, speed, common::WHEEL_SIGMA_MPS.powi(2), None);
        }
        if let Some((position, variance)) = s.fix {
            late.fix(s.stamp_ns, position, variance);
        }
    }
    assert!(late.counts().not_taken > 0, "duplicates were counted");
    // Not assert_eq: nobody wants to read two covariances.
    assert!(in_order.state() == late.state(), "{:?}", in_order.state().map(|s| s.position));
}

#[test]
fn finds_back_from_a_heading_that_is_wrong() {
    for off in [3.1, 1.5, -2.0, 0.6] {
        let config = FilterConfig::default();
        let mut car = Car::new(3, curves, &config, RTK_M);
        let mut estimator = estimator();
        while car.t < 40.0 {
            let mut sensed = car.sense();
            sensed.ahrs.heading = vehicle::wrap_angle(sensed.ahrs.heading + off);
            feed(&mut estimator, &sensed, true, true);
        }
        assert!(car.error_m(&estimator) < 0.2, "{off}: {}", car.error_m(&estimator));
        assert!(car.heading_error(&estimator).abs() < 0.03, "{off}: {}", car.heading_error(&estimator));
        assert!(estimator.counts().realigned <= 2, "{:?}", estimator.counts());
    }
}

#[test]
fn starts_from_the_course_over_ground_without_any_heading() {
    for sigma_m in [RTK_M, 2.0] {
        let config = FilterConfig { gnss_correlated_share: 0.9, ..FilterConfig::default() };
        let mut car = Car::new(4, curves, &config, sigma_m);
        let mut estimator = Estimator::new(config, None, 50.0);
        let mut first = None;
        while car.t < 40.0 {
            feed(&mut estimator, &car.sense(), true, false);
            if estimator.state().is_some() {
                first.get_or_insert(car.t);
            }
        }
        let first = first.unwrap();
        // It stands for 2 s and has driven 16 m after 6.
        assert!((2.0..8.0).contains(&first), "{sigma_m}: {first}");
        assert!(car.heading_error(&estimator).abs() < 0.05, "{}", car.heading_error(&estimator));
    }
}

#[test]
fn starts_within_a_second_of_the_first_fix_at_standstill() {
    let mut car = Car::new(5, standing, &FilterConfig::default(), RTK_M);
    let mut estimator = estimator();
    while estimator.state().is_none() {
        feed(&mut estimator, &car.sense(), true, true);
    }
    assert!(car.t < 0.6, "{}", car.t);
    assert!(car.error_m(&estimator) < 0.1);
}

#[test]
fn a_given_pose_is_taken_when_no_fix_comes() {
    let mut car = Car::new(5, curves, &FilterConfig::default(), RTK_M);
    let given = GivenPose {
        position: Vector3::new(car.truth.x, car.truth.y, 0.0),
        position_sigma_m: 0.2,
        heading: car.truth.heading,
        heading_sigma: 0.02,
    };
    let mut estimator = Estimator::new(FilterConfig::default(), Some(given), 5.0);
    while car.t < 3.2 {
        feed(&mut estimator, &car.sense(), false, false);
    }
    let state = estimator.state().unwrap();
    assert!((state.position - given.position).norm() < 3.0);
}

#[test]
fn standing_still_for_minutes_nothing_wanders() {
    let mut car = Car::new(6, standing, &FilterConfig::default(), RTK_M);
    let mut estimator = estimator();
    let mut heading = None;
    while car.t < 300.0 {
        feed(&mut estimator, &car.sense(), true, true);
        if car.t > 60.0 {
            let at_start = *heading.get_or_insert(estimator.state().unwrap().heading());
            let now = estimator.state().unwrap().heading();
            assert!(vehicle::wrap_angle(now - at_start).abs() < 0.01, "{}", now - at_start);
            assert!(estimator.state().unwrap().velocity.norm() < 0.05);
        }
    }
    assert!(car.error_m(&estimator) < 0.1, "{}", car.error_m(&estimator));
    // The AHRS is off by 0.03 rad: the filter must not be surer than it.
    assert!(estimator.state().unwrap().heading_variance().sqrt() > 0.03);
}

#[test]
fn without_imu_the_wheels_carry_on() {
    let config = FilterConfig::default();
    let mut car = Car::new(8, curves, &config, RTK_M);
    let mut estimator = estimator();
    while car.t < 40.0 {
        let sensed = car.sense();
        if car.t < 30.0 {
            feed(&mut estimator, &sensed, true, true);
            continue;
        }
        if car.step % 5 == 0 {
            estimator.guess_imu(sensed.stamp_ns - 50_000_000);
        }
        if let Some(speed) = sensed.wheels {
            estimator.wheels(sensed.stamp_ns, speed, 0.0025, None);
        }
        if let Some((position, variance)) = sensed.fix {
            estimator.fix(sensed.stamp_ns, position, variance);
        }
    }
    assert!(car.error_m(&estimator) < 1.5, "{}", car.error_m(&estimator));
    assert!(estimator.counts().imu_guessed > 100);
}

/// Mean of the squared Mahalanobis distance of the horizontal error over many cars: 2 for an honest covariance.
fn nees(gnss_sigma_m: f64, seconds: f64, fixes_until: f64) -> (f64, f64) {
    const CARS: u64 = 60;
    let (mut sum, mut inside) = (0.0, 0.0);
    for seed in 100..100 + CARS {
        let (car, estimator, _) = drive(seed, seconds, gnss_sigma_m, |t| (t < fixes_until).then_some(0.0));
        let state = estimator.state().unwrap();
        let error = Vector2::new(state.position.x - car.truth.x, state.position.y - car.truth.y);
        let distance = horizontal_distance(&state.covariance, error);
        sum += distance;
        inside += f64::from(distance < localization::output::ELLIPSE_95);
    }
    (sum / CARS as f64, inside / CARS as f64)
}

#[test]
fn its_covariance_tells_the_truth() {
    // 99.9 % of the mean of 60 χ² with 2 degrees of freedom lies in 1.2 to 3.0. The wheels' noise is assumed larger than it
    // is, and the AHRS has a constant error, so it may be a little lower, but never higher.
    for (sigma_m, seconds, until) in [(RTK_M, 50.0, 50.0), (1.0, 60.0, 60.0), (RTK_M, 70.0, 40.0)] {
        let (mean, inside) = nees(sigma_m, seconds, until);
        assert!((0.8..3.0).contains(&mean) && inside > 0.85, "{sigma_m} m: NEES {mean}, inside {inside}");
    }
}

#[test]
fn nonsense_does_no_harm() {
    let (car, mut estimator, _) = drive(9, 30.0, RTK_M, |_| Some(0.0));
    let now = START_NS + 30_000_000_000;
    let nan = Vector3::repeat(f64::NAN);
    estimator.fix(now, nan, Vector3::repeat(1.0));
    estimator.fix(now + 1, Vector3::zeros(), nan);
    estimator.wheels(now + 2, f64::NAN, 0.1, Some((f64::NAN, f64::NAN)));
    estimator.fix(i64::MIN, Vector3::zeros(), Vector3::zeros());
    estimator.fix(i64::MAX, Vector3::zeros(), Vector3::zeros());
    let mut car = car;
    for _ in 0..500 {
        let mut sensed = car.sense();
        sensed.ahrs = Ahrs { heading: f64::NAN, ..sensed.ahrs };
        feed(&mut estimator, &sensed, true, true);
    }
    assert!(estimator.state().unwrap().is_finite());
    assert!(car.error_m(&estimator) < 0.3, "{}", car.error_m(&estimator));
}
