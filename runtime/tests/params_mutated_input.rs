//! Mutated parameter files, arguments and names: no panic, no hang, no unbounded memory, and what is accepted
//! is allowed. The mutator is seeded: every run has the same inputs.

use runtime::args::RosArgs;
use runtime::names::{Remaps, expand, validate_topic_name};
use runtime::params::{Origin, Override, Overrides, ParamStore, ParamValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    #[schemars(range(min = -10.0, max = 10.0))]
    a: f64,
    b: i8,
    c: bool,
    s: String,
    list: Vec<f64>,
    words: Vec<String>,
    nested: Nested,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Nested {
    x: i64,
}

/// Changes seed texts at random.
struct Mutator {
    state: u64,
    seeds: Vec<Vec<char>>,
}

/// What is likely to matter to a reader of YAML, names or arguments.
const PIECES: [&str; 44] = [
    ":",
    ": ",
    ":=",
    "-",
    "- ",
    "--",
    "---",
    "...",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "!!str ",
    "!x",
    "|",
    ">",
    "|2+",
    "?",
    "? ",
    "#",
    " #",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "\"",
    "'",
    "\\",
    "\\u",
    "%",
    "@",
    "~",
    "/",
    "*",
    "**",
    "\0",
    "\u{feff}",
    "é",
    "\u{2028}",
    "9223372036854775808",
    "<<",
];

impl Mutator {
    fn new(seed: u64, seeds: &[&str]) -> Self {
        Self { state: seed, seeds: seeds.iter().map(|s| s.chars().collect()).collect() }
    }

    /// Splitmix64, below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn next(&mut self) -> String {
        let pick = self.below(self.seeds.len());
        let mut text = self.seeds[pick].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(text.len() + 1);
            let end = (at + self.below(6)).min(text.len());
            match self.below(5) {
                0 => drop(text.drain(at..end)),
                1 => {
                    let copy: Vec<char> = text[at..end].to_vec();
                    let to = self.below(text.len() + 1);
                    text.splice(to..to, copy);
                }
                2 => {
                    let other = self.below(self.seeds.len());
                    let from = self.below(self.seeds[other].len());
                    let piece: Vec<char> = self.seeds[other][from..].iter().take(12).copied().collect();
                    text.splice(at..end, piece);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    text.splice(at..at, piece.chars());
                }
            }
        }
        text.into_iter().collect()
    }
}

const SEEDS: [&str; 8] = [
    "/**:\n  ros__parameters:\n    a: 1.5\n    b: -3\n    c: yes\n    s: \"text\"\n",
    "n: {ros__parameters: {list: [1.0, 2.5], words: [a, 'b', \"c\\n\"], nested: {x: 0x1F}}}",
    "/:\n  n:\n    ros__parameters:\n      words:\n      - one\n      - two\n      nested.x: 5\n",
    "a: &x {b: *x}\n<<: *x\n? [k]\n: v\n--- |\n  block\n...\n%TAG ! tag:x,2000:\n---\n!!str a\n",
    "/ns/*/n:\n  ros__parameters:\n    s: >-\n      folded\n      text\n    a: .inf\n",
    "\"/**\":\n  ros__parameters: {}\nn:\n  ros__parameters:\n",
    "{a: {b: {c: [1, 2, {d: e}]}}, ? x, 'y': \"\\u0041\\x41\"}",
    "n:\n  ros__parameters:\n    s: |2+\n        indented\n\n    b: 010\n    c: off # comment\n",
];

#[test]
fn parameter_files() {
    let mut mutator = Mutator::new(0x5eed_0001, &SEEDS);
    let (mut read, mut stored) = (0_u32, 0_u32);
    for _ in 0..120_000 {
        let text = mutator.next();
        let mut overrides = Overrides::default();
        if overrides.add_yaml("f.yaml", &text).is_err() {
            continue;
        }
        read += 1;
        if read % 10 == 0
            && let Ok(store) = ParamStore::<Params>::new("/n", &overrides)
        {
            stored += 1;
            let dump = store.to_yaml();
            assert!(store.node().a.abs() <= 10.0);
            let mut again = Overrides::default();
            again.add_yaml("dump.yaml", &dump).unwrap();
            assert_eq!(ParamStore::<Params>::new("/n", &again).unwrap().node(), store.node(), "{dump}");
        }
    }
    // The mutator is of use only if a good part still gets through.
    assert!(read > 5_000 && stored > 100, "{read} {stored}");
}

