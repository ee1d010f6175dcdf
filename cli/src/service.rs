//! `atlas service …`

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use msgs::dynamic;
use runtime::clock::wall_time_ns;
use serde::Serialize;

use crate::commands::Global;
use crate::graph_names::{absolute, did_you_mean, is_hidden, type_names};
use crate::output::{Interrupted, Out, note};
use crate::qos_args::parse_seconds;
use crate::render::{Json, repr};
use crate::session::Session;
use crate::types::{KnownType, by_name_or_graph, full_name, of_service};
use crate::yaml::{Yaml, to_message};

/// What to do with services.
#[derive(Subcommand)]
pub enum Command {
    /// List the services
    List(List),
    /// Print the type of a service
    Type(Type),
    /// List the services of a type
    Find(Find),
    /// Call a service
    Call(Call),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &Global, out: &mut Out) -> Result<()> {
        let session = Session::open(global)?;
        match self {
            Self::List(c) => c.run(&session, out),
            Self::Type(c) => c.run(&session, out),
            Self::Find(c) => c.run(&session, out),
            Self::Call(c) => c.run(&session, out),
        }
    }
}

/// Lists the services.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas service list\n  atlas service list -t")]
pub struct List {
    /// Show the types, too
    #[arg(short = 't', long)]
    show_types: bool,
    /// Show only how many there are
    #[arg(short, long)]
    count_services: bool,
    /// Show hidden services, too
    #[arg(short, long, visible_alias = "include-hidden-services")]
    all: bool,
}

/// For JSON.
#[derive(Serialize)]
struct NameAndTypes {
    name: String,
    types: Vec<String>,
}

/// The services, sorted.
fn services(session: &Session, hidden: bool) -> Vec<NameAndTypes> {
    let services = session.graph().services().into_iter().filter(|(name, _)| hidden || !is_hidden(name));
    services.map(|(name, types)| NameAndTypes { name, types: type_names(&types) }).collect()
}

impl List {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let services = services(session, self.all);
        if self.count_services {
            return out.line(&services.len().to_string());
        }
        if out.json {
            return out.json_document(&services);
        }
        services.iter().try_for_each(|s| {
            let types = if self.show_types { format!(" [{}]", s.types.join(", ")) } else { String::new() };
            out.line(&format!("{}{types}", s.name))
        })
    }
}

/// Prints the type of a service.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas service type /emergency_stop")]
pub struct Type {
    /// Service
    service_name: String,
}

impl Type {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let service = absolute(&self.service_name)?;
        let services = session.graph().services();
        let Some(types) = services.get(&service) else { bail!("{}", unknown_service(session, &service)) };
        out.list(&type_names(types))
    }
}

/// What to say of a service that nobody has.
fn unknown_service(session: &Session, service: &str) -> String {
    let services = session.graph().services();
    let hint = did_you_mean(service, services.keys().map(String::as_str));
    format!("no server of {service}{hint} (`atlas service list`)")
}

/// Lists the services of a type.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas service find std_srvs/srv/Trigger")]
pub struct Find {
    /// Type, such as std_srvs/srv/Trigger
    service_type: String,
    /// Show only how many there are
    #[arg(short, long)]
    count_services: bool,
    /// Show hidden services, too
    #[arg(short, long, visible_alias = "include-hidden-services")]
    all: bool,
}

impl Find {
    fn run(self, session: &Session, out: &mut Out) -> Result<()> {
        let wanted = full_name(&self.service_type, "srv")?;
        let found = services(session, self.all).into_iter().filter(|s| s.types.contains(&wanted));
        let names: Vec<_> = found.map(|s| s.name).collect();
        if self.count_services { out.line(&names.len().to_string()) } else { out.list(&names) }
    }
}

/// Calls a service.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas service call /emergency_stop std_srvs/srv/Trigger\n  \
                  atlas service call /enable std_srvs/srv/SetBool '{data: true}'\n  \
                  atlas service call /safety/status          # the type is that of the server")]
pub struct Call {
    /// Service
    service_name: String,
    /// Type, such as std_srvs/srv/Trigger; else that of the server
    service_type: Option<String>,
    /// The request in YAML or JSON; fields left out get their defaults
    #[arg(default_value = "{}", hide_default_value = true, allow_hyphen_values = true)]
    values: String,
    /// Read the request from standard input
    #[arg(long, conflicts_with = "values")]
    stdin: bool,
    /// Call again and again at this rate, Hz
    #[arg(short, long, value_parser = parse_seconds)]
    rate: Option<f64>,
    /// Wait so long for the server, and then for the answer, s
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = parse_seconds)]
    timeout: f64,
}

