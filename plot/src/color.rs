//! Colours.

use std::fmt;

/// A colour with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    /// Red, green, blue.
    pub rgb: [u8; 3],
    /// 0 is invisible, 1 opaque.
    pub opacity: f64,
}

#[allow(missing_docs)]
impl Color {
    pub const INK: Self = Self::new(0x1b, 0x23, 0x30);
    pub const MUTED: Self = Self::new(0x66, 0x70, 0x85);
    pub const GRID: Self = Self::new(0xe4, 0xe8, 0xee);
    pub const PAPER: Self = Self::new(0xff, 0xff, 0xff);
    pub const GROUND: Self = Self::new(0xf3, 0xf5, 0xf0);
    pub const ROAD: Self = Self::new(0xc9, 0xd0, 0xd9);
    pub const BUILDING: Self = Self::new(0xe0, 0xd6, 0xc8);
    pub const BLUE: Self = Self::new(0x1f, 0x6f, 0xeb);
    pub const ORANGE: Self = Self::new(0xe8, 0x59, 0x0c);
    pub const GREEN: Self = Self::new(0x2b, 0x8a, 0x3e);
    pub const RED: Self = Self::new(0xc9, 0x2a, 0x2a);
    pub const PURPLE: Self = Self::new(0x86, 0x3b, 0xd4);
    pub const TEAL: Self = Self::new(0x0c, 0x85, 0x99);

    /// Colours that are told apart well, to number things with.
    pub const SERIES: [Self; 6] =
        [Self::BLUE, Self::ORANGE, Self::GREEN, Self::PURPLE, Self::TEAL, Self::RED];

    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { rgb: [red, green, blue], opacity: 1.0 }
    }

    /// The same with another opacity.
    pub const fn opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// The colour for number `n` of a series.
    pub fn series(n: usize) -> Self {
        Self::SERIES[n % Self::SERIES.len()]
    }

    /// From blue over green and yellow to red, for 0 to 1 (Turbo, approximated).
    pub fn heat(value: f64) -> Self {
        const STOPS: [[f64; 3]; 5] = [
            [48.0, 96.0, 210.0],
            [26.0, 178.0, 190.0],
            [110.0, 200.0, 80.0],
            [245.0, 180.0, 40.0],
            [205.0, 40.0, 30.0],
        ];
        let at = value.clamp(0.0, 1.0) * 4.0;
        let n = (at as usize).min(3);
        let mix = |c: usize| (STOPS[n][c] + (STOPS[n + 1][c] - STOPS[n][c]) * (at - n as f64)) as u8;
        Self::new(mix(0), mix(1), mix(2))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.rgb;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}
