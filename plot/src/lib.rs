//! Charts and scenes as SVG or PNG.
