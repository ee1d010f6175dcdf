//! A tyre: the brush model with combined slip and load dependence, made transient by the deflection of its contact patch.
//!
//! Steady state after Pacejka, Tire and Vehicle Dynamics (3rd ed. 2012), section 3.2; transient behaviour with the
//! single-contact-point model of section 7.2, whose deflection makes the tyre a spring at standstill, so that a parked
//! vehicle stays where it is; damping at low speed as in section 8.6.

use glam::DVec2;

use super::drive_by_wire::GRAVITY;
use super::params::Tyre;

/// Below this speed the contact patch gets extra damping, m/s.
const LOW_SPEED_MPS: f64 = 2.0;

/// How far the contact patch is deflected, m: x along the wheel, y to its left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Patch {
    deflection: DVec2,
}

/// How the wheel moves over ground, m/s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Motion {
    /// Of the hub, along the wheel.
    pub forward: f64,
    /// Of the hub, to the left.
    pub left: f64,
    /// Of the tread around the hub: angular speed times radius.
    pub rolling: f64,
}

impl Tyre {
    /// Stiffness at a load as a share of that at nominal load, after the sine law of the Magic Formula (ibid., 4.3.2).
    fn stiffness_at(&self, load_n: f64) -> f64 {
        let law = |x: f64| (2.0 * (x / self.peak_stiffness_load).atan()).sin();
        law(load_n / self.nominal_load_n) / law(1.0)
    }

    /// Friction at a load.
    pub(crate) fn friction_at(&self, load_n: f64, surface: f64) -> f64 {
        let loss = 1.0 - self.friction_load_loss * (load_n / self.nominal_load_n - 1.0);
        self.friction * loss.clamp(0.3, 1.5) * surface
    }

    /// Cornering stiffness at a load, N/rad.
    #[cfg(test)]
    pub(crate) fn cornering_stiffness_at(&self, load_n: f64) -> f64 {
        self.cornering_stiffness_n_per_rad * self.stiffness_at(load_n)
    }

    /// Longitudinal relaxation length, m.
    fn relaxation(&self) -> DVec2 {
        DVec2::new(0.5 * self.relaxation_length_m, self.relaxation_length_m)
    }

    /// Brush model: force of a force that stiffness alone would give, N. `limit` is friction times load.
    fn saturate(linear: DVec2, limit: f64) -> DVec2 {
        let size = linear.length();
        if size < 1e-9 || limit <= 0.0 {
            return DVec2::ZERO;
        }
        let phi = (size / (3.0 * limit)).min(1.0);
        linear * (limit * phi * (3.0 - 3.0 * phi + phi * phi) / size)
    }