/// For JSON.
#[derive(Serialize)]
struct Called<'a> {
    service: &'a str,
    request: Json<'a>,
    response: Json<'a>,
}

impl Call {
    fn run(mut self, session: &Session, out: &mut Out) -> Result<()> {
        let service = absolute(&self.service_name)?;
        if self.stdin {
            self.values.clear();
            std::io::stdin().read_to_string(&mut self.values).context("cannot read the request")?;
        }
        let yaml = Yaml::parse(&self.values)?;
        let timeout = Duration::from_secs_f64(self.timeout);
        // A wrong type or request is told before anybody waits for a server.
        let known = match &self.service_type {
            Some(written) => by_name_or_graph(session, written, "srv")?,
            None => {
                self.wait_for_server(session, &service, timeout)?;
                of_service(session, &service)?
            }
        };
        encode(&known, &yaml)?;
        self.wait_for_server(session, &service, timeout)?;
        check_type(session, &service, &known)?;
        let mut next = Instant::now();
        loop {
            self.call_once(session, &service, &known, &yaml, timeout, out)?;
            let Some(rate) = self.rate else { return Ok(()) };
            next = (next + Duration::from_secs_f64(1.0 / rate)).max(Instant::now());
            if session.stop.wait_until(next) {
                return Ok(());
            }
        }
    }

    fn wait_for_server(&self, session: &Session, service: &str, timeout: Duration) -> Result<()> {
        if session.graph().services().contains_key(service) {
            return Ok(());
        }
        note(&format!("waiting for service {service} to become available..."));
        if !session.wait_for(timeout, |g| g.services().contains_key(service))? {
            bail!("{} after {timeout:?}", unknown_service(session, service));
        }
        Ok(())
    }

    fn call_once(
        &self,
        session: &Session,
        service: &str,
        known: &KnownType,
        yaml: &Yaml,
        timeout: Duration,
        out: &mut Out,
    ) -> Result<()> {
        let (request_type, response_type) = halves(known);
        let (bytes, request) = encode(known, yaml)?;
        if !out.json {
            let text = repr(&known.types, &request_type, &request);
            out.text(&format!("requester: making request: {text}\n\n"))?;
        }
        let answer = match session.call_raw(service, &known.ty, bytes, timeout) {
            Err(e) if self.rate.is_some() && e.is::<Interrupted>() => return Ok(()),
            other => other?,
        };
        let response = dynamic::decode(&known.types, &response_type, &answer)
            .with_context(|| format!("the answer is not a {response_type}"))?;
        if out.json {
            let (request, response) = (Json(&request), Json(&response));
            let called = Called { service, request, response };
            return if self.rate.is_some() { out.json_line(&called) } else { out.json_document(&called) };
        }
        out.text(&format!("response:\n{}\n\n", repr(&known.types, &response_type, &response)))
    }
}

/// Names of request and response.
fn halves(known: &KnownType) -> (String, String) {
    (format!("{}_Request", known.ty.name), format!("{}_Response", known.ty.name))
}

fn encode(known: &KnownType, yaml: &Yaml) -> Result<(bytes::Bytes, dynamic::Value)> {
    let (name, _) = halves(known);
    let populate = || {
        let value = to_message(&known.types, &name, yaml, wall_time_ns())?;
        let bytes = dynamic::encode(&known.types, &name, &value)?;
        let whole = dynamic::decode(&known.types, &name, &bytes)?;
        anyhow::Ok((bytes, whole))
    };
    populate().context("Failed to populate field")
}

/// A request of another type would never be answered.
fn check_type(session: &Session, service: &str, known: &KnownType) -> Result<()> {
    let services = session.graph().services();
    let Some(types) = services.get(service) else { return Ok(()) };
    if types.contains(&known.ty) {
        return Ok(());
    }
    let names = type_names(types);
    if names.contains(&known.ty.name) {
        bail!("{service} has another version of {}: the type hash differs", known.ty.name);
    }
    bail!("{service} has type {}, not {}", names.join(", "), known.ty.name)
}
