//! The parameter services of one node.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use msgs::rcl_interfaces::msg::{Parameter, ParameterDescriptor, ParameterValue, SetParametersResult};
use msgs::rcl_interfaces::srv::{
    DescribeParameters, DescribeParametersRequest, GetParameters, GetParametersRequest, ListParameters,
    ListParametersRequest, SetParameters, SetParametersRequest,
};

use crate::graph_names::{absolute_node, did_you_mean};
use crate::qos_args::parse_seconds;
use crate::session::Session;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Which node.
#[derive(Args)]
pub struct NodeArg {
    /// Node
    node_name: String,
    /// Wait so long for the node, s
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    timeout: Option<f64>,
}

impl NodeArg {
    /// Waits a little for the node.
    pub fn find<'a>(&self, session: &'a Session) -> Result<ParamClient<'a>> {
        let node = absolute_node(&self.node_name);
        session.find_node(&node, self.timeout)?;
        Ok(ParamClient { session, node })
    }
}

/// The parameter services of one node.
pub struct ParamClient<'a> {
    session: &'a Session,
    /// Full name of the node.
    pub node: String,
}

impl<'a> ParamClient<'a> {
    /// Of a node by its full name.
    pub fn new(session: &'a Session, node: String) -> Self {
        Self { session, node }
    }

    fn service(&self, name: &str) -> String {
        format!("{}/{name}", self.node)
    }

    /// Names of all parameters below `prefixes`, sorted.
    pub fn list(&self, prefixes: Vec<String>) -> Result<Vec<String>> {
        let request = ListParametersRequest { prefixes, depth: 0 };
        let answer =
            self.session.call::<ListParameters>(&self.service("list_parameters"), &request, TIMEOUT)?;
        let mut names = answer.result.names;
        names.sort();
        Ok(names)
    }

    /// The values of parameters; `None` where a node does not have one of them.
    pub fn get(&self, names: &[String]) -> Result<Option<Vec<ParameterValue>>> {
        let request = GetParametersRequest { names: names.to_vec() };
        let answer =
            self.session.call::<GetParameters>(&self.service("get_parameters"), &request, TIMEOUT)?;
        Ok((answer.values.len() == names.len()).then_some(answer.values))
    }

    /// The descriptors of parameters, in their order.
    pub fn describe(&self, names: &[String]) -> Result<Vec<ParameterDescriptor>> {
        let request = DescribeParametersRequest { names: names.to_vec() };
        let service = self.service("describe_parameters");
        let answer = self.session.call::<DescribeParameters>(&service, &request, TIMEOUT)?;
        if answer.descriptors.len() != names.len() {
            bail!("{}", self.unknown(names));
        }
        Ok(answer.descriptors)
    }

    /// Sets parameters, one by one; the results are in their order.
    pub fn set(&self, parameters: Vec<Parameter>) -> Result<Vec<SetParametersResult>> {
        let count = parameters.len();
        let request = SetParametersRequest { parameters };
        let answer =
            self.session.call::<SetParameters>(&self.service("set_parameters"), &request, TIMEOUT)?;
        ensure!(
            answer.results.len() == count,
            "{} gave {} results for {count}",
            self.node,
            answer.results.len()
        );
        Ok(answer.results)
    }

    /// What to say of parameters that the node may not have.
    pub fn unknown(&self, wanted: &[String]) -> String {
        let known = self.list(vec![]).unwrap_or_default();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|w| !known.contains(w))
            .map(|w| format!("{w}{}", did_you_mean(w, known.iter().map(String::as_str))))
            .collect();
        format!(
            "Parameter not set: {} has no {} (`atlas param list {}`)",
            self.node,
            missing.join(", no "),
            self.node
        )
    }
}
