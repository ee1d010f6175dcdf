//! Generator of Rust types. The output needs the traits of crate `msgs` (`crate::Cdr`, `crate::Message`, …) and is
//! the same for the same input.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Array, Base, Constant, Field, FieldType, Literal, MessageDef, Primitive};
use crate::set::{SetError, TypeSet};

/// Rust modules `package::{msg,srv}` with a struct per message, a marker type per service, and a table
/// `INTERFACES` of all definitions.
pub fn emit_rust(types: &TypeSet) -> Result<String, SetError> {
    let mut modules: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut table = String::new();
    let mut every = String::new();
    for def in types.messages() {
        let Some((package, kind, _)) = split(&def.name) else { continue };
        // Events and the three-member view of a service exist for hashes and descriptions only.
        if kind == "msg" || def.name.ends_with("_Request") || def.name.ends_with("_Response") {
            let code = message(def, &types.hash(&def.name)?);
            modules.entry((package.into(), kind.into())).or_default().push_str(&code);
            let _ = writeln!(every, "            $crate::{package}::{kind}::{},", struct_name(&def.name));
        }
        if kind == "msg" {
            let hash = types.hash(&def.name)?;
            let _ = writeln!(table, "    ({:?}, {hash:?}, {:?}),", def.name, def.source);
        }
    }
    for service in types.services() {
        let Some((package, kind, name)) = split(&service.name) else { continue };
        let hash = types.hash(&service.name)?;
        let code = format!(
            "/// Service `{full}`.\n#[derive(Clone, Copy, Debug)]\npub struct {name};\n\
             impl crate::Service for {name} {{\n    type Request = {name}Request;\n    type Response = {name}Response;\n    \
             const TYPE_NAME: &'static str = {full:?};\n    const TYPE_HASH: &'static str = {hash:?};\n}}\n",
            full = service.name
        );
        modules.entry((package.into(), kind.into())).or_default().push_str(&code);
        let _ = writeln!(table, "    ({:?}, {hash:?}, {:?}),", service.name, service.source);
    }
    let mut out = String::new();
    let mut open: Option<&str> = None;
    for ((package, kind), code) in &modules {
        if open != Some(package) {
            if open.is_some() {
                out.push_str("}\n");
            }
            let _ = writeln!(out, "/// Package `{package}`.\npub mod {package} {{");
            open = Some(package);
        }
        let what = if kind == "msg" { "Messages" } else { "Services" };
        let _ = writeln!(out, "/// {what} of `{package}`.\npub mod {kind} {{\n{code}}}");
    }
    if open.is_some() {
        out.push_str("}\n");
    }
    let _ = write!(
        out,
        "/// Calls the macro `$each` with the type of every message, requests and responses included: for tests of all types.\n\
         #[doc(hidden)]\n#[macro_export]\nmacro_rules! for_each_message {{\n    ($each:ident) => {{\n        \
         $each! {{\n{every}        }}\n    }};\n}}\n"
    );
    let _ = write!(
        out,
        "/// Every interface: name, RIHS01 hash, definition.\n\
         pub(crate) const INTERFACES: &[(&str, &str, &str)] = &[\n{table}];\n"
    );
    Ok(out)
}

fn split(name: &str) -> Option<(&str, &str, &str)> {
    let mut parts = name.split('/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// `geometry_msgs/msg/Point` → `crate::geometry_msgs::msg::Point`.
fn rust_path(full: &str) -> String {
    format!("crate::{}", full.replace('/', "::"))
}

fn struct_name(full: &str) -> String {
    let name = full.rsplit('/').next().unwrap_or(full);
    name.replace("_Request", "Request").replace("_Response", "Response")
}

fn ident(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "type", "loop", "match", "move", "ref", "box", "use", "in", "where", "mod", "final", "static",
        "const", "as", "async", "abstract", "await", "become", "break", "continue", "do", "dyn", "else",
        "enum", "extern", "false", "fn", "for", "gen", "if", "impl", "let", "macro", "override", "priv",
        "pub", "return", "struct", "trait", "true", "try", "typeof", "unsafe", "unsized", "virtual", "while",
        "yield",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.into() }
}

fn primitive(p: Primitive) -> &'static str {
    match p {
        Primitive::Bool => "bool",
        Primitive::Byte | Primitive::Uint8 => "u8",
        Primitive::Int8 => "i8",
        Primitive::Int16 => "i16",
        Primitive::Uint16 => "u16",
        Primitive::Int32 => "i32",
        Primitive::Uint32 => "u32",
        Primitive::Int64 => "i64",
        Primitive::Uint64 => "u64",
        Primitive::Float32 => "f32",
        Primitive::Float64 => "f64",
    }
}

fn element(base: &Base) -> String {
    match base {
        Base::Primitive(p) => primitive(*p).into(),
        Base::String { .. } | Base::WString { .. } => "std::string::String".into(),
        Base::Message(name) => rust_path(name),
    }
}

fn is_bytes(ty: &FieldType) -> bool {
    ty.array == Array::Unbounded && matches!(ty.base, Base::Primitive(Primitive::Uint8 | Primitive::Byte))
}

fn field_type(ty: &FieldType) -> String {
    let element = element(&ty.base);
    match ty.array {
        Array::Single => element,
        Array::Fixed(n) => format!("[{element}; {n}]"),
        Array::Unbounded if is_bytes(ty) => "bytes::Bytes".into(),
        Array::Bounded(_) | Array::Unbounded => format!("Vec<{element}>"),
    }
}

fn doc(text: &str, indent: &str, fallback: &str) -> String {
    let text = if text.is_empty() { fallback } else { text };
    let mut out = String::new();
    for line in text.lines() {
        // A line indented by four would become a code block, and a test.
        let _ = writeln!(out, "{indent}/// {}", line.trim());
    }
    out
}

