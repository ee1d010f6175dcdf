use super::*;
use crate::params::ParamValue;

fn parse(line: &str) -> Result<RosArgs, String> {
    RosArgs::parse(line.split(' ')).map_err(|e| e.to_string())
}

fn user_args(args: &RosArgs) -> String {
    args.user_args.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The cases of rcl's `test_arguments.cpp`: which arguments are ROS's and which are the user's.
#[test]
fn blocks_as_rcl() {
    let table = [
        ("process_name", "process_name", 0),
        ("process_name --ros-args", "process_name", 0),
        ("process_name --ros-args --", "process_name", 0),
        ("process_name --ros-args -- --foo=bar --baz", "process_name --foo=bar --baz", 0),
        (
            "process_name -d --ros-args -r __ns:=/foo/bar -r /foo/bar:=/fiz/buz --remap foo:=/baz --",
            "process_name -d",
            3,
        ),
        ("p --ros-args --ros-args -r a:=b -- --ros-args -r c:=d -- -- x", "p -- x", 2),
        ("p x -- y", "p x -- y", 0),
        ("p --ros-args -r a:=b -- -r c --ros-args -r e:=f", "p -r c", 2),
        ("p --ros-args -r a:=b -- --remap", "p --remap", 1),
        // The old form, outside a block.
        ("p a:=b -x c:=d", "p -x", 2),
        ("a:=b", "a:=b", 0),
        ("p :=", "p :=", 0),
    ];
    for (line, user, remaps) in table {
        let args = parse(line).unwrap();
        assert_eq!(user_args(&args), user, "{line}");
        assert_eq!(args.remaps.rules().len(), remaps, "{line}");
    }
    assert_eq!(RosArgs::parse(Vec::<OsString>::new()).unwrap(), RosArgs::default());
    let old = parse("p a:=b").unwrap();
    assert_eq!(old.warnings, ["`a:=b` is taken as a remap rule; write `--ros-args -r a:=b` instead"]);
}

#[test]
fn every_flag() {
    let args = parse(
        "p --ros-args -p rate:=5 --param node:frame:=map --params-file a.yaml --params-file b.yaml --log-level info \
         --log-level WARN --log-level rcl.node:=debug --log-config-file l.conf --log-file-name run -e /a --enclave /b \
         --enable-rosout-logs --disable-rosout-logs --disable-stdout-logs --enable-external-lib-logs",
    )
    .unwrap();
    assert_eq!(args.param_overrides[0].name, "rate");
    assert_eq!(args.param_overrides[0].value, ParamValue::Integer(5));
    assert_eq!(args.param_overrides[1].node.to_string(), "/node");
    assert_eq!(args.params_files, [PathBuf::from("a.yaml"), PathBuf::from("b.yaml")]);
    assert_eq!(args.log_level, Some(LogLevel::Warn));
    assert_eq!(args.logger_levels, [("rcl.node".to_owned(), LogLevel::Debug)]);
    assert_eq!(args.log_config_file, Some("l.conf".into()));
    assert_eq!(args.log_file_name.as_deref(), Some("run"));
    assert_eq!(args.enclave.as_deref(), Some("/b"));
    assert_eq!(args.rosout_logs, Some(false));
    assert_eq!(args.stdout_logs, Some(false));
    assert_eq!(args.external_lib_logs, Some(true));
    assert_eq!(user_args(&args), "p");
}

/// The cases of rcl's `test_arguments.cpp`: `test_invalid_*`, `test_trailing_*`.
#[test]
fn refuses_as_rcl() {
    let table = [
        (
            "p --ros-args --custom-ros-arg",
            "unknown ROS argument `--custom-ros-arg`; after --ros-args the flags are",
        ),
        ("p --ros-args x", "unknown ROS argument `x`"),
        ("p --ros-args -r", "ROS argument `-r` must be followed by a rule `from:=to`"),
        ("p --ros-args -p", "ROS argument `-p` must be followed by `name:=value`"),
        ("p --ros-args --params-file", "ROS argument `--params-file` must be followed by a path"),
        ("p --ros-args -r -p", "invalid remap rule `-p`: write it as `from:=to`"),
        ("p --ros-args -p a:=", "-p a:=: there is no value"),
        ("p --ros-args --log-level foo", "--log-level: `foo` is not a log level, use one of: debug"),
        ("p --ros-args --log-level :=info", "`--log-level :=info`: there is no logger's name"),
        ("p --ros-args --log-level a:=b:=info", "--log-level: `b:=info` is not a log level"),
        ("p --ros-args --enable-foo-logs", "unknown ROS argument `--enable-foo-logs`"),
    ];
    for (line, expected) in table {
        let found = parse(line).unwrap_err();
        assert!(found.starts_with(expected), "{line}\n  {found}");
    }
}

#[cfg(unix)]
#[test]
fn arguments_need_not_be_text() {
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(vec![b'a', 0xff]);
    let args =
        RosArgs::parse(["p".into(), odd(), "--ros-args".into(), "--params-file".into(), odd()]).unwrap();
    assert_eq!(args.user_args, ["p".into(), odd()]);
    assert_eq!(args.params_files, [PathBuf::from(odd())]);
    let refused = RosArgs::parse(["p".into(), "--ros-args".into(), odd()]);
    assert!(matches!(refused, Err(ArgsError::NotText { .. })));
}

#[test]
fn arguments_override_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.yaml");
    std::fs::write(&path, "/**: {ros__parameters: {rate: 1}}").unwrap();
    let path = path.to_str().unwrap();
    let args = RosArgs::parse(["p", "--ros-args", "-p", "rate:=2", "--params-file", path]).unwrap();
    let values: Vec<_> = args.overrides().unwrap().for_node("/n").map(|o| o.value.clone()).collect();
    assert_eq!(values, [ParamValue::Integer(1), ParamValue::Integer(2)]);
    let args = RosArgs::parse(["p", "--ros-args", "--params-file", "/no/such.yaml"]).unwrap();
    assert_eq!(args.overrides().unwrap_err().to_string(), "cannot read the parameter file /no/such.yaml");
}
