//! The parameter services and `/parameter_events`, with the answers that `rclcpp` gives
//! (`parameter_service.cpp`, `node_parameters.cpp`).

use std::sync::Arc;

use msgs::rcl_interfaces::msg::{ListParametersResult, Parameter, ParameterEvent, SetParametersResult};
use msgs::rcl_interfaces::srv::{
    DescribeParameters, DescribeParametersResponse, GetParameterTypes, GetParameterTypesResponse,
    GetParameters, GetParametersResponse, ListParameters, ListParametersResponse, SetParameters,
    SetParametersAtomically, SetParametersAtomicallyResponse, SetParametersResponse,
};
use parking_lot::Mutex;

use super::{ServiceHost, publish};
use crate::clock::Clock;
use crate::host::ParamAccess;
use crate::node::NodeError;
use crate::params::convert::{descriptor_to_msg, value_from_msg, value_to_msg};
use crate::params::{ParamValue, SetResult};
use crate::qos::Qos;
use crate::transport::{Guard, Publish};

/// Most parameters in one request; more are turned away.
const MAX_CHANGES: usize = 10_000;

/// Offers the six services and announces the parameters there are.
pub fn offer(host: &ServiceHost<'_>, params: &Arc<dyn ParamAccess>) -> Result<Vec<Guard>, NodeError> {
    let events = host.publisher::<ParameterEvent>("/parameter_events", &Qos::parameter_events())?;
    let setter = Arc::new(Setter {
        params: Arc::clone(params),
        events,
        clock: Arc::clone(host.clock),
        node: host.name.full(),
        order: Mutex::new(()),
    });
    setter.announce();
    let guards = vec![
        host.serve::<ListParameters>("~/list_parameters", {
            let params = Arc::clone(params);
            move |request| {
                let found = params.list(&request.prefixes, request.depth);
                let result = ListParametersResult { names: found.names, prefixes: found.prefixes };
                ListParametersResponse { result }
            }
        })?,
        host.serve::<GetParameters>("~/get_parameters", {
            let params = Arc::clone(params);
            move |request| GetParametersResponse {
                values: all(&request.names, |name| params.get(name).map(|v| value_to_msg(&v))),
            }
        })?,
        host.serve::<GetParameterTypes>("~/get_parameter_types", {
            let params = Arc::clone(params);
            move |request| {
                let types = all(&request.names, |name| params.get(name).map(|v| v.kind() as u8));
                GetParameterTypesResponse { types: types.into() }
            }
        })?,
        host.serve::<DescribeParameters>("~/describe_parameters", {
            let params = Arc::clone(params);
            move |request| DescribeParametersResponse {
                descriptors: all(&request.names, |name| {
                    params.descriptor(name).map(|d| descriptor_to_msg(&d))
                }),
            }
        })?,
        host.serve::<SetParameters>("~/set_parameters", {
            let setter = Arc::clone(&setter);
            move |request| SetParametersResponse { results: setter.set_each(&request.parameters) }
        })?,
        host.serve::<SetParametersAtomically>("~/set_parameters_atomically", move |request| {
            SetParametersAtomicallyResponse { result: setter.set_together(&request.parameters) }
        })?,
    ];
    Ok(guards)
}

/// What is known of each name, or nothing at all if one of them is unknown, as in `rclcpp`.
fn all<T>(names: &[String], find: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let found: Option<Vec<T>> = names.iter().map(|name| find(name)).collect();
    found.unwrap_or_else(|| {
        tracing::debug!(?names, "asked for parameters of which some do not exist");
        vec![]
    })
}

/// Sets parameters and tells of it.
struct Setter {
    params: Arc<dyn ParamAccess>,
    events: Arc<dyn Publish>,
    clock: Arc<Clock>,
    node: String,
    /// Held so that events leave in the order of the changes.
    order: Mutex<()>,
}

impl Setter {
    /// Tells of all parameters, once at the start.
    fn announce(&self) {
        let descriptors = self.params.descriptors();
        let new_parameters = self.present(descriptors.iter().map(|d| d.name.as_str()));
        publish(&*self.events, &ParameterEvent { new_parameters, ..self.event() });
    }

    fn set_each(&self, wishes: &[Parameter]) -> Vec<SetParametersResult> {
        if wishes.len() > MAX_CHANGES {
            let result = refused(format!("more than {MAX_CHANGES} parameters in one request"));
            return vec![result; wishes.len()];
        }
        wishes.iter().map(|wish| self.set(std::slice::from_ref(wish))).collect()
    }

    fn set_together(&self, wishes: &[Parameter]) -> SetParametersResult {
        if wishes.len() > MAX_CHANGES {
            return refused(format!("more than {MAX_CHANGES} parameters in one request"));
        }
        self.set(wishes)
    }

    /// Sets all or none.
    fn set(&self, wishes: &[Parameter]) -> SetParametersResult {
        let changes: Result<Vec<(String, ParamValue)>, String> =
            wishes.iter().map(|p| Ok((p.name.clone(), value_from_msg(&p.value)?))).collect();
        let changes = match changes {
            Ok(changes) => changes,
            Err(reason) => return refused(reason),
        };
        let _order = self.order.lock();
        let result = self.params.set(&changes, true).pop();
        let SetResult { successful, reason } =
            result.unwrap_or(SetResult { successful: false, reason: "the node does not answer".into() });
        if successful {
            let changed_parameters = self.present(wishes.iter().map(|p| p.name.as_str()));
            publish(&*self.events, &ParameterEvent { changed_parameters, ..self.event() });
        } else {
            tracing::warn!("parameters are not set: {reason}");
        }
        SetParametersResult { successful, reason }
    }

    /// The present values, each name once.
    fn present<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Parameter> {
        let names: std::collections::BTreeSet<&str> = names.collect();
        let value =
            |name: &str| Some(Parameter { name: name.into(), value: value_to_msg(&self.params.get(name)?) });
        names.into_iter().filter_map(value).collect()
    }

    fn event(&self) -> ParameterEvent {
        ParameterEvent {
            stamp: self.clock.now().to_msg(),
            node: self.node.clone(),
            ..ParameterEvent::default()
        }
    }
}

fn refused(reason: String) -> SetParametersResult {
    SetParametersResult { successful: false, reason }
}