fn literal(base: &Base, value: &Literal) -> String {
    match (base, value) {
        (Base::Primitive(p), Literal::Float(v)) => format!("{v:?}_{}", primitive(*p)),
        (_, Literal::Float(v)) => format!("{v:?}"),
        (_, Literal::Bool(v)) => v.to_string(),
        (_, Literal::Int(v)) => v.to_string(),
        (_, Literal::String(v)) => format!("{v:?}"),
        (base, Literal::List(items)) => items.iter().map(|i| literal(base, i)).collect::<Vec<_>>().join(", "),
    }
}

fn default_value(field: &Field) -> String {
    let owned = |value: &Literal| match (&field.ty.base, value) {
        (Base::String { .. } | Base::WString { .. }, Literal::String(_)) => {
            format!("{}.into()", literal(&field.ty.base, value))
        }
        _ => literal(&field.ty.base, value),
    };
    match (&field.default, field.ty.array) {
        (None, Array::Fixed(_)) => "std::array::from_fn(|_| Default::default())".into(),
        (None, _) => "Default::default()".into(),
        (Some(Literal::List(items)), array) => {
            let list = items.iter().map(owned).collect::<Vec<_>>().join(", ");
            match array {
                Array::Fixed(_) => format!("[{list}]"),
                _ if is_bytes(&field.ty) => format!("bytes::Bytes::from_static(&[{list}])"),
                _ => format!("vec![{list}]"),
            }
        }
        (Some(value), _) => owned(value),
    }
}

fn constant(c: &Constant) -> String {
    let ty = match &c.ty {
        Base::Primitive(p) => primitive(*p),
        _ => "&'static str",
    };
    let doc = doc(&c.doc, "    ", &format!("`{}`.", c.name));
    format!("{doc}    pub const {}: {ty} = {};\n", c.name, literal(&c.ty, &c.value))
}

fn message(def: &MessageDef, hash: &str) -> String {
    let name = struct_name(&def.name);
    let mut out = doc(&def.doc, "", &format!("`{}`.", def.name));
    let _ = writeln!(out, "#[derive(Clone, Debug, PartialEq)]\npub struct {name} {{");
    for f in &def.fields {
        let _ = writeln!(
            out,
            "{}    pub {}: {},",
            doc(&f.doc, "    ", &format!("`{}`.", f.name)),
            ident(&f.name),
            field_type(&f.ty)
        );
    }
    let _ = writeln!(out, "}}\nimpl Default for {name} {{\n    fn default() -> Self {{\n        Self {{");
    for f in &def.fields {
        let _ = writeln!(out, "            {}: {},", ident(&f.name), default_value(f));
    }
    out.push_str("        }\n    }\n}\n");
    if !def.constants.is_empty() {
        let _ = writeln!(out, "impl {name} {{");
        def.constants.iter().for_each(|c| out.push_str(&constant(c)));
        out.push_str("}\n");
    }
    out.push_str(&cdr_impl(def, &name));
    let _ = writeln!(
        out,
        "impl crate::Message for {name} {{\n    const TYPE_NAME: &'static str = {:?};\n    \
         const TYPE_HASH: &'static str = {hash:?};\n}}",
        def.name
    );
    out
}

fn cdr_impl(def: &MessageDef, name: &str) -> String {
    let mut min_size = String::new();
    let mut write = String::new();
    let mut read = String::new();
    let mut check = String::new();
    for f in &def.fields {
        let id = ident(&f.name);
        let ty = field_type(&f.ty);
        let _ = write!(min_size, " + <{ty} as crate::Cdr>::MIN_SIZE");
        if let Array::Bounded(n) = f.ty.array {
            let _ = writeln!(write, "        w.check_bound({:?}, self.{id}.len(), {n});", f.name);
        }
        let bound = match f.ty.base {
            Base::String { bound } => bound,
            _ => None,
        };
        if let Some(n) = bound {
            let texts = match f.ty.array {
                Array::Single => format!("[&value.{id}]"),
                _ => format!("&value.{id}"),
            };
            let _ = writeln!(check, "        crate::cdr::check_texts({:?}, {texts}, {n})?;", f.name);
            let _ = match f.ty.array {
                Array::Single => {
                    writeln!(write, "        w.check_bound({:?}, self.{id}.len(), {n});", f.name)
                }
                _ => writeln!(
                    write,
                    "        self.{id}.iter().for_each(|s| w.check_bound({:?}, s.len(), {n}));",
                    f.name
                ),
            };
        }
        let _ = writeln!(write, "        crate::Cdr::write(&self.{id}, w);");
        let _ = match f.ty.array {
            Array::Bounded(n) => writeln!(read, "            {id}: r.read_bounded({:?}, {n})?,", f.name),
            _ => writeln!(read, "            {id}: crate::Cdr::read(r)?,"),
        };
    }
    if def.fields.is_empty() {
        min_size.push_str(" + 1");
        write.push_str("        crate::Cdr::write(&0_u8, w);\n");
        read.push_str("            // A message without fields travels as one byte.\n");
    }
    let skip = if def.fields.is_empty() { "        r.read_placeholder()?;\n" } else { "" };
    format!(
        "impl crate::Cdr for {name} {{\n    const MIN_SIZE: usize = 0{min_size};\n    \
         fn write(&self, w: &mut crate::CdrWriter) {{\n{write}    }}\n    \
         fn read(r: &mut crate::CdrReader<'_>) -> Result<Self, crate::CdrError> {{\n{skip}        \
         let value = Self {{\n{read}        }};\n{check}        Ok(value)\n    }}\n}}\n"
    )
}