    /// Force of the road on the tyre, N, after `dt_s`. `surface` is the friction of the road, 1 when dry.
    pub(crate) fn force(
        &self,
        patch: &mut Patch,
        motion: Motion,
        load_n: f64,
        surface: f64,
        dt_s: f64,
    ) -> DVec2 {
        if load_n <= 0.0 {
            patch.deflection = DVec2::ZERO;
            return DVec2::ZERO;
        }
        let relaxation = self.relaxation();
        let slip_velocity = DVec2::new(motion.forward - motion.rolling, motion.left);
        // Implicit in the deflection, because it relaxes quickly at speed.
        let rolled = motion.forward.abs() * dt_s;
        patch.deflection = (patch.deflection - slip_velocity * dt_s) / (DVec2::ONE + rolled / relaxation);
        let scale = self.stiffness_at(load_n);
        let stiffness = scale * DVec2::new(self.longitudinal_stiffness_n, self.cornering_stiffness_n_per_rad)
            / relaxation;
        let limit = self.friction_at(load_n, surface) * load_n;
        // A sliding patch does not deflect further.
        let linear = patch.deflection * stiffness;
        let excess = linear.length() / (3.0 * limit);
        if excess > 1.0 {
            patch.deflection /= excess;
        }
        let elastic = Self::saturate(patch.deflection * stiffness, limit);
        let fade = (1.0 - motion.forward.abs() / LOW_SPEED_MPS).max(0.0);
        // A share of the critical damping of what swings on the patch: the wheel, or the vehicle on locked wheels.
        let wheel_mass = self.wheel_inertia_kg_m2 / (self.radius_m * self.radius_m);
        let mass = if motion.rolling == 0.0 { load_n / GRAVITY } else { wheel_mass };
        let damping = fade * (mass * stiffness.x).sqrt();
        (elastic - slip_velocity * damping).clamp_length_max(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(tyre: &Tyre, motion: Motion, load: f64) -> DVec2 {
        let mut patch = Patch::default();
        (0..4000).map(|_| tyre.force(&mut patch, motion, load, 1.0, 0.001)).last().unwrap()
    }

    fn rolling(slip: f64, angle: f64) -> Motion {
        Motion { forward: 20.0, left: -20.0 * angle.tan(), rolling: 20.0 * (1.0 + slip) }
    }

    #[test]
    fn small_slip_gives_the_stiffnesses() {
        let tyre = Tyre::default();
        let load = tyre.nominal_load_n;
        let side = steady(&tyre, rolling(0.0, 0.001), load);
        assert!((side.y / 0.001 / tyre.cornering_stiffness_n_per_rad - 1.0).abs() < 0.01, "{side}");
        let along = steady(&tyre, rolling(0.001, 0.0), load);
        assert!((along.x / 0.001 / tyre.longitudinal_stiffness_n - 1.0).abs() < 0.01, "{along}");
    }

    #[test]
    fn large_slip_gives_friction_and_combined_slip_shares_it() {
        let tyre = Tyre::default();
        let load = tyre.nominal_load_n;
        let limit = tyre.friction * load;
        assert!((steady(&tyre, rolling(0.0, 0.6), load).y / limit - 1.0).abs() < 0.01);
        let both = steady(&tyre, rolling(-0.3, 0.3), load);
        assert!((both.length() / limit - 1.0).abs() < 0.02, "{both}");
        assert!(both.x < 0.0 && both.y > 0.0 && both.y < 0.9 * limit);
    }

    #[test]
    fn load_dependence_is_degressive() {
        let tyre = Tyre::default();
        let n = tyre.nominal_load_n;
        let c = |load| tyre.cornering_stiffness_at(load);
        assert!((c(n) / tyre.cornering_stiffness_n_per_rad - 1.0).abs() < 1e-12);
        assert!(c(1.5 * n) + c(0.5 * n) < 2.0 * c(n));
        assert!(tyre.friction_at(2.0 * n, 1.0) < tyre.friction_at(n, 1.0));
    }

    #[test]
    fn side_force_builds_up_over_the_relaxation_length() {
        let tyre = Tyre::default();
        let full = steady(&tyre, rolling(0.0, 0.005), tyre.nominal_load_n).y;
        let mut patch = Patch::default();
        let steps = (tyre.relaxation_length_m / 20.0 / 1e-5).round() as usize;
        let force = (0..steps)
            .map(|_| tyre.force(&mut patch, rolling(0.0, 0.005), tyre.nominal_load_n, 1.0, 1e-5))
            .last()
            .unwrap();
        assert!((force.y / full - 0.632).abs() < 0.02, "{}", force.y / full);
    }

    #[test]
    fn a_sliding_tyre_takes_energy_out() {
        let tyre = Tyre::default();
        for (forward, left, rolling) in
            [(5.0, 1.0, 0.0), (0.3, -0.4, 2.0), (-3.0, 0.5, -1.0), (0.0, 1.0, 0.0)]
        {
            let force = steady(&tyre, Motion { forward, left, rolling }, 6000.0);
            assert!(
                force.dot(DVec2::new(forward - rolling, left)) < 0.0,
                "{forward} {left} {rolling}: {force}"
            );
        }
    }
}
