//! `<planView>`.

use glam::DVec2;

use super::collect;
use crate::error::MapError;
use crate::opendrive::plan_view::{Geometry, ParamPoly, Shape, Spiral};
use crate::opendrive::xml::{Element, Source};

/// No curve is tighter, 1/m.
const LARGEST_CURVATURE: f64 = 100.0;
/// No geometry turns farther, rad: more than ten times round.
const LARGEST_TURN: f64 = 64.0;
/// Joints that are further apart are worth a warning, m.
const GAP_M: f64 = 0.05;

pub(super) fn read(source: &mut Source, road: Element<'_, '_>) -> Result<Vec<Geometry>, MapError> {
    let plan = road.child(source, "planView").ok_or_else(|| road.error(source, "there is no <planView>"))?;
    let mut geometries = vec![];
    for element in collect(source, plan, "geometry") {
        let geometry = geometry(source, element)?;
        if geometry.length > 0.0 {
            geometries.push(geometry);
        }
    }
    if geometries.is_empty() {
        return Err(plan.error(source, "there is no <geometry> with a length in it"));
    }
    if geometries.windows(2).any(|w| w[1].s < w[0].s) {
        plan.warn(source, "its <geometry> are not in order of their `s`; sorted");
        geometries.sort_by(|a, b| a.s.total_cmp(&b.s));
    }
    for pair in geometries.windows(2) {
        let gap = pair[0].at(pair[0].end()).position.distance(pair[1].start);
        if gap > GAP_M {
            let place = source.place(pair[1].line, road.road, None);
            source.warn(place, format!("its <geometry> begins {gap:.2} m from where the one before ends"));
        }
    }
    Ok(geometries)
}

fn geometry(source: &mut Source, element: Element<'_, '_>) -> Result<Geometry, MapError> {
    let length = element.number(source, "length")?;
    if length < 0.0 {
        return Err(element.error(source, format!("`length` of <geometry> is {length}: expected 0 or more")));
    }
    Ok(Geometry {
        line: element.line,
        s: element.number(source, "s")?,
        start: DVec2::new(element.number(source, "x")?, element.number(source, "y")?),
        heading: element.number(source, "hdg")?,
        length,
        shape: shape(source, element, length)?,
    })
}

fn shape(source: &mut Source, element: Element<'_, '_>, length: f64) -> Result<Shape, MapError> {
    let curvature = |source: &Source, of: Element<'_, '_>, name: &str| {
        let value = of.number(source, name)?;
        if value.abs() > LARGEST_CURVATURE || value.abs() * length > LARGEST_TURN {
            let what = format!("`{name}` of {value} 1/m over {length} m turns round more than ten times");
            return Err(of.error(source, what));
        }
        Ok(value)
    };
    if element.child(source, "line").is_some() {
        return Ok(Shape::Line);
    }
    if let Some(arc) = element.child(source, "arc") {
        return Ok(Shape::Arc { curvature: curvature(source, arc, "curvature")? });
    }
    if let Some(spiral) = element.child(source, "spiral") {
        let (start, end) = (curvature(source, spiral, "curvStart")?, curvature(source, spiral, "curvEnd")?);
        return Ok(Shape::Spiral(Spiral::new(length, start, end)));
    }
    if let Some(poly) = element.child(source, "poly3") {
        return Ok(Shape::Polynomial(ParamPoly::poly3(
            length,
            coefficients(source, poly, ["a", "b", "c", "d"])?,
        )));
    }
    if let Some(poly) = element.child(source, "paramPoly3") {
        return param_poly(source, poly, length);
    }
    Err(element.error(source, "expected a <line>, <arc>, <spiral>, <poly3> or <paramPoly3> in <geometry>"))
}

fn param_poly(source: &mut Source, poly: Element<'_, '_>, length: f64) -> Result<Shape, MapError> {
    let u = coefficients(source, poly, ["aU", "bU", "cU", "dU"])?;
    let v = coefficients(source, poly, ["aV", "bV", "cV", "dV"])?;
    let range = match poly.text("pRange") {
        Some("arcLength") => length,
        Some("normalized") => 1.0,
        // Required since 1.5; before, what fits better is meant.
        other => {
            if let Some(other) = other {
                poly.warn(source, format!("`pRange` is \"{other}\", not arcLength or normalized; guessed"));
            }
            let fit = |range| (ParamPoly::new(length, u, v, range).scale() - 1.0).abs();
            if fit(1.0) < fit(length) { 1.0 } else { length }
        }
    };
    let curve = ParamPoly::new(length, u, v, range);
    if !(0.9..=1.1).contains(&curve.scale()) {
        let what = format!("this <paramPoly3> is {:.2} m long, not {length:.2} m", curve.scale() * length);
        poly.warn(source, what);
    }
    Ok(Shape::Polynomial(curve))
}

fn coefficients(source: &Source, poly: Element<'_, '_>, names: [&str; 4]) -> Result<[f64; 4], MapError> {
    let mut values = [0.0; 4];
    for (value, name) in values.iter_mut().zip(names) {
        *value = poly.number(source, name)?;
    }
    Ok(values)
}
