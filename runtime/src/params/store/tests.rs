use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Planning {
    /// Highest speed, m/s.
    #[schemars(range(min = 0.0, max = 40.0))]
    max_speed: f64,
    /// Replans per second, Hz.
    #[schemars(range(min = 1, max = 50), extend("readOnly" = true))]
    rate: i64,
    frame: String,
    gains: Gains,
    lanes: Vec<i64>,
    mode: Mode,
}

impl Default for Planning {
    fn default() -> Self {
        Self {
            max_speed: 13.0,
            rate: 10,
            frame: "map".into(),
            gains: Gains { lateral: 0.5, limits: Limits { low: 0.0, high: 1.0 } },
            lanes: vec![1, 2],
            mode: Mode::Normal,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Gains {
    lateral: f64,
    limits: Limits,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, try_from = "RawLimits")]
#[schemars(!try_from)]
struct Limits {
    low: f64,
    high: f64,
}

#[derive(Default, Deserialize, JsonSchema)]
struct RawLimits {
    low: f64,
    high: f64,
}

impl TryFrom<RawLimits> for Limits {
    type Error = String;
    fn try_from(RawLimits { low, high }: RawLimits) -> Result<Self, String> {
        if low <= high {
            Ok(Self { low, high })
        } else {
            Err(format!("gains.limits: low {low} is above high {high}"))
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Normal,
    Careful,
}

type Store = ParamStore<Planning>;

fn overrides(files: &[(&str, &str)], arguments: &[&str]) -> Overrides {
    let mut overrides = Overrides::default();
    for (path, text) in files {
        overrides.add_yaml(path, text).unwrap();
    }
    for text in arguments {
        overrides.add(Override::parse_argument(text).unwrap());
    }
    overrides
}

fn store(yaml: &str) -> Result<Store, String> {
    Store::new("/planning_node", &overrides(&[("planning.yaml", yaml)], &[])).map_err(|e| e.to_string())
}

fn set(store: &mut Store, name: &str, value: ParamValue) -> Result<(), String> {
    let result = store.set(&[(name.to_owned(), value)]).remove(0);
    if result.successful { Ok(()) } else { Err(result.reason) }
}

use ParamValue as V;

#[test]
fn defaults_are_the_structs() {
    let store = store("").unwrap();
    assert_eq!(store.node(), &Planning::default());
    assert_eq!(store.get("gains.limits.high"), Some(V::Double(1.0)));
    assert_eq!(store.get("mode"), Some(V::String("normal".into())));
    assert_eq!(store.get("use_sim_time"), Some(V::Bool(false)));
    assert_eq!(store.get("gains"), None);
    assert_eq!(store.descriptors().count(), 9);
}

#[test]
fn later_files_override_earlier_and_arguments_override_files() {
    let files = [
        ("a.yaml", "planning_node: {ros__parameters: {max_speed: 1, frame: odom, gains: {lateral: 2}}}"),
        ("b.yaml", "/**: {ros__parameters: {max_speed: 2, use_sim_time: true, other: 1}}"),
        ("c.yaml", "/other_node: {ros__parameters: {max_speed: 99, rate: 5}}"),
    ];
    let store =
        Store::new("/planning_node", &overrides(&files, &["gains.limits.high:=3", "other_node:rate:=1"]))
            .unwrap();
    assert_eq!(store.node().max_speed, 2.0);
    assert_eq!(store.node().frame, "odom");
    assert_eq!(store.node().rate, 10);
    assert_eq!(store.node().gains, Gains { lateral: 2.0, limits: Limits { low: 0.0, high: 3.0 } });
    assert!(store.runtime().use_sim_time);
    assert_eq!(store.ignored().len(), 1);
    assert_eq!(store.ignored()[0].to_string(), "b.yaml:1:59: unknown parameter other");
}

#[test]
fn a_bad_file_is_refused_with_place_and_way_out() {
    let node = |text: &str| store(&format!("planning_node:\n  ros__parameters:\n    {text}\n")).unwrap_err();
    assert_eq!(
        node("max_speed: 55.0"),
        "planning.yaml:3:5: parameter max_speed = 55.0 is out of range [0, 40] (Highest speed, m/s)"
    );
    assert_eq!(
        node("max_sped: 5.0"),
        "planning.yaml:3:5: unknown parameter max_sped; did you mean max_speed?"
    );
    assert_eq!(
        node("lateral: 5.0"),
        "planning.yaml:3:5: unknown parameter lateral; did you mean gains.lateral?"
    );
    assert_eq!(node("qwxyz: 5.0"), "planning.yaml:3:5: unknown parameter qwxyz");
    assert_eq!(node("gains: 5.0"), "planning.yaml:3:5: unknown parameter gains; did you mean gains.lateral?");
    assert_eq!(
        node("frame: 7"),
        "planning.yaml:3:5: Wrong parameter type, parameter {frame} is of type {string}, setting it to \
         {integer} is not allowed. Write it in quotes to make it a string."
    );
    assert_eq!(
        node("lanes: 7"),
        "planning.yaml:3:5: Wrong parameter type, parameter {lanes} is of type {integer_array}, setting it to \
         {integer} is not allowed. Write it as a list: [value, …]."
    );
    assert_eq!(
        node("mode: fast"),
        "planning.yaml:3:5: parameter mode = \"fast\" is not allowed, use one of: normal, careful"
    );
    assert_eq!(
        node("max_speed: .nan"),
        "planning.yaml:3:5: parameter max_speed = NaN must be a finite number (Highest speed, m/s)"
    );
    assert_eq!(
        node("gains: {limits: {low: 2}}"),
        "the parameters of /planning_node do not go together: gains.limits: low 2 is above high 1"
    );
    let argument = Store::new("/planning_node", &overrides(&[], &["rate:=0"])).unwrap_err().to_string();
    assert_eq!(argument, "-p rate:=0: parameter rate = 0 is out of range [1, 50] (Replans per second, Hz)");
}

#[test]
fn a_wildcard_value_that_is_overridden_need_not_be_allowed() {
    let store =
        store("/**: {ros__parameters: {rate: 500}}\nplanning_node: {ros__parameters: {rate: 5}}").unwrap();
    assert_eq!(store.node().rate, 5);
}

#[test]
fn set_checks_in_the_words_of_rclcpp() {
    let mut store = store("").unwrap();
    assert_eq!(set(&mut store, "max_speed", V::Double(20.5)), Ok(()));
    assert_eq!(store.node().max_speed, 20.5);
    assert_eq!(set(&mut store, "max_speed", V::Integer(20)), Ok(()));
    assert_eq!(store.get("max_speed"), Some(V::Double(20.0)));
    assert_eq!(set(&mut store, "use_sim_time", V::Bool(true)), Ok(()));
    assert!(store.runtime().use_sim_time);
    assert_eq!(set(&mut store, "mode", V::String("careful".into())), Ok(()));
    assert_eq!(store.node().mode, Mode::Careful);
    assert_eq!(set(&mut store, "lanes", V::StringArray(vec![])), Ok(()));
    let table = [
        (
            "max_speed",
            V::Double(55.0),
            "parameter max_speed = 55.0 is out of range [0, 40] (Highest speed, m/s)",
        ),
        ("max_speed", V::NotSet, "cannot undeclare a statically typed parameter"),
        ("rate", V::Integer(5), "parameter 'rate' cannot be set because it is read-only"),
        (
            "max_sped",
            V::Double(5.0),
            "parameter 'max_sped' cannot be set because it was not declared; did you mean max_speed?",
        ),
        (
            "max_speed",
            V::Bool(true),
            "Wrong parameter type, parameter {max_speed} is of type {double}, setting it to {bool} is not allowed.",
        ),
        ("gains.limits.low", V::Double(9.0), "gains.limits: low 9 is above high 1"),
    ];
    let before = store.to_yaml();
    for (name, value, reason) in table {
        assert_eq!(set(&mut store, name, value), Err(reason.to_owned()));
    }
    assert_eq!(store.to_yaml(), before);
}

#[test]
fn atomically_is_all_or_nothing() {
    let mut store = store("").unwrap();
    let limits = |low, high| {
        [("gains.limits.low".to_owned(), V::Double(low)), ("gains.limits.high".to_owned(), V::Double(high))]
    };
    assert!(!store.set(&limits(5.0, 6.0))[0].successful);
    assert_eq!(store.node().gains.limits, Limits { low: 0.0, high: 6.0 });
    assert!(store.set_atomically(&limits(7.0, 8.0)).successful);
    assert_eq!(store.node().gains.limits, Limits { low: 7.0, high: 8.0 });
    let bad = [("frame".to_owned(), V::String("odom".into())), ("max_speed".to_owned(), V::Double(-1.0))];
    assert!(!store.set_atomically(&bad).successful);
    assert_eq!(store.node().frame, "map");
    assert!(!store.set_atomically(&[]).successful);
}

/// The cases of rclcpp's `test_node_parameters.cpp`: `list_parameters`, and its `list_parameters`.
#[test]
fn lists_as_rclcpp() {
    let store = store("").unwrap();
    let list = |prefixes: &[&str], depth| {
        let prefixes: Vec<String> = prefixes.iter().map(|p| (*p).to_owned()).collect();
        let found = store.list(&prefixes, depth);
        (found.names.join(" "), found.prefixes.join(" "))
    };
    let pair = |names: &str, prefixes: &str| (names.to_owned(), prefixes.to_owned());
    let flat = "frame lanes max_speed mode rate use_sim_time";
    assert_eq!(
        list(&[], 0),
        pair(
            "frame gains.lateral gains.limits.high gains.limits.low lanes max_speed mode rate use_sim_time",
            "gains gains.limits"
        )
    );
    assert_eq!(list(&[], 1), pair(flat, ""));
    assert_eq!(list(&[], 2).1, "gains");
    assert_eq!(
        list(&["gains"], 0),
        pair("gains.lateral gains.limits.high gains.limits.low", "gains gains.limits")
    );
    assert_eq!(list(&["gains"], 1), pair("gains.lateral", "gains"));
    assert_eq!(
        list(&["gains.limits", "rate"], 1),
        pair("gains.limits.high gains.limits.low rate", "gains.limits")
    );
    assert_eq!(list(&["gain"], 0), pair("", ""));
    assert_eq!(list(&["max_speed"], 1), pair("max_speed", ""));
}

#[test]
fn colliding_names_are_a_mistake_in_the_program() {
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    struct Clash {
        use_sim_time: bool,
    }
    let text = ParamStore::<Clash>::new("/n", &Overrides::default()).unwrap_err().to_string();
    assert_eq!(
        text,
        "Clash cannot be parameters: field use_sim_time: the name collides with parameter use_sim_time; rename \
         one of them"
    );
}

#[test]
fn what_is_dumped_reads_back_the_same() {
    let mut first =
        store("planning_node: {ros__parameters: {frame: 'yes', lanes: [], gains: {lateral: 1e-7}}}").unwrap();
    assert_eq!(set(&mut first, "mode", V::String("careful".into())), Ok(()));
    let yaml = first.to_yaml();
    let expected = "\
/planning_node:
  ros__parameters:
    frame: 'yes'
    gains:
      lateral: 1.0e-7
      limits:
        high: 1.0
        low: 0.0
    lanes: []
    max_speed: 13.0
    mode: careful
    rate: 10
    use_sim_time: false
";
    assert_eq!(yaml, expected);
    assert_eq!(store(&yaml).unwrap().node(), first.node());
}

#[test]
fn docs_and_template_say_what_is_allowed() {
    let list = describe::<Planning>().unwrap();
    let table = crate::params::markdown_table(&list);
    assert!(table.contains("| `max_speed` | double | `13.0` | [0, 40] | Highest speed, m/s. |\n"), "{table}");
    assert!(
        table.contains("| `rate` | integer | `10` | [1, 50]; read-only | Replans per second, Hz. |\n"),
        "{table}"
    );
    assert!(table.contains("| `mode` | string | `normal` | one of: normal, careful |  |\n"), "{table}");
    let template = crate::params::yaml_template("/planning_node", &list);
    let piece = "    # Highest speed, m/s.\n    # double, [0, 40]\n    max_speed: 13.0\n";
    assert!(template.contains(piece), "{template}");
    assert_eq!(store(&template).unwrap().node(), &Planning::default());
}
