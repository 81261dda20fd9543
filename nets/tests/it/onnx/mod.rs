//! The operators of ONNX against its backend node tests: graphs of one operator, of which someone else computed inputs and outputs.
//!
//! Each operator is written as a user would write it, in expressions of this library; the tables by families say how. What is data
//! goes into the compiled function as an input; axes, sizes and the like are known when the expression is built, as they are where
//! networks are written.
//!
//! The cases lie outside of the repository, in `$BAYEUX_SHARED/referees`; without them the test says so and passes.
//! `BAYEUX_ONNX_CASES=a.json,b.json` names other files of the same form, each with its tensors beside it (`a.safetensors`).

mod attention;
mod case;
mod convolution;
mod elementwise;
mod images;
mod indexing;
mod layers;
mod losses;
mod node;
mod normalisation;
mod operators;
mod optimisers;
mod pooling;
mod products;
mod random;
mod recurrent;
mod reductions;
mod run;
mod shapes;
mod signals;
mod windows;

/// Cases that have no meaning here, and why.
const WITHOUT_MEANING: &[(&str, &str)] = &[
    ("test_training_dropout", NUMPYS_NOISE),
    ("test_training_dropout_default", NUMPYS_NOISE),
    ("test_training_dropout_default_mask", NUMPYS_NOISE),
    ("test_training_dropout_mask", NUMPYS_NOISE),
];

/// Operators that have none, should other files have such.
const OPERATORS_WITHOUT_MEANING: &[(&str, &[&str])] = &[
    (
        "there are no operations on bits",
        &["BitCast", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor"],
    ),
    (
        "it draws by other random numbers",
        &["Bernoulli", "Multinomial", "RandomNormalLike", "RandomUniformLike"],
    ),
    (
        "there are no quantised numbers",
        &[
            "ConvInteger",
            "DequantizeLinear",
            "DynamicQuantizeLinear",
            "MatMulInteger",
            "QLinearConv",
            "QLinearMatMul",
            "QuantizeLinear",
        ],
    ),
    (
        "all values are tensors of numbers",
        &["ImageDecoder", "OptionalGetElement", "OptionalHasElement", "SplitToSequence", "TfIdfVectorizer"],
    ),
];

const NUMPYS_NOISE: &str = "what is dropped is by NumPy's random numbers";

#[test]
fn all_cases() {
    let (mut passed, mut without, mut failed) = (0, Vec::new(), Vec::new());
    for case in case::files().iter().flat_map(|file| case::cases(file)) {
        match reason(&case) {
            Some(reason) => without.push((case.name, reason)),
            None => match run::run(&case) {
                Ok(()) => passed += 1,
                Err(why) => failed.push((case.name, why)),
            },
        }
    }
    without.iter().for_each(|(name, reason)| println!("without meaning: {name}: {reason}"));
    failed.iter().for_each(|(name, why)| println!("failed: {name}: {why}"));
    println!("{passed} passed, {} failed, {} without meaning", failed.len(), without.len());
    assert!(failed.is_empty(), "{} cases failed", failed.len());
    // Of the referees' own file, exactly the listed ones.
    if passed > 0 && std::env::var_os("BAYEUX_ONNX_CASES").is_none() {
        let found: Vec<&str> = without.iter().map(|(name, _)| name.as_str()).collect();
        let listed: Vec<&str> = WITHOUT_MEANING.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, listed, "other cases are without meaning than the list says");
    }
}

/// Why a case has no meaning here, if it has none.
fn reason(case: &case::Case) -> Option<String> {
    if let Some((_, why)) = WITHOUT_MEANING.iter().find(|(name, _)| *name == case.name) {
        return Some((*why).into());
    }
    if let Some(element) = case.foreign_type() {
        return Some(format!("there are no elements of type {element}"));
    }
    let has = |operators: &[&str]| case.nodes.iter().any(|node| operators.contains(&node.op.as_str()));
    OPERATORS_WITHOUT_MEANING.iter().find(|(_, operators)| has(operators)).map(|(why, _)| (*why).into())
}