#[test]
fn arguments() {
    let seeds =
        ["a:=1.5", "n:nested.x:=5", "words:=[a, 'b', \"c\"]", "s:='te''xt'", "list:=[1.0, .inf]", "c:=off"];
    let mut mutator = Mutator::new(0x5eed_0002, &seeds);
    let mut read = 0_u32;
    for _ in 0..120_000 {
        let text = mutator.next();
        if let Ok(value) = Override::parse_argument(&text) {
            read += 1;
            assert_eq!(value.origin, Origin::Argument { text: text.into() });
            assert_ne!(value.value, ParamValue::NotSet);
        }
    }
    assert!(read > 5_000, "{read}");
}

#[test]
fn names() {
    let seeds =
        ["chatter", "~/route", "/planning/route", "{node}/x", "{ns}/y_2", "~", "a/b/{namespace}", "_x7"];
    let mut mutator = Mutator::new(0x5eed_0003, &seeds);
    let mut good = 0_u32;
    for _ in 0..120_000 {
        let name = mutator.next();
        for namespace in ["/", "/fleet/av_1"] {
            if let Ok(full) = expand(&name, "n", namespace) {
                good += 1;
                validate_topic_name(&full).unwrap();
                assert_eq!(expand(&full, "n", namespace).as_ref(), Ok(&full));
            }
        }
    }
    assert!(good > 5_000, "{good}");
}

#[test]
fn command_lines() {
    let seeds = [
        "p --ros-args -r a:=b -p x:=1 -- y",
        "p --ros-args --remap n:rostopic://a/b:=~/c --params-file f.yaml",
        "p --ros-args -r __ns:=/a -r __node:=m --log-level info --log-level a.b:=WARN -e /x",
        "p x:=y --ros-args -p n:a.b:=[1,2] --enable-rosout-logs --disable-stdout-logs --log-config-file c",
    ];
    let mut mutator = Mutator::new(0x5eed_0004, &seeds);
    let mut good = 0_u32;
    for _ in 0..120_000 {
        let line = mutator.next();
        if let Ok(args) = RosArgs::parse(line.split(' ')) {
            good += 1;
            assert!(!args.user_args.is_empty());
            let remapped = |remaps: &Remaps| -> Result<(), runtime::names::NameError> {
                let (node, namespace) = remaps.node("n", "/")?;
                validate_topic_name(&remaps.topic(&node, &namespace, "a")?)?;
                validate_topic_name(&remaps.service(&node, &namespace, "~/c")?)
            };
            remapped(&args.remaps).unwrap();
        }
    }
    assert!(good > 5_000, "{good}");
}

/// Inputs made to blow up a parser, as large as a file may be.
#[test]
fn large_hostile_files() {
    let size = 1 << 20;
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let bomb = (0..9).fold(String::from("a0: &a0 [x]\n"), |text, i| {
        text + &format!("a{}: &a{} [{}]\n", i + 1, i + 1, vec![format!("*a{i}"); 9].join(","))
    });
    let hostile = [
        bomb,
        fill("["),
        fill("{"),
        fill("{a: "),
        fill("- "),
        fill("? "),
        fill("a: "),
        fill("\""),
        fill("'"),
        fill("!a "),
        fill("&a "),
        fill("a: &a\n"),
        fill("---\n"),
        fill("#"),
        fill("\n"),
        fill(" "),
        fill("%TAG !a! b\n"),
        fill("|\n"),
        fill("a\n"),
        fill(":"),
        fill(","),
        (0..size / 1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        format!("n: {{ros__parameters: {{s: \"{}", fill("\\n")),
        format!("n: {{ros__parameters: {{s: {}}}}}", fill("a ")),
        format!("n: {{ros__parameters: {{list: [{}]}}}}", fill("1.0, ")),
        format!("n: {{ros__parameters: {{list: [{}]}}}}", fill("[")),
        format!("{}: {{ros__parameters: {{s: 1}}}}", fill("a/")),
        format!("n: {{ros__parameters: {{{}: 1}}}}", fill("a.")),
    ];
    for text in hostile {
        let mut overrides = Overrides::default();
        let start: String = text.chars().take(20).collect();
        let begin = std::time::Instant::now();
        let result = overrides.add_yaml("f.yaml", &text);
        println!("{:>8.1} ms {start:?} {}", begin.elapsed().as_secs_f64() * 1e3, result.is_ok());
        if let Err(e) = result {
            let message = e.to_string();
            assert!(message.len() < 2_000, "{start:?}: a message of {} bytes", message.len());
        }
    }
}
