//! Parameters as the messages of `rcl_interfaces` have them, and back.

use msgs::rcl_interfaces::msg::{
    FloatingPointRange, IntegerRange, ParameterDescriptor, ParameterType, ParameterValue,
};

use super::{ParamDescriptor, ParamRange, ParamValue};

pub fn value_to_msg(value: &ParamValue) -> ParameterValue {
    let mut msg = ParameterValue { r#type: value.kind() as u8, ..ParameterValue::default() };
    match value {
        ParamValue::NotSet => {}
        ParamValue::Bool(v) => msg.bool_value = *v,
        ParamValue::Integer(v) => msg.integer_value = *v,
        ParamValue::Double(v) => msg.double_value = *v,
        ParamValue::String(v) => msg.string_value.clone_from(v),
        ParamValue::ByteArray(v) => msg.byte_array_value = v.clone().into(),
        ParamValue::BoolArray(v) => msg.bool_array_value.clone_from(v),
        ParamValue::IntegerArray(v) => msg.integer_array_value.clone_from(v),
        ParamValue::DoubleArray(v) => msg.double_array_value.clone_from(v),
        ParamValue::StringArray(v) => msg.string_array_value.clone_from(v),
    }
    msg
}

/// The value, or why there is none.
pub fn value_from_msg(msg: &ParameterValue) -> Result<ParamValue, String> {
    Ok(match msg.r#type {
        ParameterType::PARAMETER_NOT_SET => ParamValue::NotSet,
        ParameterType::PARAMETER_BOOL => ParamValue::Bool(msg.bool_value),
        ParameterType::PARAMETER_INTEGER => ParamValue::Integer(msg.integer_value),
        ParameterType::PARAMETER_DOUBLE => ParamValue::Double(msg.double_value),
        ParameterType::PARAMETER_STRING => ParamValue::String(msg.string_value.clone()),
        ParameterType::PARAMETER_BYTE_ARRAY => ParamValue::ByteArray(msg.byte_array_value.to_vec()),
        ParameterType::PARAMETER_BOOL_ARRAY => ParamValue::BoolArray(msg.bool_array_value.clone()),
        ParameterType::PARAMETER_INTEGER_ARRAY => ParamValue::IntegerArray(msg.integer_array_value.clone()),
        ParameterType::PARAMETER_DOUBLE_ARRAY => ParamValue::DoubleArray(msg.double_array_value.clone()),
        ParameterType::PARAMETER_STRING_ARRAY => ParamValue::StringArray(msg.string_array_value.clone()),
        other => return Err(format!("there is no parameter type {other}")),
    })
}

pub fn descriptor_to_msg(descriptor: &ParamDescriptor) -> ParameterDescriptor {
    let mut msg = ParameterDescriptor {
        name: descriptor.name.clone(),
        r#type: descriptor.kind as u8,
        description: descriptor.description.clone(),
        additional_constraints: constraints(descriptor),
        read_only: descriptor.read_only,
        ..ParameterDescriptor::default()
    };
    match descriptor.range {
        Some(ParamRange::Integer(r)) => {
            msg.integer_range = vec![IntegerRange { from_value: r.from, to_value: r.to, step: r.step }];
        }
        Some(ParamRange::Double(r)) => {
            msg.floating_point_range =
                vec![FloatingPointRange { from_value: r.from, to_value: r.to, step: r.step }];
        }
        None => {}
    }
    msg
}

/// What the message has no field for, in words.
fn constraints(descriptor: &ParamDescriptor) -> String {
    let mut parts = vec![];
    if let Some(length) = descriptor.length {
        parts.push(format!("length {length}"));
    }
    if !descriptor.allowed.is_empty() {
        parts.push(format!("one of: {}", descriptor.allowed.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_there_and_back() {
        use ParamValue as V;
        let values = [
            V::NotSet,
            V::Bool(true),
            V::Integer(-3),
            V::Double(0.5),
            V::String("x".into()),
            V::ByteArray(vec![1, 255]),
            V::BoolArray(vec![true, false]),
            V::IntegerArray(vec![1, 2]),
            V::DoubleArray(vec![0.5]),
            V::StringArray(vec!["a".into(), String::new()]),
        ];
        for (type_id, value) in values.into_iter().enumerate() {
            let msg = value_to_msg(&value);
            assert_eq!(usize::from(msg.r#type), type_id);
            assert_eq!(value_from_msg(&msg), Ok(value));
        }
        let unknown = ParameterValue { r#type: 10, ..ParameterValue::default() };
        assert_eq!(value_from_msg(&unknown), Err("there is no parameter type 10".into()));
    }
}
